"""The window statistics that SSIM and MS-SSIM share, tile by tile.

A tile is small enough for the processor's cache, and its window averages are two products with a banded matrix: two
multiplications of three are by zero, but BLAS does all of them sooner than a filter does the third that counts.
"""

from functools import partial
from itertools import product

import numpy as np

from analysis.metrics.pictures import Floats, Pictures, unit
from analysis.metrics.threads import in_parts, over_parts

C1 = 0.01**2  # (K1 · data range)², data range 1
C2 = 0.03**2
BLOCK = 24  # places along one side of a product: more multiply more zeros, fewer call BLAS more often
TILE_PLACES = 24 * 240
BAND_BLOCKS = 4

Tile = tuple[slice, slice, slice]


def gaussian_window(size_px: int, sd_px: float) -> Floats:
    """One axis of a separable Gaussian window, shape (size_px,), unit sum; even sizes sit between pixels.

    Example:
        >>> gaussian_window(2, 1.5).tolist()
        [0.5, 0.5]
    """
    at = np.arange(size_px) - (size_px - 1) / 2.0
    weights = np.exp(-np.square(at) / (2.0 * sd_px**2))
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def similarity(test: Pictures, reference: Pictures, window: Floats) -> tuple[float, float]:
    """Mean SSIM and mean contrast-structure term of pictures of one size, all channels alike.

    Args:
        test: Shape (N, H, W, 3), uint8, or float64 on the scale 0 to 1.
        reference: The same shape.
        window: One axis of the separable window, no longer than H and W.
    Returns:
        (l·c·s averaged, c·s averaged) over the places where the window lies inside.
    """
    pictures, high, wide = len(test), *(side - len(window) + 1 for side in test.shape[1:3])
    at_once = max(1, TILE_PLACES // (min(high, BLOCK) * min(wide, TILE_PLACES // BLOCK)))
    bands = list(product(in_parts(pictures, at_once), in_parts(high, BAND_BLOCKS * BLOCK)))
    sums = over_parts(partial(_band_sums, test, reference, window), bands)
    whole, structure = np.sum(sums, axis=0) / (3 * pictures * high * wide)
    return float(whole), float(structure)


def _band_sums(test: Pictures, reference: Pictures, window: Floats, band: tuple[slice, slice]) -> Floats:
    matrix = _banded(window)
    tiles = [(band[0], rows, columns) for rows, columns in _tiles(band[1], test.shape[2] - len(window) + 1)]
    return np.asarray(np.sum([_tile_sums(test, reference, matrix, len(window) - 1, tile) for tile in tiles], axis=0))


def _tiles(band: slice, wide: int) -> "product[tuple[slice, slice]]":
    rows = [slice(band.start + part.start, band.start + part.stop) for part in in_parts(band.stop - band.start, BLOCK)]
    return product(rows, in_parts(wide, TILE_PLACES // BLOCK))


def _banded(window: Floats) -> Floats:
    """Shape (BLOCK, BLOCK + len(window) − 1): times so many values in a row, the window average at BLOCK places."""
    reach = len(window) - 1
    return np.asarray(sum(weight * np.eye(BLOCK, BLOCK + reach, k) for k, weight in enumerate(window)))


def _tile_sums(test: Pictures, reference: Pictures, matrix: Floats, reach: int, tile: Tile) -> tuple[float, float]:
    """SSIM and contrast-structure, each summed over a tile of places."""
    pictures, rows, columns = tile
    seen = (pictures, slice(rows.start, rows.stop + reach), slice(columns.start, columns.stop + reach))
    moments = _averages(_moments(test[seen], reference[seen]), matrix, reach)
    mean_a, mean_b, squares, products = moments.reshape(4, -1)
    both = mean_a * mean_b
    means = np.square(mean_a) + np.square(mean_b)
    # Only the sum of the two variances enters the formula, so one average gives both.
    structure = (2.0 * (products - both) + C2) / (squares - means + C2)
    luminance = (2.0 * both + C1) / (means + C1)
    return float(luminance @ structure), float(structure.sum())


def _moments(test: Pictures, reference: Pictures) -> Floats:
    """a, b, a² + b² and a·b, channel by channel: shape (4, N, 3, H, W)."""
    moments = np.empty((4, len(test), 3, *test.shape[1:3]))
    a, b, squares, products = moments
    unit(np.moveaxis(test, -1, 1), out=a)
    unit(np.moveaxis(reference, -1, 1), out=b)
    np.multiply(a, b, out=products)
    np.add(np.square(a), np.square(b), out=squares)
    return moments


def _averages(moments: Floats, matrix: Floats, reach: int) -> Floats:
    """Window averages where the window lies wholly inside: H and W each shorter by ``reach``."""
    high, wide = (side - reach for side in moments.shape[-2:])
    down = (matrix[:high, : high + reach] @ moments).reshape(4, -1, wide + reach)
    averages = np.empty((*down.shape[:2], wide))
    for part in in_parts(wide, BLOCK):
        size = part.stop - part.start
        np.matmul(down[..., part.start : part.stop + reach], matrix[:size, : size + reach].T, out=averages[..., part])
    return averages
