"""All pairs at once, and all contents at once, as tables of shaded cells.

The shading is monotone in lightness, so that a copy in grey says the same; where cells are large enough they hold their
number as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from analysis.models.newton import Floats
from analysis.reporting.figures.sheet import (
    FAINT,
    HEIGHT_MOST_IN,
    INK,
    PALE,
    SIZE,
    SMALL,
    WIDTH_IN,
    quiet,
    sheet,
    shortened,
    words_only,
)

NUMBERED_UP_TO = 12
"""With more conditions the cells are too small for numbers; the tables have them."""
CONTENTS_SHOWN = 60
NAME_WIDTH = 18
STEEP_BELOW_IN = 0.3
"""Columns narrower than this have their names upright; slanted ones would touch."""


@dataclass(frozen=True)
class PairDifference:
    """One pair of the matrix.

    Attributes:
        one: The condition of the higher score.
        other: The other one.
        difference: Score of one minus that of the other, natural log-odds.
        p: Adjusted for all pairs; None where there is none.
    """

    one: str
    other: str
    difference: float
    p: float | None = None


def difference_matrix(names: Sequence[str], pairs: Sequence[PairDifference], *, simulated: bool = False) -> Figure:
    """Differences of scores above the diagonal, their adjusted p below it.

    Args:
        names: The conditions, best first.
        pairs: Every pair once, ``one`` before ``other`` in ``names``.
        simulated: Whether to stamp it.
    """
    if not pairs:
        return words_only("There are no differences.", simulated=simulated)
    n, place = len(names), {name: k for k, name in enumerate(names)}
    above, below = np.full((n, n), np.nan), np.full((n, n), np.nan)
    for pair in pairs:
        i, j = place[pair.one], place[pair.other]
        above[i, j] = pair.difference
        below[j, i] = np.nan if pair.p is None else pair.p
    figure = sheet(min(max(2.4, n * 0.42 + 1.4), 6.4), simulated=simulated)
    axes = quiet(figure.add_subplot(), spines=())
    image = axes.imshow(above, cmap=_pale("Blues"), vmin=0.0, vmax=float(np.nanmax(above)) or 1.0, aspect="auto")
    _ticks(axes, names, names)
    axes.set_xlabel("second")
    axes.set_ylabel("first")
    if n <= NUMBERED_UP_TO:
        _numbers(axes, image, above, "{:.2f}")
        _ps(axes, below)
    _key(figure, axes, image, "difference of scores, log-odds")
    return figure


def content_heat_map(
    contents: Sequence[str],
    conditions: Sequence[str],
    shares: Mapping[tuple[str, str], float],
    *,
    simulated: bool = False,
) -> Figure:
    """Share of votes that each condition won on each content; a cell without votes is hatched.

    Args:
        contents: From the top down; the first ``CONTENTS_SHOWN`` are drawn.
        conditions: From the left, best first.
        shares: By content and condition, 0 to 1; a tie is half a vote for each.
        simulated: Whether to stamp it.
    """
    shown = contents[:CONTENTS_SHOWN]
    if not shown or not conditions:
        return words_only("No vote counts yet.", simulated=simulated)
    table = np.array([[shares.get((content, name), np.nan) for name in conditions] for content in shown])
    figure = sheet(min(len(shown) * 0.2 + 1.6, HEIGHT_MOST_IN), simulated=simulated)
    axes = quiet(figure.add_subplot(), spines=())
    axes.patch.set(facecolor="white", hatch="////", edgecolor=PALE)
    image = axes.imshow(table, cmap="cividis", vmin=0.0, vmax=1.0, aspect="auto")
    _ticks(axes, shown, conditions, size=SMALL if len(shown) <= 40 else 6)
    if len(conditions) <= NUMBERED_UP_TO and len(shown) <= 40:
        _numbers(axes, image, table * 100.0, "{:.0f}")
    axes.set_ylabel("content")
    _key(figure, axes, image, "share of votes won", percent=True)
    return figure


def count_matrix(axes: Axes, names: Sequence[str], counts: Floats) -> AxesImage:
    """Counts of pairs, shape (n, n), symmetric, into the lower triangle of axes that the caller has."""
    lower = np.where(np.tri(len(names), k=-1, dtype=bool), counts, np.nan)
    image = axes.imshow(lower, cmap=_pale("Greys"), vmin=0.0, vmax=float(np.nanmax(lower, initial=1.0)), aspect="auto")
    _ticks(axes, names, names, across=0.27)
    if len(names) <= NUMBERED_UP_TO:
        _numbers(axes, image, lower, "{:.0f}")
    return image


def _pale(name: str) -> Colormap:
    """A map of one hue without its darkest third, on which black would not be read."""
    return ListedColormap(colormaps[name](np.linspace(0.03, 0.72, 256)), name=f"pale {name}")


def _ticks(
    axes: Axes, rows: Sequence[str], columns: Sequence[str], size: float = SIZE, *, across: float = 0.62
) -> None:
    """Names at both sides; those of columns turned where ``across``, their share of the figure, is too narrow."""
    axes.set_yticks(range(len(rows)), [shortened(name, NAME_WIDTH) for name in rows], fontsize=size)
    axes.set_xticks(range(len(columns)), [shortened(name, NAME_WIDTH) for name in columns], fontsize=size)
    room = WIDTH_IN * across / max(len(columns), 1)
    if max(len(shortened(name, NAME_WIDTH)) for name in columns) * 0.07 > room:
        steep = room < STEEP_BELOW_IN
        axes.tick_params(axis="x", rotation=90 if steep else 40)
        for label in axes.get_xticklabels():
            label.set(ha="right", va="center" if steep else "top", rotation_mode="anchor")
    axes.tick_params(length=0)


def _numbers(axes: Axes, image: AxesImage, table: Floats, form: str) -> None:
    shaded = np.asarray(image.get_array(), dtype=np.float64)
    for (i, j), value in np.ndenumerate(table):
        if np.isfinite(value):
            red, green, blue, _ = image.cmap(image.norm(shaded[i, j]))
            is_dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.45
            ink = "white" if is_dark else INK
            axes.text(j, i, form.format(value), ha="center", va="center", fontsize=SMALL, color=ink)


def _ps(axes: Axes, below: Floats) -> None:
    for (i, j), value in np.ndenumerate(below):
        if np.isfinite(value):
            weight = "bold" if value <= 0.05 else "normal"
            axes.text(
                j, i, p_in_words(float(value)), ha="center", va="center", fontsize=SMALL, color=INK, weight=weight
            )


def p_in_words(p: float) -> str:
    """A p-value with as many digits as it deserves.

    >>> p_in_words(0.0371), p_in_words(0.00004), p_in_words(0.4)
    ('.037', '< .001', '.40')
    """
    if p < 0.001:
        return "< .001"
    return (f"{p:.3f}" if p < 0.1 else f"{p:.2f}").replace("0.", ".", 1)


def _key(figure: Figure, axes: Axes, image: AxesImage, said: str, *, percent: bool = False) -> None:
    key = figure.colorbar(image, ax=axes, shrink=0.9, aspect=26, pad=0.02)
    key.outline.set_edgecolor(FAINT)
    key.ax.tick_params(labelsize=SMALL, color=FAINT)
    key.set_label(said, fontsize=SIZE, color=INK)
    if percent:
        key.set_ticks([0.0, 0.25, 0.5, 0.75, 1.0], labels=["0 %", "25 %", "50 %", "75 %", "100 %"])
