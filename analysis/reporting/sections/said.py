"""Words that several sections share."""

import re
from collections.abc import Sequence
from typing import Any

from analysis.reporting.document import Told
from analysis.wording import counted, sample_said


def natural(name: str) -> list[tuple[bool, int, str]]:
    """What names are sorted by so that numbers in them count as numbers.

    >>> sorted(["photo 10", "photo 9", "a"], key=natural)
    ['a', 'photo 9', 'photo 10']
    """
    parts = [part for part in re.split(r"(\d{1,18})", name) if part]
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def sample(told: Told) -> str:
    """n, in words."""
    counts = told["counts"]
    return sample_said(counts["votes"], counts["observers"], counts["contents"])


def fitted(scale: Told, *, both: bool = True) -> str:
    """Model and intervals of a scale, in words.

    Args:
        scale: Of a report.
        both: Whether intervals for photos like these are shown, too.
    """
    if scale["model"] is None:
        return "no scores, as said above"
    said = f"{scale['model']['name']} model, maximum likelihood; {for_these(scale)}"
    if scale["intervals"] is None:
        return said
    wider = scale.get("intervals_contents") if both else None
    said = f"{said} ({_drawn(scale['intervals'])})"
    return said if wider is None else f"{said}, and {_question(wider)} ({_drawn(wider)})"


def for_these(*scales: Told) -> str:
    """Level and question of the intervals for these photos: of the first scale that has any.

    Example:
        >>> for_these({"intervals": {"level": 0.95, "question": "for these photos: observers are the sample"}})
        '95\\xa0% intervals for these photos'
    """
    found = next((scale["intervals"] for scale in scales if scale["intervals"] is not None), None)
    if found is None:
        return "no intervals"
    level = f"{found['level']:.0%}".replace("%", "\N{NO-BREAK SPACE}%")
    return f"{level} intervals {_question(found)}"


def _question(intervals: Told) -> str:
    """For which photos."""
    return str(intervals["question"].split(":")[0])


def _drawn(intervals: Told) -> str:
    """How."""
    drawn = f", {intervals['replicates']:,} replicates" if intervals["replicates"] else ""
    number = f", {counted(intervals['contents'], 'content')}" if intervals.get("contents") else ""
    return f"{intervals['method']}{drawn or number}"


def limits(row: Told, suffix: str = "") -> tuple[float, float] | None:
    """An interval's limits where the row has them."""
    low, high = row.get(f"low{suffix}"), row.get(f"high{suffix}")
    return None if low is None or high is None else (low, high)


def known(rows: Sequence[Told], key: str) -> bool:
    """Whether any row has a value of this name."""
    return any(row.get(key) is not None for row in rows)


def simulated(told: Told) -> dict[str, Any]:
    """What every figure is told."""
    return {"simulated": told["simulated"]}
