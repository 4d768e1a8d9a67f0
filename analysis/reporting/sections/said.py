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


def fitted(scale: Told) -> str:
    """Model and intervals of a scale, in words."""
    if scale["model"] is None:
        return "no scores, as said above"
    model = f"{scale['model']['name']} model, maximum likelihood"
    intervals = scale["intervals"]
    if intervals is None:
        return f"{model}; no intervals"
    level = f"{intervals['level']:.0%}".replace("%", "\N{NO-BREAK SPACE}%")
    wider = scale.get("intervals_contents")
    said = f"{model}; {level} intervals {_drawn(intervals)}"
    return said if wider is None else f"{said}, and {_drawn(wider)}"


def _drawn(intervals: Told) -> str:
    """For which photos, and how."""
    drawn = f", {intervals['replicates']:,} replicates" if intervals["replicates"] else ""
    number = f", {counted(intervals['contents'], 'content')}" if intervals.get("contents") else ""
    return f"{intervals['question'].split(':')[0]} ({intervals['method']}{drawn or number})"


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
