"""How much stronger the noise of a picture is than that of the photo that it was made from."""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from analysis.metrics.pictures import Floats, MetricError, Pictures, picture_pair, unit

ROLES = ("picture", "photo")
BLOCK_PX = 16
CELL_PX = 4  # what is flat is judged by means of cells, which hold little of the noise
FLAT_SD = 4.0 / 255.0
LEAST_BLOCKS = 10
IMMERKAER = math.sqrt(math.pi / 2.0) / 6.0  # the mask's squares add up to 36


class NothingFlatError(MetricError):
    """A photo without a place where noise could be told from structure, or without noise."""


def noise_amplification(picture: Pictures, photo: Pictures) -> float:
    """Noise of a picture over the noise of the photo that it was made from, in flat places, as decibels.

    The *photo* says where it is flat, so that every picture made of it is judged in the same places: squares of
    16 px in which the means of 4×4 px, channel by channel, have an sd of at most 4/255, and nothing is clipped.
    Those means hold little of what is measured, so the choice favours neither weak nor strong noise. The noise of a
    square is Immerkær's estimate over the three channels; the noise of a picture is the median of its squares.

    Args:
        picture: Shape (H, W, 3), uint8, or float from 0 to 1 (what lies outside is clipped).
        photo: The same shape.
    Returns:
        20 log10 of the ratio of both standard deviations: exactly 0 for the photo itself, 6 where noise is twice as
        strong, minus infinity where none is left. Noise under 0.3 steps of 8 bits drowns in rounding.
    Raises:
        NothingFlatError: Fewer than ten flat squares, or no noise in them to amplify.
        MetricError: Another shape, type or scale.
    Source:
        Ignatov et al. 2017 (ICCV), under "Limitations", names the flaw; the estimate is Immerkær 1996,
        doi:10.1006/cviu.1996.0060.
    Example:
        >>> import numpy as np
        >>> noise = np.random.default_rng(0).normal(0.0, 0.01, (128, 128, 3))
        >>> round(noise_amplification(0.5 + 2.0 * noise, 0.5 + noise), 6)
        6.0206
    """
    after, before = _noise_in_flat_places(*picture_pair(picture, photo, roles=ROLES))
    if len(before) < LEAST_BLOCKS:
        raise NothingFlatError(f"flat squares of {BLOCK_PX} px in the photo: {len(before)}; {LEAST_BLOCKS} are needed")
    noise, reference = float(np.median(after)), float(np.median(before))
    if reference == 0.0:
        raise NothingFlatError("the photo has no noise in its flat places")
    return 20.0 * math.log10(noise / reference) if noise > 0.0 else -math.inf


def _noise_in_flat_places(picture: Pictures, photo: Pictures) -> tuple[Floats, Floats]:
    """Noise, block by block, of the picture and of the photo, where the photo is flat."""
    found = [
        (_noise(made[flat]), _noise(shot[flat]))
        for made, shot in zip(_bands_of_blocks(picture), _bands_of_blocks(photo), strict=True)
        if (flat := _is_flat(shot)).any()
    ]
    if not found:
        return np.empty(0), np.empty(0)
    after, before = zip(*found, strict=True)
    return np.concatenate(after), np.concatenate(before)


def _bands_of_blocks(picture: Pictures) -> Iterator[Floats]:
    """Whole blocks, a band of them at a time: shape (blocks, 16, 16, 3), 0 to 1."""
    width_px = picture.shape[1] // BLOCK_PX * BLOCK_PX
    for top in range(0, picture.shape[0] - BLOCK_PX + 1, BLOCK_PX):
        band = picture[top : top + BLOCK_PX, :width_px]
        yield unit(band).reshape(BLOCK_PX, -1, BLOCK_PX, 3).swapaxes(0, 1)


def _is_flat(blocks: Floats) -> npt.NDArray[np.bool_]:
    cells = blocks.reshape(-1, BLOCK_PX // CELL_PX, CELL_PX, BLOCK_PX // CELL_PX, CELL_PX, 3).mean(axis=(2, 4))
    uneven = cells.std(axis=(1, 2)).max(axis=-1)
    inside = (blocks.min(axis=(1, 2, 3)) > 0.0) & (blocks.max(axis=(1, 2, 3)) < 1.0)
    return np.asarray((uneven <= FLAT_SD) & inside)


def _noise(blocks: Floats) -> Floats:
    """Immerkær's estimate: the mask [1 −2 1; −2 4 −2; 1 −2 1], which slopes and straight edges leave at 0."""
    down = blocks[:, :-2] - 2.0 * blocks[:, 1:-1] + blocks[:, 2:]
    both = down[:, :, :-2] - 2.0 * down[:, :, 1:-1] + down[:, :, 2:]
    return np.asarray(IMMERKAER * np.abs(both).mean(axis=(1, 2, 3)))
