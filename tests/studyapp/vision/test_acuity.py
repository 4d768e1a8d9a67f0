"""Rings by visual angle: what a screen can draw of the steps, when the test is over, and what it tells."""

import math
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studyapp.vision.acuity import (
    FEWEST,
    LARGEST_PX,
    LEAST_DEVICE_PX,
    NEAR,
    STEPS,
    USUAL,
    Scale,
    Size,
    place_of,
    result_of,
    sizes_of,
)
from studyapp.vision.angles import arcmin_of

MONITOR = Scale(px_per_mm=96 / 25.4, distance_cm=60, device_pixel_ratio=1)
LAPTOP = Scale(px_per_mm=127 / 25.4, distance_cm=60, device_pixel_ratio=2)
PHONE = Scale(px_per_mm=460 / 3 / 25.4, distance_cm=35, device_pixel_ratio=3)
LAB = Scale(px_per_mm=96 / 25.4, distance_cm=300, device_pixel_ratio=1)
SCALES = st.builds(
    Scale, px_per_mm=st.floats(1, 12), distance_cm=st.floats(20, 600), device_pixel_ratio=st.floats(0.5, 4)
)


@pytest.mark.parametrize(
    ("scale", "steps", "device_px"),
    [
        (MONITOR, [0.8, 0.7, 0.5], [4, 3, 2]),
        (LAPTOP, [0.5, 0.4, 0.2, 0.1], [6, 4, 3, 2]),
        (PHONE, [0.5, 0.4, 0.3, 0.2, 0.0], [6, 5, 4, 3, 2]),
        (LAB, [0.5, 0.4, 0.3, 0.2, 0.1, 0.0], [10, 8, 7, 5, 4, 3]),
    ],
)
def test_the_steps_that_screens_can_draw(scale: Scale, steps: list[float], device_px: list[int]) -> None:
    """0.2645 mm a pixel at 60 cm is 1.516 minutes of arc, so two pixels are 3.03: logMAR 0.48."""
    sizes = sizes_of(scale)
    assert [size.step for size in sizes] == steps
    assert [size.device_px for size in sizes] == device_px


@settings(deadline=None)
@given(SCALES)
def test_what_is_told_is_what_is_drawn(scale: Scale) -> None:
    sizes = sizes_of(scale)
    for size in sizes:
        assert size.gap_px * scale.device_pixel_ratio == pytest.approx(size.device_px)
        assert size.arcmin == pytest.approx(arcmin_of(size.gap_px, scale.px_per_mm, scale.distance_cm))
        assert abs(math.log10(size.arcmin) - size.step) <= NEAR
        assert size.device_px >= LEAST_DEVICE_PX
        assert size.gap_px <= LARGEST_PX
    assert all(larger.device_px > smaller.device_px for larger, smaller in pairwise(sizes))


@settings(deadline=None)
@given(SCALES)
def test_larger_sizes_come_only_where_there_are_few(scale: Scale) -> None:
    sizes = sizes_of(scale)
    assert len(sizes) <= FEWEST or all(size.step <= USUAL for size in sizes)


def test_a_screen_too_coarse_for_all() -> None:
    assert sizes_of(Scale(px_per_mm=1, distance_cm=20, device_pixel_ratio=1)) == ()


SIZES = tuple(Size(step, device_px=9, gap_px=9.0, arcmin=10**step) for step in (0.7, 0.5, 0.4, 0.0))


@pytest.mark.parametrize(
    ("right", "place"),
    [
        ([], 0), ([1], 0), ([0], 0), ([1, 0], 0), ([0, 1], 0), ([1, 1], 1), ([0, 1, 1], 1), ([0, 0], None),
        ([1, 0, 0], None), ([1, 1, 1, 0, 1], 2), ([1] * 7, 3), ([1] * 8, None),
    ],
)  # fmt: skip
def test_two_seen_pass_a_size_and_two_missed_end_the_test(right: list[int], place: int | None) -> None:
    assert place_of(SIZES, [bool(one) for one in right]) == place


@pytest.mark.parametrize(
    ("right", "logmar", "limit", "passed"),
    [
        ([1] * 8, 0.0, "test", True),
        ([1] * 6 + [0, 1, 0], 0.4, "eye", True),
        ([1] * 4 + [0, 0], 0.5, "eye", True),
        ([1] * 2 + [0, 1, 0], 0.7, "eye", False),
        ([0, 1, 0], None, "eye", False),
        ([0, 0], None, "eye", False),
    ],
)
def test_what_it_tells(right: list[int], logmar: float | None, limit: str, passed: bool) -> None:
    result = result_of(SIZES, [bool(one) for one in right])
    assert (result["logmar"], result["limit"], result["passed"]) == (logmar, limit, passed)


def test_where_the_screen_is_the_limit_it_says_so() -> None:
    """Who sees all that a usual monitor can draw is passed, and nobody knows how much more they see."""
    result = result_of(sizes_of(MONITOR), [True] * 6)
    assert result == {"finest_px": 2.0, "finest_arcmin": 3.032, "logmar": 0.482, "limit": "screen", "passed": True}


def test_how_often_somebody_who_guesses_passes_a_size() -> None:
    """One time in 6.4, which docs/protocol.md says: with a chance of 1/4 for each of at most three rings."""
    chance = sum(
        0.25 ** sum(right) * 0.75 ** (3 - sum(right)) for right in product((False, True), repeat=3) if sum(right) >= 2
    )
    assert chance == pytest.approx(0.15625)
    assert {place_of(SIZES, right) for right in product((False, True), repeat=3) if sum(right) < 2} == {None}


def test_the_steps_are_those_of_the_standard() -> None:
    ratios = {round(10 ** (one - other), 4) for one, other in pairwise(STEPS)}
    assert ratios == {1.2589}
