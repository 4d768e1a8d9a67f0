"""Structural similarity (single scale)."""

import numpy as np

from analysis.metrics.pictures import MetricError, Pictures, picture_pair
from analysis.metrics.windows import gaussian_window, similarity

WINDOW_PX = 11
WINDOW_SD_PX = 1.5


def ssim(test: Pictures, reference: Pictures) -> float:
    """Mean SSIM: 11×11 Gaussian window of sd 1.5 px, population covariance, per RGB channel, data range 1.

    The window is kept wholly inside the picture, so a border of 5 px has no value of its own.

    Args:
        test: Shape (H, W, 3), both sides at least 11 px; uint8, or float from 0 to 1 (what lies outside is clipped).
        reference: The same shape.
    Returns:
        From -1 to 1; 1 for equal pictures.
    Raises:
        MetricError: Another shape, type or scale, or a picture smaller than the window.
    Source:
        Wang, Bovik, Sheikh and Simoncelli 2004, eq. 13, doi:10.1109/TIP.2003.819861.
    Example:
        >>> import numpy as np
        >>> ramp = np.linspace(0, 1, 16 * 16 * 3).reshape(16, 16, 3)
        >>> round(ssim(ramp, ramp), 12)
        1.0
    """
    first, second = picture_pair(test, reference)
    if min(first.shape[:2]) < WINDOW_PX:
        raise MetricError(f"the picture is {first.shape[1]}×{first.shape[0]} px; SSIM needs {WINDOW_PX} px both ways")
    window = gaussian_window(WINDOW_PX, WINDOW_SD_PX)
    return similarity(first[np.newaxis], second[np.newaxis], window)[0]
