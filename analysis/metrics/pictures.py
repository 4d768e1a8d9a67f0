"""What a metric takes: two pictures of one size, brought to float64 on the scale 0 to 1."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Pictures = npt.NDArray[Any]

# A network's tanh·0.58 + 0.5 overshoots to [-0.08, 1.08]; anything far outside was never on the scale 0 to 1.
FLOAT_FLOOR, FLOAT_CEILING = -1.0, 2.0


class MetricError(ValueError):
    """Two arrays that can't be compared as pictures."""


def picture_pair(test: Pictures, reference: Pictures) -> tuple[Floats, Floats]:
    """Both pictures as float64 in [0, 1], clipped as a screen would clip them.

    Args:
        test: Shape (H, W, 3), uint8, or float on the scale 0 to 1.
        reference: The same shape.
    Raises:
        MetricError: Another shape, type or scale.
    """
    first, second = _unit(test, "test", 3), _unit(reference, "reference", 3)
    _same_shape(first, second)
    return np.clip(first, 0.0, 1.0, out=first), np.clip(second, 0.0, 1.0, out=second)


def batch_pair(test: Pictures, reference: Pictures) -> tuple[Floats, Floats]:
    """Both batches, shape (N, H, W, 3), as float64, unclipped as in DPED's training loop.

    Raises:
        MetricError: Another shape, type or scale.
    """
    first, second = _unit(test, "test", 4), _unit(reference, "reference", 4)
    _same_shape(first, second)
    return first, second


def _unit(pictures: Pictures, role: str, dimensions: int) -> Floats:
    array = np.asarray(pictures)
    if array.ndim != dimensions or array.shape[-1] != 3 or array.size == 0:
        wanted = "(height, width, 3)" if dimensions == 3 else "(pictures, height, width, 3)"
        raise MetricError(f"{role} has shape {array.shape}; give {wanted}, none of them 0")
    if array.dtype == np.uint8:
        return array / 255.0
    if not np.issubdtype(array.dtype, np.floating):
        raise MetricError(f"{role} is {array.dtype}; give uint8, or float from 0 to 1")
    low, high = float(array.min()), float(array.max())
    if not (low >= FLOAT_FLOOR and high <= FLOAT_CEILING):  # written so that NaN is refused too
        raise MetricError(f"{role} runs from {low:g} to {high:g}; floats are expected from 0 to 1, so divide first")
    return np.array(array, dtype=np.float64, order="C")


def _same_shape(test: Floats, reference: Floats) -> None:
    if test.shape != reference.shape:
        raise MetricError(
            f"test is {test.shape} but reference is {reference.shape}; crop or resample both to one size first"
        )
