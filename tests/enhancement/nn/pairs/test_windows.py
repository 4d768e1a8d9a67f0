"""Patches of one pair: known places, planted shifts, and windows that aren't kept."""

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from enhancement.nn.pairs.alignment import Alignment, align
from enhancement.nn.pairs.manifest import PatchSettings
from enhancement.nn.pairs.overlap import Rectangle
from enhancement.nn.pairs.windows import corners, correlation, cut, settle
from enhancement.pictures import Photo
from tests.enhancement.nn.pairs.synthetic import recoloured, seen_through, similarity

SMALL = PatchSettings(size_px=64, stride_px=64)


def lying(rectangle: tuple[int, int, int, int], size: tuple[int, int]) -> Alignment:
    """A reference of that size which lies on the input pixel on pixel."""
    still = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    return Alignment(still, 100, 100, 1.0, Rectangle(*rectangle), (0.0, 0.0), size)


def shifted(photo: Photo, dx: int, dy: int) -> Photo:
    """What was at (x, y) is at (x + dx, y + dy)."""
    return np.roll(photo, (dy, dx), axis=(0, 1))


def moved_px(patch: Photo, truth: Photo) -> npt.NDArray[np.float64]:
    """How far a patch lies from its true place, (dx, dy): the small shift that explains most of their difference."""
    here, there = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(float) for picture in (patch, truth))
    slope_y, slope_x = np.gradient((here + there) / 2)
    slopes = np.column_stack([slope_x.ravel(), slope_y.ravel()])
    return np.linalg.lstsq(slopes, (there - here).ravel(), rcond=None)[0]


@pytest.mark.parametrize(("scale", "perspective"), [(1.0, 0.0), (1.45, 1e-5)])
def test_patches_lie_on_one_another_to_a_quarter_of_a_pixel(astronaut: Photo, scale: float, perspective: float) -> None:
    truth = similarity(scale, 0.02, 20.3, 11.7, perspective)
    size = int(430 / scale), int(420 / scale)
    plain = seen_through(astronaut, truth, size)
    photo = recoloured(plain)
    found = cut(photo, astronaut, align(photo, astronaut), SMALL)
    assert len(found.windows) >= 0.8 * found.tried >= 8
    assert {(window.dx, window.dy) for window in found.windows} == {(0, 0)}
    places = [plain[window.y : window.y + 64, window.x : window.x + 64] for window in found.windows]
    misses = [moved_px(patch, place) for patch, place in zip(found.references, places, strict=True)]
    assert np.abs(misses).max() <= 0.25
    assert np.abs(np.median(misses, axis=0)).max() <= 0.1


@pytest.mark.parametrize(("dx", "dy"), [(5, -5), (-5, 5), (0, 3), (-4, 0), (1, 1), (0, 0)])
def test_a_planted_shift_is_found(coffee: Photo, dx: int, dy: int) -> None:
    alignment = lying((10, 10, 580, 380), (600, 400))
    found = cut(shifted(recoloured(coffee), dx, dy), coffee, alignment, SMALL)
    assert len(found.windows) > 0.9 * found.tried > 0
    assert {(window.dx, window.dy) for window in found.windows} == {(dx, dy)}
    for window, patch, reference in zip(found.windows, found.inputs, found.references, strict=True):
        np.testing.assert_array_equal(reference, coffee[window.y : window.y + 64, window.x : window.x + 64])
        np.testing.assert_array_equal(patch, recoloured(reference))


def test_a_shift_beyond_the_greatest_is_not_reached(coffee: Photo) -> None:
    found = cut(shifted(coffee, 9, 0), coffee, lying((10, 10, 580, 380), (600, 400)), replace(SMALL, threshold=-1))
    assert max(abs(window.dx) for window in found.windows) == 5
    assert 1.0 not in [window.correlation for window in found.windows]


def test_the_input_is_read_beyond_the_rectangle_but_not_beyond_itself(coffee: Photo) -> None:
    inside = cut(shifted(coffee, -5, 0), coffee, lying((5, 0, 64, 64), (600, 400)), SMALL)
    assert [(window.x, window.dx, window.correlation) for window in inside.windows] == [(5, -5, 1.0)]
    (at_border,) = cut(
        shifted(coffee, -5, 0), coffee, lying((0, 0, 64, 64), (600, 400)), replace(SMALL, threshold=-1)
    ).windows
    assert at_border.dx >= 0


@given(
    photo=arrays(np.uint8, (14, 15), elements=st.integers(0, 255)),
    x=st.integers(0, 9),
    y=st.integers(0, 8),
    reach=st.integers(0, 4),
)
def test_the_best_place_is_the_best_of_all_that_can_be_tried(photo: np.ndarray, x: int, y: int, reach: int) -> None:
    wanted = np.random.default_rng(0).integers(0, 256, (6, 6), dtype=np.uint8)
    best = settle(photo, wanted, x, y, PatchSettings(size_px=6, max_shift_px=reach))
    every = [
        correlation(photo[row : row + 6, column : column + 6], wanted)
        for row in range(max(0, y - reach), min(8, y + reach) + 1)
        for column in range(max(0, x - reach), min(9, x + reach) + 1)
    ]
    assert best.correlation == pytest.approx(max(every), abs=1e-4)


@given(arrays(np.uint8, (2, 7, 9), elements=st.integers(0, 255)).filter(lambda pair: pair[0].std() > 0 < pair[1].std()))
def test_correlation_is_numpys(pair: np.ndarray) -> None:
    expected = np.corrcoef(pair[0].ravel().astype(float), pair[1].ravel().astype(float))[0, 1]
    assert correlation(pair[0], pair[1]) == pytest.approx(expected, abs=1e-9)


def test_only_what_exceeds_the_threshold_is_kept(coffee: Photo) -> None:
    noise = np.random.default_rng(0).normal(0, 40, coffee.shape)
    photo, alignment = np.clip(coffee + noise, 0, 255).astype(np.uint8), lying((0, 0, 600, 400), (600, 400))
    everything = cut(photo, coffee, alignment, replace(SMALL, threshold=-1)).windows
    middle = sorted(window.correlation for window in everything)[len(everything) // 2]
    kept = cut(photo, coffee, alignment, replace(SMALL, threshold=middle))
    assert list(kept.windows) == [window for window in everything if window.correlation > middle]
    assert 0 < len(kept.windows) < kept.tried == len(everything)


@pytest.mark.parametrize("flat", ["input", "reference", "both"])
def test_flat_windows_are_not_kept(coffee: Photo, flat: str) -> None:
    sky = np.full_like(coffee, 255)
    photo, reference = (sky if flat in (role, "both") else coffee for role in ("input", "reference"))
    found = cut(photo, reference, lying((0, 0, 600, 400), (600, 400)), replace(SMALL, threshold=0.0))
    assert (found.windows, found.tried) == ((), 9 * 6)
    assert found.inputs.shape == found.references.shape == (0, 64, 64, 3)


@given(
    rectangle=st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 200), st.integers(0, 200)),
    size=st.integers(2, 60),
)
def test_windows_tile_the_rectangle_without_overlap(rectangle: tuple[int, int, int, int], size: int) -> None:
    left, top, width, height = rectangle
    covered = np.zeros((260, 260), dtype=int)
    for x, y in corners(lying(rectangle, (600, 400)), PatchSettings(size_px=size, stride_px=size)):
        covered[y : y + size, x : x + size] += 1
    assert covered.max(initial=0) <= 1
    assert covered.sum() == covered[top : top + height, left : left + width].sum()
    assert covered.sum() == (width // size) * (height // size) * size**2


def test_half_a_stride_makes_four_times_the_windows(coffee: Photo) -> None:
    alignment = lying((0, 0, 600, 400), (600, 400))
    few, many = (list(corners(alignment, PatchSettings(stride_px=stride))) for stride in (100, 50))
    assert (len(few), len(many)) == (6 * 4, 11 * 7)
    assert set(few) < set(many)


def test_the_grey_is_that_of_luma(coffee: Photo) -> None:
    found = cut(coffee[:, :, ::-1].copy(), coffee, lying((0, 0, 100, 100), (600, 400)), replace(SMALL, threshold=-1))
    (window,) = found.windows
    grey = [cv2.cvtColor(patches[0], cv2.COLOR_RGB2GRAY) for patches in (found.inputs, found.references)]
    assert window.correlation == correlation(*grey)
