"""How far a picture's colours have gone from the photo that it was made from."""

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import gaussian_filter

from analysis.metrics.ciede2000 import ciede2000, lab_from_linear, linear_from_srgb
from analysis.metrics.pictures import Floats, Pictures, picture_pair

ROLES = ("picture", "photo")
BLUR_SHARE = 0.01  # sd of the blur, of the longer side
LEAST_BLUR_PX = 1.0
CELLS_PER_SD = 3  # light is averaged over cells this fine before the blur; finer ones change nothing that is told
LIGHT = linear_from_srgb(np.arange(256) / 255.0)


def colour_deviation(picture: Pictures, photo: Pictures) -> float:
    """Mean CIEDE2000 between a picture and the photo that it was made from, both blurred.

    The blur is a Gaussian of sd 1 % of the longer side, in linear light: it takes away noise, sharpness and
    texture, and leaves the colour that a place has as a whole. In linear light, because light is what adds up in an
    eye or a sensor: noise and fine contrast then leave the mean where it was.

    Args:
        picture: Shape (H, W, 3), uint8, or float from 0 to 1 (what lies outside is clipped).
        photo: The same shape.
    Returns:
        ΔE00, 0 and up; exactly 0 for the photo itself. It includes lightness, and doesn't tell a better colour from a
        worse one.
    Raises:
        MetricError: Another shape, type or scale.
    Source:
        Ignatov et al. 2017 (ICCV), under "Limitations", names the flaw; the difference is Sharma, Wu and Dalal 2005,
        doi:10.1002/col.20070.
    Example:
        >>> import numpy as np
        >>> photo = np.full((32, 32, 3), 128, dtype=np.uint8)
        >>> colour_deviation(photo, photo)
        0.0
        >>> round(colour_deviation(photo + np.uint8(10), photo), 2)
        3.66
    """
    return float(colour_deviation_map(picture, photo).mean())


def colour_deviation_map(picture: Pictures, photo: Pictures) -> Floats:
    """ΔE00 place by place, on a grid of cells of a third of the blur's sd; what ``colour_deviation`` averages.

    Raises:
        MetricError: Another shape, type or scale.
    """
    first, second = picture_pair(picture, photo, roles=ROLES)
    sd_px = max(LEAST_BLUR_PX, BLUR_SHARE * max(first.shape[:2]))
    return ciede2000(lab_from_linear(_blurred_light(first, sd_px)), lab_from_linear(_blurred_light(second, sd_px)))


def _blurred_light(picture: Pictures, sd_px: float) -> Floats:
    """Linear light, averaged over square cells and then by what lacks to a Gaussian of this sd."""
    cell_px = max(1, int(sd_px / CELLS_PER_SD))
    cells = np.stack(list(_cell_rows(picture, cell_px)))
    rest = np.sqrt(sd_px**2 - (cell_px**2 - 1) / 12.0) / cell_px  # a cell has itself blurred by (cell² − 1)/12
    return np.asarray(gaussian_filter(cells, (rest, rest, 0.0), mode="nearest"))


def _cell_rows(picture: Pictures, cell_px: int) -> Iterator[Floats]:
    """Means of cells, a row of them at a time; cells at the right and lower border hold what is left."""
    for top in range(0, picture.shape[0], cell_px):
        row = _light(picture[top : top + cell_px]).mean(axis=0)
        lefts = np.arange(0, len(row), cell_px)
        widths = np.diff(np.append(lefts, len(row)))
        yield np.add.reduceat(row, lefts, axis=0) / widths[:, np.newaxis]


def _light(strip: Pictures) -> Floats:
    if strip.dtype == np.uint8:
        return np.asarray(LIGHT[strip])
    return linear_from_srgb(strip)
