"""Many small scales beside each other: one a content, and one a camp of observers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.reporting.figures.sheet import (
    BLUE,
    FAINT,
    GRID,
    HEIGHT_MOST_IN,
    INK,
    INK_SOFT,
    ROW_IN,
    SIZE,
    SMALL,
    mark,
    named_rows,
    quiet,
    rows_sheet,
    sheet,
    shortened,
    words_only,
)

ACROSS = 4
MOST_DOWN = 7
PANEL_ROW_IN, PANEL_HEAD_IN, FOOT_IN = 0.18, 0.42, 0.75
NAME_WIDTH, TITLE_WIDTH = 18, 16
AXIS = "score in natural log-odds, mean zero in each; higher is preferred"


@dataclass(frozen=True)
class SmallScale:
    """The scale of one content.

    Attributes:
        title: Its name.
        scores: By condition: score, natural log-odds, and half the length of its bar; conditions that were not
            compared there are absent.
    """

    title: str
    scores: Mapping[str, tuple[float, float]]


def scales_shown(conditions: int) -> int:
    """How many small scales one page holds.

    >>> scales_shown(5), scales_shown(40)
    (20, 4)
    """
    return ACROSS * max(1, min(MOST_DOWN, int((HEIGHT_MOST_IN - FOOT_IN) / _height(conditions))))


def _height(conditions: int) -> float:
    return conditions * PANEL_ROW_IN + PANEL_HEAD_IN


def content_scales(scales: Sequence[SmallScale], pooled: Mapping[str, float], *, simulated: bool = False) -> Figure:
    """One small scale a content, with the pooled scores as ticks in each.

    Args:
        scales: In the order wanted; those beyond ``scales_shown`` are not drawn.
        pooled: The score of each condition over all contents, in the order of rows; its ticks are drawn where known.
        simulated: Whether to stamp it.
    """
    names = list(pooled)
    shown = scales[: scales_shown(len(names))]
    if not shown or not names:
        return words_only("No content has scores of its own.", simulated=simulated)
    across = min(ACROSS, len(shown))
    down = ceil(len(shown) / across)
    figure = sheet(min(down * _height(len(names)) + FOOT_IN, HEIGHT_MOST_IN), simulated=simulated)
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for axes, scale in zip(grid.flat, shown, strict=False):
        _panel(axes, scale, pooled)
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_visible(False)
    _below_the_last([list(row) for row in grid], len(shown), across)
    _legend(figure, grid[0, 0], has_pooled=all(isfinite(score) for score in pooled.values()))
    return figure


def _panel(axes: Axes, scale: SmallScale, pooled: Mapping[str, float]) -> None:
    quiet(axes).tick_params(axis="y", length=0)
    axes.axvline(0.0, color=FAINT, linewidth=0.7, zorder=1)
    axes.grid(axis="x", color=GRID, linewidth=0.5)
    for place, (name, overall) in enumerate(pooled.items()):
        axes.plot([overall], [place], "|", color=INK_SOFT, markersize=8, markeredgewidth=1.0, zorder=2)
        if name in scale.scores:
            score, half = scale.scores[name]
            axes.plot([score - half, score + half], [place, place], color=BLUE, linewidth=1.6, zorder=3)
            axes.plot([score], [place], "o", color=INK, markersize=3.6, markeredgecolor="white", zorder=4)
    axes.set_ylim(len(pooled) - 0.4, -0.6)
    axes.set_yticks(range(len(pooled)), [shortened(name, NAME_WIDTH) for name in pooled], fontsize=SMALL)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.tick_params(axis="x", labelsize=SMALL)
    axes.set_title(shortened(scale.title, TITLE_WIDTH), fontsize=SMALL, loc="left", color=INK, pad=3)


def _below_the_last(grid: Sequence[Sequence[Axes]], shown: int, across: int) -> None:
    """Numbers stand below the last panel of each column, also where the last row isn't full."""
    full, left_over = divmod(shown, across)
    if left_over and full:
        for column in range(left_over, across):
            grid[full - 1][column].tick_params(axis="x", labelbottom=True)


def _legend(figure: Figure, axes: Axes, *, has_pooled: bool) -> None:
    handles = [
        *axes.plot([], [], color=BLUE, linewidth=1.6, marker="o", markersize=3.6, markerfacecolor=INK,
                   markeredgecolor="white", label="this photo"),
    ]  # fmt: skip
    if has_pooled:
        handles += axes.plot([], [], "|", color=INK_SOFT, markersize=8, label="all photos")
    figure.legend(
        handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=SMALL, title=AXIS,
        title_fontproperties={"size": SIZE},
    )  # fmt: skip


def camp_scores(
    conditions: Sequence[str], camps: Sequence[Mapping[str, float]], names: Sequence[str], *, simulated: bool = False
) -> Figure:
    """The scores of each camp of observers, condition by condition.

    Args:
        conditions: From the top down.
        camps: By camp the score of each condition, natural log-odds.
        names: What each camp is called in the legend.
        simulated: Whether to stamp it.
    """
    if not conditions or not camps:
        return words_only("There are no camps.", simulated=simulated)
    named, places, ends = named_rows(conditions, HEIGHT_MOST_IN - 0.9)
    figure, axes = rows_sheet(min(ends * ROW_IN + 0.9, HEIGHT_MOST_IN), simulated=simulated)
    axes.set_ylim(ends + 0.1, -0.1)
    axes.axvline(0.0, color=FAINT, linewidth=0.8, zorder=1)
    for place, name in zip(places, conditions, strict=True):
        found = [camp[name] for camp in camps if name in camp]
        axes.plot([min(found), max(found)], [place, place], color=FAINT, linewidth=1.0, zorder=2)
    handles = []
    for k, (said, camp) in enumerate(zip(names, camps, strict=True)):
        scores = [camp[name] for name in conditions]
        handles += axes.plot(
            scores, places, mark(k).shape, color=mark(k).colour, markersize=6, markeredgecolor=INK_SOFT,
            markeredgewidth=0.6, zorder=3, label=said,
        )  # fmt: skip
    axes.set_yticks(places, named)
    axes.set_xlabel("score in natural log-odds, mean zero in each camp; higher is preferred")
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=SIZE)
    return figure
