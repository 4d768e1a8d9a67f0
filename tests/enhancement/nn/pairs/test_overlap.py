"""The largest rectangle in a polygon, against brute force; clipping; slopes of a homography."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enhancement.nn.pairs.overlap import (
    clip_polygon,
    corners_of,
    crosses_horizon,
    inscribed_rectangle,
    jacobian,
    overlap_polygon,
    polygon_area,
)


def inside(polygon: np.ndarray, x: np.ndarray, y: np.ndarray, slack: float) -> np.ndarray:
    """Which points lie in a convex polygon, or at most a little beside it."""
    ends = np.roll(polygon, -1, axis=0) - polygon
    sides = ends[:, 0] * (y[..., None] - polygon[:, 1]) - ends[:, 1] * (x[..., None] - polygon[:, 0])
    return (sides >= -slack).all(-1) | (sides <= slack).all(-1)


def largest_area(polygon: np.ndarray, side: int, slack: float) -> int:
    """By trying every rectangle of a side × side raster."""
    y, x = np.mgrid[:side, :side]
    held = inside(polygon, x, y, slack)
    areas = [0]
    for top in range(side):
        for bottom in range(top, side):
            areas.append(int(held[top : bottom + 1].all(0).sum()) * (bottom - top + 1))
    return max(areas)


quadrilaterals = st.tuples(*[st.floats(0, 8)] * 4, *[st.floats(10, 19)] * 4).map(
    lambda c: np.array([[c[0], c[1]], [c[4], c[2]], [c[5], c[6]], [c[3], c[7]]])
)


def test_an_upright_rectangle_is_itself() -> None:
    assert inscribed_rectangle(np.array([[2.0, 3.0], [12.0, 3.0], [12.0, 8.0], [2.0, 8.0]])) == (2, 3, 11, 6)


def test_only_pixel_centres_inside_count() -> None:
    assert inscribed_rectangle(np.array([[1.1, 0.1], [9.9, 0.1], [9.9, 5.9], [1.1, 5.9]])) == (2, 1, 8, 5)


@given(quadrilaterals)
@settings(max_examples=60, deadline=None)
def test_brute_force_finds_nothing_larger(corners: np.ndarray) -> None:
    polygon = cv2.convexHull(corners.astype(np.float32))[:, 0].astype(np.float64)
    x, y, width, height = inscribed_rectangle(polygon)
    corners = np.array([[x, y], [x + width - 1, y], [x, y + height - 1], [x + width - 1, y + height - 1]])
    assert width * height == 0 or inside(polygon, corners[:, 0], corners[:, 1], 1e-6).all()
    assert largest_area(polygon, 20, -1e-6) <= width * height <= largest_area(polygon, 20, 1e-6)


def test_a_large_turned_square_is_searched_coarse_to_fine() -> None:
    turned = np.array([[2000.0, 0.0], [4000.0, 2000.0], [2000.0, 4000.0], [0.0, 2000.0]])
    x, y, width, height = inscribed_rectangle(turned)
    assert (width, height) == (2001, 2001)
    assert (x, y) == (1000, 1000)


@pytest.mark.parametrize("polygon", [np.zeros((0, 2)), np.array([[0.2, 0.2], [0.8, 0.2], [0.5, 0.8]])])
def test_nothing_inside(polygon: np.ndarray) -> None:
    assert inscribed_rectangle(polygon) == (0, 0, 0, 0)


@given(st.floats(-0.5, 0.5), st.floats(-20, 20), st.floats(-20, 20), st.floats(0.5, 2))
@settings(max_examples=60, deadline=None)
def test_the_overlap_is_what_a_mask_covers(turn: float, dx: float, dy: float, scale: float) -> None:
    photo, reference = np.zeros((40, 60, 3), np.uint8), np.full((50, 55, 3), 255, np.uint8)
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    homography = np.array([[c, -s, dx], [s, c, dy], [0, 0, 1.0]])
    area = polygon_area(overlap_polygon(homography, photo, reference))
    y, x = np.mgrid[0:39:0.25, 0:59:0.25] + 0.125
    u, v = (homography[:2] @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])).reshape(2, -1)
    covered = (u >= 0) & (u <= 54) & (v >= 0) & (v <= 49)
    assert area == pytest.approx(covered.sum() / 16, abs=15)


def test_the_same_frame_overlaps_wholly() -> None:
    photo = np.zeros((40, 60, 3), np.uint8)
    assert polygon_area(overlap_polygon(np.eye(3), photo, photo)) == 39 * 59


def test_clipped_away() -> None:
    assert clip_polygon(corners_of(np.zeros((9, 9, 3), np.uint8)), np.array([1.0, 0.0]), -1.0).shape == (0, 2)


def test_slopes_are_differences() -> None:
    homography = np.array([[1.2, 0.1, 3], [-0.2, 0.9, 5], [1e-4, -2e-4, 1]])
    at, step = np.array([100.0, 50.0]), 1e-4
    around = at + step * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    moved = cv2.perspectiveTransform(around[:, None], homography)[:, 0]
    slopes = np.column_stack([moved[0] - moved[1], moved[2] - moved[3]]) / (2 * step)
    np.testing.assert_allclose(jacobian(homography, at), slopes, rtol=1e-6)


def test_a_horizon_through_the_picture_is_seen() -> None:
    points = np.array([[0.0, 0.0], [100.0, 0.0]])
    assert crosses_horizon(np.array([[1, 0, 0], [0, 1, 0], [-0.02, 0, 1]]), points)
    assert not crosses_horizon(np.array([[1, 0, 0], [0, 1, 0], [-0.005, 0, 1]]), points)
