"""An observer's answers survive what happens to observers, in a real Chromium against a real server."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.test_viewer import answer_with, wait_for, wait_until_it_counts
from tests.faults.proxy import Proxy
from tests.stack import Stack, new_stack, wait_until

pytestmark = pytest.mark.browser

TRIALS = 5
NOT_STORING = (
    "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } })"
)
FILL_STORAGE = """() => {
  for (let size = 2 ** 22; size >= 1; size /= 2)
    try { for (let n = 0; ; n++) localStorage.setItem(`other:${size}:${n}`, 'x'.repeat(size)); } catch {}
}"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), "sqlite", "filesystem") as stack:
        stack.start("web")
        yield stack


@pytest.fixture(scope="module")
def study(stack: Stack) -> str:
    """The address of an open study of tiny pictures."""
    code = stack.python(f"""
from tests.studyapp.factories import make_study, make_user
study = make_study(make_user(), trials_per_session={TRIALS}, completion_code="C0FFEE")
answer = study.code
""")
    return f"{stack.site}/s/{code}/"


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """One observer's device."""
    context = chromium.new_context(viewport={"width": 800, "height": 600})
    context.set_default_timeout(120_000)  # how long a busy machine may take; a pass waits for nothing
    yield context
    context.close()


@pytest.fixture
def device(chromium: Browser) -> Iterator[BrowserContext]:
    """Another device, with nothing of the first one's storage and cookies."""
    context = chromium.new_context(viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    context.set_default_timeout(120_000)
    yield context
    context.close()


def begin(context: BrowserContext, study: str) -> Page:
    page = context.new_page()
    page.goto(study)
    page.click("[name=begin]")
    wait_for(page, voting="open")
    return page


def token_of(page: Page) -> str:
    return page.url.split("/look/")[1].split("/")[0]


def votes(stack: Stack, token: str) -> list[tuple[int, str]]:
    """Position and answer of every vote of a sitting."""
    return [
        (position, answer)
        for position, answer in stack.rows(f"""
            SELECT t.position, v.answer FROM studyapp_vote v JOIN studyapp_trial t ON v.trial_id = t.id
            JOIN studyapp_studysession s ON t.session_id = s.id WHERE s.token = '{token}' ORDER BY t.position
        """)
    ]


def rejected(stack: Stack, token: str) -> list[tuple[int, str, str]]:
    """Position, answer and reason of every answer of a sitting that was kept without counting."""
    return [
        (position, answer, reason)
        for position, answer, reason in stack.rows(f"""
            SELECT t.position, r.answer, r.reason
            FROM studyapp_rejectedvote r JOIN studyapp_trial t ON r.trial_id = t.id
            JOIN studyapp_studysession s ON t.session_id = s.id WHERE s.token = '{token}' ORDER BY r.id
        """)
    ]


def finish(page: Page, key: str = "ArrowLeft") -> None:
    """Answer whatever is left, each as soon as it counts."""
    while "thanks" not in page.url:
        before = page.get_attribute("#look", "data-position")
        answer_with(page, key)
        page.wait_for_function(
            "before => document.querySelector('#thanks')"
            " || (look.dataset.voting === 'open' && look.dataset.position !== before)",
            arg=before,
        )


def wait_for_note(page: Page, text: str) -> None:
    page.wait_for_function("text => document.querySelector('#note').textContent.includes(text)", arg=text)
    assert page.locator("#note").is_visible()


def kept(page: Page) -> int:
    """How many votes lie in this browser."""
    return int(page.evaluate("Object.keys(localStorage).filter(key => key.includes(':vote:')).length"))


# ---- offline


def test_offline_in_the_middle(context: BrowserContext, stack: Stack, study: str) -> None:
    """What is loaded can be answered; the page says calmly that it waits; nothing is lost and nothing doubled."""
    page = begin(context, study)
    wait_for(page, next="ready")
    context.set_offline(True)
    answer_with(page, "ArrowLeft")
    wait_for(page, position="2", voting="open")
    wait_for_note(page, "1 answer waits here")
    answer_with(page, "ArrowRight")
    wait_for(page, phase="saving")
    page.wait_for_function("() => document.querySelector('#status').textContent.includes('kept on this device')")
    assert kept(page) == 2
    assert votes(stack, token_of(page)) == []
    context.set_offline(False)
    wait_for(page, position="3", voting="open", unsent="0")
    assert not page.locator("#note").is_visible()
    assert votes(stack, token_of(page)) == [(1, "left"), (2, "right")]
    token = token_of(page)
    finish(page)
    assert len(votes(stack, token)) == TRIALS
    assert rejected(stack, token) == []


def test_closed_while_offline_and_opened_later(context: BrowserContext, stack: Stack, study: str) -> None:
    page = begin(context, study)
    token = token_of(page)
    wait_for(page, next="ready")
    context.set_offline(True)
    answer_with(page, "ArrowRight")
    wait_for(page, position="2", voting="open")
    answer_with(page, "ArrowLeft")
    wait_for(page, phase="saving")
    page.close()
    context.set_offline(False)
    later = context.new_page()
    later.goto(study)
    later.click("#continue")
    wait_for(later, position="3", voting="open")
    wait_until(lambda: len(votes(stack, token)) == 2, "the votes of the closed tab")
    assert votes(stack, token) == [(1, "right"), (2, "left")]
    assert rejected(stack, token) == []
    later.wait_for_function("() => document.querySelector('#look').dataset.unsent === '0'")
    assert kept(later) == 0


def test_where_storage_is_refused_the_next_pair_waits(context: BrowserContext, stack: Stack, study: str) -> None:
    context.add_init_script(NOT_STORING)
    page = begin(context, study)
    wait_for_note(page, "can’t keep answers")
    wait_for(page, next="ready")
    context.set_offline(True)
    answer_with(page, "ArrowLeft")
    wait_for(page, phase="saving")
    page.wait_for_function("() => document.querySelector('#status').textContent.includes('leave this page open')")
    page.keyboard.press("ArrowRight")
    context.set_offline(False)
    wait_for(page, position="2", voting="open", unsent="0")
    assert votes(stack, token_of(page)) == [(1, "left")]


def test_where_storage_is_full_the_next_pair_waits(context: BrowserContext, stack: Stack, study: str) -> None:
    page = begin(context, study)
    wait_for(page, next="ready")
    page.evaluate(FILL_STORAGE)
    context.set_offline(True)
    answer_with(page, "ArrowLeft")
    wait_for(page, phase="saving")
    context.set_offline(False)
    wait_for(page, position="2", voting="open", unsent="0")
    page.evaluate("() => localStorage.clear()")
    answer_with(page, "ArrowRight")
    wait_for(page, position="3", voting="open", unsent="0")
    assert not page.locator("#note").is_visible()
    assert votes(stack, token_of(page)) == [(1, "left"), (2, "right")]


def test_the_server_killed_between_the_write_and_the_answer(context: BrowserContext, stack: Stack, study: str) -> None:
    """The vote is stored and nobody was told: the same letter again gets the receipt."""

    def kill_and_start() -> None:
        stack.kill("web")
        stack.start("web")
        back.set()

    back = threading.Event()
    proxy = Proxy(stack.port, seed=1, faults={}, kill_server=kill_and_start)
    page = begin(context, study.replace(stack.site, proxy.site))
    wait_for(page, unsent="0")
    wait_until_it_counts(page)
    proxy.faults = {"server killed after the write": 100}
    page.keyboard.press("ArrowLeft")
    wait_until(lambda: proxy.done["server killed after the write"], "the letter's arrival")
    proxy.faults = {}
    assert back.wait(120), "the server did not come back"
    page.evaluate("() => dispatchEvent(new Event('online'))")  # instead of waiting for the next try
    wait_for(page, position="2", voting="open", unsent="0")
    assert votes(stack, token_of(page)) == [(1, "left")]
    assert rejected(stack, token_of(page)) == []
    assert kept(page) == 0
    page.close()
    proxy.close()


# ---- tabs, fingers, buttons


def test_two_tabs(context: BrowserContext, stack: Stack, study: str) -> None:
    """The tab opened last has the sitting; the other says so, and takes it back when asked."""
    first = begin(context, study)
    token = token_of(first)
    second = context.new_page()
    second.goto(first.url)
    wait_for(first, phase="elsewhere", voting="closed")
    assert "another tab" in first.inner_text("#stopped-why")
    first.keyboard.press("ArrowRight")
    answer_with(second, "ArrowLeft")
    wait_for(second, position="2", voting="open", unsent="0")
    first.click("#again")
    wait_for(second, phase="elsewhere")
    wait_for(first, position="2", voting="open")
    answer_with(first, "ArrowRight")
    wait_for(first, position="3", voting="open", unsent="0")
    assert votes(stack, token) == [(1, "left"), (2, "right")]
    assert rejected(stack, token) == []


def test_a_tab_that_is_taken_over_offline_still_delivers(context: BrowserContext, stack: Stack, study: str) -> None:
    """Both tabs then hold the same letter; it is stored once."""
    first = begin(context, study)
    token = token_of(first)
    first.route("**/vote/", lambda route: route.abort())
    answer_with(first, "ArrowLeft")
    wait_for(first, position="2", voting="open")
    assert first.get_attribute("#look", "data-unsent") != "0"
    second = context.new_page()  # not before: a tab that lies behind another paints nothing
    second.goto(first.url)
    wait_for(first, phase="elsewhere")
    wait_for(second, position="2", voting="open", unsent="0")
    first.unroute("**/vote/")
    wait_for(first, unsent="0")
    assert votes(stack, token) == [(1, "left")]
    assert rejected(stack, token) == []


def test_a_double_tap_answers_once(device: BrowserContext, stack: Stack, study: str) -> None:
    page = begin(device, study)
    wait_until_it_counts(page)
    wait_for(page, next="ready")
    box = page.locator("#answer-left").bounding_box()
    assert box
    for _ in range(2):
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    wait_for(page, position="2", voting="open", unsent="0")
    assert votes(stack, token_of(page)) == [(1, "left")]


def test_back_and_forward(context: BrowserContext, stack: Stack, study: str) -> None:
    page = begin(context, study)
    token = token_of(page)
    answer_with(page, "ArrowLeft")
    wait_for(page, position="2", voting="open", unsent="0")
    page.go_back()
    page.wait_for_selector("#continue")
    page.go_forward()
    wait_for(page, position="2", voting="open")
    page.go_back()
    page.click("#continue")
    wait_for(page, position="2", voting="open")
    finish(page)
    page.go_back()
    page.wait_for_selector("#welcome")
    page.click("#continue")
    page.wait_for_selector("#thanks")
    assert page.inner_text("#completion-code") == "C0FFEE"
    assert token_of(page) == token
    assert votes(stack, token) == [(position, "left") for position in range(1, TRIALS + 1)]
    assert rejected(stack, token) == []


# ---- two devices


def personal_link(page: Page) -> str:
    page.click("#move-open")
    link = page.input_value("#personal-link")
    page.keyboard.press("ArrowRight")  # moves in the link, and must not answer behind it
    page.click("#move-close")
    return link


def test_a_sitting_goes_on_with_another_device(
    context: BrowserContext, device: BrowserContext, stack: Stack, study: str
) -> None:
    laptop = begin(context, study)
    token = token_of(laptop)
    phone = device.new_page()
    phone.goto(personal_link(laptop))
    answer_with(phone, "ArrowLeft")
    wait_for(phone, position="2", voting="open", unsent="0")
    answer_with(laptop, "ArrowRight")
    wait_for_note(laptop, "the first counts")
    wait_for(laptop, position="2", voting="open", unsent="0")
    assert votes(stack, token) == [(1, "left")]
    assert rejected(stack, token) == [(1, "right", "a different second answer")]
    answer_with(phone, "ArrowLeft")
    wait_for(phone, position="3", voting="open", unsent="0")
    answer_with(phone, "ArrowLeft")
    wait_for(phone, position="4", voting="open", unsent="0")
    laptop.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    wait_for(laptop, position="4", voting="open")
    finish(laptop, "ArrowRight")
    phone.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    phone.wait_for_selector("#thanks")
    assert votes(stack, token) == [(1, "left"), (2, "left"), (3, "left"), (4, "right"), (5, "right")]
    assert len(rejected(stack, token)) == 1


def shown(stack: Stack, token: str) -> int:
    """How many pairs of a sitting are known to have been painted."""
    sitting = f"(SELECT id FROM studyapp_studysession WHERE token = '{token}')"
    return int(stack.rows(f"SELECT count(shown_at) FROM studyapp_trial WHERE session_id = {sitting}")[0][0])


SCREENS = """
from studyapp.models import StudySession
from studyapp.services.exports import exposures
session = StudySession.objects.get(token="{token}")
names = ("shown_viewport_width_px", "viewport_width_px", "shown_stacked", "stacked", "screen_changed")
rows = [row for row in exposures(session.study) if row["session"] == session.pk and row["vote"]]
answer = [[row[name] for name in names] for row in rows]
"""


def test_each_vote_tells_the_screen_that_it_was_given_on(
    context: BrowserContext, device: BrowserContext, stack: Stack, study: str
) -> None:
    """A pair seen on a laptop and answered on a phone, one the other way round, and one whose window shrank."""
    laptop = begin(context, study)
    token = token_of(laptop)
    wait_until(lambda: shown(stack, token) == 1, "the laptop's word of the first pair")
    phone = device.new_page()
    phone.goto(personal_link(laptop))
    answer_with(phone, "ArrowLeft")
    wait_for(phone, position="2", voting="open", unsent="0")
    wait_until(lambda: shown(stack, token) == 2, "the phone's word of the second pair")
    laptop.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    wait_for(laptop, position="2", voting="open")
    answer_with(laptop, "ArrowLeft")
    wait_for(laptop, position="3", voting="open", unsent="0")
    laptop.set_viewport_size({"width": 700, "height": 600})
    laptop.wait_for_function("() => innerWidth === 700")
    answer_with(laptop, "ArrowLeft")
    wait_for(laptop, position="4", voting="open", unsent="0")
    answer_with(laptop, "ArrowLeft")
    wait_for(laptop, position="5", voting="open", unsent="0")
    assert stack.python(SCREENS.format(token=token)) == [
        [800, 390, False, True, True],
        [390, 800, True, False, True],
        [800, 700, False, False, True],
        [700, 700, False, False, False],
    ]


def test_answers_that_another_device_had_given_are_kept_without_counting(
    context: BrowserContext, device: BrowserContext, stack: Stack, study: str
) -> None:
    """A laptop goes offline with an answer, the phone finishes; opened again, the laptop delivers and says thanks."""
    laptop = begin(context, study)
    token, link = token_of(laptop), laptop.url
    wait_for(laptop, next="ready")
    context.set_offline(True)
    answer_with(laptop, "ArrowRight")
    wait_for_note(laptop, "1 answer waits here")
    laptop.evaluate("() => { window.fetch = () => new Promise(() => {}); }")  # a try under way would outlive the page
    laptop.close()
    phone = device.new_page()
    phone.goto(link)
    finish(phone)
    context.set_offline(False)
    laptop = context.new_page()
    laptop.goto(link)
    laptop.wait_for_selector("#thanks")
    laptop.wait_for_selector("#late:not([hidden])")
    assert "1 answer" in laptop.inner_text("#late")
    assert kept(laptop) == 0
    assert votes(stack, token) == [(position, "left") for position in range(1, TRIALS + 1)]
    assert rejected(stack, token) == [(1, "right", "a different second answer")]


# ---- lease


SILENCE = """
from datetime import timedelta
from django.utils import timezone
from studyapp.models import StudySession
from studyapp.services.places import abandon_sessions
from tests.studyapp.factories import sit
session = StudySession.objects.get(token="{token}")
StudySession.objects.filter(pk=session.pk).update(last_seen_at=timezone.now() - timedelta(days=1))
abandon_sessions(session.study, timezone.now())
answer = {then}
"""
GIVEN_ON = """[
    session.trials.filter(vote=None, held=True).count(),
    {(one.slot_id, one.place) for one in session.trials.filter(vote=None, kind="main")}
    <= {(one.slot_id, one.place) for one in sit(session.study).trials.all()},
]"""


def test_a_lease_that_ran_out_while_the_place_is_free(context: BrowserContext, stack: Stack, study: str) -> None:
    page = begin(context, study)
    token = token_of(page)
    answer_with(page, "ArrowLeft")
    wait_for(page, position="2", voting="open", unsent="0")
    stack.python(SILENCE.format(token=token, then="None"))
    answer_with(page, "ArrowRight")
    wait_for(page, position="3", voting="open", unsent="0")
    finish(page)
    assert len(votes(stack, token)) == TRIALS
    assert rejected(stack, token) == []


def test_a_lease_that_ran_out_and_the_place_was_given_away(context: BrowserContext, stack: Stack, study: str) -> None:
    """The new observer has its places; what was acknowledged stays; what came late is kept, and said so."""
    page = begin(context, study)
    token = token_of(page)
    answer_with(page, "ArrowLeft")
    wait_for(page, position="2", next="ready", voting="open", unsent="0")
    context.set_offline(True)
    answer_with(page, "ArrowRight")
    wait_for(page, position="3", voting="open")
    answer_with(page, "ArrowRight")
    wait_for(page, phase="saving")
    assert stack.python(SILENCE.format(token=token, then=GIVEN_ON)) == [0, True]
    context.set_offline(False)
    wait_for(page, phase="stopped", unsent="0")
    assert "given to another observer" in page.inner_text("#stopped-why")
    assert votes(stack, token) == [(1, "left")]
    assert [row[:2] for row in rejected(stack, token)] == [(2, "right"), (3, "right")]
    page.click("#again")
    page.click("#begin-anew")
    page.click("[name=begin]")
    wait_for(page, position="1", voting="open")
    assert token_of(page) != token
