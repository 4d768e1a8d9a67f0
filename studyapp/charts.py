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
