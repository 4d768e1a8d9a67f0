"""Cuts aligned patches from one pair: windows that move in parallel, each settled where it correlates best."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from enhancement.nn.pairs.alignment import Alignment, reference_on_input
from enhancement.nn.pairs.manifest import PatchSettings
from enhancement.pictures import Photo

Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Window:
    """Where a patch was cut.

    Attributes:
        x: First column of the reference's window on the input's pixels.
        y: First row.
        dx: The input's window lies so many px further right, at most ``max_shift_px``.
        dy: So many px further down.
        correlation: Normalised cross-correlation of both windows, grey and zero-mean; 0 where one of them is flat.
    """

    x: int
    y: int
    dx: int
    dy: int
    correlation: float


@dataclass(frozen=True, eq=False)
class Cut:
    """The patches of one pair.

    Attributes:
        windows: Those that were kept, row by row.
        tried: How many there were.
        inputs: Shape (kept, size, size, 3), uint8.
        references: Same shape.
    """

    windows: tuple[Window, ...]
    tried: int
    inputs: Photo
    references: Photo


def cut(photo: Photo, reference: Photo, alignment: Alignment, settings: PatchSettings) -> Cut:
    """Cut the patches of a pair (Ignatov et al., ICCV 2017, section 2.2).

    The reference is resampled onto the input's pixels within the alignment's rectangle. Windows move over it from its
    top left corner, so far as they lie within it whole. The input's window is shifted to the highest normalised
    cross-correlation, also beyond the rectangle where the photo has pixels there.

    Args:
        photo: The input that was aligned, shape (H, W, 3), uint8.
        reference: The reference that was aligned.
        alignment: Of these two.
        settings: Of the windows.

    Raises:
        AlignmentError: The reference isn't the one that was aligned.
    """
    size, (left, top, _, _) = settings.size_px, alignment.rectangle
    onto = reference_on_input(reference, alignment)
    here, there = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (photo, onto))
    places = list(corners(alignment, settings))
    settled = [
        settle(here, there[y - top : y - top + size, x - left : x - left + size], x, y, settings) for x, y in places
    ]
    kept = tuple(window for window in settled if window.correlation > settings.threshold)
    return Cut(
        kept,
        len(places),
        stacked([photo[w.y + w.dy : w.y + w.dy + size, w.x + w.dx : w.x + w.dx + size] for w in kept], size),
        stacked([onto[w.y - top : w.y - top + size, w.x - left : w.x - left + size] for w in kept], size),
    )


def corners(alignment: Alignment, settings: PatchSettings) -> Iterator[tuple[int, int]]:
    """(x, y) of every window in the input's pixels, row by row."""
    left, top, width, height = alignment.rectangle
    for y in range(top, top + height - settings.size_px + 1, settings.stride_px):
        for x in range(left, left + width - settings.size_px + 1, settings.stride_px):
            yield x, y


def settle(photo: Grey, wanted: Grey, x: int, y: int, settings: PatchSettings) -> Window:
    """Where around (x, y) of the photo a window correlates best.

    Args:
        photo: The whole input, grey.
        wanted: The reference's window, grey.
        x: Column of the reference's window on the photo.
        y: Row.
        settings: Size and greatest shift; places outside the photo aren't tried.
    """
    reach, size = settings.max_shift_px, settings.size_px
    first_x, first_y = max(0, x - reach), max(0, y - reach)
    around = photo[first_y : y + reach + size, first_x : x + reach + size]
    scores = np.nan_to_num(cv2.matchTemplate(around, wanted, cv2.TM_CCOEFF_NORMED))
    row, column = np.unravel_index(np.argmax(scores), scores.shape)
    best = around[row : row + size, column : column + size]
    return Window(x, y, first_x + int(column) - x, first_y + int(row) - y, correlation(best, wanted))


def correlation(first: Grey, second: Grey) -> float:
    """Normalised cross-correlation of two zero-mean windows; 0 where one of them is flat.

    Sums of 8-bit numbers are exact in whole numbers, so the same windows have the same correlation everywhere.

    Args:
        first: uint8.
        second: Same shape.

    Returns:
        −1 to 1.

    Example:
        >>> ramp = np.arange(16, dtype=np.uint8).reshape(4, 4)
        >>> correlation(ramp, 2 * ramp + 5), correlation(ramp, 15 - ramp), correlation(ramp, np.full_like(ramp, 7))
        (1.0, -1.0, 0.0)
    """
    a, b = first.astype(np.int64).ravel(), second.astype(np.int64).ravel()
    products, sums = (int(a @ b), int(a @ a), int(b @ b)), (int(a.sum()), int(b.sum()))
    together = a.size * products[0] - sums[0] * sums[1]
    apart = (a.size * products[1] - sums[0] ** 2) * (a.size * products[2] - sums[1] ** 2)
    return float(together / np.sqrt(float(apart))) if apart else 0.0


def stacked(patches: list[Photo], size: int) -> Photo:
    """Patches as one array, also where there are none."""
    return np.stack(patches) if patches else np.empty((0, size, size, 3), dtype=np.uint8)
