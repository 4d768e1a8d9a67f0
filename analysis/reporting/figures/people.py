"""Who looked, on what, and how evenly things were shown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.reporting.figures.matrix import count_matrix
from analysis.reporting.figures.sheet import (
    BLUE,
    FAINT,
    GRID,
    HEIGHT_MOST_IN,
    INK,
    ORANGE,
    PALE,
    SIZE,
    SMALL,
    mark,
    quiet,
    sheet,
    shortened,
    words_only,
)

KINDS_OTHER = "other"
SCREENS_SHOWN = 12


@dataclass(frozen=True)
class SideCounts:
    """How often one condition stood on each side of the screen, in trials that count."""

    condition: str
    left: int
    right: int


@dataclass(frozen=True)
class ObserverPoint:
    """One observer; what can't be said is None.

    Attributes:
        agreement: Share of their decided votes that go with the majority of the others, or another agreement, 0 to 1.
        left_share: Left answers among left and right ones, 0 to 1.
        median_s: Median response time, seconds.
        flags: Words of the rules that flag them, short.
    """

    agreement: float | None
    left_share: float | None
    median_s: float | None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Device:
    """What one sitting was looked at on; None where the browser didn't say.

    Attributes:
        kind: In words, as "phone-sized"; "" where unknown.
        width_px: With ``height_px``, the viewport in CSS pixels.
        pixel_ratio: Device pixels per CSS pixel.
    """

    kind: str
    width_px: int | None
    height_px: int | None
    pixel_ratio: float | None


def exposure_balance(
    sides: Sequence[SideCounts], pairs: Mapping[tuple[str, str], int], *, simulated: bool = False
) -> Figure:
    """How often each condition stood left and right, and how often each pair was answered.

    Args:
        sides: One per condition.
        pairs: Answered trials by pair, each pair once, in either order.
        simulated: Whether to stamp it.
    """
    if not sides:
        return words_only("No trial counts yet.", simulated=simulated)
    figure = sheet(min(max(2.4, 0.34 * len(sides) + 1.5), HEIGHT_MOST_IN), simulated=simulated)
    by_side, by_pair = figure.subplots(1, 2)
    _sides(quiet(by_side), sides)
    names = [row.condition for row in sides]
    place = {name: k for k, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)))
    for (one, other), number in pairs.items():
        counts[place[one], place[other]] = counts[place[other], place[one]] = number
    count_matrix(quiet(by_pair, spines=()), names, counts)
    by_pair.set_title("answered trials per pair", fontsize=SIZE, loc="left")
    return figure


def _sides(axes: Axes, sides: Sequence[SideCounts]) -> None:
    places = np.arange(len(sides))
    left = axes.barh(places - 0.19, [row.left for row in sides], 0.36, color=BLUE, label="left")
    right = axes.barh(
        places + 0.19, [row.right for row in sides], 0.36, color=ORANGE, hatch="////", edgecolor="white", label="right"
    )
    axes.set_yticks(places, [shortened(row.condition, 18) for row in sides])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_xlabel("answered trials")
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.legend(
        handles=[left, right], loc="lower left", bbox_to_anchor=(-0.02, 0.98), ncols=2, frameon=False, fontsize=SIZE,
        borderaxespad=0.0,
    )  # fmt: skip


def observer_panels(
    observers: Sequence[ObserverPoint], rules: Sequence[str], *, agreement: str = "agreement", simulated: bool = False
) -> Figure:
    """How observers answered: agreement, share of left answers, response times, and how many each rule flags.

    Args:
        observers: One each.
        rules: All rules, in order, by the words that ``flags`` hold: a rule that flags nobody is shown as 0.
        agreement: What ``ObserverPoint.agreement`` is, as the axis says it.
        simulated: Whether to stamp it.
    """
    if not observers:
        return words_only("Nobody has answered yet.", simulated=simulated)
    figure = sheet(4.2, simulated=simulated)
    (top_left, top_right), (low_left, low_right) = figure.subplots(2, 2)
    _histogram(top_left, observers, "agreement", agreement, (0.0, 1.0))
    _histogram(top_right, observers, "left_share", "share of left answers", (0.0, 1.0))
    top_right.axvline(0.5, color=INK, linewidth=0.8, linestyle=(0, (3, 3)))
    _histogram(low_left, observers, "median_s", "median response time, s", None)
    _flagged(quiet(low_right), observers, rules)
    return figure


def _histogram(
    axes: Axes, observers: Sequence[ObserverPoint], name: str, said: str, limits: tuple[float, float] | None
) -> None:
    quiet(axes, spines=("left", "bottom"))
    axes.set_xlabel(said)
    axes.set_ylabel("observers")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    flagged, others = ([getattr(one, name) for one in observers if bool(one.flags) is told] for told in (True, False))
    groups = [[value for value in group if value is not None] for group in (others, flagged)]
    if not any(groups):
        axes.text(
            0.5, 0.5, "nothing to say this by", transform=axes.transAxes, ha="center", fontsize=SMALL, color=FAINT
        )
        axes.set_xticks([])
        axes.set_yticks([])
        return
    low, high = limits or (0.0, 1.02 * max(value for group in groups for value in group))
    _, _, drawn = axes.hist(
        groups, bins=list(np.linspace(low, high or 1.0, 21)), stacked=True, color=[BLUE, ORANGE], edgecolor="white",
        linewidth=0.5, label=["not flagged", "flagged"],
    )  # fmt: skip
    for bar in drawn[1]:  # type: ignore[index, union-attr]  # a container of bars for each group
        bar.set_hatch("////")
    if groups[1] and name == "left_share":
        axes.legend(frameon=False, fontsize=SMALL)


def _flagged(axes: Axes, observers: Sequence[ObserverPoint], rules: Sequence[str]) -> None:
    tally = Counter(flag for one in observers for flag in one.flags)
    places = range(len(rules))
    axes.barh(places, [tally[rule] for rule in rules], 0.6, color=ORANGE, hatch="////", edgecolor="white")
    for place, rule in zip(places, rules, strict=True):
        axes.text(tally[rule], place, f" {tally[rule]}", va="center", fontsize=SMALL, color=INK)
    axes.set_yticks(places, [shortened(rule, 22) for rule in rules])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_xlim(0, max([*tally.values(), 1]) * 1.15)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("observers flagged")


def device_panels(devices: Sequence[Device], *, simulated: bool = False) -> Figure:
    """Kinds of devices, their pixel ratios, and the sizes of their viewports."""
    if not devices:
        return words_only("No sitting has told its device.", simulated=simulated)
    kinds = sorted({one.kind or KINDS_OTHER for one in devices})
    figure = sheet(2.6, simulated=simulated)
    by_kind, by_ratio, by_size = figure.subplots(1, 3, width_ratios=[1, 1, 1.5])
    _tally(quiet(by_kind), Counter(one.kind or KINDS_OTHER for one in devices), "device", kinds)
    ratios = Counter(one.pixel_ratio for one in devices if one.pixel_ratio is not None)
    _tally(quiet(by_ratio), {f"{ratio:g}": ratios[ratio] for ratio in sorted(ratios)}, "pixel ratio")
    _screens(quiet(by_size, spines=("left", "bottom")), devices, kinds)
    return figure


def _tally(axes: Axes, tally: Mapping[str, int], said: str, marked: Sequence[str] = ()) -> None:
    names = sorted(tally, key=lambda name: -tally[name])[:SCREENS_SHOWN] if marked else list(tally)[:SCREENS_SHOWN]
    for place, name in enumerate(names):
        shown = mark(marked.index(name)) if marked else None
        axes.bar(
            place, tally[name], 0.66, color=shown.colour if shown else PALE, hatch=shown.hatch if shown else "",
            edgecolor="white" if shown else FAINT,
        )  # fmt: skip
        axes.text(place, tally[name], str(tally[name]), ha="center", va="bottom", fontsize=SMALL)
    axes.set_xticks(range(len(names)), [name.replace("-", "-\n") for name in names], fontsize=SMALL)
    axes.set_yticks([])
    axes.margins(y=0.14)
    axes.set_xlabel(said)
    axes.set_ylabel("sittings")


def _screens(axes: Axes, devices: Sequence[Device], kinds: Sequence[str]) -> None:
    for place, kind in enumerate(kinds):
        sizes = [
            (one.width_px, one.height_px)
            for one in devices
            if (one.kind or KINDS_OTHER) == kind and one.width_px is not None and one.height_px is not None
        ]
        shown = mark(place)
        axes.plot(
            [width for width, _ in sizes], [height for _, height in sizes], shown.shape, color=shown.colour,
            markersize=4.5, alpha=0.75, label=kind, markeredgecolor="white", markeredgewidth=0.4,
        )  # fmt: skip
    axes.set_xlabel("viewport width, CSS px")
    axes.set_ylabel("height, CSS px")
    axes.margins(0.1)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.grid(color=GRID, linewidth=0.6)
    axes.legend(
        frameon=False, fontsize=SMALL, loc="lower left", bbox_to_anchor=(-0.02, 0.98), ncols=2, columnspacing=1.0
    )
