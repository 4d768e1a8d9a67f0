"""From a panel and back to it, and withdrawing, in a real Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.test_viewer import answer_with, wait_for
from tests.stack import Stack, new_stack

pytestmark = pytest.mark.browser

TRIALS = 2
LINK = "?PROLIFIC_PID=5f&STUDY_ID=s1&SESSION_ID=n1"
PROLIFIC = "https://app.prolific.com/submissions/complete?cc="


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), "sqlite", "filesystem") as stack:
        stack.start("web")
        yield stack


@pytest.fixture(scope="module")
def made(stack: Stack) -> str:
    code: str = stack.python(f"""
from tests.studyapp.factories import make_study, make_user
from tests.studyapp.test_recruiting import PROLIFIC, RETURNS
from studyapp.services.panels import set_panel
from studyapp.services.quotas import set_quotas
study = make_study(
    make_user(), conditions=("original", "auto"), trials_per_session={TRIALS}, consent="I take part freely."
)
set_panel(study, PROLIFIC, RETURNS)
set_quotas(study, 2, {{}})
answer = study.code
""")
    return code


@pytest.fixture
def study(stack: Stack, made: str) -> str:
    """The study's link; nobody has come yet, and two may."""
    stack.python("""
from studyapp.models import Study, StudySession
from studyapp.services.withdrawal import withdraw
for session in StudySession.objects.all():
    withdraw(session)
Study.objects.update(state="open")
answer = 0
""")
    return f"{stack.site}/s/{made}/"


def begin(page: Page, link: str) -> None:
    page.goto(link)
    page.check("[name=consent]")
    page.click("[name=begin]")
    wait_for(page, voting="open")


def finish(page: Page, answered: int = 0) -> None:
    for number in range(answered, TRIALS):
        answer_with(page, "ArrowLeft")
        if number < TRIALS - 1:
            page.wait_for_function("n => document.querySelector('#progress').value > n", arg=number)
    page.wait_for_selector("#thanks")


def states(stack: Stack) -> list[str]:
    rows = stack.rows("SELECT state FROM studyapp_studysession WHERE state <> 'withdrawn' ORDER BY id")
    return [state for (state,) in rows]


def test_from_prolific_and_back(page: Page, chromium: Browser, stack: Stack, study: str) -> None:
    begin(page, study + LINK)
    answer_with(page, "ArrowLeft")
    page.wait_for_function("document.querySelector('#progress').value > 0")
    elsewhere = chromium.new_context().new_page()
    elsewhere.goto(study + LINK)
    wait_for(elsewhere, voting="open")
    assert elsewhere.url == page.url, "on another device the same person goes on"
    finish(elsewhere, answered=1)
    assert elsewhere.get_attribute("#redirect", "href") == f"{PROLIFIC}DONE"
    assert elsewhere.inner_text("#completion-code") == "DONE"
    page.goto(study + LINK)
    page.wait_for_selector("#thanks")
    assert page.get_attribute("#redirect", "href") == f"{PROLIFIC}DONE"
    assert states(stack) == ["finished"]
    elsewhere.context.close()


def test_who_comes_when_it_is_full_goes_back_at_once(page: Page, stack: Stack, study: str) -> None:
    for person in ("a", "b"):
        page.context.clear_cookies()
        begin(page, f"{study}?PROLIFIC_PID={person}")
        finish(page)
    page.context.clear_cookies()
    page.goto(f"{study}?PROLIFIC_PID=c")
    page.wait_for_selector("#full")
    assert page.get_attribute("#redirect", "href") == f"{PROLIFIC}FULL"
    assert states(stack) == ["finished", "finished"]
    assert stack.rows("SELECT state FROM studyapp_study") == [("paused",)]


def test_who_does_not_agree_goes_back_and_leaves_nothing(page: Page, stack: Stack, study: str) -> None:
    page.goto(study + LINK)
    page.click("#decline")
    page.wait_for_selector("#declined")
    assert page.get_attribute("#redirect", "href") == f"{PROLIFIC}NO"
    assert states(stack) == []


def test_withdrawing_from_the_last_page(page: Page, stack: Stack, study: str) -> None:
    begin(page, study + LINK)
    finish(page)
    page.click("#yours")
    with page.expect_download() as download:
        page.click("#own-data")
    assert '"answer": "left"' in Path(download.value.path()).read_text(encoding="utf-8")
    page.click("#withdraw")
    page.click("#withdraw-now")
    page.wait_for_selector("#closed >> text=You have withdrawn.")
    assert page.get_attribute("#redirect", "href") == f"{PROLIFIC}LEFT"
    assert states(stack) == []
    assert stack.rows("SELECT count(*) FROM studyapp_studysession WHERE person IS NOT NULL OR panel <> '{}'") == [(0,)]


def test_withdrawing_in_the_middle_by_keyboard(page: Page, stack: Stack, study: str) -> None:
    begin(page, study + LINK)
    page.click("#move-open")
    page.focus("#yours")
    page.keyboard.press("Enter")
    page.wait_for_selector("#yours")
    page.focus("#withdraw")
    page.keyboard.press("Enter")
    page.wait_for_selector("#withdraw-now")
    page.click("#back")
    wait_for(page, voting="open")
    page.click("#move-open")
    page.click("#yours")
    page.click("#withdraw")
    page.focus("#withdraw-now")
    page.keyboard.press("Enter")
    page.wait_for_selector("#closed")
    assert states(stack) == []
