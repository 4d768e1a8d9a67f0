"""The library in a real Chromium: what the zoom viewer shows of a content, and jobs that are watched while they run."""

import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_pages import too_wide
from tests.browser.test_viewer import corners_shown, on_screen, settle
from tests.stack import Stack, new_stack, wait_until

pytestmark = pytest.mark.browser

PASSWORD = "only-for-this-test"
WIDTH, HEIGHT = 1237, 1103
TALL = {"viewport": {"width": 800, "height": 1000}}  # the whole viewer without scrolling
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}

MAKE = f"""
import numpy as np
from django.contrib.auth.models import User
from enhancement.models import Content, Method, Stimulus, TestSet
from enhancement.pictures import encode_png
from enhancement.services.files import keep
User.objects.create_superuser("ada", password="{PASSWORD}")
testset = TestSet.objects.create(name="noise")

def picture(seed, width={WIDTH}, height={HEIGHT}):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return keep("photos", encode_png(pixels), ".png")

contents = []
for number in range(2):
    (file, sha256), (reference, reference_sha256) = picture(10 * number), picture(10 * number + 1)
    contents.append(Content.objects.create(
        testset=testset, name=f"photo-{{number}}", scene=f"scene-{{number}}", camera="iphone",
        input_file=file, input_sha256=sha256, input_width_px={WIDTH}, input_height_px={HEIGHT},
        reference_file=reference, reference_sha256=reference_sha256,
        reference_width_px={WIDTH}, reference_height_px={HEIGHT},
    ))
methods = [Method.objects.create(name=name, kind="auto") for name in ("alpha", "beta", "half")]
for content in contents:
    for place, method in enumerate(methods):
        half = method.name == "half"
        width, height = ({WIDTH} // 2, {HEIGHT} // 2) if half else ({WIDTH}, {HEIGHT})
        file, sha256 = picture(10 * contents.index(content) + 2 + place, width, height)
        Stimulus.objects.create(
            content=content, method=method, file=file, sha256=sha256, width_px=width, height_px=height,
            source_sha256=content.input_sha256, code_version="test", device="cpu", dtype="uint8",
            seconds=0.1, attempt=1,
        )
answer = dict(contents=[c.pk for c in contents], methods=[f"m{{m.pk}}" for m in methods], testset=testset.pk)
"""


def noise(seed: int, width: int = WIDTH, height: int = HEIGHT) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


INPUT, ALPHA, BETA = noise(0), noise(2), noise(3)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), "sqlite", "filesystem") as stack:
        yield stack


@pytest.fixture(scope="module")
def made(stack: Stack) -> dict[str, Any]:
    made: dict[str, Any] = stack.python(MAKE)
    stack.start("web")
    return made


def log_in(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.site}/login/")
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/studies/")


def open_content(page: Page, stack: Stack, made: dict[str, Any], query: str) -> None:
    """A content's page with ``{alpha}``, ``{beta}`` and ``{half}`` in the query, once both pictures are shown."""
    alpha, beta, half = made["methods"]
    names = {"alpha": alpha, "beta": beta, "half": half}
    page.goto(f"{stack.site}/contents/{made['contents'][0]}/?{query.format(**names)}")
    wait_for(page)


def wait_for(page: Page, **data: object) -> None:
    told = {"ready": "true", **data}
    page.wait_for_selector("#desk" + "".join(f"[data-{name}='{value}']" for name, value in told.items()))


def shown(page: Page) -> list[npt.NDArray[np.uint8]]:
    """Both places as the screen shows them, once nothing moves."""
    settle(page)
    assert page.evaluate("scrollY") == 0
    return on_screen(page)


def expected(pixels: npt.NDArray[np.uint8], like: npt.NDArray[np.uint8], corner: tuple[int, int]) -> Any:
    height, width = like.shape[:2]
    x, y = corner
    return pixels[y : y + height, x : x + width]


@pytest.mark.parametrize("page", [{**TALL, "device_scale_factor": ratio} for ratio in (1, 1.5)], indirect=True, ids=str)
def test_one_to_one_shows_the_pictures_pixels_exactly(page: Page, stack: Stack, made: dict[str, Any]) -> None:
    log_in(page, stack)
    open_content(page, stack, made, "a=input&b={alpha}")
    page.keyboard.press("1")
    wait_for(page, scale="1")
    both = shown(page)
    corners = corners_shown(page, WIDTH)
    for pixels, source, corner in zip(both, (INPUT, ALPHA), corners, strict=True):
        np.testing.assert_array_equal(pixels, expected(source, pixels, corner))
    page.keyboard.down("Space")
    wait_for(page, flipped="true")
    swapped = on_screen(page)
    np.testing.assert_array_equal(swapped[0], both[1])
    np.testing.assert_array_equal(swapped[1], both[0])
    page.keyboard.up("Space")
    wait_for(page, flipped="false")


@pytest.mark.parametrize("page", [TALL], indirect=True, ids=["laptop"])
def test_arrows_move_both_without_dragging(page: Page, stack: Stack, made: dict[str, Any]) -> None:
    log_in(page, stack)
    open_content(page, stack, made, "a={alpha}&b={beta}")
    assert not page.locator("#pan-right").is_visible()
    page.keyboard.press("1")
    wait_for(page, scale="1", closer="true")
    settle(page)
    before = corners_shown(page, WIDTH)[0]
    page.click("#pan-right")
    page.click("#pan-down")
    settle(page)
    left, right = corners_shown(page, WIDTH)
    assert left == right
    assert left[0] > before[0]
    assert left[1] > before[1]
    page.keyboard.press("0")
    wait_for(page, closer="false")
    assert not page.locator("#pan-right").is_visible()


@pytest.mark.parametrize("page", [TALL], indirect=True, ids=["laptop"])
def test_one_over_the_other_and_back(page: Page, stack: Stack, made: dict[str, Any]) -> None:
    log_in(page, stack)
    open_content(page, stack, made, "a={alpha}&b={beta}&look=one&view=1,0.5,0.5")
    over = shown(page)[0]
    corner = corners_shown(page, WIDTH)[1]
    np.testing.assert_array_equal(over, expected(BETA, over, corner))
    page.keyboard.down("Space")
    wait_for(page, flipped="true")
    np.testing.assert_array_equal(on_screen(page)[0], expected(ALPHA, over, corner))
    assert page.inner_text("#right-name") == "A: alpha"
    page.keyboard.up("Space")
    wait_for(page, flipped="false")
    np.testing.assert_array_equal(on_screen(page)[0], over)


@pytest.mark.parametrize("page", [TALL], indirect=True, ids=["laptop"])
def test_the_difference_is_exact_and_says_its_gain(page: Page, stack: Stack, made: dict[str, Any]) -> None:
    log_in(page, stack)
    for gain in (1, 4):
        open_content(page, stack, made, f"a={{alpha}}&b={{beta}}&look=difference&gain={gain}&view=1,0.5,0.5")
        seen = shown(page)[0]
        difference = np.abs(ALPHA.astype(int) - BETA.astype(int)) * gain
        corner = corners_shown(page, WIDTH)[1]
        np.testing.assert_array_equal(seen, expected(np.minimum(difference, 255), seen, corner))
        assert f"|alpha − beta| × {gain}" in page.inner_text("#status")
    page.select_option("#gain", "1")
    wait_for(page, shown=f"{made['methods'][0]} {made['methods'][1]} 1")


@pytest.mark.parametrize("page", [TALL], indirect=True, ids=["laptop"])
def test_the_address_leads_back(page: Page, stack: Stack, made: dict[str, Any]) -> None:
    log_in(page, stack)
    beta = made["methods"][1]
    open_content(page, stack, made, "a=input&b={alpha}")
    page.keyboard.press("ArrowRight")
    wait_for(page, shown=f"input {beta} 0")
    page.keyboard.press("v")
    page.keyboard.press("1")
    wait_for(page, scale="1", look="one")
    page.keyboard.press("d")
    settle(page)
    page.wait_for_function("() => location.search.includes('view=1,') && location.search === desk.dataset.address")
    before = shown(page)[0]
    address = page.url
    assert f"a=input&b={beta}&look=one&view=1," in address
    page.goto("about:blank")
    page.goto(address)
    wait_for(page, scale="1", look="one", shown=f"input {beta} 0")
    np.testing.assert_array_equal(shown(page)[0], before)
    with page.expect_navigation():
        page.keyboard.press("n")
    wait_for(page, look="one", shown=f"input {beta} 0")
    assert f"/contents/{made['contents'][1]}/" in page.url


@pytest.mark.parametrize("page", [TALL], indirect=True, ids=["laptop"])
def test_pictures_of_two_sizes_are_brought_together_and_it_is_said(
    page: Page, stack: Stack, made: dict[str, Any]
) -> None:
    log_in(page, stack)
    open_content(page, stack, made, "a={alpha}&b={half}&view=1,0.5,0.5")
    assert f"alpha is {WIDTH} × {HEIGHT} px, half is {WIDTH // 2} × {HEIGHT // 2} px" in page.inner_text("#sizes")
    right = shown(page)[1]
    half = noise(4, WIDTH // 2, HEIGHT // 2)
    corner = corners_shown(page, half.shape[1])[1]
    shape = expected(half, right, corner).shape[:2]
    inside = right[(right.shape[0] - shape[0]) // 2 :][: shape[0]]
    assert inside.std() > 50, "the smaller picture keeps its own noise: it is not enlarged"
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    wait_for(page, shown=f"{made['methods'][2]} {made['methods'][2]} 0")
    assert page.inner_text("#sizes") == ""


@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_no_page_is_wider_than_a_phone(page: Page, stack: Stack, made: dict[str, Any]) -> None:
    log_in(page, stack)
    for path in ("/library/", f"/testsets/{made['testset']}/", f"/contents/{made['contents'][0]}/", "/jobs/"):
        page.goto(stack.site + path)
        assert too_wide(page) == [], path


JOB = """
from pathlib import Path
import numpy as np
from django.contrib.auth.models import User
from enhancement.models import Content, TestSet
from enhancement.nn.checkpoint import Source, save
from enhancement.nn.networks.generator import Generator
from enhancement.pictures import encode_png
from enhancement.services.files import keep
from enhancement.services.methods import add_method
from enhancement.services.stimuli import request_stimuli
testset = TestSet.objects.create(name="small noise")
for number in range(2):
    pixels = np.random.default_rng(number).integers(0, 256, (240, 320, 3), np.uint8)
    file, sha256 = keep("photos", encode_png(pixels), ".png")
    Content.objects.create(
        testset=testset, name=f"small-{{number}}", scene=f"scene-{{number}}",
        input_file=file, input_sha256=sha256, input_width_px=320, input_height_px=240,
    )
place = Path({folder!r}, "random.safetensors")
save(place, Generator(), source=Source("random, for a test"), code_version="test")
method = add_method("random", "dped", weights=place)
answer = request_stimuli(testset, method, User.objects.get()).pk
"""


@pytest.mark.parametrize("page", [TALL], indirect=True, ids=["laptop"])
def test_a_job_is_watched_cancelled_and_tried_again(page: Page, stack: Stack, made: dict[str, Any]) -> None:
    """Nothing on the page is reloaded by hand; a real worker does the work."""
    job = stack.python(JOB.format(folder=str(stack.folder)))
    log_in(page, stack)
    page.goto(f"{stack.site}/jobs/")
    row = page.locator(f"#row-{job}")
    expect(row).to_have_attribute("data-state", "queued", timeout=60_000)
    page.evaluate("() => { window.isTheSamePage = true; }")
    stack.start("gpu")
    wait_until(lambda: state_of(stack, job) == "running", "the worker's start on the job")
    stack.signal("gpu", signal.SIGSTOP)  # so that it runs for as long as we look
    expect(row).to_have_attribute("data-state", "running", timeout=60_000)
    assert page.evaluate("() => window.isTheSamePage")

    page.click(f"#cancel-{job}")
    expect(page.locator(".messages")).to_contain_text("is cancelled", timeout=60_000)
    expect(row).to_have_attribute("data-state", "cancelled")
    assert state_of(stack, job) == "cancelled"
    page.click(f"#retry-{job}")
    expect(page.locator(".messages")).to_contain_text("is queued again", timeout=60_000)
    page.evaluate("() => { window.isTheSamePage = true; }")
    page.focus(f"#job-{job}")
    stack.signal("gpu", signal.SIGCONT)
    expect(row).to_have_attribute("data-state", "done", timeout=180_000)
    assert page.evaluate("() => window.isTheSamePage")
    assert page.evaluate("() => document.activeElement.id") == f"job-{job}"
    page.wait_for_function("() => !document.querySelector('[data-unfinished]')")
    made_once = f"SELECT attempt FROM enhancement_stimulus WHERE job_id = {job}"
    wait_until(lambda: len(stack.rows(made_once)) == 2, "both stimuli, each once")


def state_of(stack: Stack, job: int) -> str:
    ((state,),) = stack.rows(f"SELECT state FROM enhancement_job WHERE id = {job}")
    return str(state)
