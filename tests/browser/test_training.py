"""A training run in a real Chromium: curves and samples come by themselves while a real worker learns."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.stack import Stack, new_stack

pytestmark = pytest.mark.browser

PASSWORD = "only-for-this-test"
BUSY_MS = 60_000
"""How long a busy machine may take; a pass waits for nothing."""
MAKE = """
from pathlib import Path
from tests.studyapp.factories import make_user
from tests.training import make_run
root = make_user("root", is_superuser=True, is_staff=True)
root.set_password("only-for-this-test")
root.save()
answer = make_run(root, steps=90).pk
"""
MORE = """
from enhancement.models import TrainingRun
run = TrainingRun.objects.get()
run.tellings.create(step=30, kind="losses", numbers={"loss": 3.0, "pixel": 0.5}, patches_per_second=200)
first = run.samples.earliest("step")
run.samples.create(step=30, file=first.file.name, sha256=first.sha256)
TrainingRun.objects.update(step=30)
answer = None
"""
GO_ON = """
from pathlib import Path
from enhancement.nn.training.recipe import make_recipe
from enhancement.services.training import request_training
from tests.training import patches_of, recipe_told
place = patches_of(Path({folder!r}, "published"))
answer = request_training(make_recipe(recipe_told(place, name="real"), "here")).pk
"""


STOP_THE_OTHER = """
from enhancement.models import Job
from enhancement.services.jobs import cancel_job
answer = cancel_job(Job.objects.get(training__name="small"))
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), "sqlite", "filesystem") as stack:
        yield stack


@pytest.fixture(scope="module")
def told(stack: Stack) -> str:
    run = stack.python(MAKE)
    stack.start("web")
    return f"{stack.site}/training/{run}/"


def enter(page: Page, address: str) -> None:
    page.goto(address)
    page.fill("[name=username]", "root")
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url(address)


def test_news_comes_by_itself_and_who_looks_back_goes_on_looking_back(page: Page, stack: Stack, told: str) -> None:
    enter(page, told)
    page.click("#sample-before")
    page.wait_for_url(re.compile(r"sample=10"))
    page.evaluate("() => { window.isTheSamePage = true; }")
    sheet = page.get_attribute(".sample-sheet img", "src")
    stack.python(MORE)
    expect(page.locator("#step")).to_have_text("30 of 90", timeout=BUSY_MS)
    expect(page.locator("[data-live=samples]")).to_contain_text("1 of 3", timeout=BUSY_MS)
    assert page.get_attribute(".sample-sheet img", "src") == sheet
    assert page.evaluate("() => window.isTheSamePage")


@pytest.mark.parametrize("width", [320, 390, 1366])
def test_nothing_hangs_over(page: Page, told: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    enter(page, told)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_a_real_run_is_watched_to_its_end_and_made_a_method(page: Page, stack: Stack, told: str) -> None:
    run = stack.python(GO_ON.format(folder=str(stack.folder)))
    stack.python(STOP_THE_OTHER)
    enter(page, f"{stack.site}/training/{run}/")
    expect(page.locator("[data-live=losses] svg")).to_have_count(0)
    stack.start("gpu", "tend")
    expect(page.locator("[data-live=losses] svg").first).to_be_visible(timeout=BUSY_MS)
    expect(page.locator("[data-live=state] .state")).to_have_text("Done", timeout=BUSY_MS)
    expect(page.locator("[data-live=scores] svg")).to_have_count(2, timeout=BUSY_MS)
    loaded = "() => document.querySelector('.sample-sheet img').naturalWidth === 308"
    page.wait_for_function(loaded)
    page.click("#make-method")
    expect(page.locator("[data-live=method]")).to_contain_text("is the method real", timeout=BUSY_MS)
