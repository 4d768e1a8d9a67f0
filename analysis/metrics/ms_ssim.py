"""Multi-scale structural similarity as DPED's released code computes it (its table calls it SSIM)."""

import math

import numpy as np

from analysis.metrics.pictures import Floats, MetricError, Pictures, batch_pair, picture_pair
from analysis.metrics.psnr import DPED_BATCH
from analysis.metrics.ssim import WINDOW_PX, WINDOW_SD_PX, gaussian_window, similarity

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def ms_ssim(test: Pictures, reference: Pictures) -> float:
    """MS-SSIM of one picture: five scales, 11×11 window of sd 1.5 px that shrinks with a small picture.

    Each scale is the 2×2 mean of the one before, then every second pixel; per RGB channel, data range 1.

    Args:
        test: Shape (H, W, 3), uint8, or float from 0 to 1 (what lies outside is clipped).
        reference: The same shape.
    Returns:
        Up to 1, which equal pictures have. NaN where a scale's mean contrast-structure term is negative
        (pictures that contradict each other): the formula takes a fractional power of it, and has no value there.
    Raises:
        MetricError: Another shape, type or scale.
    Source:
        Wang, Simoncelli and Bovik 2003, eq. 7, doi:10.1109/ACSSC.2003.1292216.
    Example:
        >>> import numpy as np
        >>> ramp = np.linspace(0, 1, 32 * 32 * 3).reshape(32, 32, 3)
        >>> ms_ssim(ramp, ramp)
        1.0
    """
    first, second = picture_pair(test, reference)
    return _pooled_ms_ssim(first[np.newaxis], second[np.newaxis])


def ms_ssim_batch(test: Pictures, reference: Pictures, *, size: int = DPED_BATCH) -> float:
    """MS-SSIM as in DPED's table: each scale is averaged over a batch before the scales are multiplied.

    The mean over whole batches of ``size`` consecutive patches, unclipped.

    Args:
        test: Shape (N, H, W, 3), uint8, or float around 0 to 1.
        reference: The same shape.
        size: Patches per batch.
    Raises:
        MetricError: Another shape, type or scale, or fewer patches than one batch.
    Source:
        Ignatov et al. 2017 (ICCV) and the evaluation code released with it.
    Example:
        >>> import numpy as np
        >>> patches = np.random.default_rng(0).random((2, 16, 16, 3))
        >>> ms_ssim_batch(patches, patches, size=2)
        1.0
    """
    batches = len(test) // size
    if batches == 0:
        raise MetricError(f"{len(test)} patches don't fill one batch of {size}; give more patches or a smaller size")
    pooled = [slice(k * size, (k + 1) * size) for k in range(batches)]
    return float(np.mean([_pooled_ms_ssim(*batch_pair(test[part], reference[part])) for part in pooled]))


def _pooled_ms_ssim(test: Floats, reference: Floats) -> float:
    planes_a, planes_b = _planes(test), _planes(reference)
    product = 1.0
    for scale, weight in enumerate(SCALE_WEIGHTS):
        whole, structure = _scale_similarity(planes_a, planes_b)
        term = whole if scale == len(SCALE_WEIGHTS) - 1 else structure
        if term < 0.0:
            return math.nan
        product *= term**weight
        planes_a, planes_b = _half(planes_a), _half(planes_b)
    return product


def _planes(pictures: Floats) -> Floats:
    """(N, H, W, 3) as planes (3N, H, W)."""
    return np.ascontiguousarray(np.moveaxis(pictures, -1, 1)).reshape(-1, *pictures.shape[1:3])


def _scale_similarity(planes_a: Floats, planes_b: Floats) -> tuple[float, float]:
    size_px = min(WINDOW_PX, *planes_a.shape[1:])
    window = gaussian_window(size_px, size_px * WINDOW_SD_PX / WINDOW_PX)
    terms = [similarity(a, b, window) for a, b in zip(planes_a, planes_b, strict=True)]
    whole, structure = np.mean(terms, axis=0)
    return float(whole), float(structure)


def _half(planes: Floats) -> Floats:
    """The 2×2 mean of every second pixel; an odd last row or column is averaged with itself."""
    height, width = planes.shape[1:]
    even = np.pad(planes, ((0, 0), (0, height % 2), (0, width % 2)), mode="edge")
    return np.asarray((even[:, ::2, ::2] + even[:, 1::2, ::2] + even[:, ::2, 1::2] + even[:, 1::2, 1::2]) / 4.0)
