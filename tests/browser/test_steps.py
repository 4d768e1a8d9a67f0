"""A whole session with everything around its trials, by keyboard alone, with a reload at each page."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import APIResponse, Page, Route

from studyapp.vision import plates, rings
from tests.browser.test_pages import phone, too_wide
from tests.browser.test_viewer import answer_with, wait_for
from tests.stack import Stack, new_stack, wait_until

pytestmark = pytest.mark.browser

LAPTOP = {"viewport": {"width": 1440, "height": 900}}
SCREENS = pytest.mark.parametrize("page", [LAPTOP, phone(390)], indirect=True, ids=["laptop", "phone"])
MAKE = """
from tests.studyapp.factories import make_study, make_user
study = make_study(
    make_user(), contents=5, conditions=("original", "auto"), trials_per_session=3, consent="I take part freely.",
    completion_code="C0FFEE", **{settings}
)
answer = study.code
"""
BREAKS = """
from studyapp.models import Study
from studyapp.services.studies import create_study, open_study
from tests.studyapp.factories import define, run_jobs
of = Study.objects.get()
study = create_study(define(("original", "auto"), name="Breaks", break_every=2), of.owner)
run_jobs()
open_study(study)
answer = study.code
"""
CARD = """
from studyapp.models import Study
from studyapp.services.studies import create_study, open_study
from tests.studyapp.factories import define, run_jobs, sit
of = Study.objects.earliest("pk")
study = create_study(define(("original", "auto"), name="{name}", acuity_test=True), of.owner)
run_jobs()
open_study(study)
answer = sit(study).token
"""
RINGS = 6
ALL = {
    "screen_check": True, "colour_test": True, "acuity_test": True, "ask_background": True,
    "practice_contents": ["photo-2", "photo-3"], "examples": ["photo-3"], "practice_trials": 1, "break_every": 2,
    "closing_questions": ["What did you look for?", "Own a camera? | yes | no", "Tired? | 1-5 | wide awake | tired"],
}  # fmt: skip


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), "sqlite", "filesystem") as stack:
        stack.start("web")
        yield stack


@pytest.fixture(scope="module")
def everything(stack: Stack) -> str:
    """The link of a study with everything switched on."""
    return f"{stack.site}/s/{stack.python(MAKE.format(settings=ALL))}/"


@pytest.fixture(scope="module")
def breaks(stack: Stack, everything: str) -> str:
    """The link of a study with nothing but a break after every second pair."""
    return f"{stack.site}/s/{stack.python(BREAKS)}/"


def tab_to(page: Page, selector: str) -> None:
    """As many presses of Tab as it takes."""
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {selector} on {page.url}")


def press(page: Page, selector: str, key: str = "Enter") -> None:
    tab_to(page, selector)
    page.keyboard.press(key)


def choose(page: Page, name: str, place: int) -> None:
    """The choice at a place, from 0, of a group of radio buttons."""
    tab_to(page, f"[name={name}]")
    page.keyboard.press("Space")
    for _ in range(place):
        page.keyboard.press("ArrowRight")


def measure(page: Page) -> None:
    """A card on the screen, and arm's length: on both screens below three sizes of rings follow, each seen twice."""
    tab_to(page, "#card")
    wanted = 324 if page.evaluate("document.getElementById('card-drawn').dataset.side") == "long" else 204
    for key, by in (("PageUp", 40), ("ArrowRight", 0)):
        while int(page.input_value("#card")) < wanted - by:
            page.keyboard.press(key)
    choose(page, "distance_cm", 4)
    press(page, "form .begin")


def token_of(page: Page) -> str:
    return page.url.split("/look/")[1].split("/")[0]


def again(page: Page, name: str, part: int = 1, *, see: Callable[[str], None]) -> None:
    """The step is there, fits, and is there again after a reload."""
    page.wait_for_url(f"**/steps/{name}/{part}/")
    see(f"{name}-{part}")
    assert too_wide(page) == []
    page.reload()
    assert page.url.endswith(f"/steps/{name}/{part}/")


def to_the_pairs(page: Page, link: str, see: Callable[[str], None]) -> None:
    """From the study's link through all pages to the first pair."""
    page.goto(link)
    see("welcome")
    press(page, "[name=consent]", "Space")
    press(page, "[name=begin]")
    again(page, "screen", see=see)
    choose(page, "dark_steps", 6)
    choose(page, "bright_steps", 5)
    press(page, "form .begin")
    token = token_of(page)
    for part, digit in enumerate(plates.digits(plates.seed_of(token)), start=1):
        again(page, "colour", part, see=see)
        press(page, f"[name=seen][value='{digit}']")
    again(page, "calibration", see=see)
    measure(page)
    page.wait_for_url("**/acuity/1/")
    for part, way in enumerate(rings.ways(plates.seed_of(token), count=RINGS), start=1):
        again(page, "acuity", part, see=see)
        press(page, f"[name=seen][value='{way}']")
    again(page, "background", see=see)
    choose(page, "age", 2)
    press(page, "form .begin")
    again(page, "instructions", see=see)
    assert page.evaluate("[...document.querySelectorAll('.example img')].every(image => image.naturalWidth > 0)")
    press(page, "form .begin")


def rest(page: Page, see: Callable[[str], None], name: str) -> None:
    """A break: there again after a reload, left by Enter on its button, which has the focus; not there after that."""
    for _ in range(2):
        wait_for(page, phase="resting")
        page.wait_for_function("() => document.activeElement.id === 'go-on'")
        see(name)
        assert too_wide(page) == []
        page.reload()
    wait_for(page, phase="resting")
    page.keyboard.press("Enter")
    wait_for(page, voting="open")
    page.reload()
    wait_for(page, voting="open")


def walk(page: Page, link: str, see: Callable[[str], None] = lambda name: None) -> None:
    """The whole session."""
    to_the_pairs(page, link, see)
    wait_for(page, voting="open")
    see("practice")
    assert page.inner_text("#count") == "Practice 1 of 1"
    answer_with(page, "ArrowLeft")
    rest(page, see, "practised")
    assert page.inner_text("#count") == "1 of 3"
    see("pair")
    answer_with(page, "ArrowRight")
    wait_for(page, position="3")
    answer_with(page, "ArrowLeft")
    rest(page, see, "break")
    answer_with(page, "ArrowLeft")
    again(page, "questions", see=see)
    tab_to(page, "[name=question_1]")
    page.keyboard.type("the sky")
    choose(page, "question_3", 1)
    press(page, "form .begin")
    page.wait_for_selector("#thanks")
    see("thanks")
    assert page.inner_text("#completion-code") == "C0FFEE"
    press(page, "#receipt-link")
    page.wait_for_selector("#receipt")
    see("receipt")
    assert "I take part freely." in page.inner_text("#receipt")


@SCREENS
def test_a_whole_session_with_everything_by_keyboard_alone(page: Page, stack: Stack, everything: str) -> None:
    walk(page, everything)
    token = token_of(page)
    where = f"s.token = '{token}'"
    votes = stack.rows(f"""
        SELECT t.kind, v.answer, v.break_ms FROM studyapp_vote v JOIN studyapp_trial t ON v.trial_id = t.id
        JOIN studyapp_studysession s ON t.session_id = s.id WHERE {where} ORDER BY t.position
    """)
    assert [vote[:2] for vote in votes] == [
        ("practice", "left"), ("main", "right"), ("main", "left"), ("main", "left"),
    ]  # fmt: skip
    steps = stack.rows(f"""
        SELECT p.name, count(*) FROM studyapp_sessionstep p JOIN studyapp_studysession s ON p.session_id = s.id
        WHERE {where} GROUP BY p.name ORDER BY min(p.id)
    """)
    assert steps == [
        ("screen", 1), ("colour", 5), ("calibration", 1), ("acuity", RINGS), ("background", 1), ("instructions", 1),
        ("questions", 1),
    ]  # fmt: skip
    ((screen,),) = stack.rows(f"""
        SELECT p.told FROM studyapp_sessionstep p JOIN studyapp_studysession s ON p.session_id = s.id
        WHERE {where} AND p.name = 'screen'
    """)
    assert page.viewport_size is not None
    assert f'"viewport_width_px": {page.viewport_size["width"]}' in screen
    assert '"problems": []' in screen


def to_the_first_break(page: Page, breaks: str) -> None:
    page.goto(breaks)
    page.click("[name=begin]")
    answer_with(page, "ArrowLeft")
    wait_for(page, position=2)
    answer_with(page, "ArrowLeft")
    wait_for(page, phase="resting")


def votes_of(page: Page, stack: Stack) -> list[int | None]:
    """The breaks before this sitting's votes, as stored."""
    rows = stack.rows(f"""
        SELECT v.break_ms FROM studyapp_vote v JOIN studyapp_trial t ON v.trial_id = t.id
        JOIN studyapp_studysession s ON t.session_id = s.id WHERE s.token = '{token_of(page)}' ORDER BY t.position
    """)
    return [break_ms for (break_ms,) in rows]


def test_the_break_is_told_with_the_pair_after_it(page: Page, stack: Stack, breaks: str) -> None:
    to_the_first_break(page, breaks)
    page.keyboard.press("ArrowLeft")  # no answer to a pair that nobody sees
    page.click("#go-on")
    answer_with(page, "ArrowLeft")
    wait_until(lambda: len(votes_of(page, stack)) == 3, "all three votes")
    *before, after = votes_of(page, stack)
    assert before == [None, None]
    assert after


def test_a_vote_whose_receipt_is_lost_with_its_page_is_counted_once(page: Page, stack: Stack, breaks: str) -> None:
    unheard: list[APIResponse] = []

    def second_is_unheard(route: Route) -> None:
        if votes_of(page, stack) and not unheard:
            unheard.append(route.fetch())
        else:
            route.continue_()

    page.route("**/vote/", second_is_unheard)
    to_the_first_break(page, breaks)
    # Asking the page lets its requests be answered here.
    wait_until(
        lambda: page.evaluate("true") and len(votes_of(page, stack)) == 2, "the vote that the page hears nothing of"
    )
    page.reload()
    wait_for(page, phase="resting", unsent=0)
    assert page.inner_text("#rest-why").startswith("You have done 2 of 5 pairs")


def test_a_vote_that_arrives_after_the_next_page_was_made_is_not_asked_again(
    page: Page, stack: Stack, breaks: str
) -> None:
    votes: list[Route] = []
    page.route("**/vote/", lambda route: votes.append(route) if len(votes_of(page, stack)) else route.continue_())
    to_the_first_break(page, breaks)
    wait_until(lambda: page.evaluate("true") and votes, "the vote that is slow to come")
    made = page.request.get(page.url)  # the next page is made now, and is as slow to come as the vote
    votes[0].continue_()
    wait_for(page, unsent=0)
    page.route(page.url, lambda route: route.fulfill(response=made))
    page.reload()
    wait_for(page, phase="resting")
    assert page.inner_text("#rest-why").startswith("You have done 2 of 5 pairs")
    page.click("#go-on")
    wait_for(page, position=3, voting="open")


# ---- the card


def hold_a_card(page: Page, stack: Stack, name: str) -> None:
    """Up to a drawn card that was made as wide as a real one, on a screen of one device pixel to the CSS pixel."""
    page.goto(f"{stack.site}/look/{stack.python(CARD.format(name=name))}/")
    page.wait_for_url("**/steps/calibration/1/")
    page.focus("#card")
    page.keyboard.press("PageUp")
    assert page.evaluate("document.getElementById('card').validity.valid")


def on_other_pixels(page: Page) -> None:
    page.evaluate("Object.defineProperty(window, 'devicePixelRatio', { value: 1.5 })")


@pytest.mark.usefixtures("breaks")
def test_a_card_is_measured_in_the_pixels_that_it_was_held_against(page: Page, stack: Stack) -> None:
    hold_a_card(page, stack, "measured")
    on_other_pixels(page)
    page.check("[name=distance_cm] >> nth=4", force=True)
    page.click("form .begin >> nth=0")
    page.wait_for_url("**/acuity/1/")
    told = stack.rows("SELECT told FROM studyapp_sessionstep WHERE name = 'calibration' ORDER BY id DESC LIMIT 1")
    assert json.loads(told[0][0])["device_pixel_ratio"] == 1


@pytest.mark.usefixtures("breaks")
def test_a_card_held_against_other_pixels_is_measured_anew(page: Page, stack: Stack) -> None:
    hold_a_card(page, stack, "anew")
    page.evaluate("dispatchEvent(new Event('resize'))")
    assert page.evaluate("document.getElementById('card').validity.valid"), "the same pixels: the measure stays"
    on_other_pixels(page)
    page.evaluate("dispatchEvent(new Event('resize'))")
    assert not page.evaluate("document.getElementById('card').validity.valid")
