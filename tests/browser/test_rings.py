"""A card measures the screen, and rings come out sharp: whole device pixels, of the angle that is told."""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from studyapp.services.acuity import Ring, ring_after
from studyapp.step_forms import CARD_MM
from studyapp.vision import plates, rings
from tests.browser.test_pages import too_wide
from tests.stack import Stack, new_stack

pytestmark = pytest.mark.browser

MAKE = """
from tests.studyapp.factories import make_study, make_user
answer = make_study(make_user(), conditions=("original", "auto"), trials_per_session=2, acuity_test=True).code
"""
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "device_scale_factor": 3, "has_touch": True, "is_mobile": True,
}  # fmt: skip
LAPTOP = {"viewport": {"width": 1440, "height": 900}}
UHD = {"viewport": {"width": 3840, "height": 2160}}
SCREENS: dict[str, tuple[dict[str, Any], float, int]] = {
    "phone": (PHONE, 460 / 3 / 25.4, 35),
    "laptop": (LAPTOP, 96 / 25.4, 60),
    "laptop-at-1.25": ({**LAPTOP, "device_scale_factor": 1.25}, 113 / 25.4, 50),
    "laptop-at-1.5": ({**LAPTOP, "device_scale_factor": 1.5}, 109 / 25.4, 60),
    "4K": (UHD, 163 / 25.4, 70),
    "4K-at-2": ({"viewport": {"width": 1920, "height": 1080}, "device_scale_factor": 2}, 81.5 / 25.4, 60),
}
"""By name: the browser, CSS pixels to the millimetre of a screen that it may be, and how far away one sits, cm."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), "sqlite", "filesystem") as stack:
        stack.start("web")
        yield stack


@pytest.fixture(scope="module")
def link(stack: Stack) -> str:
    return f"{stack.site}/s/{stack.python(MAKE)}/"


def begin(page: Page, link: str) -> str:
    """To the card; returns the sitting's token."""
    page.goto(link)
    page.click("[name=begin]")
    page.wait_for_url("**/steps/calibration/1/")
    return page.url.split("/look/")[1].split("/")[0]


def measure(page: Page, px_per_mm: float, distance_cm: int) -> None:
    """What somebody does who holds a card up: the slider, and the last pixels by the buttons beside it."""
    side = page.get_attribute("#card-drawn", "data-side")
    wanted = round(px_per_mm * CARD_MM[str(side)])
    page.fill("#card", str(wanted - 1))
    page.click("#wider")
    assert page.locator("#card-drawn").evaluate("one => one.getBoundingClientRect().width") == wanted
    page.locator(f"[name=distance_cm][value='{distance_cm}']").check(force=True)
    page.click("form .begin:not([name])")
    page.wait_for_url("**/steps/acuity/1/")


def told(stack: Stack, token: str, name: str) -> list[dict[str, Any]]:
    rows = stack.rows(f"""
        SELECT p.told FROM studyapp_sessionstep p JOIN studyapp_studysession s ON p.session_id = s.id
        WHERE s.token = '{token}' AND p.name = '{name}' ORDER BY p.part
    """)
    return [json.loads(row) for (row,) in rows]


def ring_seen(page: Page) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The white box with its ring as it is painted, in device pixels."""
    return np.array(Image.open(BytesIO(page.locator(".ring").screenshot(scale="device"))).convert("L"))


def gap_in(picture: np.ndarray[Any, np.dtype[np.uint8]], way: str) -> tuple[int, int]:
    """How many device pixels the gap is wide, and the ring, as painted: through the inner half of the stroke.

    Both edges of the gap must be sharp: from black to white from one pixel to the next.
    """
    upright = np.rot90(picture, k=rings.WAYS.index(way))  # the gap is on the right now
    rows, columns = np.nonzero(upright < 128)
    ring = int(rows.max() - rows.min() + 1)
    gap = ring // 5
    assert ring == 5 * gap, "a ring is five gaps wide"
    middle = rows.min() + ring / 2
    inner = columns.max() - gap + 1 + (gap - 1) // 2
    along = upright[rows.min() : rows.max() + 1, inner]
    white = np.flatnonzero(along > 250) + rows.min()
    white = white[abs(white + 0.5 - middle) < gap]
    assert upright[white.min() - 1, inner] < 5
    assert upright[white.max() + 1, inner] < 5
    assert white.min() + white.max() + 1 == 2 * middle
    return len(white), ring


@pytest.mark.parametrize("page", [{}], indirect=True, ids=[""])
@pytest.mark.parametrize("screen", SCREENS)
def test_rings_are_whole_device_pixels_and_sharp(page: Page, stack: Stack, link: str, screen: str) -> None:
    options, px_per_mm, distance_cm = SCREENS[screen]
    assert page.context.browser
    with page.context.browser.new_context(**options) as context:
        other = context.new_page()
        token = begin(other, link)
        assert too_wide(other) == []
        measure(other, px_per_mm, distance_cm)
        (measured,) = told(stack, token, "calibration")
        assert measured["px_per_mm"] == pytest.approx(px_per_mm, rel=0.005), "within half a pixel of a card"
        assert measured["device_pixel_ratio"] == options.get("device_scale_factor", 1)
        answers: list[dict[str, Any]] = []
        while ring := ring_after(measured, answers):
            other.wait_for_url(f"**/steps/acuity/{ring.part}/")
            look_at(other, ring, rings.ways(plates.seed_of(token), ring.part)[-1])
            answers = told(stack, token, "acuity")
        assert [one["calibrated"] for one in answers] == [True] * len(answers)
        assert answers[-1]["result"]["limit"] in ("screen", "test")


def look_at(page: Page, ring: Ring, way: str) -> None:
    assert too_wide(page) == []
    assert gap_in(ring_seen(page), way) == (ring.drawn_px, 5 * ring.drawn_px)
    page.click(f"[name=seen][value={way}]")
    page.wait_for_url(lambda url: not url.endswith(f"/acuity/{ring.part}/"))


@pytest.mark.parametrize("page", [LAPTOP, PHONE], indirect=True, ids=["laptop", "phone"])
def test_rings_in_pixels_are_sharp_too(page: Page, link: str) -> None:
    token = begin(page, link)
    page.click("[name=skip]")
    ratio = page.evaluate("devicePixelRatio")
    for part, (gap, way) in enumerate(zip(rings.GAPS_PX, rings.ways(plates.seed_of(token)), strict=True), start=1):
        page.wait_for_url(f"**/steps/acuity/{part}/")
        if gap > 1 or ratio > 1:
            assert gap_in(ring_seen(page), way) == (gap * ratio, 5 * gap * ratio)
        page.click(f"[name=seen][value={way}]")


@pytest.mark.parametrize("page", [LAPTOP], indirect=True, ids=["laptop"])
def test_nobody_is_measured_by_a_card_that_was_not_moved(page: Page, stack: Stack, link: str) -> None:
    token = begin(page, link)
    page.locator("[name=distance_cm][value='60']").check(force=True)
    page.click("form .begin:not([name])")
    assert page.evaluate("document.activeElement.id") == "card"
    assert "as wide as yours" in page.evaluate("document.activeElement.validationMessage")
    assert told(stack, token, "calibration") == []
    page.focus("#card")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.getElementById('card').validationMessage") == ""
    page.click("#turn")
    assert page.evaluate("document.getElementById('card').validationMessage") != "", "the other side isn't measured yet"


@pytest.mark.parametrize("page", [{**LAPTOP, "locale": "ar"}], indirect=True, ids=["ar"])
def test_from_right_to_left_the_card_grows_to_the_left(page: Page, link: str) -> None:
    begin(page, link)
    before = page.locator("#card-drawn").bounding_box()
    page.focus("#card")
    page.keyboard.press("ArrowLeft")
    after = page.locator("#card-drawn").bounding_box()
    assert before
    assert after
    assert after["width"] == before["width"] + 1
    assert after["x"] == before["x"] - 1, "the edge that a card is held against stays"
    assert page.get_attribute("#card", "aria-valuetext") == f"العرض {after['width']:.0f} بكسل"


@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_a_phone_that_is_turned_keeps_what_was_measured_where_it_fits(page: Page, link: str) -> None:
    begin(page, link)
    page.fill("#card", "326")
    page.set_viewport_size({"width": 844, "height": 390})
    page.wait_for_function("() => !document.getElementById('turn').hidden")
    assert page.input_value("#card") == "326"
    page.click("#turn")
    page.fill("#card", "517")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("() => document.getElementById('card-drawn').dataset.side === 'short'")
    assert page.evaluate("document.getElementById('card').validationMessage") != ""


@pytest.mark.parametrize("page", [LAPTOP], indirect=True, ids=["laptop"])
def test_a_page_that_was_zoomed_says_so_and_its_ring_is_kept_as_not_measured(
    page: Page, stack: Stack, link: str
) -> None:
    token = begin(page, link)
    measure(page, 96 / 25.4, 60)
    assert page.locator("#changed").is_hidden()
    metrics = {"width": 1152, "height": 720, "deviceScaleFactor": 1.25, "mobile": False}
    page.context.new_cdp_session(page).send("Emulation.setDeviceMetricsOverride", metrics)
    page.wait_for_selector("#changed")
    page.click("[name=seen][value=up]")
    page.wait_for_url("**/steps/acuity/2/")
    (first,) = told(stack, token, "acuity")
    assert first["calibrated"] is False
    assert "gap_arcmin" not in first
