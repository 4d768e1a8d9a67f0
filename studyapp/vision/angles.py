"""Visual angle: how large a pixel is, from a bank card held against the screen, and what it spans where somebody sits.

A CSS pixel has no size that a page could ask for: it is a share of a screen that no browser knows the width of. A card
of the format ID-1 (ISO/IEC 7810) does have one, and most people have one at hand. Angles are of something seen straight
on, at a distance from the eye that somebody told or measured.
"""

from math import atan, degrees, log10, radians, tan

CARD_MM = {"long": 85.60, "short": 53.98}
"""The sides of an ID-1 card: bank cards, many identity cards and driving licences."""
MM_PER_CM = 10
ARCMIN_PER_DEGREE = 60


def px_per_mm_of(card_px: float, side: str) -> float:
    """CSS pixels to the millimetre, from a card drawn as wide as a real one.

    Args:
        card_px: How wide the drawn card is, CSS pixels.
        side: The side of the card that lies across, a key of `CARD_MM`.

    >>> round(px_per_mm_of(323.5, side="long") * 25.4)  # a screen of 96 CSS pixels an inch
    96
    """
    return card_px / CARD_MM[side]


def mm_of(arcmin: float, distance_cm: float) -> float:
    """How wide something is that spans an angle.

    >>> round(mm_of(1, distance_cm=60), 4)
    0.1745
    """
    return 2 * distance_cm * MM_PER_CM * tan(radians(arcmin / ARCMIN_PER_DEGREE) / 2)


def px_of(arcmin: float, px_per_mm: float, distance_cm: float) -> float:
    """The same in pixels, of whichever kind ``px_per_mm`` counts.

    >>> round(px_of(5, px_per_mm=96 / 25.4, distance_cm=60), 2)
    3.3
    """
    return mm_of(arcmin, distance_cm) * px_per_mm


def arcmin_of(px: float, px_per_mm: float, distance_cm: float) -> float:
    """The angle that so many pixels span, minutes of arc.

    >>> round(arcmin_of(2, px_per_mm=96 / 25.4, distance_cm=60), 2)
    3.03
    """
    return degrees(2 * atan(px / px_per_mm / (2 * distance_cm * MM_PER_CM))) * ARCMIN_PER_DEGREE


def logmar_of(arcmin: float) -> float:
    """The logarithm of the minimum angle of resolution: 0 for a gap of 1 minute of arc, 0.3 for one of 2.

    >>> round(logmar_of(1), 2), round(logmar_of(2), 2), round(logmar_of(10), 2)
    (0.0, 0.3, 1.0)
    """
    return log10(arcmin)
