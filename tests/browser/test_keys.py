"""Keys of other alphabets, keys switched off, arrows for who can't drag, a link for a camera: in a real Chromium."""

import io
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.looking import LookServer
from tests.browser.test_viewer import (
    Serve,
    answer_with,
    corners_shown,
    open_and_wait,
    serve,
    settle,
    wait_for,
    wait_until_it_counts,
)

__all__ = ["serve"]  # a fixture of test_viewer.py
pytestmark = pytest.mark.browser

SHIFT = 8
ARROWS = ("#pan-left", "#pan-up", "#pan-down", "#pan-right")
BOTH = "Move both pictures"
PHONE = {"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}}
SMALL_PHONE = {"has_touch": True, "is_mobile": True, "viewport": {"width": 320, "height": 568}}
LYING_PHONE = {"has_touch": True, "is_mobile": True, "viewport": {"width": 844, "height": 390}}
LAPTOP = {"viewport": {"width": 1280, "height": 800}}
LOW_WINDOW = {"viewport": {"width": 960, "height": 480}}
NARROW_WINDOW = {"viewport": {"width": 600, "height": 800}}
BOXES = "[...document.querySelectorAll('.pane.is-shown')].map(pane => pane.getBoundingClientRect().toJSON())"


def press(page: Page, key: str, code: str, modifiers: int = 0) -> None:
    """A key as a keyboard of another alphabet tells it: what it writes, and where it lies."""
    hand = page.context.new_cdp_session(page)
    for kind in ("keyDown", "keyUp"):
        hand.send("Input.dispatchKeyEvent", {"type": kind, "key": key, "code": code, "modifiers": modifiers})
    hand.detach()


def at_one_to_one(page: Page, server: LookServer) -> None:
    open_and_wait(page, server)
    page.click("#one-to-one")
    wait_for(page, scale="1")
    settle(page)


# ---- other alphabets


def test_an_arabic_keyboard_does_all_that_a_latin_one_does(page: Page, serve: Serve) -> None:
    server = serve(2, answers=("left", "right", "tie", "not_sure"))
    open_and_wait(page, server)
    press(page, "١", "Digit1")
    wait_for(page, scale="1")
    settle(page)
    x, y = corners_shown(page, 1237)[0]
    press(page, "ي", "KeyD")
    press(page, "س", "KeyS")
    settle(page)
    left, right = corners_shown(page, 1237)
    assert left == right
    assert left[0] > x
    assert left[1] > y
    for key, code in (("]", "KeyD"), ("]", "KeyD"), ("ً", "KeyW")):
        press(page, key, code, SHIFT)
    settle(page)
    assert corners_shown(page, 1237) == [left, (right[0] - 2, right[1] + 1)]
    press(page, "ق", "KeyR")
    settle(page)
    assert corners_shown(page, 1237) == [left, right]
    press(page, "ب", "KeyF")
    wait_for(page, flipped="false", voting="open")
    press(page, "٠", "Digit0")
    wait_for(page, closer="false")
    wait_until_it_counts(page)
    press(page, "؟", "Slash", SHIFT)
    wait_for(page, position="2", unsent="0")
    vote = server.letters("vote")[0].body
    assert (vote["answer"], vote["flips"], vote["offset_px"]) == ("not_sure", 1, pytest.approx(5**0.5, abs=0.1))


def test_on_an_azerty_keyboard_the_printed_letter_counts(page: Page, serve: Serve) -> None:
    at_one_to_one(page, serve(1))
    before = corners_shown(page, 1237)
    press(page, "q", "KeyA")
    press(page, "z", "KeyW")
    settle(page)
    assert corners_shown(page, 1237) == before
    press(page, "a", "KeyQ")
    settle(page)
    assert corners_shown(page, 1237)[0][0] < before[0][0]


# ---- keys that are switched off


def test_keys_of_one_character_can_be_switched_off_and_stay_off(page: Page, serve: Serve) -> None:
    server = serve(2, answers=("left", "right", "tie", "not_sure"), correction=True)
    open_and_wait(page, server)
    assert page.get_attribute("#one-to-one", "aria-keyshortcuts") == "1"
    page.get_by_role("switch", name="letter keys").focus()
    page.keyboard.press("Space")
    expect(page.locator("#character-keys")).to_have_attribute("aria-checked", "false")
    page.reload()
    wait_for(page, voting="open")
    expect(page.locator("#character-keys")).to_have_attribute("aria-checked", "false")
    assert page.get_attribute("#one-to-one", "aria-keyshortcuts") is None
    assert page.get_attribute("#answer-left", "aria-keyshortcuts") == "ArrowLeft"
    page.click("#one-to-one")
    wait_for(page, scale="1")
    settle(page)
    before = corners_shown(page, 1237)
    wait_until_it_counts(page)
    for key in ("d", "Shift+D", "+", "0", "f", "?"):
        page.keyboard.press(key)
    settle(page)
    assert corners_shown(page, 1237) == before
    page.keyboard.press("Shift+ArrowRight")
    settle(page)
    assert corners_shown(page, 1237)[0][0] > before[0][0]
    page.keyboard.press("Space")
    answer_with(page, "ArrowDown")
    wait_for(page, position="2", voting="open", unsent="0")
    page.keyboard.press("Backspace")
    wait_for(page, position="1", voting="open")
    vote = server.letters("vote")[0].body
    assert (vote["answer"], vote["flips"], vote["offset_px"], vote["max_zoom"]) == ("tie", 1, 0, 1)


def test_they_are_switched_on_again(page: Page, serve: Serve) -> None:
    open_and_wait(page, serve(1))
    for checked in ("false", "true"):
        page.click("#character-keys")
        expect(page.locator("#character-keys")).to_have_attribute("aria-checked", checked)
    page.keyboard.press("1")
    wait_for(page, scale="1")
    assert page.get_attribute("#one-to-one", "aria-keyshortcuts") == "1"


@pytest.mark.parametrize("page", [LOW_WINDOW, NARROW_WINDOW], indirect=True, ids=["low", "narrow"])
def test_the_switch_is_there_also_where_there_is_no_room_for_the_keys_names(page: Page, serve: Serve) -> None:
    open_and_wait(page, serve(1))
    assert page.locator(".hints li:visible").count() == 1
    page.click("#character-keys")
    wait_for(page, **{"character-keys": "off"})


# ---- arrow buttons


def test_arrows_move_both_pictures_once_they_are_closer_than_whole(page: Page, serve: Serve) -> None:
    open_and_wait(page, serve(2))
    places = page.evaluate(BOXES)
    assert [page.locator(name).is_visible() for name in ARROWS] == [False] * 4
    page.keyboard.press("1")
    wait_for(page, scale="1", closer="true")
    settle(page)
    assert page.evaluate(BOXES) == places, "the pictures jump as the arrows come"
    assert page.get_by_role("group", name=BOTH).get_by_role("button").count() == 4
    x, y = corners_shown(page, 1237)[0]
    for name, way in (("right", (1, 0)), ("down", (0, 1)), ("left", (-1, 0)), ("up", (0, -1))):
        page.get_by_role("button", name=f"Move {name}").click()
        settle(page)
        left, right = corners_shown(page, 1237)
        assert left == right
        assert tuple(np.sign((left[0] - x, left[1] - y))) == way
        x, y = left
    answer_with(page, "ArrowLeft")
    wait_for(page, position="2", voting="open", closer="false")
    assert not page.locator("#pan-left").is_visible()


def test_while_the_two_are_apart_arrows_move_the_right_one_by_a_pixel(page: Page, serve: Serve) -> None:
    at_one_to_one(page, serve(1))
    left, right = corners_shown(page, 1237)
    page.click("#apart")
    assert page.get_by_role("group", name="Move the right picture alone").get_by_role("button").count() == 4
    for name in ("#pan-right", "#pan-right", "#pan-up"):
        page.click(name)
    settle(page)
    assert corners_shown(page, 1237) == [left, (right[0] - 2, right[1] + 1)]
    page.click("#together")
    page.get_by_role("group", name=BOTH).wait_for()
    page.click("#pan-right")
    settle(page)
    left, right = corners_shown(page, 1237)
    assert left == right


def test_an_arrow_that_is_held_goes_on(page: Page, serve: Serve) -> None:
    at_one_to_one(page, serve(1))
    page.click("#apart")
    page.hover("#pan-left")
    page.mouse.down()
    page.wait_for_function("() => parseInt(document.getElementById('offset').textContent) >= 4")
    page.mouse.up()
    settle(page)
    apart = page.inner_text("#offset")
    page.focus("#pan-left")
    page.keyboard.press("Enter")
    settle(page)
    assert int(page.inner_text("#offset").split()[0]) == int(apart.split()[0]) + 1, "it goes on by itself"


def test_a_keyboard_presses_arrows_and_holds_them(page: Page, serve: Serve) -> None:
    at_one_to_one(page, serve(1))
    before = corners_shown(page, 1237)[0]
    page.focus("#pan-right")
    page.keyboard.press("Enter")
    settle(page)
    once = corners_shown(page, 1237)[0]
    assert once[0] > before[0]
    page.click("#apart")
    page.focus("#pan-right")
    for _ in range(3):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    expect(page.locator("#offset")).to_have_text("3 px apart")


@pytest.mark.parametrize("page", [PHONE, SMALL_PHONE, LYING_PHONE], indirect=True, ids=["phone", "small", "lying"])
def test_on_a_phone_a_button_lays_arrows_where_those_that_zoom_are(page: Page, serve: Serve) -> None:
    open_and_wait(page, serve(2))
    places = page.evaluate(BOXES)
    assert not page.locator("#pan-open").is_visible()
    page.tap("#one-to-one")
    wait_for(page, scale="1", closer="true")
    page.tap("#pan-open")
    settle(page)
    assert page.evaluate(BOXES) == places
    assert page.locator("#zoom-in").is_hidden()
    width = page.viewport_size["width"] if page.viewport_size else 0
    for name in (*ARROWS, "#pan-open", "#flip", "#apart"):
        box = page.locator(name).bounding_box()
        assert box
        assert box["height"] >= 44
        assert box["width"] >= (44 if width >= 390 else 38)
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    before = corners_shown(page, 1237)
    page.tap("#pan-down")
    settle(page)
    left, right = corners_shown(page, 1237)
    assert left == right != before[0]
    page.tap("#apart")
    page.tap("#pan-left")
    settle(page)
    assert corners_shown(page, 1237) == [left, (right[0] + 1, right[1])]
    wait_until_it_counts(page)
    page.tap("#answer-left")
    wait_for(page, position="2", voting="open", closer="false")
    assert page.locator("#zoom-in").is_visible()
    assert page.locator("#pan-left").is_hidden()


# ---- the link as a QR code


@pytest.mark.parametrize("page", [LAPTOP, PHONE], indirect=True, ids=["laptop", "phone"])
def test_a_camera_reads_the_personal_link(page: Page, serve: Serve) -> None:
    link = serve(1).url.replace("127.0.0.1", "study.localhost")
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url.removeprefix("blob:")).hostname or ""))
    page.goto(link)
    wait_for(page, voting="open")
    page.click("#move-open")
    code = page.get_by_role("img", name="QR code of your personal link")
    seen = np.array(Image.open(io.BytesIO(code.screenshot())).convert("L"))[2:-2, 2:-2]
    said = cv2.QRCodeDetector().detectAndDecode(seen.repeat(3, axis=0).repeat(3, axis=1))[0]
    assert said == link == page.input_value("#personal-link")
    assert set(np.unique(seen)) >= {0, 255}
    quiet_px = seen.shape[1] * 3 // 37
    edge = (seen[:quiet_px], seen[-quiet_px:], seen[:, :quiet_px], seen[:, -quiet_px:])
    assert [strip.min() for strip in edge] == [255] * 4, "no quiet zone around it"
    assert hosts == {"study.localhost"}


def test_a_link_that_others_cannot_follow_has_no_code(page: Page, serve: Serve) -> None:
    open_and_wait(page, serve(1))
    page.click("#move-open")
    assert page.locator("#personal-link").is_visible()
    assert page.locator(".qr").count() == 0


def test_a_code_that_names_the_server_otherwise_than_the_browser_does_is_not_shown(page: Page, serve: Serve) -> None:
    page.goto(serve(1).url.replace("127.0.0.1", "study.localhost"))
    wait_for(page, voting="open")
    page.evaluate("document.querySelector('.qr').dataset.link = 'http://inner.example/look/s/'")
    page.click("#move-open")
    assert page.locator("#personal-link").is_visible()
    assert not page.locator(".qr").is_visible()
