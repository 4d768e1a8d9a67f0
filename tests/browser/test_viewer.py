"""The observer's page in a real Chromium: what is on the screen, and what is sent."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.browser.looking import LookServer, Pair, noise

pytestmark = pytest.mark.browser

Serve = Callable[..., LookServer]

VIEWERS = "['left', 'right'].map(side => OpenSeadragon.getViewer(document.querySelector(`#${side} .pane.is-shown`)))"


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server of some pairs of noise, of odd sizes; all are stopped at the end."""
    servers: list[LookServer] = []

    def start(count: int = 3, **options: Any) -> LookServer:
        pairs = options.pop("pairs", None) or [
            Pair(noise(1237, 931, 2 * number), noise(1237, 931, 2 * number + 1)) for number in range(count)
        ]
        servers.append(LookServer(pairs, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def open_and_wait(page: Page, server: LookServer) -> None:
    page.goto(server.url)
    wait_for(page, voting="open")


def wait_for(page: Page, **data: object) -> None:
    """Wait until the page's data attributes say so."""
    page.wait_for_selector("#look" + "".join(f"[data-{name}='{value}']" for name, value in data.items()))


def wait_until_it_counts(page: Page) -> None:
    """Wait until 200 ms after the pair came into sight, by the page's own marks."""
    wait_for(page, voting="open")
    page.wait_for_function(
        "() => performance.now() > performance.getEntriesByName('phoropter:shown').at(-1).startTime + 201"
    )


def wait_to_be_heard(page: Page) -> None:
    """Wait until a press at the end of the pairs can't be one that began on the last answer."""
    page.wait_for_function(
        "() => performance.now() > performance.getEntriesByName('phoropter:answered').at(-1).startTime + 201"
    )


def answer_with(page: Page, key: str) -> None:
    wait_until_it_counts(page)
    page.keyboard.press(key)


def settle(page: Page) -> None:
    """Wait until both viewers have stood still, with all their tiles and nothing left to draw, for four frames."""
    page.evaluate("() => { window.still = 0; }")
    page.wait_for_function(
        """() => {
          const viewers = VIEWERS;
          const isDone = viewers.every(({ world }) => world.getItemAt(0).getFullyLoaded() && !world.needsDraw());
          const where = JSON.stringify(viewers.map(({ viewport }) => viewport.getBounds(true)));
          window.still = isDone && where === window.where ? window.still + 1 : 0;
          window.where = where;
          return window.still > 3;
        }""".replace("VIEWERS", VIEWERS),
        polling="raf",
    )


def on_screen(page: Page) -> list[npt.NDArray[np.uint8]]:
    """Both places as the screen shows them, the left one first, in device pixels."""
    shot = np.array(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    boxes = page.evaluate(
        "[...document.querySelectorAll('.pane.is-shown')].map(pane => pane.getBoundingClientRect().toJSON())"
        ".sort((one, other) => one.left - other.left)"
    )
    ratio = page.evaluate("devicePixelRatio")
    edges = [[box[name] * ratio for name in ("left", "top", "right", "bottom")] for box in boxes]
    assert np.allclose(edges, np.round(edges), atol=1e-3), f"a pane is off the grid of device pixels: {edges}"
    return [shot[top:bottom, left:right] for left, top, right, bottom in np.round(edges).astype(int)]


def corners_shown(page: Page, width: int) -> list[tuple[int, int]]:
    """The picture pixel in each pane's upper left corner."""
    bounds = page.evaluate(f"{VIEWERS}.map(v => v.viewport.getBounds(true)).map(b => [b.x, b.y])")
    assert np.allclose(np.array(bounds) * width, np.round(np.array(bounds) * width), atol=1e-3)
    return [(round(x * width), round(y * width)) for x, y in bounds]


# ---- what is on the screen


@pytest.mark.parametrize("page", [{"device_scale_factor": ratio} for ratio in (1, 1.5, 2)], indirect=True, ids=str)
def test_one_to_one_shows_the_source_pixels_exactly(page: Page, serve: Serve) -> None:
    server = serve(1)
    open_and_wait(page, server)
    assert page.evaluate(f"{VIEWERS}.map(v => v.drawer.getType())") == ["webgl", "webgl"]
    page.click("#one-to-one")
    wait_for(page, scale="1")
    for pan in ("", "d", "s"):
        if pan:
            page.keyboard.press(pan)
        settle(page)
        sources = (server.pairs[0].left, server.pairs[0].right)
        for shown, source, (x, y) in zip(on_screen(page), sources, corners_shown(page, 1237), strict=True):
            height, width = shown.shape[:2]
            np.testing.assert_array_equal(shown, source[y : y + height, x : x + width])


@pytest.mark.parametrize("page", [{"device_scale_factor": ratio} for ratio in (1, 1.5)], indirect=True, ids=str)
def test_no_seams_between_tiles_at_any_zoom(page: Page, serve: Serve) -> None:
    flat = np.full((1025, 1531, 3), (201, 96, 33), np.uint8)
    server = serve(pairs=[Pair(flat, flat)])
    open_and_wait(page, server)
    for _ in range(3):
        page.keyboard.press("+")
        settle(page)
        for shown in on_screen(page):
            assert set(map(tuple, shown[2:-2, 2:-2].reshape(-1, 3).tolist())) <= {(201, 96, 33), (119, 119, 119)}
            assert (shown[shown.shape[0] // 2] == (201, 96, 33)).all()


def test_below_one_to_one_fine_noise_is_averaged_and_not_sampled(page: Page, serve: Serve) -> None:
    server = serve(1)
    open_and_wait(page, server)
    for shown, source in zip(on_screen(page), (server.pairs[0].left, server.pairs[0].right), strict=True):
        picture = shown[(shown != 119).any(axis=(1, 2))]
        assert picture.std() < 0.4 * source.std(), "noise keeps its strength when shrunk: pixels were skipped"
        assert abs(picture.mean() - source.mean()) < 2


def test_surroundings_are_neutral_grey(page: Page, serve: Serve) -> None:
    open_and_wait(page, serve(1))
    shot = np.array(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    pane = page.locator(".pane.is-shown").first.bounding_box()
    assert pane
    assert (shot[int(pane["y"]) : int(pane["y"] + 8), :] == 119).all()
    outside = shot.astype(int)[: int(pane["y"])]
    assert (outside.max(axis=2) - outside.min(axis=2)).max() == 0, "something above the pictures has a hue"


RECORD = """
  window.drawn = [];
  const viewers = %s;
  ['left', 'right'].forEach((side, n) => viewers[n].addHandler('update-viewport', () => {
    const { x, y } = viewers[n].viewport.getCenter(true);
    drawn.push([document.timeline.currentTime, side, viewers[n].viewport.getZoom(true), x, y]);
  }));
"""


def test_zoom_and_pan_stay_in_step_on_every_frame(page: Page, serve: Serve) -> None:
    open_and_wait(page, serve(1))
    page.evaluate(RECORD % VIEWERS)
    draw = np.random.default_rng(5)
    boxes = [page.locator(".pane.is-shown").nth(side).bounding_box() for side in (0, 1)]
    for _ in range(20):
        box = boxes[draw.integers(2)]
        assert box
        x = box["x"] + box["width"] * draw.uniform(0.1, 0.9)
        y = box["y"] + box["height"] * draw.uniform(0.1, 0.9)
        move_at_random(page, draw, x, y)
    settle(page)
    last: dict[str, list[float]] = {}
    frames = page.evaluate("Object.values(Object.groupBy(drawn, ([at]) => at))")
    for frame in frames:
        last.update({side: where for _, side, *where in frame})
        assert last["left"] == last["right"], f"out of step at {frame[0][0]} ms"
    zooms = {where[0] for frame in frames for _, _, *where in frame}
    assert len(zooms) > 5, "nothing moved, so nothing was tested"  # a busy machine draws few frames of each zoom


def move_at_random(page: Page, draw: np.random.Generator, x: float, y: float) -> None:
    page.mouse.move(x, y)
    match draw.integers(5):
        case 0 | 1:
            page.mouse.wheel(0, float(draw.choice([-240, -120, -30, 30, 120])))
        case 2:
            page.mouse.down()
            page.mouse.move(x + draw.uniform(-80, 80), y + draw.uniform(-80, 80), steps=4)
            page.mouse.up()
        case 3:
            page.mouse.dblclick(x, y)
        case _:
            page.keyboard.press(
                str(draw.choice(["+", "-", "1", "w", "a", "s", "d", "Shift+ArrowLeft", "Shift+ArrowDown"]))
            )


@pytest.mark.parametrize(
    "page", [{"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}}], indirect=True
)
def test_two_fingers_zoom_both_pictures(page: Page, serve: Serve) -> None:
    open_and_wait(page, serve(1))
    before = float(page.get_attribute("#look", "data-scale") or 0)
    box = page.locator(".pane.is-shown").nth(1).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    hand = page.context.new_cdp_session(page)

    def touch(kind: str, apart: float) -> None:
        fingers = [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [] if kind == "touchEnd" else fingers})

    touch("touchStart", 40)
    for apart in (50, 60, 70, 80):
        touch("touchMove", apart)
    touch("touchEnd", 80)
    settle(page)
    assert float(page.get_attribute("#look", "data-scale") or 0) > 1.5 * before
    zooms = page.evaluate(f"{VIEWERS}.map(v => v.viewport.getZoom(true))")
    assert zooms[0] == zooms[1]


def test_holding_a_key_swaps_the_two_in_place_and_closes_voting(page: Page, serve: Serve) -> None:
    open_and_wait(page, serve(1))
    settle(page)
    left, right = on_screen(page)
    assert (left[60:] != right[60:]).any()
    page.keyboard.down("Space")
    wait_for(page, flipped="true", voting="closed")
    swapped = on_screen(page)
    badge_px = 60  # each pane says above its picture which one it is
    np.testing.assert_array_equal(swapped[0][badge_px:], right[badge_px:])
    np.testing.assert_array_equal(swapped[1][badge_px:], left[badge_px:])
    page.keyboard.press("ArrowLeft")
    page.keyboard.up("Space")
    wait_for(page, flipped="false", voting="open", position="1")
    answer_with(page, "ArrowRight")
    page.wait_for_url("**/thanks/")


@pytest.mark.parametrize("x", [110, 480], ids=["left", "right"])
def test_while_swapped_the_wheel_zooms_about_the_point_under_it(page: Page, serve: Serve, x: int) -> None:
    open_swapped(page, serve(1))
    page.mouse.move(x, 180)
    before = under(page, x, 180)
    page.mouse.wheel(0, -260)
    page.wait_for_function("() => look.dataset.scale === '2'")
    settle(page)
    np.testing.assert_allclose(under(page, x, 180), before, atol=2)


def open_swapped(page: Page, server: LookServer) -> None:
    """A pair pixel for pixel, its sides exchanged for as long as Space is held."""
    open_and_wait(page, server)
    page.keyboard.press("1")
    wait_for(page, scale="1")
    settle(page)
    page.keyboard.down("Space")
    wait_for(page, flipped="true")


def under(page: Page, x: float, y: float) -> list[float]:
    """The picture pixel that is seen at a place of the page."""
    place: list[float] = page.evaluate(
        """([x, y]) => {
          const pane = document.elementsFromPoint(x, y).find(({ className }) => className === 'pane is-shown');
          const { left, top } = pane.getBoundingClientRect();
          const { viewport, world } = OpenSeadragon.getViewer(pane);
          const point = viewport.pointFromPixel(new OpenSeadragon.Point(x - left, y - top), true);
          const place = world.getItemAt(0).viewportToImageCoordinates(point);
          return [place.x, place.y];
        }""",
        [x, y],
    )
    return place


def test_while_swapped_a_hand_drags_on_both_places(page: Page, serve: Serve) -> None:
    open_swapped(page, serve(1))
    for x in (200, 600):
        before = under(page, x, 250)
        page.mouse.move(x, 250)
        page.mouse.down()
        page.mouse.move(x + 40, 250, steps=4)
        page.mouse.up()
        settle(page)
        np.testing.assert_allclose(under(page, x + 40, 250), before, atol=12)  # a drag begins after a few pixels


# ---- when voting is open


def test_voting_opens_only_when_both_sides_are_painted(page: Page, serve: Serve) -> None:
    server = serve(2, held="/0right/1/1/0")
    with page.expect_request("**/seen/0right/1/1/0"):
        page.goto(server.url)
    page.wait_for_function(
        "() => OpenSeadragon.getViewer(document.querySelector('#left .pane')).world.getItemAt(0)?.getFullyLoaded()"
    )
    page.keyboard.press("ArrowLeft")
    wait_for(page, voting="closed", phase="loading")
    assert page.locator(".pane.is-shown").count() == 0, "one picture is in sight before the other"
    server.release()
    wait_for(page, voting="open", position="1")
    assert page.locator(".pane.is-shown").count() == 2
    assert not server.letters("vote")


def test_the_wheel_zooms_no_page_while_no_pair_is_in_sight(page: Page, serve: Serve) -> None:
    server = serve(1, held="/0right/1/1/0")
    with page.expect_request("**/seen/0right/1/1/0"):
        page.goto(server.url)
    wait_for(page, phase="loading")
    page.evaluate("addEventListener('wheel', ({ defaultPrevented }) => { look.dataset.prevented = defaultPrevented })")
    for x in (200, 600):
        page.mouse.move(x, 300)
        page.mouse.wheel(0, -100)
        page.wait_for_selector("#look[data-prevented]")
        assert page.evaluate("look.dataset.prevented") == "true"
        page.evaluate("delete look.dataset.prevented")
    server.release()
    wait_for(page, voting="open")


def test_a_tile_is_waited_for_longer_than_ten_minutes(page: Page, serve: Serve) -> None:
    server = serve(1, held="/0right/1/1/0")
    page.clock.install()
    with page.expect_request("**/seen/0right/1/1/0"):
        page.goto(server.url)
    wait_for(page, phase="loading")
    page.clock.fast_forward("11:00")
    server.release()
    wait_for(page, voting="open")


def test_an_answer_within_200_ms_of_painting_is_ignored(page: Page, serve: Serve) -> None:
    server = serve(2)
    page.add_init_script(
        """addEventListener('DOMContentLoaded', () => new MutationObserver((_, observer) => {
             if (look.dataset.voting !== 'open') return;
             observer.disconnect();
             dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft' }));
             window.tried = true;
           }).observe(look, { attributes: true }))"""
    )
    open_and_wait(page, server)
    page.wait_for_function("() => window.tried")
    answer_with(page, "ArrowRight")
    wait_for(page, position="2", unsent="0")
    assert [vote.body["answer"] for vote in server.letters("vote")] == ["right"]


def test_a_key_held_down_answers_once(page: Page, serve: Serve) -> None:
    server = serve(3)
    open_and_wait(page, server)
    wait_for(page, next="ready")
    wait_until_it_counts(page)
    page.keyboard.down("ArrowLeft")
    wait_for(page, position="2")
    wait_until_it_counts(page)
    page.keyboard.down("ArrowLeft")  # the same key again without being let go: Chromium marks it as repeated
    page.keyboard.up("ArrowLeft")
    answer_with(page, "ArrowRight")
    wait_for(page, position="3", unsent="0")
    assert [vote.body["answer"] for vote in server.letters("vote")] == ["left", "right"]


def test_a_double_click_answers_once(page: Page, serve: Serve) -> None:
    server = serve(3)
    open_and_wait(page, server)
    wait_for(page, next="ready")
    wait_until_it_counts(page)
    page.dblclick("#answer-left", delay=120)
    wait_for(page, position="2", unsent="0")
    assert len(server.letters("vote")) == 1


# ---- between two pairs


def test_the_next_pair_is_there_without_a_further_tile(page: Page, serve: Serve) -> None:
    server = serve(3)
    open_and_wait(page, server)
    wait_for(page, next="ready")
    asked = [path for path in server.tiles_asked() if path.startswith("/seen/1")]
    answer_with(page, "ArrowLeft")
    wait_for(page, position="2", voting="open")
    settle(page)
    assert asked
    assert [path for path in server.tiles_asked() if path.startswith("/seen/1")] == asked


def test_both_sides_ask_for_the_same_tiles(page: Page, serve: Serve) -> None:
    server = serve(1)
    open_and_wait(page, server)
    settle(page)
    sides = [sorted(path.split(side)[1] for path in server.tiles_asked() if side in path) for side in ("left", "right")]
    assert sides[0] == sides[1] != []


# ---- what is sent


def test_a_whole_session_by_keyboard(page: Page, serve: Serve) -> None:
    server = serve(3, answers=("left", "right", "tie", "not_sure"))
    open_and_wait(page, server)
    page.keyboard.press("1")
    wait_for(page, scale="1")
    for number, key in enumerate(("ArrowLeft", "ArrowDown", "?"), start=1):
        wait_for(page, position=number)
        answer_with(page, key)
    page.wait_for_url("**/thanks/")
    votes = [vote.body for vote in server.letters("vote")]
    assert [vote["answer"] for vote in votes] == ["left", "tie", "not_sure"]
    assert len(server.letters("shown")) == 3
    first = votes[0]
    assert first["max_zoom"] == 1
    assert 0 < first["one_to_one_ms"] <= first["response_ms"]
    assert 0 < first["inspected_left"] == first["inspected_right"] < 1
    assert (first["flips"], first["reloads"], first["hidden_ms"]) == (0, 0, 0)
    assert first["first_painted"] in ("left", "right")
    assert (first["viewport_width_px"], first["viewport_height_px"], first["device_pixel_ratio"]) == (800, 600, 1)
    assert (first["drawer"], first["gamut"], first["browser_zoom"]) == ("webgl", "srgb", 1)


def test_a_vote_that_fails_is_sent_again_the_same(page: Page, serve: Serve) -> None:
    server = serve(2)
    open_and_wait(page, server)
    server.failures.extend([503, 0])
    answer_with(page, "ArrowLeft")
    wait_for(page, position="2", unsent="0")
    votes = server.letters("vote")
    assert len(votes) == 3
    assert len({(vote.path, str(vote.body)) for vote in votes}) == 1
    assert list(server.votes) == [0]


def test_an_unsent_vote_survives_a_reload(page: Page, serve: Serve) -> None:
    server = serve(2)
    open_and_wait(page, server)
    server.failures.extend([503] * 50)
    with page.expect_response(lambda response: response.status == 503):
        answer_with(page, "ArrowRight")
    first = server.letters("vote")[0]
    server.failures.clear()
    page.reload()
    wait_for(page, position="2", voting="open", unsent="0")
    assert server.letters("vote")[-1] == first
    assert page.evaluate("Object.keys(localStorage).filter(key => key.includes('vote')).length") == 0


def test_an_answer_refused_for_an_earlier_one_goes_on(page: Page, serve: Serve) -> None:
    server = serve(2)
    open_and_wait(page, server)
    server.votes[0] = {"answer": "right"}
    answer_with(page, "ArrowLeft")
    wait_for(page, position="2", voting="open", unsent="0")
    answer_with(page, "ArrowLeft")
    page.wait_for_url("**/thanks/")
    assert server.votes[0] == {"answer": "right"}


def test_a_study_closed_meanwhile_says_so(page: Page, serve: Serve) -> None:
    server = serve(2)
    open_and_wait(page, server)
    server.failures.append(403)
    answer_with(page, "ArrowLeft")
    wait_for(page, phase="stopped")
    assert page.inner_text("#stopped-why") == "this study is closed"


def test_reloads_are_told(page: Page, serve: Serve) -> None:
    server = serve(1)
    open_and_wait(page, server)
    page.reload()
    answer_with(page, "ArrowLeft")
    page.wait_for_url("**/thanks/")
    assert server.letters("vote")[0].body["reloads"] == 1


@pytest.mark.parametrize(
    "page", [{"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}], indirect=True
)
def test_on_an_upright_phone_each_button_stands_under_its_picture(page: Page, serve: Serve) -> None:
    server = serve(1, answers=("left", "right", "tie", "not_sure"))
    open_and_wait(page, server)
    order = ["#left", "#answer-left", "#right", "#answer-right"]
    boxes = [page.locator(name).bounding_box() for name in order]
    tops = [box["y"] for box in boxes if box]
    assert tops == sorted(tops)
    sizes = page.evaluate(
        "[...document.querySelectorAll('button')].filter(button => button.offsetWidth)"
        ".map(button => [button.id, button.offsetWidth, button.offsetHeight])"
    )
    assert [size for size in sizes if min(size[1:]) < 44] == []
    wait_until_it_counts(page)
    page.tap("#answer-right")
    page.wait_for_url("**/thanks/")
    assert server.letters("vote")[0].body["answer"] == "right"


@pytest.mark.parametrize("page", [{"reduced_motion": "reduce"}], indirect=True)
def test_without_motion_a_zoom_arrives_at_once(page: Page, serve: Serve) -> None:
    open_and_wait(page, serve(1))
    page.evaluate(RECORD % VIEWERS)
    page.keyboard.press("1")
    wait_for(page, scale="1")
    assert len({tuple(where[2:]) for where in page.evaluate("drawn")}) == 1


def test_nothing_on_the_page_tells_the_sides_apart_but_their_places(page: Page, serve: Serve) -> None:
    open_and_wait(page, serve(1))
    sides = page.evaluate(
        """['left', 'right'].map(side => document.querySelector(`#${side}`).outerHTML
             .replaceAll(/left: [\\d.-]+px|width="\\d+"|height="\\d+"/g, '')
             .replaceAll(/left|right|upper|lower/gi, ''))"""
    )
    assert sides[0] == sides[1]
