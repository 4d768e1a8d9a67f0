"""Multi-scale structural similarity as DPED's released code computes it (its table calls it SSIM)."""

import math

import numpy as np

from analysis.metrics.pictures import Floats, MetricError, Pictures, batch_pair, picture_pair, unit
from analysis.metrics.psnr import DPED_BATCH
from analysis.metrics.ssim import WINDOW_PX, WINDOW_SD_PX
from analysis.metrics.threads import in_parts, over_parts
from analysis.metrics.windows import gaussian_window, similarity

PART_VALUES = 1 << 18
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
        >>> round(ms_ssim(ramp, ramp), 12)
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
        >>> round(ms_ssim_batch(patches, patches, size=2), 12)
        1.0
    """
    batches = len(test) // size
    if batches == 0:
        raise MetricError(f"{len(test)} patches don't fill one batch of {size}; give more patches or a smaller size")
    pooled = [slice(k * size, (k + 1) * size) for k in range(batches)]
    return float(np.mean([_pooled_ms_ssim(*batch_pair(test[part], reference[part])) for part in pooled]))


def ms_ssim_terms(test: Pictures, reference: Pictures) -> Floats:
    """The five terms that MS-SSIM multiplies, of each patch by itself, unclipped.

    Their mean over any patches, each to the power of its scale's weight, multiplies to what :func:`ms_ssim_batch` says
    of these patches as one batch: so batches can be drawn again and again without their pixels.

    Args:
        test: Shape (N, H, W, 3), uint8, or float around 0 to 1.
        reference: The same shape.
    Returns:
        Shape (N, 5): contrast-structure of the first four scales, SSIM of the last.
    Raises:
        MetricError: Another shape, type or scale.
    Example:
        >>> import numpy as np
        >>> patches = np.random.default_rng(0).random((2, 16, 16, 3))
        >>> ms_ssim_terms(patches, patches).shape
        (2, 5)
    """
    first, second = batch_pair(test, reference)
    return np.array([_terms(one[np.newaxis], other[np.newaxis]) for one, other in zip(first, second, strict=True)])


def _pooled_ms_ssim(test: Pictures, reference: Pictures) -> float:
    terms = _terms(test, reference)
    return math.nan if min(terms) < 0.0 else math.prod(np.power(terms, SCALE_WEIGHTS).tolist())


def _terms(test: Pictures, reference: Pictures) -> list[float]:
    """Of pictures of one size, pooled: contrast-structure of each scale, but SSIM of the last."""
    terms = []
    for scale in range(len(SCALE_WEIGHTS)):
        whole, structure = _scale_similarity(test, reference)
        terms.append(whole if scale == len(SCALE_WEIGHTS) - 1 else structure)
        test, reference = _half(test), _half(reference)
    return terms


def _scale_similarity(test: Pictures, reference: Pictures) -> tuple[float, float]:
    size_px = min(WINDOW_PX, *test.shape[1:3])
    return similarity(test, reference, gaussian_window(size_px, size_px * WINDOW_SD_PX / WINDOW_PX))


def _half(pictures: Pictures) -> Floats:
    """The 2×2 mean of every second pixel; an odd last row or column is averaged with itself."""
    high, wide = (-(-side // 2) for side in pictures.shape[1:3])
    half = np.empty((len(pictures), high, wide, 3))

    def work(part: slice) -> None:
        half[:, part] = _half_rows(pictures[:, 2 * part.start : 2 * part.stop])

    over_parts(work, in_parts(high, max(1, PART_VALUES // half[:, 0].size)))
    return half


def _half_rows(pictures: Pictures) -> Floats:
    height, width = pictures.shape[1:3]
    edges = ((0, 0), (0, height % 2), (0, width % 2), (0, 0))
    even = np.pad(unit(pictures), edges, mode="edge") if height % 2 or width % 2 else unit(pictures)
    rows = even[:, ::2] + even[:, 1::2]
    return np.asarray((rows[:, :, ::2] + rows[:, :, 1::2]) / 4.0)
