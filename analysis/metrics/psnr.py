"""Peak signal-to-noise ratio in decibels, per picture and as DPED's table means it."""

import math

import numpy as np

from analysis.metrics.pictures import Floats, MetricError, Pictures, batch_pair, picture_pair, unit
from analysis.metrics.threads import in_parts, over_parts

DPED_BATCH = 50
STRIP_VALUES = 1 << 16
PART_VALUES = 1 << 21


def psnr(test: Pictures, reference: Pictures) -> float:
    """PSNR of one picture: 10 log10(1 / MSE), the squared error averaged over all pixels and channels.

    Args:
        test: Shape (H, W, 3), uint8, or float from 0 to 1 (what lies outside is clipped).
        reference: The same shape.
    Returns:
        Decibels; infinite for equal pictures, never capped. On the same patches this is about 2 dB
        higher than :func:`psnr_batch`, so say which one a number is.
    Raises:
        MetricError: Another shape, type or scale.
    Example:
        >>> import numpy as np
        >>> grey = np.full((8, 8, 3), 0.5)
        >>> round(psnr(grey + 0.1, grey), 6)
        20.0
        >>> psnr(grey, grey)
        inf
    """
    first, second = picture_pair(test, reference)
    return _decibels(_mean_squared_error(first, second))


def psnr_batch(test: Pictures, reference: Pictures, *, size: int = DPED_BATCH) -> float:
    """PSNR as in DPED's table: the squared error of ``size`` consecutive patches is pooled, unclipped.

    The mean over whole batches; patches that don't fill a last batch are left out, as in the reference code.

    Args:
        test: Shape (N, H, W, 3), uint8, or float around 0 to 1 (a network's raw output).
        reference: The same shape.
        size: Patches per batch.
    Returns:
        Decibels.
    Raises:
        MetricError: Another shape, type or scale, or fewer patches than one batch.
    Source:
        Ignatov et al., DSLR-Quality Photos on Mobile Devices with Deep Convolutional Networks, ICCV 2017,
        and the training loop released with it.
    Example:
        >>> import numpy as np
        >>> dark = np.zeros((4, 8, 8, 3))
        >>> round(psnr_batch(dark + 0.1, dark, size=2), 6)
        20.0
    """
    batches = len(test) // size
    if batches == 0:
        raise MetricError(f"{len(test)} patches don't fill one batch of {size}; give more patches or a smaller size")
    pooled = [slice(k * size, (k + 1) * size) for k in range(batches)]
    return float(np.mean([_pooled_psnr(test[part], reference[part]) for part in pooled]))


def _pooled_psnr(test: Pictures, reference: Pictures) -> float:
    first, second = batch_pair(test, reference)
    return _decibels(_mean_squared_error(first, second))


def _mean_squared_error(test: Pictures, reference: Pictures) -> float:
    rows = max(1, PART_VALUES // test[0].size)
    parts = in_parts(len(test), rows)
    return math.fsum(over_parts(lambda part: _squared_error(test[part], reference[part]), parts)) / test.size


def _squared_error(test: Pictures, reference: Pictures) -> float:
    """Summed strip by strip; of 8-bit pictures in whole numbers, so without any rounding."""
    strips = in_parts(len(test), max(1, STRIP_VALUES // test[0].size))
    if test.dtype == np.uint8 and reference.dtype == np.uint8:
        return sum(_whole_squares(test[at], reference[at]) for at in strips) / 255.0**2
    return math.fsum(_squares(unit(test[at]) - unit(reference[at])) for at in strips)


def _whole_squares(test: Pictures, reference: Pictures) -> int:
    """Without leaving 16 bits, which hold 255² = 65,025: a third of the time that float64 takes."""
    distance = np.maximum(test, reference) - np.minimum(test, reference)
    return int(np.square(distance, dtype=np.uint16).sum(dtype=np.uint64))


def _squares(difference: Floats) -> float:
    flat = difference.ravel()
    return float(flat @ flat)


def _decibels(mean_squared_error: float) -> float:
    return math.inf if mean_squared_error == 0.0 else -10.0 * math.log10(mean_squared_error)
