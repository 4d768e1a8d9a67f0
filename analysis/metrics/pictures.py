"""What a metric takes: two pictures of one size, and how their parts are brought to the scale 0 to 1."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Pictures = npt.NDArray[Any]

# A network's tanh·0.58 + 0.5 overshoots to [-0.08, 1.08]; anything far outside was never on the scale 0 to 1.
FLOAT_FLOOR, FLOAT_CEILING = -1.0, 2.0


class MetricError(ValueError):
    """Two arrays that can't be compared as pictures."""


def picture_pair(
    test: Pictures, reference: Pictures, *, roles: tuple[str, str] = ("test", "reference")
) -> tuple[Pictures, Pictures]:
    """Both pictures: uint8 as they are, floats as float64 clipped to [0, 1], as a screen would clip them.

    Args:
        test: Shape (H, W, 3), uint8, or float on the scale 0 to 1.
        reference: The same shape.
        roles: What an error calls them.
    Raises:
        MetricError: Another shape, type or scale.
    """
    first, second = (_checked(array, role, 3) for array, role in zip((test, reference), roles, strict=True))
    _same_shape(first, second, roles)
    return _clipped(first), _clipped(second)


def batch_pair(test: Pictures, reference: Pictures) -> tuple[Pictures, Pictures]:
    """Both batches, shape (N, H, W, 3): uint8, or float64 unclipped as in DPED's training loop.

    Raises:
        MetricError: Another shape, type or scale.
    """
    first, second = _checked(test, "test", 4), _checked(reference, "reference", 4)
    _same_shape(first, second, ("test", "reference"))
    return first, second


def unit(part: Pictures, out: Floats | None = None) -> Floats:
    """A part of a checked picture on the scale 0 to 1. Converted part by part, a picture never leaves the cache."""
    return np.divide(part, 255.0 if part.dtype == np.uint8 else 1.0, out=out, dtype=np.float64)


def _checked(pictures: Pictures, role: str, dimensions: int) -> Pictures:
    array = np.asarray(pictures)
    if array.ndim != dimensions or array.shape[-1] != 3 or array.size == 0:
        wanted = "(height, width, 3)" if dimensions == 3 else "(pictures, height, width, 3)"
        raise MetricError(f"{role} has shape {array.shape}; give {wanted}, none of them 0")
    if array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.floating):
        raise MetricError(f"{role} is {array.dtype}; give uint8, or float from 0 to 1")
    low, high = float(array.min()), float(array.max())
    if not (low >= FLOAT_FLOOR and high <= FLOAT_CEILING):  # written so that NaN is refused too
        raise MetricError(f"{role} runs from {low:g} to {high:g}; floats are expected from 0 to 1, so divide first")
    return array.astype(np.float64, copy=False)


def _clipped(picture: Pictures) -> Pictures:
    return picture if picture.dtype == np.uint8 else np.clip(picture, 0.0, 1.0)


def _same_shape(first: Pictures, second: Pictures, roles: tuple[str, str]) -> None:
    if first.shape != second.shape:
        one, other = roles
        raise MetricError(
            f"{one} is {first.shape} but {other} is {second.shape}; crop or resample both to one size first"
        )
