"""Structural similarity (single scale), and the window statistics that MS-SSIM shares with it."""

import numpy as np
from scipy.ndimage import correlate1d

from analysis.metrics.pictures import Floats, MetricError, Pictures, picture_pair

WINDOW_PX = 11
WINDOW_SD_PX = 1.5
C1 = 0.01**2  # (K1 · data range)², data range 1
C2 = 0.03**2
BAND_ROWS = 64  # a 12-megapixel plane at once is three times slower: it leaves the cache


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
        >>> ssim(ramp, ramp)
        1.0
    """
    first, second = picture_pair(test, reference)
    if min(first.shape[:2]) < WINDOW_PX:
        raise MetricError(f"the picture is {first.shape[1]}×{first.shape[0]} px; SSIM needs {WINDOW_PX} px both ways")
    window = gaussian_window(WINDOW_PX, WINDOW_SD_PX)
    return float(np.mean([similarity(first[..., c], second[..., c], window)[0] for c in range(3)]))


def gaussian_window(size_px: int, sd_px: float) -> Floats:
    """One axis of a separable Gaussian window, shape (size_px,), unit sum; even sizes sit between pixels.

    Example:
        >>> gaussian_window(2, 1.5).tolist()
        [0.5, 0.5]
    """
    at = np.arange(size_px) - (size_px - 1) / 2.0
    weights = np.exp(-np.square(at) / (2.0 * sd_px**2))
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def similarity(test: Floats, reference: Floats, window: Floats) -> tuple[float, float]:
    """Mean SSIM and mean contrast-structure term of one plane.

    Args:
        test: Shape (H, W), 0 to 1.
        reference: The same shape.
        window: One axis of the separable window.
    Returns:
        (l·c·s averaged, c·s averaged) over the places where the window lies inside.
    """
    reach, places = len(window) - 1, test.shape[0] - len(window) + 1
    bands = [slice(top, min(top + BAND_ROWS, places) + reach) for top in range(0, places, BAND_ROWS)]
    whole, structure = np.sum([_band_sums(test[band], reference[band], window) for band in bands], axis=0)
    count = places * (test.shape[1] - reach)
    return float(whole / count), float(structure / count)


def _band_sums(test: Floats, reference: Floats, window: Floats) -> tuple[float, float]:
    mean_a, mean_b = _windowed(test, window), _windowed(reference, window)
    product, squares = mean_a * mean_b, np.square(mean_a) + np.square(mean_b)
    # Only the sum of the two variances enters the formula, so one filtering gives both.
    variances = _windowed(np.square(test) + np.square(reference), window) - squares
    covariance = _windowed(test * reference, window) - product
    structure = (2.0 * covariance + C2) / (variances + C2)
    luminance = (2.0 * product + C1) / (squares + C1)
    return float(np.sum(luminance * structure)), float(np.sum(structure))


def _windowed(plane: Floats, window: Floats) -> Floats:
    """Window averages where the window lies wholly inside the plane."""
    before, after = len(window) // 2, (len(window) - 1) // 2
    rows = slice(before, plane.shape[0] - after)
    columns = slice(before, plane.shape[1] - after)
    across = correlate1d(plane, window, axis=1, mode="nearest")[:, columns]
    return np.asarray(correlate1d(across, window, axis=0, mode="nearest")[rows], dtype=np.float64)
