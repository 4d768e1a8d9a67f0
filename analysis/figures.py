"""Figures of a report, for print and screen: preference bars and scores with their intervals.

Colours are Okabe and Ito's, told apart with any colour vision and in grey. Nothing global is touched but matplotlib's
salt for SVG ids while one file is written, so the same report gives the same bytes.
"""

import io
import textwrap
from collections.abc import Callable, Iterable, Sequence

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from analysis.preference import Preference
from analysis.report import SIMULATED_STAMP, Report
from analysis.scale import Scale, ranked

ONE, TIE, OTHER, INK, FAINT = "#0072B2", "#D9D9D9", "#E69F00", "#222222", "#8C8C8C"
INK_SOFT = "#565656"
WARNING = "#B22222"
WIDTH_IN = 7.2
ROW_IN = 0.34
LINE_IN = 0.12
LETTER_IN = 0.075
NAME_WIDTH = 26  # characters before a name is broken into lines
PAIRS_SHOWN = 120  # a taller figure is no figure; what is not drawn is said in it
DIGIT_IN, COUNT_AND_SHARE_IN = 0.08, 0.7  # room that a label needs to be read inside a bar
HEADING_ROWS = 0.8  # room above the bars for the headings
HEADINGS = ("first", "second")  # not "left" and "right": those are the sides of an observer's screen
PNG_DPI = 200


def preference_bars(report: Report) -> Figure:
    """One stacked bar per pair: share for the first of the row, ties, share for the second, with vote counts."""
    pairs = report.pairs[:PAIRS_SHOWN]
    if not pairs:
        return _words_only(report, "No vote counts yet.")
    places, rows = _places([max(_lines(pair.one), _lines(pair.other)) for pair in pairs])
    figure, axes = _sheet((rows + HEADING_ROWS) * ROW_IN + 1.5)
    axes.set_ylim(rows + 0.1, -HEADING_ROWS)
    firsts, seconds = ([heading, *names] for heading, names in zip(HEADINGS, _names(pairs), strict=True))
    bar_in = WIDTH_IN - LETTER_IN * (_widest(firsts) + _widest(seconds)) - 0.3
    for place, pair in zip(places, pairs, strict=True):
        _bar(axes, place, pair, bar_in)
    headed = [-HEADING_ROWS / 2.0, *places]
    _right_labels(axes, headed, [_broken(name) for name in seconds], size=9).get_yticklabels()[0].set_color(INK_SOFT)
    axes.set_yticks(headed, [_broken(name) for name in firsts])
    axes.get_yticklabels()[0].set_color(INK_SOFT)
    axes.plot([0.5, 0.5], [0.0, rows + 0.1], color=INK, linewidth=0.8, linestyle=(0, (3, 3)), zorder=3)
    axes.set_xlim(0.0, 1.0)
    axes.set_xticks([0.0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.set_xlabel("share of votes; numbers in the bars count votes")
    _legend(figure, axes, any(pair.ties for pair in pairs))
    left_out = len(report.pairs) - len(pairs)
    _title(figure, report, f"Preferences ({left_out} less clear pairs not drawn)" if left_out else "Preferences")
    return figure


def score_forest(report: Report, camera: str | None = None) -> Figure:
    """Scores, best first, with their intervals; pooled, or of one camera. Withheld scores give the reason instead."""
    scale = report.scale if camera is None else report.cameras[camera]
    fitted = scale.fitted
    if fitted is None:
        return _words_only(report, f"Scores are withheld. {scale.withheld}")
    order = ranked(fitted)
    places, rows = _places([_lines(fitted.names[k]) for k in order])
    figure, axes = _sheet(rows * ROW_IN + 1.2)
    axes.set_ylim(rows + 0.1, -0.1)
    axes.axvline(0.0, color=FAINT, linewidth=0.8, zorder=1)
    for place, k in zip(places, order, strict=True):
        if scale.intervals is not None:
            axes.plot([scale.intervals.low[k], scale.intervals.high[k]], [place, place], color=ONE, linewidth=2.2)
        axes.plot([fitted.scores[k]], [place], marker="o", markersize=6, color=ONE, markeredgecolor="white", zorder=3)
    axes.set_yticks(places, [_broken(fitted.names[k]) for k in order])
    axes.set_xlabel("score in natural log-odds, mean zero; higher is preferred")
    axes.grid(axis="x", color="#E6E6E6", linewidth=0.6)
    axes.set_axisbelow(True)
    _right_labels(axes, places, [_in_numbers(scale, k) for k in order], size=8.5)
    _title(figure, report, _forest_title(report, scale, camera))
    return figure


FIGURES: dict[str, Callable[[Report], Figure]] = {"preferences": preference_bars, "scores": score_forest}


def as_svg(figure: Figure) -> bytes:
    """SVG with text as outlines, the same bytes for the same figure."""
    written = io.BytesIO()
    with rc_context({"svg.hashsalt": "phoropter", "svg.fonttype": "path"}):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return written.getvalue()


def as_png(figure: Figure, dpi: int = PNG_DPI) -> bytes:
    """PNG at ``dpi`` pixels per inch."""
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=dpi, metadata={"Software": None})
    return written.getvalue()


def _sheet(height_in: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH_IN, height_in), layout=ConstrainedLayoutEngine(w_pad=0.09), facecolor="white")
    axes = figure.add_subplot()
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=9, labelcolor=INK)
    axes.tick_params(axis="x", labelsize=8.5, labelcolor=INK)
    axes.xaxis.label.set(fontsize=9, color=INK)
    return figure, axes


def _places(lines: Sequence[int]) -> tuple[list[float], float]:
    """Row centres from the top down, and where the last row ends, in rows; a name of several lines takes more room."""
    places, edge = [], 0.0
    for count in lines:
        room = 1.0 + (count - 1) * LINE_IN / ROW_IN
        places.append(edge + room / 2.0)
        edge += room
    return places, edge


def _bar(axes: Axes, place: float, pair: Preference, bar_in: float) -> None:
    left = 0.0
    counts = (pair.for_one, pair.ties, pair.for_other)
    for share, count, colour in zip(pair.shares, counts, (ONE, TIE, OTHER), strict=True):
        axes.barh(place, share, left=left, height=0.68, color=colour, edgecolor="white", linewidth=0.8)
        if share * bar_in >= DIGIT_IN * (1 + len(str(count))):
            said = f"{count}  ({share:.0%})".replace("%", " %") if share * bar_in >= COUNT_AND_SHARE_IN else str(count)
            label = axes.text(left + share / 2.0, place, said, ha="center", va="center", fontsize=8, zorder=4)
            label.set_color("white" if colour == ONE else INK)
            # Hides the line at one half where it would strike a number through.
            label.set_bbox({"facecolor": colour, "edgecolor": "none", "pad": 1.0})
        left += share


def _right_labels(axes: Axes, places: Sequence[float], said: Sequence[str], size: float) -> Axes:
    right = axes.twinx()
    right.spines[["top", "right", "left"]].set_visible(False)
    right.set_ylim(*axes.get_ylim())
    right.set_yticks(places, list(said))
    right.tick_params(axis="y", length=0, labelsize=size, labelcolor=INK)
    return right


def _names(pairs: Sequence[Preference]) -> tuple[list[str], list[str]]:
    return [pair.one for pair in pairs], [pair.other for pair in pairs]


def _in_numbers(scale: Scale, k: int) -> str:
    if scale.fitted is None:
        return ""
    score = f"{scale.fitted.scores[k]:+.2f}"
    if scale.intervals is None:
        return _minus(score)
    return _minus(f"{score}  [{scale.intervals.low[k]:+.2f}, {scale.intervals.high[k]:+.2f}]")


def _forest_title(report: Report, scale: Scale, camera: str | None) -> str:
    intervals = f" with {report.level:.0%} intervals".replace("%", " %") if scale.intervals is not None else ""
    return f"Scores{intervals}" if camera is None else f"Scores{intervals}: {camera}"


def _legend(figure: Figure, axes: Axes, ties: bool) -> None:
    first, second = HEADINGS
    swatches = [(ONE, f"for the {first} of the row"), (TIE, "tie"), (OTHER, f"for the {second} of the row")]
    shown = [item for item in swatches if ties or item[0] != TIE]
    handles = [axes.barh([0], [0], color=colour, label=said) for colour, said in shown]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(shown), frameon=False, fontsize=8.5)


def _title(figure: Figure, report: Report, said: str) -> None:
    counted = f"{_count(report.votes, 'vote')} by {_count(report.observers, 'observer')}"
    title = f"{said}\n{counted} on {_count(report.contents, 'content')}"
    figure.suptitle(title, x=0.012, ha="left", fontsize=10.5, color=INK)
    if report.simulated:
        _stamp(figure)


def _stamp(figure: Figure) -> None:
    box = {"boxstyle": "square,pad=0.35", "facecolor": "white", "edgecolor": WARNING, "linewidth": 1.2}
    top = 1.0 - 0.09 / figure.get_figheight()
    stamp = figure.text(
        0.985, top, SIMULATED_STAMP, ha="right", va="top", fontsize=9, weight="bold", color=WARNING, bbox=box
    )
    stamp.set_in_layout(False)


def _words_only(report: Report, said: str) -> Figure:
    text = textwrap.fill(said, 92)
    figure = Figure(figsize=(WIDTH_IN, 0.9 + 0.2 * (text.count("\n") + 1)), facecolor="white")
    figure.text(0.03, 0.45, text, ha="left", va="center", fontsize=10, color=INK)
    if report.simulated:
        _stamp(figure)
    return figure


def _broken(name: str) -> str:
    # A dollar sign would start a formula.
    return textwrap.fill(name, NAME_WIDTH).replace("$", r"\$")


def _lines(name: str) -> int:
    return _broken(name).count("\n") + 1


def _widest(names: Iterable[str]) -> int:
    return max(len(line) for name in names for line in _broken(name).split("\n"))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _minus(said: str) -> str:
    return said.replace("-", "−")
