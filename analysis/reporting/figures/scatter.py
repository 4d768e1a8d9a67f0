"""Metrics against people: one panel a metric."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.reporting.figures.sheet import (
    GRID,
    INK_SOFT,
    LETTER_IN,
    SIZE,
    SMALL,
    WIDTH_IN,
    mark,
    quiet,
    sheet,
    shortened,
    words_only,
)

ACROSS = 3
LEGEND_UP_TO = 16
MARK_IN = 0.45  # room for a name's mark in the legend


@dataclass(frozen=True)
class ScatterPoint:
    """One condition, or one stimulus of it.

    Attributes:
        condition: Gives colour and shape.
        metric: In the unit of its panel.
        score: What people say, natural log-odds; ``low`` and ``high`` its limits where there are some.
    """

    condition: str
    metric: float
    score: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class ScatterPanel:
    """One metric.

    Attributes:
        title: Its name with its unit, as the axis says it: "PSNR, dB".
        points: Only finite ones.
        said: What the panel says of the agreement, as "ρ = .81 [.60, .92]"; empty for nothing.
    """

    title: str
    points: tuple[ScatterPoint, ...]
    said: str = ""


def metric_scatter(panels: Sequence[ScatterPanel], *, simulated: bool = False) -> Figure:
    """Scores over each metric, with intervals; every condition in a colour and shape of its own in all panels."""
    drawn = [panel for panel in panels if panel.points]
    if not drawn:
        return words_only("No metric has a value beside a score.", simulated=simulated)
    names = list(dict.fromkeys(point.condition for panel in drawn for point in panel.points))
    across = min(ACROSS, len(drawn))
    down = ceil(len(drawn) / across)
    figure = sheet(down * 2.15 + 0.5 + 0.18 * ceil(len(names) / _columns(names)), simulated=simulated)
    grid = figure.subplots(down, across, sharey=True, squeeze=False)
    for axes, panel in zip(grid.flat, drawn, strict=False):
        _panel(axes, panel, names)
    for axes in list(grid.flat)[len(drawn) :]:
        axes.set_visible(False)
    figure.supylabel("score, natural log-odds", fontsize=SIZE)
    if len(names) <= LEGEND_UP_TO:
        _legend(figure, grid[0, 0], names)
    return figure


def _panel(axes: Axes, panel: ScatterPanel, names: Sequence[str]) -> None:
    quiet(axes, spines=("left", "bottom")).grid(color=GRID, linewidth=0.6)
    for point in panel.points:
        shown = mark(names.index(point.condition))
        if point.low is not None and point.high is not None:
            axes.plot(
                [point.metric, point.metric], [point.low, point.high], color=shown.colour, linewidth=1.0, zorder=2
            )
        axes.plot(
            [point.metric], [point.score], shown.shape, color=shown.colour, markersize=6, markeredgecolor=INK_SOFT,
            markeredgewidth=0.6, zorder=3,
        )  # fmt: skip
    axes.set_xlabel(panel.title)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.margins(x=0.12, y=0.1)
    if panel.said:
        axes.set_title(panel.said, fontsize=SMALL, color=INK_SOFT, loc="right")


def _columns(names: Sequence[str]) -> int:
    """How many names stand in a row of the legend: as many as there is room for, and no row of one alone."""
    most = min(6, int(WIDTH_IN / (LETTER_IN * max(len(shortened(name)) for name in names) + MARK_IN)))
    return ceil(len(names) / ceil(len(names) / most))


def _legend(figure: Figure, axes: Axes, names: Sequence[str]) -> None:
    handles = [
        axes.plot(
            [],
            [],
            mark(k).shape,
            color=mark(k).colour,
            markersize=6,
            label=shortened(name),
            linestyle="none",
            markeredgecolor=INK_SOFT,
            markeredgewidth=0.6,
        )[0]
        for k, name in enumerate(names)
    ]
    ncols = _columns(names)
    figure.legend(handles=handles, loc="outside lower center", ncols=ncols, frameon=False, fontsize=SMALL)
