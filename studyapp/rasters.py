"""One raster per content: every condition is shown in the same pixels, so that size betrays nothing.

The rule, and what else was weighed, is in ``docs/decisions/renderings-on-one-raster.md``.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from PIL import Image

from enhancement.pictures import Photo

Size: TypeAlias = tuple[int, int]
"""Width and height in pixels."""

KERNEL = Image.Resampling.LANCZOS
KERNEL_NAME = "lanczos3-antialiased"
"""Pillow's three-lobed Lanczos, widened by the factor of reduction, on the encoded sRGB values."""

SURROUND = 119
"""The neutral grey around the pictures, sRGB: a bar of it can't be told from the page."""

SAME_SHAPE = Fraction(1, 100)
"""Shapes (width / height) closer than this are one shape: the rest is a camera's rounding to whole pixels."""


def common_size(sizes: Sequence[Size]) -> Size:
    """The raster that all conditions of a content are shown on.

    It is the largest one of the input's shape on which no condition is enlarged: enlarging invents blur, and would
    invent it on one side only, while a reduction with an antialiased kernel keeps what both sides can show.

    Args:
        sizes: Width and height of every condition's picture; the first is the input's (the photo as shot).

    Returns:
        Width and height, never more than the input's.

    Raises:
        ValueError: No sizes, or one without pixels.
    """
    if not sizes or min(min(size) for size in sizes) < 1:
        raise ValueError(f"a raster needs at least one size of whole pixels, not {list(sizes)}")
    width, height = sizes[0]
    scale = min(max(Fraction(wide, width), Fraction(high, height)) for wide, high in sizes)
    return max(1, int(width * scale)), max(1, int(height * scale))


def bring(photo: Photo, size: Size) -> Photo:
    """The photo on a raster, framing as shot.

    A photo of the raster's size comes back as it is, one of its shape is resampled to fill it. Any other shape (3:2
    beside 4:3) is fitted inside and centred, with bars in the grey of the surround.

    Args:
        photo: Shape (H, W, 3), uint8, sRGB.
        size: Width and height of the raster.

    Returns:
        Shape (height, width, 3), uint8, sRGB.
    """
    height, width = photo.shape[:2]
    if (width, height) == size:
        return photo
    if abs(Fraction(width, height) / Fraction(*size) - 1) <= SAME_SHAPE:
        return _resampled(photo, size)
    return _framed(_resampled(photo, _fitted((width, height), size)), size)


def _resampled(photo: Photo, size: Size) -> Photo:
    return np.array(Image.fromarray(photo).resize(size, KERNEL))


def _fitted(shot: Size, size: Size) -> Size:
    """The largest size of the photo's own shape within the raster."""
    scale = min(Fraction(size[0], shot[0]), Fraction(size[1], shot[1]))
    return max(1, round(shot[0] * scale)), max(1, round(shot[1] * scale))


def _framed(photo: Photo, size: Size) -> Photo:
    height, width = photo.shape[:2]
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    raster = np.full((size[1], size[0], 3), SURROUND, np.uint8)
    raster[top : top + height, left : left + width] = photo
    return raster
