"""The baseline that a network has to beat: one polynomial of colour for the whole camera, which sees no neighbours.

What it gains on a photo is what a change of tone and colour can gain; only what a network gains beyond it has to do
with structure. Fitted by least squares on the training patches.
"""

import numpy as np
import numpy.typing as npt

from enhancement.nn.pairs.patch_set import Indices, PatchSet

Floats = npt.NDArray[np.float64]

TERMS = 10
AT_ONCE = 100


def fit(patches: PatchSet) -> Floats:
    """The polynomial that brings the training patches' inputs closest to their references.

    Args:
        patches: Only the training side is looked at, a hundred patches at a time.

    Returns:
        Shape (10, 3): coefficients of ``terms`` for red, green and blue.
    """
    squares, products = np.zeros((TERMS, TERMS)), np.zeros((TERMS, 3))
    for which in in_pieces(patches.train):
        x = terms(patches.inputs[which] / 255.0).reshape(-1, TERMS)  # (pixels, 10)
        squares += x.T @ x
        products += x.T @ (patches.references[which].reshape(-1, 3) / 255.0)
    return np.asarray(np.linalg.lstsq(squares, products, rcond=None)[0], dtype=np.float64)


def apply(polynomial: Floats, photos: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """What the polynomial makes of photos.

    Args:
        polynomial: As ``fit`` gives it.
        photos: Shape (..., 3), uint8, RGB.

    Returns:
        Same shape, float32 on the scale 0 to 1, not clipped.

    Example:
        >>> identity = np.zeros((10, 3))
        >>> identity[1:4] = np.eye(3)
        >>> apply(identity, np.array([[0, 51, 255]], np.uint8)).tolist()
        [[0.0, 0.20000000298023224, 1.0]]
    """
    return np.asarray(terms(photos / 255.0) @ polynomial, dtype=np.float32)


def terms(rgb: Floats) -> Floats:
    """1, r, g, b, r², g², b², rg, rb, gb; shape (..., 3) → (..., 10).

    Example:
        >>> terms(np.array([2.0, 3.0, 5.0])).tolist()
        [1.0, 2.0, 3.0, 5.0, 4.0, 9.0, 25.0, 6.0, 10.0, 15.0]
    """
    r, g, b = np.moveaxis(rgb, -1, 0)
    return np.stack([np.ones_like(r), r, g, b, r * r, g * g, b * b, r * g, r * b, g * b], axis=-1)


def in_pieces(which: Indices) -> list[Indices]:
    """Indices, a hundred at a time."""
    return [which[start : start + AT_ONCE] for start in range(0, len(which), AT_ONCE)]
