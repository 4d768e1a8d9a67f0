"""Scores with their intervals, best first."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.reporting.figures.sheet import (
    BLUE,
    FAINT,
    GRID,
    HEIGHT_MOST_IN,
    INK,
    ROW_IN,
    SIZE,
    minus,
    named_rows,
    right_labels,
    rows_sheet,
    words_only,
)

FOOT_IN = 0.9  # room below the rows for axis and legend
THESE, LIKE_THESE = "for these photos", "for photos like these"


@dataclass(frozen=True)
class ForestRow:
    """One condition.

    Attributes:
        score: Natural log-odds, mean zero.
        low: With ``high``, the limits for these photos; None where there are none.
        low_contents: With ``high_contents``, the limits for photos like these; None where there are none.
    """

    name: str
    score: float
    low: float | None = None
    high: float | None = None
    low_contents: float | None = None
    high_contents: float | None = None


def score_forest(rows: Sequence[ForestRow], *, simulated: bool = False) -> Figure:
    """Scores with their intervals: thick for these photos, thin for photos like these; in the order given."""
    if not rows:
        return words_only("There are no scores.", simulated=simulated)
    names, places, ends = named_rows([row.name for row in rows], HEIGHT_MOST_IN - FOOT_IN)
    figure, axes = rows_sheet(min(ends * ROW_IN + FOOT_IN, HEIGHT_MOST_IN), simulated=simulated)
    axes.set_ylim(ends + 0.1, -0.1)
    axes.axvline(0.0, color=FAINT, linewidth=0.8, zorder=1)
    for place, row in zip(places, rows, strict=True):
        _limits(axes, place, row)
        axes.plot([row.score], [place], marker="o", markersize=5.5, color=INK, markeredgecolor="white", zorder=4)
    axes.set_yticks(places, names)
    axes.set_xlabel("score in natural log-odds, mean zero; higher is preferred")
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    right_labels(axes, places, [_in_numbers(row) for row in rows])
    _legend(figure, axes, rows)
    return figure


def _limits(axes: Axes, place: float, row: ForestRow) -> None:
    if row.low_contents is not None and row.high_contents is not None:
        axes.plot([row.low_contents, row.high_contents], [place, place], color=INK, linewidth=0.9, zorder=2)
        axes.plot([row.low_contents, row.high_contents], [place, place], "|", color=INK, markersize=6, zorder=2)
    if row.low is not None and row.high is not None:
        axes.plot([row.low, row.high], [place, place], color=BLUE, linewidth=3.4, solid_capstyle="butt", zorder=3)


def _in_numbers(row: ForestRow) -> str:
    score = minus(f"{row.score:+.2f}")
    said = [
        minus(f"[{low:+.2f}, {high:+.2f}]")
        for low, high in ((row.low, row.high), (row.low_contents, row.high_contents))
        if low is not None and high is not None
    ]
    return "  ".join([score, *said])


def _legend(figure: Figure, axes: Axes, rows: Sequence[ForestRow]) -> None:
    """Only where there are both intervals to be told apart."""
    if not any(row.low_contents is not None for row in rows) or not any(row.low is not None for row in rows):
        return
    handles = [
        *axes.plot([], [], color=BLUE, linewidth=3.4, label=THESE),
        *axes.plot([], [], color=INK, linewidth=0.9, marker="|", markersize=6, label=LIKE_THESE),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=SIZE)
