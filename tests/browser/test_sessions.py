"""Whole sittings in a real Chromium against a real server: by mouse, by keyboard, through reloads and restarts."""

from collections import defaultdict
from collections.abc import Iterator
from math import comb

import pytest
from playwright.sync_api import Page, Request

from tests.browser.test_viewer import answer_with, wait_for, wait_until_it_counts
from tests.stack import Stack, new_stack, wait_until

pytestmark = pytest.mark.browser

TRIALS = 6


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), "sqlite", "filesystem") as stack:
        stack.start("web")
        yield stack


@pytest.fixture(scope="module")
def study(stack: Stack) -> str:
    """The address of an open study of tiny pictures, with a consent to give."""
    code = stack.python(f"""
from tests.studyapp.factories import make_study, make_user
study = make_study(
    make_user(), conditions=("original", "auto", "degraded"), trials_per_session={TRIALS}, consent="I take part freely."
)
answer = study.code
""")
    return f"{stack.site}/s/{code}/"


def begin(page: Page, study: str) -> None:
    page.goto(study)
    page.check("[name=consent]")
    page.click("[name=begin]")


def votes(stack: Stack, page: Page) -> list[tuple[int, str]]:
    """Position and answer of every vote of the sitting that the page shows."""
    token = page.url.rstrip("/").removesuffix("/thanks").rsplit("/", 1)[-1]
    return [
        (position, answer)
        for position, answer in stack.rows(f"""
            SELECT t.position, v.answer FROM studyapp_vote v JOIN studyapp_trial t ON v.trial_id = t.id
            JOIN studyapp_studysession s ON t.session_id = s.id WHERE s.token = '{token}' ORDER BY t.position
        """)
    ]


def test_a_whole_sitting_by_mouse(page: Page, stack: Stack, study: str) -> None:
    begin(page, study)
    wait_for(page, voting="open")
    page.mouse.move(200, 300)
    page.mouse.wheel(0, -300)
    page.click("#one-to-one")
    for number in range(TRIALS):
        wait_until_it_counts(page)
        page.click("#answer-left" if number % 2 else "#answer-right")
    page.wait_for_selector("#thanks")
    assert votes(stack, page) == [(n + 1, "left" if n % 2 else "right") for n in range(TRIALS)]


def test_a_whole_sitting_by_keyboard(page: Page, stack: Stack, study: str) -> None:
    page.goto(study)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "consent":
            break
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for number in range(TRIALS):
        answer_with(page, "ArrowRight" if number % 2 else "ArrowLeft")
        if number < TRIALS - 1:
            page.wait_for_function("n => document.querySelector('#progress').value > n", arg=number)
    page.wait_for_selector("#thanks")
    assert votes(stack, page) == [(n + 1, "right" if n % 2 else "left") for n in range(TRIALS)]


def test_a_reload_in_the_middle_loses_nothing(page: Page, stack: Stack, study: str) -> None:
    begin(page, study)
    answer_with(page, "ArrowLeft")
    wait_until(lambda: len(votes(stack, page)) == 1, "the first vote")
    page.reload()
    wait_for(page, voting="open")
    assert page.inner_text("#count").startswith(("1 of", "2 of"))
    assert page.evaluate("JSON.parse(document.querySelector('#state').textContent).answered") == 1
    for _ in range(TRIALS - 1):
        done = len(votes(stack, page))
        answer_with(page, "ArrowLeft")
        wait_until(lambda done=done: len(votes(stack, page)) > done, "the next vote")
    page.wait_for_selector("#thanks")
    assert votes(stack, page) == [(n + 1, "left") for n in range(TRIALS)]
    assert stack.rows("SELECT count(*) FROM studyapp_rejectedvote") == [(0,)]


def test_the_study_s_link_leads_back_to_the_sitting(page: Page, study: str) -> None:
    begin(page, study)
    wait_for(page, voting="open")
    sitting = page.url
    page.goto(study)
    page.click("#continue")
    assert page.url == sitting


def test_a_server_restarted_in_the_middle_loses_nothing(page: Page, stack: Stack, study: str) -> None:
    begin(page, study)
    answer_with(page, "ArrowLeft")
    wait_until(lambda: len(votes(stack, page)) == 1, "the first vote")
    wait_until_it_counts(page)
    stack.kill("web")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('#status').textContent.trim() !== ''")
    stack.start("web")
    wait_until(lambda: len(votes(stack, page)) == 2, "the vote that was given while the server was away")
    assert votes(stack, page) == [(1, "left"), (2, "right")]
    wait_until_it_counts(page)
    page.keyboard.press("ArrowLeft")
    wait_until(lambda: len(votes(stack, page)) == 3, "the vote after it")


def test_traffic_tells_no_method(page: Page, stack: Stack, study: str) -> None:
    """Whoever sees all traffic but decodes no pixel learns nothing of what stands where."""
    seen: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    waited_ms: dict[str, float] = defaultdict(float)

    def note(request: Request) -> None:
        if "/seen/" not in request.url:
            return
        response = request.response()
        assert response is not None
        token, place = request.url.split("/seen/")[1].split("/", 1)
        headers = {name: value for name, value in response.all_headers().items() if name != "date"}
        timing = request.timing
        waited_ms[token] += timing["responseEnd"] - timing["requestStart"]
        seen[token].append((place, response.status, tuple(sorted(headers.items())), response.from_service_worker))

    page.on("requestfinished", note)
    for _ in range(6):
        page.context.clear_cookies()
        begin(page, study)
        for number in range(TRIALS):
            answer_with(page, "ArrowLeft")
            if number < TRIALS - 1:
                page.wait_for_function("n => document.querySelector('#progress').value > n", arg=number)
        page.wait_for_selector("#thanks")

    shown = stack.rows("""
        SELECT t.left_token, t.right_token, l.name, r.name FROM studyapp_trial t
        JOIN studyapp_rendering a ON t.left_id = a.id JOIN studyapp_condition l ON a.condition_id = l.id
        JOIN studyapp_rendering b ON t.right_id = b.id JOIN studyapp_condition r ON b.condition_id = r.id
    """)
    trials = [trial for trial in shown if trial[0] in seen]
    assert len(trials) == 6 * TRIALS
    for left, right, *_ in trials:
        assert sorted(seen[left]) == sorted(seen[right]), "the two sides of a trial differ in their traffic"
    for names in ({"original", "degraded"}, {"auto", "degraded"}, {"original", "auto"}):
        of_pair = [trial for trial in trials if {trial[2], trial[3]} == names]
        better = min(names)
        right_guesses = sum(
            (waited_ms[left] < waited_ms[right]) == (left_name == better) for left, right, left_name, _ in of_pair
        )
        assert plausible(right_guesses, len(of_pair)), f"{right_guesses} of {len(of_pair)} guessed by timing: {names}"


def plausible(right: int, of: int) -> bool:
    """Whether coin tosses would come out so far from one half at least once in ten thousand times."""
    distance = abs(right - of / 2)
    return sum(comb(of, k) for k in range(of + 1) if abs(k - of / 2) >= distance) / 2**of > 1e-4
