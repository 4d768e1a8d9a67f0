"""Visual angle: what trigonometry says, and back again."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studyapp.vision import angles

INCH_MM = 25.4


@pytest.mark.parametrize(
    ("arcmin", "distance_cm", "mm"),
    [(1, 60, 0.174533), (5, 60, 0.872665), (1, 600, 1.745329), (60, 57.2958, 10.00025)],
)
def test_how_wide_an_angle_is(arcmin: float, distance_cm: float, mm: float) -> None:
    """A minute of arc at 6 m, which eye charts are made for, and the degree that is a centimetre at 57.3 cm."""
    assert angles.mm_of(arcmin, distance_cm) == pytest.approx(mm, rel=1e-5)


def test_a_right_angle_needs_the_tangent() -> None:
    assert angles.mm_of(90 * 60, distance_cm=10) == pytest.approx(200)


@pytest.mark.parametrize(("side", "card_px"), [("long", 85.60 / INCH_MM * 96), ("short", 53.98 / INCH_MM * 96)])
def test_both_sides_of_a_card_give_the_same(side: str, card_px: float) -> None:
    assert angles.px_per_mm_of(card_px, side) == pytest.approx(96 / INCH_MM)


def test_a_pixel_of_the_css_reference() -> None:
    """CSS defines its pixel as 1/96 inch at 28 inches, about 0.0213 degrees."""
    assert angles.arcmin_of(1, 96 / INCH_MM, 28 * INCH_MM / 10) / 60 == pytest.approx(0.0213, abs=5e-5)


@settings(deadline=None)
@given(arcmin=st.floats(0.1, 600), px_per_mm=st.floats(0.5, 20), distance_cm=st.floats(10, 2000))
def test_there_and_back(arcmin: float, px_per_mm: float, distance_cm: float) -> None:
    px = angles.px_of(arcmin, px_per_mm, distance_cm)
    assert angles.arcmin_of(px, px_per_mm, distance_cm) == pytest.approx(arcmin)


@pytest.mark.parametrize(("decimal", "logmar"), [(1.0, 0.0), (0.5, 0.30103), (0.1, 1.0), (2.0, -0.30103)])
def test_logmar_is_of_the_reciprocal_of_decimal_acuity(decimal: float, logmar: float) -> None:
    assert angles.logmar_of(1 / decimal) == pytest.approx(logmar, abs=1e-5)
    assert math.isclose(10 ** -angles.logmar_of(1 / decimal), decimal)
