"""Where the marks of a small chart lie: numbers for a page's inline SVG, which takes its colours from the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

WIDTH, HEIGHT = 440, 230
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 12, 40


@dataclass(frozen=True)
class Tick:
    """A mark on an axis, and what stands beside it."""

    at: float
    said: str


@dataclass(frozen=True)
class Curves:
    """One or more lines over the same axis.

    Attributes:
        lines: Each one's name, the points of an SVG polyline, and its dots.
    """

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[tuple[str, str, tuple[tuple[float, float], ...]], ...]


def curves(lines: Mapping[str, Sequence[tuple[float, float]]]) -> Curves:
    """Lay out lines of (x, y), y from 0 up.

    Args:
        lines: By name; at least one point in all; x above 0.
    """
    points = [point for line in lines.values() for point in line]
    most_x = max(x for x, _ in points)
    y_ticks = ticks(max(y for _, y in points))
    across, up = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        return round(LEFT + across * x / most_x, 1), round(HEIGHT - BOTTOM - up * y / y_ticks[-1], 1)

    laid = {name: tuple(place(x, y) for x, y in line) for name, line in lines.items()}
    marked = sorted({x for x, _ in points})
    return Curves(
        WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM,
        tuple(Tick(place(x, 0)[0], f"{x:g}") for x in _apart(marked, most_x)),
        tuple(Tick(place(0, y)[1], f"{y:g}") for y in y_ticks),
        tuple((name, " ".join(f"{x},{y}" for x, y in line), line) for name, line in laid.items()),
    )  # fmt: skip


def _apart(marked: Sequence[float], most: float) -> list[float]:
    """Those whose labels don't touch; the last one always."""
    kept = [marked[-1]]
    for x in reversed(marked[:-1]):
        if kept[-1] - x >= most * 0.09:
            kept.append(x)
    return kept[::-1]


def ticks(most: float, wanted: int = 4) -> list[float]:
    """Round numbers from 0 to at least ``most``.

    >>> ticks(1.87), ticks(0.03)
    ([0.0, 0.5, 1.0, 1.5, 2.0], [0.0, 0.01, 0.02, 0.03])
    """
    if most <= 0:
        return [0.0, 1.0]
    rough = most / wanted
    size = 10 ** floor(log10(rough))
    step = next(size * times for times in (1, 2, 2.5, 5, 10) if size * times >= rough * 0.999)
    return [round(step * number, 10) for number in range(ceil(most / step - 1e-9) + 1)]


@dataclass(frozen=True)
class Bar:
    """A bar of a chart that is 100 high, from the left."""

    x: int
    y: float
    height: float
    said: str


def bars(numbers: Sequence[tuple[str, int]], most: int | None = None) -> list[Bar]:
    """A bar for each number, ten units wide in all, the highest 100 high; one that isn't 0 is seen."""
    highest = max(most or 0, *(number for _, number in numbers), 1)
    tall = [max(2.0, 100 * number / highest) if number else 0.0 for _, number in numbers]
    return [
        Bar(10 * place, round(100 - height, 2), round(height, 2), said)
        for place, ((said, _), height) in enumerate(zip(numbers, tall, strict=True))
    ]


SMALL = (320, 180)
LOG_FROM = 20.0
"""Where the largest of a course is so many times the smallest, equal distances are equal factors."""


def course(lines: Mapping[str, Sequence[tuple[float, float]]]) -> Curves:
    """Lay out a small chart of lines of (x, y) over x from 0: y as it is, or its logarithm where it spans a lot.

    Args:
        lines: By name; at least one point in all; x from 0.
    """
    points = [point for line in lines.values() for point in line]
    lowest, highest = min(y for _, y in points), max(y for _, y in points)
    is_log = is_wide(lowest, highest)
    marks = powers(lowest, highest) if is_log else steps(lowest, highest)
    most_x = max(x for x, _ in points) or 1.0
    width, height = SMALL
    across, up = width - LEFT - RIGHT, height - TOP - BOTTOM

    def share(y: float) -> float:
        return log10(y / marks[0]) / log10(marks[-1] / marks[0]) if is_log else (y - marks[0]) / (marks[-1] - marks[0])

    def place(x: float, y: float) -> tuple[float, float]:
        return round(LEFT + across * x / most_x, 1), round(height - BOTTOM - up * share(y), 1)

    laid = {name: tuple(place(x, y) for x, y in line) for name, line in lines.items()}
    return Curves(
        width, height, LEFT, width - RIGHT, TOP, height - BOTTOM,
        tuple(Tick(place(x, marks[0])[0], _short(x)) for x in ticks(most_x, 3) if x <= most_x),
        tuple(Tick(place(0, y)[1], _short(y)) for y in (_thinned(marks) if is_log else marks)),
        tuple((name, " ".join(f"{x},{y}" for x, y in line), line) for name, line in laid.items()),
    )  # fmt: skip


def is_wide(lowest: float, highest: float) -> bool:
    """Whether numbers from the one to the other are told apart only by factors."""
    return lowest > 0 and highest / lowest >= LOG_FROM


def steps(lowest: float, highest: float, wanted: int = 3) -> list[float]:
    """Round numbers in equal steps, from at most ``lowest`` to at least ``highest``.

    >>> steps(18.2, 21.7), steps(0.5, 0.5), steps(-1.0, 1.0)
    ([18.0, 20.0, 22.0], [0.475, 0.5, 0.525], [-1.0, 0.0, 1.0])
    """
    if lowest == highest:
        apart = abs(lowest) * 0.05 or 1.0
        return [lowest - apart, lowest, lowest + apart]
    step = ticks(highest - lowest, wanted)[1]
    first, last = floor(lowest / step + 1e-9), ceil(highest / step - 1e-9)
    return [round(float(step * number), 10) for number in range(first, last + 1)]


def powers(lowest: float, highest: float) -> list[float]:
    """Ones, twos and fives of each power of ten, from at most ``lowest`` to at least ``highest``, which are positive.

    >>> powers(0.03, 0.9)
    [0.02, 0.05, 0.1, 0.2, 0.5, 1.0]
    """
    exponents = range(floor(log10(lowest)), ceil(log10(highest)) + 1)
    marks = [float(f"{digit}e{exponent}") for exponent in exponents for digit in (1, 2, 5)]
    below = max(mark for mark in marks if mark <= lowest * (1 + 1e-9))
    above = min(mark for mark in marks if mark >= highest * (1 - 1e-9))
    return [mark for mark in marks if below <= mark <= above]


def _thinned(marks: Sequence[float], most: int = 5) -> list[float]:
    """Powers of ten alone where there would be too many marks, and of these not more than fit."""
    tens = [mark for mark in marks if f"{mark:e}".startswith("1.0")]
    return list(marks) if len(marks) <= most else tens[:: ceil(len(tens) / most)]


def _short(number: float) -> str:
    """A number that fits beside an axis.

    >>> [_short(number) for number in (20000, 1500, 0.002, 1e-4, 0, 21.5)]
    ['20k', '1500', '0.002', '1e-4', '0', '21.5']
    """
    if 0 < abs(number) < 0.001:
        return f"{number:.0e}".replace("e-0", "e-")
    return f"{number / 1000:g}k" if abs(number) >= 10_000 else f"{number:g}"
