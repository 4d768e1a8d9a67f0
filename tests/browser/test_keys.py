"""Keys of other alphabets, in a real Chromium."""

import pytest
from playwright.sync_api import Page

from tests.browser.looking import LookServer
from tests.browser.test_viewer import (
    Serve,
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
