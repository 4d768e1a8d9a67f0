"""Settings of classical methods: defaults, ranges, and a word about any that isn't known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Range:
    """A number's default and its bounds, both allowed."""

    default: float
    low: float
    high: float


def numbers(method: str, settings: Mapping[str, Any], ranges: Mapping[str, Range]) -> dict[str, float]:
    """Every setting of a method, the given ones checked and the others at their defaults.

    Args:
        method: What to call it in an error.
        settings: As a researcher gave them.
        ranges: What there is to set.

    Raises:
        ValueError: A setting that isn't known, isn't a number, or is out of its range; names all of them.
    """
    problems = [_problem(name, value, ranges) for name, value in settings.items()]
    if any(problems):
        raise ValueError(f"settings of {method}: " + "; ".join(filter(None, problems)))
    return {name: float(settings.get(name, known.default)) for name, known in ranges.items()}


def _problem(name: str, value: Any, ranges: Mapping[str, Range]) -> str | None:
    if name not in ranges:
        return f"{name} is not one of {', '.join(ranges)}"
    known = ranges[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{name} is a number from {known.low:g} to {known.high:g}, not {value!r}"
    if not known.low <= value <= known.high:
        return f"{name} is from {known.low:g} to {known.high:g}, not {value:g}"
    return None
