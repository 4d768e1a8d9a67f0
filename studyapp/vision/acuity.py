"""Rings by visual angle, for a screen and a distance that are known: which are shown, and what they tell.

Sizes go down in steps of 0.1 logMAR, as in ISO 8596, and are whole device pixels, so that both edges of a gap are
sharp; what is told is the angle of the ring as it was drawn, never the step that it stands for. A step for which no
whole number of device pixels comes near enough is left out, and so is all that a screen can't draw: there the screen is
the limit, not the eye.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studyapp.vision.angles import arcmin_of, logmar_of, px_of

STEPS = tuple(tenths / 10 for tenths in range(10, -1, -1))
"""LogMAR of the gaps that there are, the largest first: 10 minutes of arc down to 1."""
USUAL = 0.5
"""LogMAR of the first ring where the screen can draw it and smaller ones; it must be seen to pass."""
FEWEST = 3
"""Sizes there are at least, if the screen can draw them: where it draws fewer of the usual, larger ones come before."""
NEAR = 0.05
"""How far a drawn gap may be from its step, logMAR: half a step."""
LEAST_DEVICE_PX = 2
"""Gaps of fewer device pixels aren't drawn: a ring of them would be too coarse to be called one."""
LARGEST_PX = 18
"""Gaps of more CSS pixels aren't drawn: the ring has to fit on a phone."""
NEEDED_RIGHT = 2
"""So many rings of a size seen, it is passed; so many missed, the test is over. At most one ring more decides."""


@dataclass(frozen=True)
class Scale:
    """What makes an angle of pixels.

    Attributes:
        px_per_mm: CSS pixels to the millimetre.
        distance_cm: From the eye to the screen.
        device_pixel_ratio: Device pixels to the CSS pixel.
    """

    px_per_mm: float
    distance_cm: float
    device_pixel_ratio: float


@dataclass(frozen=True)
class Size:
    """Rings of one size.

    Attributes:
        step: The logMAR that it stands for, one of `STEPS`.
        device_px: Its gap in device pixels.
        gap_px: The same in CSS pixels.
        arcmin: The angle of the gap as it is drawn.
    """

    step: float
    device_px: int
    gap_px: float
    arcmin: float


def sizes_of(scale: Scale) -> tuple[Size, ...]:
    """The sizes of a sitting's rings, the largest first; empty where the screen can draw none of them.

    >>> laptop = Scale(px_per_mm=96 / 25.4, distance_cm=60, device_pixel_ratio=1)
    >>> [(size.step, size.device_px, round(size.arcmin, 2)) for size in sizes_of(laptop)]
    [(0.8, 4, 6.06), (0.7, 3, 4.55), (0.5, 2, 3.03)]
    """
    drawn = [size for step in STEPS if (size := _size(step, scale)) is not None]
    usual = [size for size in drawn if size.step <= USUAL]
    return tuple(drawn[-max(FEWEST, len(usual)) :])


def _size(step: float, scale: Scale) -> Size | None:
    """A step in whole device pixels; None where they come nowhere near it, or are too few or too many."""
    device_px_per_mm = scale.px_per_mm * scale.device_pixel_ratio
    device_px = round(px_of(10**step, device_px_per_mm, scale.distance_cm))
    gap_px = device_px / scale.device_pixel_ratio
    if device_px < LEAST_DEVICE_PX or gap_px > LARGEST_PX:
        return None
    arcmin = arcmin_of(device_px, device_px_per_mm, scale.distance_cm)
    return Size(step, device_px, gap_px, arcmin) if abs(logmar_of(arcmin) - step) <= NEAR else None


def place_of(sizes: Sequence[Size], right: Sequence[bool]) -> int | None:
    """Which size the next ring has, from 0; None when the test is over.

    Args:
        sizes: All sizes of the sitting.
        right: Whether the way was told rightly, of all rings so far.

    >>> five = sizes_of(Scale(px_per_mm=6, distance_cm=35, device_pixel_ratio=3))
    >>> [place_of(five, right) for right in ([], [True, False], [True, False, True], [False, False])]
    [0, 0, 1, None]
    """
    passed, is_missed = _walk(right)
    return None if is_missed or passed == len(sizes) else passed


def _walk(right: Sequence[bool]) -> tuple[int, bool]:
    """How many sizes were passed, and whether the next was missed, which ends the test.

    >>> _walk([True, True, False, True, False]), _walk([True, False, True, True])
    ((1, True), (1, False))
    """
    passed, seen, missed = 0, 0, 0
    for is_right in right:
        seen, missed = seen + is_right, missed + (not is_right)
        if missed == NEEDED_RIGHT:
            return passed, True
        if seen == NEEDED_RIGHT:
            passed, seen, missed = passed + 1, 0, 0
    return passed, False


def result_of(sizes: Sequence[Size], right: Sequence[bool]) -> dict[str, Any]:
    """What a test that is over tells: the smallest size passed as it was drawn, and what was the limit.

    Returns:
        ``finest_px``, ``finest_arcmin`` and ``logmar``, None where not even the largest size was passed; ``limit``:
        ``eye`` where a size was missed, ``screen`` where all were passed and the screen draws no smaller one, ``test``
        where there is no smaller one; ``passed``: whether no size of `USUAL` or larger was missed.
    """
    count, is_missed = _walk(right)
    finest = sizes[count - 1] if count else None
    return {
        "finest_px": round(finest.gap_px, 3) if finest else None,
        "finest_arcmin": round(finest.arcmin, 3) if finest else None,
        "logmar": round(logmar_of(finest.arcmin), 3) if finest else None,
        "limit": "eye" if is_missed else "test" if sizes[-1].step == STEPS[-1] else "screen",
        "passed": not is_missed or sizes[count].step < USUAL,
    }
