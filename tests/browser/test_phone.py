"""The page of pictures on phones, upright and lying, and on 4K screens: room, thumbs, and a slow line."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import CDPSession, Page

from tests.browser.looking import LookServer, Pair, noise
from tests.browser.test_looks import SMALL
from tests.browser.test_pages import too_wide
from tests.browser.test_viewer import (
    VIEWERS,
    corners_shown,
    on_screen,
    open_and_wait,
    settle,
    wait_for,
    wait_until_it_counts,
)

pytestmark = pytest.mark.browser

Serve = Callable[..., LookServer]
TOUCH: dict[str, Any] = {"has_touch": True, "is_mobile": True}
UPRIGHT = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3, **TOUCH}
LYING = {"viewport": {"width": 844, "height": 390}, "device_scale_factor": 3, **TOUCH}
SMALLEST = {"viewport": {"width": 320, "height": 568}, "device_scale_factor": 2, **TOUCH}
LAPTOP = {"viewport": {"width": 1366, "height": 768}}
FOUR_K = {"viewport": {"width": 3840, "height": 2160}}
FOUR_K_AT_2 = {"viewport": {"width": 1920, "height": 1080}, "device_scale_factor": 2}
UPRIGHT_PHONE = pytest.mark.parametrize("page", [UPRIGHT], indirect=True, ids=["phone"])


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server of some pairs of noise; all are stopped at the end."""
    servers: list[LookServer] = []

    def start(count: int = 2, size: tuple[int, int] = (1000, 750), **options: Any) -> LookServer:
        pairs = [Pair(noise(*size, 2 * number), noise(*size, 2 * number + 1)) for number in range(count)]
        servers.append(LookServer(pairs, answers=("left", "right", "tie", "not_sure"), correction=True, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


# ---- room


@pytest.mark.parametrize(
    ("page", "share"),
    [(UPRIGHT, 0.55), (LYING, 0.5), (SMALLEST, 0.4), (LAPTOP, 0.7), (FOUR_K, 0.75), (FOUR_K_AT_2, 0.75)],
    indirect=["page"], ids=["upright", "lying", "smallest", "laptop", "4K", "4K-at-2"],
)  # fmt: skip
def test_pictures_have_most_of_any_screen(page: Page, serve: Serve, share: float) -> None:
    open_and_wait(page, serve(1))
    taken = page.evaluate(
        "[...document.querySelectorAll('.pane.is-shown')].map(pane => pane.getBoundingClientRect())"
        ".reduce((sum, box) => sum + box.width * box.height, 0) / (innerWidth * innerHeight)"
    )
    assert taken > share
    assert too_wide(page) == []
    assert page.evaluate(SMALL) == []
    assert page.evaluate(OVERLAPPING) == []
    assert page.evaluate("[scrollX, scrollY, document.scrollingElement.scrollHeight <= innerHeight]") == [0, 0, True]


OVERLAPPING = """() => {
  const inkOf = (one) => {
    const text = document.createRange();
    text.selectNodeContents(one);
    return (one.matches("#question") ? text : one).getBoundingClientRect();
  };
  const boxes = [...document.querySelectorAll("#look button, #question, .where, .pane.is-shown")]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("dialog"))
    .map((one) => ({ name: one.id || one.className, box: inkOf(one) }));
  return boxes.flatMap(({ name, box }, index) => boxes.slice(index + 1)
    .filter(({ box: other }) => box.left < other.right - 5 && other.left < box.right - 5
                             && box.top < other.bottom - 5 && other.top < box.bottom - 5)
    .map(({ name: other }) => `${name} lies on ${other}`));
}"""


@pytest.mark.parametrize(
    ("page", "least_px"), [(UPRIGHT, 14), (LYING, 14), (LAPTOP, 14), (FOUR_K, 21)],
    indirect=["page"], ids=["upright", "lying", "laptop", "4K"],
)  # fmt: skip
def test_no_word_is_too_small_to_read(page: Page, serve: Serve, least_px: float) -> None:
    open_and_wait(page, serve(1))
    small = page.evaluate(
        """least => [...document.querySelectorAll("#look :is(button, span, h1, li, p)")]
             .filter((one) => one.checkVisibility({ visibilityProperty: true }) && one.textContent.trim())
             .filter((one) => parseFloat(getComputedStyle(one).fontSize) < least && !one.matches(".only-heard, kbd"))
             .map((one) => `${one.tagName}#${one.id}.${one.className} ${getComputedStyle(one).fontSize}`)""",
        least_px,
    )
    assert small == []


# ---- thumbs


@UPRIGHT_PHONE
def test_what_was_tapped_last_looks_like_the_others_on_the_next_pair(page: Page, serve: Serve) -> None:
    open_and_wait(page, serve(2))
    wait_until_it_counts(page)
    page.tap("#answer-left")
    wait_for(page, position="2", voting="open")
    colours = page.evaluate(
        "['left', 'right'].map(side => getComputedStyle(document.getElementById(`answer-${side}`)).backgroundColor)"
    )
    assert colours[0] == colours[1]


# ---- a slow line


@UPRIGHT_PHONE
def test_a_photo_that_nearly_fits_at_a_quarter_is_shown_in_that_level_s_own_pixels(page: Page, serve: Serve) -> None:
    size = (4 * 1000, 4 * 740)
    server = serve(1, size=size)
    open_and_wait(page, server)
    pane_px = page.evaluate(
        "document.querySelector('.pane.is-shown').getBoundingClientRect().height * devicePixelRatio"
    )
    assert 740 < pane_px < 740 * 1.09, "the photo would fit at a little more than a quarter"
    assert page.get_attribute("#look", "data-scale") == "0.25"
    settle(page)
    levels = {path.split("/")[3] for path in server.tiles_asked()}
    assert levels == {"1"}, "the level of 1000 px is enough, and no other is fetched"
    quarter = np.asarray(server.pairs[0].left).reshape(740, 4, 1000, 4, 3).mean(axis=(1, 3))
    shown = on_screen(page)[0]
    top, left = (shown.shape[0] - 740) // 2, (shown.shape[1] - 1000) // 2
    nearest = min(
        float(np.abs(shown[top + down : top + down + 740, left + right : left + right + 1000] - quarter).max())
        for down in (-1, 0, 1) for right in (-1, 0, 1)
    )  # fmt: skip
    assert nearest <= 2, "halving twice rounds twice; beyond that no pixel is made up"


@UPRIGHT_PHONE
def test_who_waits_sees_how_much_has_come(page: Page, serve: Serve) -> None:
    server = serve(1, held="/0right/1/1/1")
    with page.expect_request("**/seen/0right/1/1/1"):
        page.goto(server.url)
    page.wait_for_function("() => document.getElementById('coming').value === 7 / 8")
    wait_for(page, phase="loading")
    page.wait_for_function("() => getComputedStyle(document.getElementById('coming')).opacity === '1'")
    server.release()
    wait_for(page, voting="open")
    page.wait_for_function("() => getComputedStyle(document.getElementById('coming')).opacity === '0'")


@pytest.mark.parametrize("page", [LAPTOP], indirect=True, ids=["laptop"])
def test_tiles_of_the_pair_looked_at_go_before_those_of_the_next(page: Page, serve: Serve) -> None:
    server = serve(2, size=(2400, 1800))
    urgency: dict[str, set[str]] = {"0": set(), "1": set()}
    cdp: CDPSession = page.context.new_cdp_session(page)

    def note(event: dict[str, Any]) -> None:
        _, seen, rest = event["request"]["url"].partition("/seen/")
        if seen:
            urgency[rest[0]].add(event["request"]["initialPriority"])

    cdp.on("Network.requestWillBeSent", note)
    cdp.send("Network.enable")
    open_and_wait(page, server)
    wait_for(page, next="ready")
    page.keyboard.press("1")
    wait_for(page, scale="1")
    settle(page)
    assert urgency == {"0": {"High"}, "1": {"Low"}}


@pytest.mark.parametrize("page", [LAPTOP], indirect=True, ids=["laptop"])
def test_neither_side_becomes_sharp_before_the_other(page: Page, serve: Serve) -> None:
    held = "/0right/3/2/2"
    server = serve(1, size=(2400, 1800), held=held)
    open_and_wait(page, server)
    with page.expect_request(f"**{held}"), page.expect_response(f"**{held.replace('right', 'left')}") as other:
        page.keyboard.press("1")
    other.value.finished()
    wait_for(page, scale="1")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.wait_for_function(f"() => {VIEWERS}.every(v => v.imageLoader.jobsInProgress === 1)")
    assert page.evaluate(f"{VIEWERS}.map(v => v.world.getItemAt(0).getFullyLoaded())") == [False, False]
    server.release()
    settle(page)
    sources = (server.pairs[0].left, server.pairs[0].right)
    for shown, source, (x, y) in zip(on_screen(page), sources, corners_shown(page, 2400), strict=True):
        height, width = shown.shape[:2]
        np.testing.assert_array_equal(shown, source[y : y + height, x : x + width])


@pytest.mark.parametrize("page", [LAPTOP], indirect=True, ids=["laptop"])
def test_tiles_still_on_their_way_are_given_up_with_their_pair(page: Page, serve: Serve) -> None:
    held = "/0right/3/2/2"
    server = serve(3, size=(2400, 1800), held=held)
    open_and_wait(page, server)
    wait_for(page, next="ready")
    wait_until_it_counts(page)
    with page.expect_request(f"**{held}"):
        page.keyboard.press("1")
    with page.expect_event("requestfailed", lambda request: request.url.endswith(held)):
        page.keyboard.press("ArrowLeft")
    wait_for(page, position="2", voting="open", next="ready")
    assert page.get_attribute("#look", "data-phase") == "looking"


@pytest.mark.parametrize("page", [LAPTOP], indirect=True, ids=["laptop"])
def test_what_was_wanted_on_the_way_to_a_place_is_not_fetched_after_it(page: Page, serve: Serve) -> None:
    server = serve(1, size=(6000, 4500))
    open_and_wait(page, server)
    page.evaluate("document.getElementById('one-to-one').click()")
    wait_for(page, scale="1")
    for key in "aaaawwwwddddssss" * 2:
        page.keyboard.press(key)
    page.keyboard.press("0")
    settle(page)
    waiting = page.evaluate(f"{VIEWERS}.map(v => v.imageLoader.jobQueue.length)")
    assert waiting == [0, 0]
    sides = [{path.split(side)[1] for path in server.tiles_asked() if side in path} for side in ("left", "right")]
    assert sides[0] == sides[1], "both sides ask for the same"
