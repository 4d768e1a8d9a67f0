"""Votes as stacked bars: pair by pair, and pair by pair within each camera (as DPED's figure of its user study)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.reporting.figures.sheet import (
    BLUE,
    HEIGHT_MOST_IN,
    INK,
    INK_SOFT,
    LETTER_IN,
    ORANGE,
    PALE,
    ROW_IN,
    SIZE,
    SMALL,
    WIDTH_IN,
    broken,
    crowded,
    lines_of,
    places_of,
    quiet,
    right_labels,
    rows_sheet,
    sheet,
    shortened,
    widest,
    words_only,
)

ONE, TIE, OTHER = BLUE, PALE, ORANGE
HATCHED = "////"
PAIRS_SHOWN = 24
"""A taller figure fits no page; the table has them all."""
CAMERA_PAIRS_SHOWN = 15
DIGIT_IN, COUNT_AND_SHARE_IN = 0.08, 0.66  # room that a label needs to be read inside a bar
FOOT_IN = 0.8  # room below them for the axis and the legend
HEADING_ROWS = 0.8  # room above the bars for the headings
HEADINGS = ("first", "second")  # not "left" and "right": those are the sides of an observer's screen


@dataclass(frozen=True)
class PairVotes:
    """The votes of one pair.

    Attributes:
        one: The condition at the left end of the bar.
        other: The one at the right end.
        for_one: Votes for it; ``ties`` and ``for_other`` likewise.
    """

    one: str
    other: str
    for_one: int
    ties: int
    for_other: int

    @property
    def votes(self) -> int:
        """All three together."""
        return self.for_one + self.ties + self.for_other

    @property
    def shares(self) -> tuple[float, float, float]:
        """For one, ties, for the other; they sum to 1 where there are votes."""
        total = max(self.votes, 1)
        return self.for_one / total, self.ties / total, self.for_other / total


def preference_bars(pairs: Sequence[PairVotes], *, simulated: bool = False) -> Figure:
    """One stacked bar per pair: share for the first of the row, ties, share for the second, with vote counts."""
    shown = pairs[:PAIRS_SHOWN]
    if not shown:
        return words_only("No vote counts yet.", simulated=simulated)
    lines = [max(lines_of(pair.one), lines_of(pair.other)) for pair in shown]
    is_tight = crowded(lines, HEIGHT_MOST_IN - FOOT_IN - HEADING_ROWS * ROW_IN)
    places, rows = places_of([1] * len(shown) if is_tight else lines)
    figure, axes = rows_sheet(min((rows + HEADING_ROWS) * ROW_IN + FOOT_IN, HEIGHT_MOST_IN), simulated=simulated)
    axes.set_ylim(rows + 0.1, -HEADING_ROWS)
    said = shortened if is_tight else broken
    firsts, seconds = ([heading, *map(said, side)] for heading, side in zip(HEADINGS, _names(shown), strict=True))
    bar_in = WIDTH_IN - LETTER_IN * (widest(firsts) + widest(seconds)) - 0.3
    for place, pair in zip(places, shown, strict=True):
        _bar(axes, place, pair, bar_in)
    headed = [-HEADING_ROWS / 2.0, *places]
    right_labels(axes, headed, seconds, SIZE).get_yticklabels()[0].set_color(INK_SOFT)
    axes.set_yticks(headed, firsts)
    axes.get_yticklabels()[0].set_color(INK_SOFT)
    _half(axes, rows)
    axes.set_xlabel("share of votes; numbers in the bars count votes")
    _legend(figure, axes, any(pair.ties for pair in shown))
    return figure


def camera_bars(cameras: Mapping[str, Sequence[PairVotes]], *, simulated: bool = False) -> Figure:
    """The distribution of votes over the outcomes of each pair, one panel a camera, the same pairs in the same order.

    Args:
        cameras: By camera; each holds the same pairs in the same order, one without votes as zeros.
        simulated: Whether to stamp it.
    """
    pairs = next(iter(cameras.values()), ())[:CAMERA_PAIRS_SHOWN]
    if not pairs:
        return words_only("No vote counts yet.", simulated=simulated)
    figure = sheet(min(len(cameras) * (len(pairs) * 0.27 + 0.45) + 0.7, HEIGHT_MOST_IN), simulated=simulated)
    panels = figure.subplots(len(cameras), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (camera, told) in zip(panels, cameras.items(), strict=True):
        _camera_panel(axes, camera, told[:CAMERA_PAIRS_SHOWN])
    panels[-1].set_xlabel("share of votes; numbers in the bars count votes")
    _legend(figure, panels[-1], any(pair.ties for told in cameras.values() for pair in told))
    return figure


def _camera_panel(axes: Axes, camera: str, pairs: Sequence[PairVotes]) -> None:
    quiet(axes).tick_params(axis="y", length=0)
    axes.set_ylim(len(pairs) + 0.05, -0.05)
    width = NAMES_OF_PANELS
    firsts, seconds = ([shortened(name, width) for name in names] for names in _names(pairs))
    bar_in = WIDTH_IN - LETTER_IN * (widest(firsts) + widest(seconds)) - 0.3
    places = [k + 0.5 for k in range(len(pairs))]
    for place, pair in zip(places, pairs, strict=True):
        _bar(axes, place, pair, bar_in, height=0.74)
    axes.set_yticks(places, firsts)
    right_labels(axes, places, seconds, SIZE)
    _half(axes, len(pairs))
    votes = sum(pair.votes for pair in pairs)
    axes.set_title(f"{shortened(camera, 40)} ({votes:,} vote{'' if votes == 1 else 's'})", fontsize=SIZE, loc="left")


NAMES_OF_PANELS = 20


def _half(axes: Axes, rows: float) -> None:
    axes.plot([0.5, 0.5], [0.0, rows + 0.1], color=INK, linewidth=0.8, linestyle=(0, (3, 3)), zorder=3)
    axes.set_xlim(0.0, 1.0)
    axes.set_xticks([0.0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])


def _bar(axes: Axes, place: float, pair: PairVotes, bar_in: float, height: float = 0.68) -> None:
    left = 0.0
    counts = (pair.for_one, pair.ties, pair.for_other)
    for share, count, colour in zip(pair.shares, counts, (ONE, TIE, OTHER), strict=True):
        hatch = HATCHED if colour == OTHER else ""
        axes.barh(place, share, left=left, height=height, color=colour, edgecolor="white", linewidth=0.6, hatch=hatch)
        if share * bar_in >= DIGIT_IN * (1 + len(str(count))):
            said = f"{count}  ({share:.0%})".replace("%", " %") if share * bar_in >= COUNT_AND_SHARE_IN else str(count)
            label = axes.text(left + share / 2.0, place, said, ha="center", va="center", fontsize=SMALL, zorder=4)
            label.set_color("white" if colour == ONE else INK)
            # Hides hatching and the line at one half where they would strike a number through.
            label.set_bbox({"facecolor": colour, "edgecolor": "none", "pad": 1.0})
        left += share


def _names(pairs: Sequence[PairVotes]) -> tuple[list[str], list[str]]:
    return [pair.one for pair in pairs], [pair.other for pair in pairs]


def _legend(figure: Figure, axes: Axes, ties: bool) -> None:
    first, second = HEADINGS
    swatches = [(ONE, f"for the {first} of the row"), (TIE, "tie"), (OTHER, f"for the {second} of the row")]
    shown = [item for item in swatches if ties or item[0] != TIE]
    hatches = {OTHER: HATCHED}
    handles = [
        axes.barh([0], [0], color=colour, label=said, hatch=hatches.get(colour, ""), edgecolor="white")
        for colour, said in shown
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(shown), frameon=False, fontsize=SIZE)
