"""What a reader hands on: samples as a file has them, and what they mean."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from enhancement.formats.refusals import RESAVE, PictureError

Photo: TypeAlias = npt.NDArray[np.uint8]
"""Shape (H, W, 3), sRGB, in the order red, green, blue, C-contiguous."""

Samples: TypeAlias = npt.NDArray[np.unsignedinteger[Any]]
"""As a file has them: uint8 or uint16 over its whole range, grey (H, W) or (H, W, channels)."""


@dataclass(frozen=True)
class Raster:
    """One picture of a file.

    Attributes:
        samples: As stored, not turned; CMYK as ink, 0 for none.
        profile: The ICC profile they are to be understood by; None for sRGB.
        orientation: EXIF's 1 to 8, still to be applied.
        cmyk: Whether the four channels are inks, not colours with alpha.
    """

    samples: Samples
    profile: bytes | None = None
    orientation: int = 1
    cmyk: bool = False


def without_alpha(samples: Samples, name: str) -> Samples:
    """Grey or RGB alone: an alpha channel that hides nothing is dropped."""
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    if channels in (1, 3):
        return samples
    if channels not in (2, 4):
        raise PictureError(name, f"it has {channels} channels", RESAVE)
    if samples[:, :, -1].min() < np.iinfo(samples.dtype).max:
        raise PictureError(name, "parts of it are transparent", "flatten it onto a background and save it again")
    return samples[:, :, 0] if channels == 2 else samples[:, :, :3]


def turned(samples: Samples, orientation: int) -> Samples:
    """The samples upright: EXIF 2.32, table 6, says where row 0 and column 0 of the file stand in the scene."""
    if orientation in (5, 6, 7, 8):
        samples = np.swapaxes(samples, 0, 1)
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    return samples


def full_range(samples: Samples, bits: int) -> Samples:
    """Samples of 9 to 15 bits, spread over 16, rounded: the largest value becomes 65535."""
    most = (1 << bits) - 1
    ladder = ((np.arange(1 << 16, dtype=np.uint64).clip(max=most) * 65535 + most // 2) // most).astype(np.uint16)
    spread = np.empty(samples.shape, np.uint16)
    for row, stored in zip(spread, samples, strict=True):
        np.take(ladder, stored, out=row)
    return spread
