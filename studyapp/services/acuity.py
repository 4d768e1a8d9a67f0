"""The rings of a sitting: which one comes next, and what they told. By visual angle where the screen was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studyapp.vision import acuity, rings

Told = Mapping[str, Any]
RATIO_TOLERANCE = 0.01
"""Of device pixels to the CSS pixel, as a share; a browser's least zoom is a tenth."""


@dataclass(frozen=True)
class Ring:
    """A ring that somebody is shown.

    Attributes:
        part: Which one of the sitting, from 1.
        drawn_px: Its gap in whole pixels: of the device where the screen was measured, else CSS pixels.
        gap_px: Its gap in CSS pixels.
        arcmin: The angle of its gap; None where the screen wasn't measured.
        place: Which size it is, from 1; where the screen wasn't measured, which ring.
        places: Of so many.
    """

    part: int
    drawn_px: int
    gap_px: float
    arcmin: float | None
    place: int
    places: int

    @property
    def side_px(self) -> float:
        """Width and height of its picture, CSS pixels."""
        return rings.ACROSS * self.gap_px


def ring_after(calibration: Told, answers: Sequence[Told]) -> Ring | None:
    """The ring that comes after those that were answered; None when the test is over.

    Args:
        calibration: What was told on the page that measures the screen; empty where none was.
        answers: What was told of each ring so far, in order.
    """
    sizes, part = _sizes(calibration), len(answers) + 1
    if not sizes:
        px = rings.GAPS_PX
        return Ring(part, px[part - 1], px[part - 1], None, part, len(px)) if part <= len(px) else None
    place = acuity.place_of(sizes, _right(answers))
    if place is None:
        return None
    size = sizes[place]
    return Ring(part, size.device_px, size.gap_px, size.arcmin, place + 1, len(sizes))


def kept_of(calibration: Told, answers: Sequence[Told], ring: Ring, told: Told, shown: str) -> dict[str, Any]:
    """What is kept of a ring, and with the last one what all of them tell.

    A page that was zoomed or moved to another screen since the measuring draws rings of an unknown size.
    """
    ratio = told.get("device_pixel_ratio")
    is_as_measured = (
        ring.arcmin is not None
        and ratio is not None
        and abs(ratio / calibration["device_pixel_ratio"] - 1) <= RATIO_TOLERANCE
    )
    kept = {"seen": told["seen"], "shown": shown, "gap_px": round(ring.gap_px, 3), "calibrated": is_as_measured}
    if ring.arcmin is not None and is_as_measured:
        kept["gap_arcmin"] = round(ring.arcmin, 3)
    answered = [*answers, kept]
    return kept if ring_after(calibration, answered) else {**kept, "result": result_of(calibration, answered)}


def result_of(calibration: Told, answers: Sequence[Told]) -> dict[str, Any]:
    """What the rings of a test that is over tell: the finest that was passed, and whether that is enough.

    What isn't known is left out: angles where a ring had another size than was measured, all where none was passed.
    """
    if sizes := _sizes(calibration):
        is_calibrated = all(one["calibrated"] for one in answers)
        result = {"calibrated": is_calibrated, **acuity.result_of(sizes, _right(answers))}
        unknown = () if is_calibrated else ("finest_arcmin", "logmar")
        return {name: told for name, told in result.items() if told is not None and name not in unknown}
    return _result_in_px(answers)


def _result_in_px(answers: Sequence[Told]) -> dict[str, Any]:
    seen, shown = [one["seen"] for one in answers], tuple(one["shown"] for one in answers)
    finest = rings.finest_px(seen, shown)
    limit = "test" if finest == min(rings.GAPS_PX) else "eye"
    known = {} if finest is None else {"finest_px": finest}
    return {"calibrated": False, **known, "limit": limit, "passed": rings.passed(seen, shown)}


def _right(answers: Sequence[Told]) -> list[bool]:
    return [one["seen"] == one["shown"] for one in answers]


def _sizes(calibration: Told) -> tuple[acuity.Size, ...]:
    """Empty where rings are in CSS pixels: nothing was measured, or the screen can draw none of the steps."""
    if not calibration.get("calibrated"):
        return ()
    names = ("px_per_mm", "distance_cm", "device_pixel_ratio")
    return acuity.sizes_of(acuity.Scale(**{name: calibration[name] for name in names}))
