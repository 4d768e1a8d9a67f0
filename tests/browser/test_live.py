"""The monitor in a real Chromium: news comes by itself, and what lies under the cover only when it is lifted."""

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Page, Response, Route, expect

from tests.stack import Stack, new_stack

pytestmark = pytest.mark.browser

PASSWORD = "only-for-this-test"
MAKE = f"""
from tests.studyapp.factories import answer, answer_all, make_study, make_user, sit, waver
ada = make_user(is_staff=True, is_superuser=True)
ada.set_password("{PASSWORD}")
ada.save()
study = make_study(ada, contents=2, conditions=("original", "auto", "reference"), trials_per_session=6)
for number in range(4):
    answer_all(sit(study), waver(number, dict(original=0.0, auto=0.2, reference=0.4)))
for trial in sit(study).trials.order_by("position"):
    answer(trial, "left", response_ms=250)
answer = study.pk
"""
ONE_MORE = """
from django.db import transaction
from studyapp.models import Study
from tests.studyapp.factories import answer_all, sit, waver
with transaction.atomic():  # one piece of news
    answer_all(sit(Study.objects.get()), waver(9, dict(original=0.0, auto=0.2, reference=0.4)))
answer = None
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), "sqlite", "filesystem") as stack:
        yield stack


@pytest.fixture(scope="module")
def live(stack: Stack) -> str:
    study = stack.python(MAKE)
    stack.start("web")
    return f"{stack.site}/studies/{study}/live/"


def open_monitor(page: Page, live: str) -> None:
    page.goto(live)
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url(live)


def test_news_comes_by_itself(page: Page, stack: Stack, live: str) -> None:
    open_monitor(page, live)
    stamps, pages = [page.get_attribute("#live", "data-stamp")], []

    def heard(response: Response) -> None:
        if response.url.endswith("/live.json"):
            stamps.append(response.json()["stamp"])
        elif response.url == live:
            pages.append(response.url)

    page.on("response", heard)
    finished = int(page.inner_text("#finished"))
    page.wait_for_selector("#screening [data-ready]")
    page.evaluate("() => { window.isTheSamePage = true; }")
    page.focus("#balance-table")
    with page.expect_response(lambda response: response.url.endswith("/live.json")):
        pass
    stack.python(ONE_MORE)
    expect(page.locator("#finished")).to_have_text(str(finished + 1), timeout=60_000)
    page.remove_listener("response", heard)
    assert page.evaluate("() => window.isTheSamePage")
    assert page.evaluate("() => document.activeElement.id") == "balance-table", "whoever reads a table goes on reading"
    news = len([1 for before, after in pairwise(stamps) if before != after])  # somebody may also have stopped looking
    assert len(pages) == news > 0, "the page itself is fetched where there is news, and not else"


def test_screening_that_could_not_be_had_is_asked_for_again(page: Page, live: str) -> None:
    failed: list[str] = []

    def fail(route: Route) -> None:
        failed.append(route.request.url)
        route.abort()

    page.clock.install()
    page.route("**/screening/**", fail)
    open_monitor(page, live)
    with page.expect_response(lambda response: response.url.endswith("/live.json")):
        page.clock.fast_forward("00:05")
    page.unroute("**/screening/**")
    assert len(failed) == 1, "it is asked for once a minute at most"
    page.clock.fast_forward("01:01")
    page.wait_for_selector("#screening [data-ready]")


@pytest.mark.parametrize("width", [360, 800, 1366])
def test_the_code_of_who_is_flagged_stands_on_one_line(page: Page, live: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 640})
    open_monitor(page, live)
    page.wait_for_selector("#screening [data-ready]")
    codes = page.locator("#screening-table code").all()
    assert codes
    for code in codes:
        expect(code).to_have_text(re.compile(r"^o-[0-9a-f]{12}$"))
        assert code.evaluate("(code) => code.getClientRects().length") == 1
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_scores_come_when_their_cover_is_lifted(page: Page, live: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_monitor(page, live)
    page.wait_for_selector("#screening [data-ready]")
    assert page.locator("#scores table").count() == 0
    assert not [url for url in asked if "/scores/" in url or "/report" in url]
    page.focus("#cover summary")
    page.keyboard.press("Enter")
    page.wait_for_selector("#scores table")
    assert "Better not yet." in page.inner_text("#cover")
    assert "reference" in page.inner_text("#scores")
    assert len([url for url in asked if "/scores/" in url]) == 1
