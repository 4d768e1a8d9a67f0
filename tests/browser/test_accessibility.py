"""Observers' pages for everybody: axe finds nothing, a keyboard is enough, and both directions of reading work."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import get_resolver
from playwright.sync_api import Page

from studyapp.views.errors import FOR_OBSERVERS
from tests.browser.test_pages import too_wide
from tests.browser.test_viewer import answer_with, settle, wait_for, wait_to_be_heard, wait_until_it_counts
from tests.stack import Stack, new_stack

pytestmark = pytest.mark.browser

AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SEEN = {
    "welcome", "look", "thanks", "lab", "decline", "yours", "withdraw", "receipt", "step",
}  # fmt: skip
"""Addresses of observers' pages that the tests below look at; one that is new has to be added to them."""
NOT_PAGES = {"place", "onward", "own-data", "drawing", "example"}

SIZES: dict[str, dict[str, Any]] = {
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "has_touch": True,
        "is_mobile": True,
    },
    "laptop": {"viewport": {"width": 1440, "height": 900}},
    "4K": {"viewport": {"width": 3840, "height": 2160}},
    "4K-at-2": {"viewport": {"width": 1920, "height": 1080}, "device_scale_factor": 2},
}


def on(*screens: str) -> pytest.MarkDecorator:
    """On screens by name: a browser's language and a size."""
    options = [{**SIZES[size], "locale": locale} for locale, _, size in (screen.partition(" ") for screen in screens)]
    return pytest.mark.parametrize("page", options, indirect=True, ids=screens)


EVERYWHERE = on("en phone", "en laptop", "en 4K", "en 4K-at-2", "ar phone", "ar laptop")
SPOKEN = on("fr phone", "de phone", "es phone", "zh-CN phone", "ar phone", "de laptop")
ARABIC = on("ar laptop")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), "sqlite", "filesystem") as stack:
        stack.start("web")
        yield stack


@pytest.fixture(scope="module")
def places(stack: Stack) -> dict[str, str]:
    """A study that asks all there is to ask, and each page that an observer may come to without looking."""
    paths: dict[str, str] = stack.python("""
from tests.studyapp.factories import answer_all, make_study, make_testset, make_user, prefer, sit
from studyapp.models import StudySession
from studyapp.services.corrections import go_on
from studyapp.services.studies import close_study, pause_study
ada = make_user()
testset = make_testset(cameras=("iphone", "sony"), simulated=True)
asks = dict(testset=testset, conditions=("original", "auto"), trials_per_session=3)
study = make_study(
    ada, consent="I take part freely.", completion_code="C0FFEE-42", allow_tie=True, allow_not_sure=True,
    allow_correction=True, **asks,
)
lab = make_study(ada, name="lab", lab_mode=True, **asks)
invited = make_study(ada, name="invited", invited_only=True, **asks)
full = make_study(ada, name="full", quota=1, completion_code="FULL", **asks)
answer_all(sit(full), prefer("auto", "original"))
paused, closed = (make_study(ada, name=name, **asks) for name in ("paused", "closed"))
finished, left, late, late_too = (sit(study) for _ in range(4))
answer_all(finished, prefer("auto", "original"))
go_on(finished)
StudySession.objects.filter(pk=left.pk).update(state="withdrawn")
StudySession.objects.filter(pk=late.pk).update(state="abandoned")
sit(study)
pause_study(paused)
close_study(closed)
answer = {
    "welcome": f"/s/{study.code}/", "thanks": f"/look/{finished.token}/thanks/", "withdrawn": f"/look/{left.token}/",
    "given up": f"/look/{late.token}/", "paused": f"/s/{paused.code}/", "closed": f"/s/{closed.code}/",
    "mistyped": "/s/nothing/", "lab": f"/s/{lab.code}/lab/", "declined": f"/s/{study.code}/decline/",
    "invitation": f"/s/{invited.code}/", "wrong invitation": f"/s/{invited.code}/?invitation=no",
    "full": f"/s/{full.code}/",
}
""")
    return {name: stack.site + path for name, path in paths.items()}


@pytest.fixture(scope="module")
def sittings(stack: Stack, places: dict[str, str]) -> dict[str, dict[str, str]]:
    """Pages of sittings, which speak the language that was begun in: by language and name."""
    paths: dict[str, dict[str, str]] = stack.python("""
from studyapp.models import Study
from tests.browser.around import pages_of_sittings, study_around
of = Study.objects.get(name="closed")
study = study_around(of.owner, of.testset)
answer = {language: pages_of_sittings(study, language) for language in ("en", "ar")}
""")
    return {language: {name: stack.site + path for name, path in told.items()} for language, told in paths.items()}


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it is now; it is put in past the page's own policy, which lets nothing in."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        """async (tags) => (await axe.run(document, {
             runOnly: { type: 'tag', values: tags }, rules: { 'target-size': { enabled: true } },
           })).violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`))""",
        RULES,
    )
    return list(found)


def begin(page: Page, places: dict[str, str]) -> None:
    page.goto(places["welcome"])
    page.check("[name=consent]")
    page.click("[name=begin]")
    wait_for(page, voting="open")


def test_every_observers_page_is_looked_at() -> None:
    patterns = [pattern for pattern in get_resolver().url_patterns if hasattr(pattern, "name")]
    names = {p.name for p in patterns if f"/{p.pattern}".startswith(FOR_OBSERVERS)}
    assert names == SEEN | NOT_PAGES


def test_axe_finds_what_is_wrong(page: Page, places: dict[str, str]) -> None:
    page.goto(places["welcome"])
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<button></button><img src=x>')")
    assert {found.partition(":")[0] for found in violations(page)} >= {"button-name", "image-alt"}


@EVERYWHERE
def test_axe_finds_nothing_on_pages_to_read(page: Page, places: dict[str, str]) -> None:
    for name, address in places.items():
        page.goto(address)
        assert violations(page) == [], name
        assert too_wide(page) == [], name


@EVERYWHERE
def test_axe_finds_nothing_on_the_pages_of_a_sitting(page: Page, sittings: dict[str, dict[str, str]]) -> None:
    language = page.evaluate("navigator.language")
    for name, address in sittings[language].items():
        page.goto(address)
        if name == "break":
            wait_for(page, phase="resting")
            page.click("#go-on", trial=True)  # nothing lies over it
        if name == "ended":
            wait_for(page, phase="ended")
            page.click("#change-last", trial=True)
        assert page.locator("html").get_attribute("lang") == language
        assert violations(page) == [], name
        assert too_wide(page) == [], name


@on("en laptop", "ar laptop")
def test_axe_finds_nothing_on_a_screen_that_could_be_better(page: Page, sittings: dict[str, dict[str, str]]) -> None:
    page.goto(sittings[page.evaluate("navigator.language")]["screen"])
    page.click("form .begin")
    page.wait_for_selector("#problems")
    assert violations(page) == []
    assert too_wide(page) == []


@on("en phone", "en laptop", "ar phone", "ar laptop")
def test_axe_finds_nothing_on_a_card_that_is_turned_and_a_page_that_is_zoomed(
    page: Page, sittings: dict[str, dict[str, str]]
) -> None:
    here = sittings[page.evaluate("navigator.language")]
    page.goto(here["calibration"])
    page.focus("#card")
    page.keyboard.press("PageUp")
    page.evaluate("document.getElementById('turn').click()")
    assert violations(page) == []
    assert too_wide(page) == []
    page.evaluate("document.querySelector('#calibration').noValidate = true")
    page.click("form .begin:not([name])")
    page.wait_for_selector("#problems")
    assert violations(page) == []
    page.goto(here["measured ring"])
    page.evaluate("document.getElementById('changed').hidden = false")
    assert violations(page) == []
    assert too_wide(page) == []


@EVERYWHERE
def test_axe_finds_nothing_while_looking(page: Page, places: dict[str, str]) -> None:
    begin(page, places)
    assert violations(page) == [], "looking"
    page.evaluate("look.dataset.closer = 'true'")  # the pictures here are too small to come closer
    assert page.locator("#pan-left, #pan-open").locator("visible=true").count() == 1
    assert violations(page) == [], "closer, with arrows"
    if page.locator("#pan-open").is_visible():
        page.click("#pan-open")
        assert page.locator("#pan-left").is_visible()
        assert violations(page) == [], "with arrows for thumbs"
    assert too_wide(page) == []
    answer_with(page, "ArrowLeft")
    wait_for(page, position="2", voting="open")
    page.keyboard.press("Shift+D")
    page.wait_for_selector("#together")
    assert violations(page) == [], "moved apart, with an answer to take back"
    assert too_wide(page) == []
    page.keyboard.down("f")
    wait_for(page, flipped="true")
    assert violations(page) == [], "swapped"
    page.keyboard.up("f")
    page.click("#move-open")
    assert violations(page) == [], "the personal link"
    page.click("#move-close")
    page.context.set_offline(True)
    answer_with(page, "ArrowLeft")
    page.wait_for_selector("#look[data-note=shown]")
    assert violations(page) == [], "no connection"


@SPOKEN
def test_nothing_is_cut_off_in_any_language(page: Page, places: dict[str, str]) -> None:
    """Words that are longer than English ones, and buttons that they have to fit into."""
    begin(page, places)
    answer_with(page, "ArrowLeft")
    wait_for(page, position="2", voting="open")
    page.keyboard.press("Shift+D")
    page.wait_for_selector("#together")
    cut = page.evaluate(
        """() => [...document.querySelectorAll("button, h1, #count, .simulated")].filter((one) => one.checkVisibility())
             .filter((one) => one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().left < -1
                              || one.getBoundingClientRect().right > innerWidth + 1)
             .map((one) => `${one.id}: ${one.textContent.trim()}`)"""
    )
    assert cut == []
    high = page.evaluate("document.querySelector('#left .pane.is-shown').getBoundingClientRect().height")
    assert page.viewport_size
    assert high > page.viewport_size["height"] * (0.2 if page.viewport_size["width"] < 800 else 0.6)


@ARABIC
def test_in_arabic_the_page_is_mirrored_and_the_pictures_are_not(page: Page, places: dict[str, str]) -> None:
    page.goto(places["welcome"])
    arrows = [page.locator(".arrows kbd").nth(n).bounding_box() for n in (0, 1)]
    assert arrows[0]
    assert arrows[1]
    assert arrows[0]["x"] < arrows[1]["x"] or arrows[0]["y"] < arrows[1]["y"], "→ comes before ←"
    begin(page, places)
    boxes = {name: page.locator(f"#{name}").bounding_box() for name in PLACES_ON_SCREEN}
    x = {name: box["x"] for name, box in boxes.items() if box}
    assert x["left"] < x["right"]
    assert x["answer-left"] < x["answer-tie"] < x["answer-not-sure"] < x["answer-right"]
    assert x["flip"] < x["zoom-out"] < x["zoom-in"] < x["question"] < x["count"], "the page itself reads from the right"
    with page.expect_request("**/vote/") as sent:
        answer_with(page, "ArrowLeft")
    assert sent.value.post_data_json["answer"] == "left"
    wait_for(page, position="2", voting="open")
    wait_until_it_counts(page)
    with page.expect_request("**/vote/") as sent:
        page.click("#answer-right")
    assert sent.value.post_data_json["answer"] == "right"


PLACES_ON_SCREEN = (
    "left", "right", "answer-left", "answer-tie", "answer-not-sure", "answer-right", "flip", "zoom-out", "zoom-in",
    "question", "count",
)  # fmt: skip


@pytest.mark.parametrize("page", [{**SIZES["laptop"], "reduced_motion": "reduce"}], indirect=True, ids=["laptop"])
def test_a_whole_session_by_keyboard_alone(page: Page, places: dict[str, str]) -> None:
    """From the link to the code: no mouse, nothing moves by itself, and it always shows where one is."""
    page.goto(places["welcome"])
    focus(page, "[name=consent]")
    page.keyboard.press("Space")
    focus(page, "[name=begin]")
    page.keyboard.press("Enter")
    wait_for(page, voting="open")
    for name in ("#move-open", "#flip", "#apart", "#fit", "#one-to-one", "#zoom-out", "#zoom-in", "#answer-left"):
        focus(page, name)
    wait_until_it_counts(page)
    page.keyboard.press("Enter")
    wait_for(page, position="2", voting="open")
    page.keyboard.press("1")
    page.keyboard.press("Shift+S")
    page.keyboard.press("r")
    page.wait_for_selector("#together", state="hidden")
    page.keyboard.press("Backspace")
    wait_for(page, position="1", voting="open")
    answer_with(page, "ArrowRight")
    for position, key in ((2, "ArrowDown"), (3, "?")):
        wait_for(page, position=str(position), voting="open")
        answer_with(page, key)
    wait_for(page, phase="ended")
    focus(page, "#change-last")
    focus(page, "#go-on")
    wait_to_be_heard(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/thanks/")
    assert page.inner_text("#completion-code") == "C0FFEE-42"


def focus(page: Page, wanted: str) -> None:
    """Press Tab until something has the focus, and see that it shows."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            break
    shown = page.evaluate(
        "() => { const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);"
        " return [document.activeElement.matches(':focus-visible'), outlineStyle, parseFloat(outlineWidth)]; }"
    )
    assert page.evaluate("wanted => document.activeElement.matches(wanted)", wanted), f"Tab never comes to {wanted}"
    assert shown[0]
    assert shown[1] != "none"
    assert shown[2] >= 2


def test_names_that_are_heard_tell_sides_and_nothing_else(page: Page, places: dict[str, str]) -> None:
    begin(page, places)
    settle(page)
    assert page.get_by_role("img", name="Left picture", exact=True).count() == 1
    assert page.get_by_role("img", name="Right picture", exact=True).count() == 1
    heard = page.locator("main").aria_snapshot()
    assert not any(name in heard for name in ("original", "auto", "photo-", "iphone"))


@on("en phone")
def test_on_an_upright_phone_they_are_upper_and_lower(page: Page, places: dict[str, str]) -> None:
    begin(page, places)
    assert page.get_by_role("img", name="Upper picture", exact=True).count() == 1
    with page.expect_request("**/vote/") as sent:
        wait_until_it_counts(page)
        page.tap("#answer-right")
    assert sent.value.post_data_json["stacked"] is True
