"""Colour differences as people see them: sRGB to CIELAB, and CIEDE2000 between two colours."""

import numpy as np

from analysis.metrics.pictures import Floats

# Linear sRGB to XYZ (IEC 61966-2-1). White is what (1, 1, 1) gives, so that a grey is exactly a* = b* = 0.
XYZ_FROM_RGB = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = XYZ_FROM_RGB.sum(axis=1)
LAB_KNEE = 6.0 / 29.0  # below its cube CIELAB goes on in a straight line
FAR_CHROMA = 25.0**7


def linear_from_srgb(encoded: Floats) -> Floats:
    """Light in proportion to what a screen emits, 0 to 1, from encoded sRGB values, 0 to 1 (IEC 61966-2-1).

    Example:
        >>> linear_from_srgb(np.array([0.0, 0.5, 1.0])).round(4).tolist()
        [0.0, 0.214, 1.0]
    """
    bright = np.power((np.maximum(encoded, 0.04045) + 0.055) / 1.055, 2.4)
    return np.asarray(np.where(encoded <= 0.04045, encoded / 12.92, bright))


def lab_from_linear(linear: Floats) -> Floats:
    """CIELAB (D65, 2°), shape (..., 3), from linear sRGB of the same shape.

    Source:
        CIE 15:2018, section 8.2.1.
    Example:
        >>> [round(float(value), 2) for value in lab_from_linear(np.array([1.0, 1.0, 1.0]))]
        [100.0, 0.0, 0.0]
    """
    ratio = (linear @ XYZ_FROM_RGB.T) / WHITE
    x, y, z = np.moveaxis(np.where(ratio > LAB_KNEE**3, np.cbrt(ratio), ratio / (3 * LAB_KNEE**2) + 4 / 29), -1, 0)
    return np.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)


def ciede2000(one: Floats, other: Floats) -> Floats:
    """CIEDE2000 between CIELAB colours; around 1 is just seen when two patches touch. kL = kC = kH = 1.

    Args:
        one: Shape (..., 3).
        other: The same shape.
    Returns:
        Shape (...), ΔE00, 0 and up.
    Source:
        Sharma, Wu and Dalal 2005, doi:10.1002/col.20070.
    Example:
        >>> round(float(ciede2000(np.array([50.0, 2.6772, -79.7751]), np.array([50.0, 0.0, -82.7485]))), 4)
        2.0425
    """
    (light_1, chroma_1, hue_1), (light_2, chroma_2, hue_2) = _stretched(one, other)
    chroma, light = (chroma_1 + chroma_2) / 2.0, (light_1 + light_2) / 2.0
    coloured = chroma_1 * chroma_2 > 0.0  # a grey has no hue
    turn = np.where(coloured, (hue_2 - hue_1 + 180.0) % 360.0 - 180.0, 0.0)
    d_hue = 2.0 * np.sqrt(chroma_1 * chroma_2) * np.sin(np.radians(turn) / 2.0)
    hue = np.where(coloured, _mean_hue(hue_1, hue_2), hue_1 + hue_2)
    away = np.square(light - 50.0)
    by_light = (light_2 - light_1) / (1.0 + 0.015 * away / np.sqrt(20.0 + away))
    by_chroma = (chroma_2 - chroma_1) / (1.0 + 0.045 * chroma)
    by_hue = d_hue / (1.0 + 0.015 * chroma * _hue_weight(hue))
    rotated = _rotation(chroma, hue) * by_chroma * by_hue
    return np.asarray(np.sqrt(np.square(by_light) + np.square(by_chroma) + np.square(by_hue) + rotated))


def _stretched(one: Floats, other: Floats) -> list[tuple[Floats, Floats, Floats]]:
    """Lightness, chroma and hue in degrees, a* stretched where both are nearly grey (eq. 2 to 7)."""
    mean = (np.hypot(one[..., 1], one[..., 2]) + np.hypot(other[..., 1], other[..., 2])) / 2.0
    stretch = 1.5 - 0.5 * _far(mean)
    return [
        (lab[..., 0], np.hypot(a, lab[..., 2]), np.degrees(np.arctan2(lab[..., 2], a)) % 360.0)
        for lab, a in ((one, one[..., 1] * stretch), (other, other[..., 1] * stretch))
    ]


def _far(chroma: Floats) -> Floats:
    """From 0 for greys to 1 for strong colours."""
    seventh = chroma**7
    return np.asarray(np.sqrt(seventh / (seventh + FAR_CHROMA)))


def _mean_hue(hue_1: Floats, hue_2: Floats) -> Floats:
    """The middle of the shorter way round (eq. 14)."""
    total = hue_1 + hue_2
    round_zero = np.where(total < 360.0, total + 360.0, total - 360.0)
    return np.asarray(np.where(np.abs(hue_1 - hue_2) <= 180.0, total, round_zero) / 2.0)


def _hue_weight(hue: Floats) -> Floats:
    """T (eq. 15)."""
    once, twice, thrice, fourfold = (np.radians(times * hue - at) for times, at in ((1, 30), (2, 0), (3, -6), (4, 63)))
    waves = 0.24 * np.cos(twice) + 0.32 * np.cos(thrice) - 0.20 * np.cos(fourfold)
    return np.asarray(1.0 - 0.17 * np.cos(once) + waves)


def _rotation(chroma: Floats, hue: Floats) -> Floats:
    """R_T, which turns the ellipses of blue (eq. 16, 17 and 21)."""
    theta = 30.0 * np.exp(-np.square((hue - 275.0) / 25.0))
    return np.asarray(-2.0 * _far(chroma) * np.sin(np.radians(2.0 * theta)))
