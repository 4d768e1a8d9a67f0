"""Plane geometry of two photos, one lying on the other by a homography. numpy and OpenCV only.

Points are (x, y) in pixels, pixel centres at whole numbers.
"""

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from enhancement.pictures import Photo

Floats = npt.NDArray[np.float64]

Homography = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

GRID_ROWS = 200


class Rectangle(NamedTuple):
    """Whole pixels: columns x … x + width − 1, rows y … y + height − 1."""

    x: int
    y: int
    width: int
    height: int


def inscribed_rectangle(polygon: Floats) -> Rectangle:
    """The largest upright rectangle whose pixel centres all lie inside a convex polygon.

    A convex polygon's left edge is a convex function of the row and its right edge a concave one, so the rectangle
    between two rows is bounded by the edges at those two rows alone. All pairs of rows are tried, on a coarse grid
    first and then row by row around the best.

    Args:
        polygon: Shape (corners, 2), x and y in pixels, pixel centres at whole numbers; in either sense of rotation.

    Returns:
        The rectangle; width and height are 0 where not one pixel centre lies inside.

    Example:
        >>> inscribed_rectangle(np.array([[0.0, 0.0], [9.5, 0.0], [9.5, 4.0], [0.0, 4.0]]))
        Rectangle(x=0, y=0, width=10, height=5)
    """
    if len(polygon) < 3:
        return Rectangle(0, 0, 0, 0)
    top, bottom = np.ceil(polygon[:, 1].min()), np.floor(polygon[:, 1].max())
    step = max(1, int((bottom - top) // GRID_ROWS) + 1)
    rows = np.unique(np.append(np.arange(top, bottom + 1, step), bottom))
    if bottom < top:
        return Rectangle(0, 0, 0, 0)
    best = best_between(polygon, rows, rows)
    if step == 1:
        return best
    near_top = np.arange(max(top, best.y - step), best.y + step + 1)
    last = best.y + best.height - 1
    return best_between(polygon, near_top, np.arange(last - step, min(bottom, last + step) + 1))


def best_between(polygon: Floats, firsts: Floats, lasts: Floats) -> Rectangle:
    """The largest rectangle whose first and last row are among those given."""
    left_first, right_first = edges(polygon, firsts)
    left_last, right_last = edges(polygon, lasts)
    left = np.ceil(np.maximum(left_first[:, None], left_last))  # (firsts, lasts)
    right = np.floor(np.minimum(right_first[:, None], right_last))  # (firsts, lasts)
    width = np.maximum(right - left + 1, 0)
    height = np.maximum(lasts - firsts[:, None] + 1, 0)
    i, j = np.unravel_index(np.argmax(width * height), width.shape)
    if width[i, j] * height[i, j] == 0:
        return Rectangle(0, 0, 0, 0)
    return Rectangle(int(left[i, j]), int(firsts[i]), int(width[i, j]), int(height[i, j]))


def edges(polygon: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """Where rows enter and leave a convex polygon; left is +∞ and right −∞ for rows that miss it."""
    left, right = np.full(rows.shape, np.inf), np.full(rows.shape, -np.inf)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        crossed = (rows >= min(y0, y1)) & (rows <= max(y0, y1))
        share = np.clip((rows - y0) / (y1 - y0), 0, 1) if y0 != y1 else np.zeros_like(rows)
        ends = (x0 + share * (x1 - x0), np.full(rows.shape, x1) if y0 == y1 else x0 + share * (x1 - x0))
        left = np.where(crossed, np.minimum(left, np.minimum(*ends)), left)
        right = np.where(crossed, np.maximum(right, np.maximum(*ends)), right)
    return left, right


def corners_of(picture: Photo, margin_px: float = 0.0) -> Floats:
    """The corners of a picture's outermost pixel centres, moved inwards; shape (4, 2)."""
    right, bottom = picture.shape[1] - 1 - margin_px, picture.shape[0] - 1 - margin_px
    return np.array([[margin_px, margin_px], [right, margin_px], [right, bottom], [margin_px, bottom]])


def overlap_polygon(homography: Floats, photo: Photo, reference: Photo, margin_px: float = 0.0) -> Floats:
    """Where the reference, less a margin of its own pixels, covers the input.

    Args:
        homography: Shape (3, 3), input px → reference px.
        photo: The input.
        reference: The reference.
        margin_px: Width of the reference's border that doesn't count.

    Returns:
        Shape (corners, 2), in input px; convex; no corners where nothing is covered.
    """
    covered = cv2.perspectiveTransform(corners_of(reference, margin_px)[:, None], np.linalg.inv(homography))[:, 0]
    right, bottom = corners_of(photo)[2]
    polygon = np.asarray(covered, dtype=np.float64)
    for normal, limit in (((-1, 0), 0), ((0, -1), 0), ((1, 0), right), ((0, 1), bottom)):
        polygon = clip_polygon(polygon, np.array(normal, dtype=np.float64), limit)
    return polygon


def clip_polygon(polygon: Floats, normal: Floats, limit: float) -> Floats:
    """The part of a convex polygon where ``normal · point <= limit`` (Sutherland and Hodgman 1974).

    Example:
        >>> clip_polygon(np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]]), np.array([1.0, 0.0]), 2.0).tolist()
        [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 4.0]]
    """
    kept: list[Floats] = []
    for start, end in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        before, after = limit - normal @ start, limit - normal @ end
        if before >= 0:
            kept.append(start)
        if before * after < 0:
            kept.append(start + (end - start) * (before / (before - after)))
    return np.array(kept).reshape(-1, 2)


def crosses_horizon(homography: npt.NDArray[np.floating[Any]], points: Floats) -> bool:
    """Whether a homography throws some of the points to the other side of infinity; points of shape (n, 2)."""
    depths = np.column_stack([points, np.ones(len(points))]) @ homography[2]
    return bool((depths * depths[0] <= 0).any())


def jacobian(homography: Floats, point: Floats) -> Floats:
    """Reference px moved per input px at a point: row 0 is x, row 1 is y; shape (2, 2)."""
    u, v, depth = homography @ np.append(point, 1)
    top = homography[:2, :2] * depth - np.outer([u, v], homography[2, :2])
    return np.asarray(top / depth**2)


def polygon_area(polygon: Floats) -> float:
    """Area by the shoelace formula, in square pixels; 0 for an empty polygon."""
    x, y = polygon[:, 0], polygon[:, 1]
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def as_homography(matrix: Floats) -> Homography:
    """A 3×3 array as nested tuples."""
    first, second, third = ((float(row[0]), float(row[1]), float(row[2])) for row in matrix)
    return first, second, third
