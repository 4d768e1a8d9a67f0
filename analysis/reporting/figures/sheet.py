"""The paper that figures are drawn on: colours, measures, names that don't overlap, and the files they become.

Colours are Okabe and Ito's (jfly.uni-koeln.de/color), told apart with any colour vision; each comes with a shape and a
hatching, so that a copy in grey says the same. A figure is as wide as the text of the printed report, has its units on
its axes, and no title: the caption below says what it shows. Nothing global is touched but matplotlib's salt for SVG
ids while one file is written, so the same numbers give the same bytes.
"""

import io
import textwrap
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

from analysis.reporting.fonts import USUAL, families, legible
from analysis.reporting.stamp import SIMULATED_STAMP

BLUE, SKY, GREEN, ORANGE = "#0072B2", "#56B4E9", "#009E73", "#E69F00"
VERMILION, PURPLE, YELLOW, BLACK = "#D55E00", "#CC79A7", "#F0E442", "#000000"
INK, INK_SOFT, FAINT, GRID, PALE = "#222222", "#565656", "#8C8C8C", "#E6E6E6", "#D9D9D9"
WARNING = "#B22222"
WIDTH_IN = 6.5  # the text of an A4 page with margins of 22 mm
HEIGHT_MOST_IN = 8.6  # what such a page holds beside a caption
ROW_IN, LINE_IN, LETTER_IN = 0.32, 0.12, 0.068
NAME_WIDTH = 24  # characters before a name is broken into lines
SIZE, SMALL = 8.5, 7.5
PNG_DPI = 300


@dataclass(frozen=True)
class Mark:
    """How one thing of several is told from the others: by colour, shape, and hatching where an area is filled."""

    colour: str
    shape: str
    hatch: str


MARKS = (
    Mark(BLUE, "o", ""),
    Mark(ORANGE, "s", "////"),
    Mark(GREEN, "^", "...."),
    Mark(VERMILION, "D", "xxxx"),
    Mark(SKY, "v", "----"),
    Mark(PURPLE, "P", "||||"),
    Mark(BLACK, "X", "\\\\\\\\"),
    Mark(YELLOW, "*", "++++"),
)


def mark(place: int) -> Mark:
    """The mark of the n-th thing; after eight, shapes go on with other colours, so that 56 are told apart."""
    shape = MARKS[(place + place // len(MARKS)) % len(MARKS)]
    return Mark(MARKS[place % len(MARKS)].colour, shape.shape, shape.hatch)


def sheet(height_in: float, *, simulated: bool = False) -> Figure:
    """An empty figure as wide as a page's text, stamped where votes are simulated."""
    # The layout leaves room for the stamp, so that it covers nothing.
    figure = Figure(figsize=(WIDTH_IN, height_in), layout=ConstrainedLayoutEngine(w_pad=0.08), facecolor="white")
    if simulated:
        box = {"boxstyle": "square,pad=0.3", "facecolor": "white", "edgecolor": WARNING, "linewidth": 1.0}
        figure.suptitle(SIMULATED_STAMP, x=0.985, ha="right", fontsize=SIZE, weight="bold", color=WARNING, bbox=box)
    return figure


def quiet(axes: Axes, *, spines: Iterable[str] = ("bottom",)) -> Axes:
    """Axes in the report's style: thin, with the named spines alone."""
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(side in spines)
        axes.spines[side].set_color(INK_SOFT)
    axes.tick_params(labelsize=SIZE, labelcolor=INK, color=INK_SOFT)
    axes.xaxis.label.set(fontsize=SIZE, color=INK)
    axes.yaxis.label.set(fontsize=SIZE, color=INK)
    axes.set_axisbelow(True)
    return axes


def rows_sheet(height_in: float, *, simulated: bool = False) -> tuple[Figure, Axes]:
    """A figure of rows with names to their left."""
    figure = sheet(height_in, simulated=simulated)
    axes = quiet(figure.add_subplot())
    axes.tick_params(axis="y", length=0)
    return figure, axes


def places_of(lines: Sequence[int]) -> tuple[list[float], float]:
    """Row centres from the top down, and where the last row ends, in rows; a name of several lines takes more room."""
    places, edge = [], 0.0
    for count in lines:
        room = 1.0 + (count - 1) * LINE_IN / ROW_IN
        places.append(edge + room / 2.0)
        edge += room
    return places, edge


def right_labels(axes: Axes, places: Sequence[float], said: Sequence[str], size: float = SMALL) -> Axes:
    """Words at the right end of rows."""
    right = quiet(axes.twinx(), spines=())
    right.set_ylim(*axes.get_ylim())
    right.set_yticks(list(places), list(said))
    right.tick_params(axis="y", length=0, labelsize=size, labelcolor=INK)
    return right


def words_only(said: str, *, simulated: bool = False) -> Figure:
    """A figure that says why there is none."""
    text = textwrap.fill(said, 92)
    figure = sheet(0.9 + 0.2 * (text.count("\n") + 1), simulated=simulated)
    figure.text(0.03, 0.45, plain(text), ha="left", va="center", fontsize=SIZE, color=INK)
    return figure


def plain(text: str) -> str:
    """Text as it is: a dollar sign would start a formula; of letters that no font has, their numbers."""
    return legible(text).replace("$", r"\$")


def broken(name: str, width: int = NAME_WIDTH) -> str:
    """A name in lines of at most ``width`` characters.

    >>> broken("a name that goes on", 10)
    'a name\\nthat goes\\non'
    """
    return plain(textwrap.fill(legible(name), width))


def crowded(lines: Sequence[int], rows_in: float) -> bool:
    """Whether rows of so many lines take more than ``rows_in`` inches.

    >>> crowded([1, 1, 3], 1.0), crowded([1, 1, 3], 2.0)
    (True, False)
    """
    return places_of(lines)[1] * ROW_IN > rows_in


def named_rows(names: Sequence[str], rows_in: float) -> tuple[list[str], list[float], float]:
    """Names in lines, and their rows as ``places_of`` has them.

    Where they would take more than ``rows_in`` inches, each name is shortened to one line.
    """
    lines = [lines_of(name) for name in names]
    if crowded(lines, rows_in):
        return [shortened(name) for name in names], *places_of([1] * len(names))
    return [broken(name) for name in names], *places_of(lines)


def lines_of(name: str, width: int = NAME_WIDTH) -> int:
    """How many lines a broken name takes."""
    return broken(name, width).count("\n") + 1


def widest(names: Iterable[str], width: int = NAME_WIDTH) -> int:
    """Characters of the longest line among broken names."""
    return max(len(line) for name in names for line in broken(name, width).split("\n"))


def shortened(name: str, width: int = NAME_WIDTH) -> str:
    """A name of at most ``width`` characters, where there is no room to break it: long ones differ in their ends.

    >>> shortened("a name that goes on", 8)
    'a n…s on'
    """
    name = legible(name)
    last = width // 2
    return plain(name if len(name) <= width else f"{name[: width - 1 - last]}…{name[-last:]}")


def minus(said: str) -> str:
    """A number with a true minus sign."""
    return said.replace("-", "−")


def settle(figure: Figure) -> None:
    """Find every part's place once, so that both files of a figure are alike and neither looks for it again."""
    if figure.get_layout_engine() is not None:
        figure.set_dpi(PNG_DPI)  # at fewer dots letters are hinted to other widths than they have on paper
        _give_fonts(figure)
        figure.draw_without_rendering()  # names and ticks know how large they are only once they have been drawn
        figure.set_layout_engine("none")


def _give_fonts(figure: Figure) -> None:
    """Draw a figure, and give its texts the fonts that they need; which ones shows only in a figure that was drawn."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.draw_without_rendering()
    lacking = [text for text in figure.findobj(Text) if isinstance(text, Text) and families(text.get_text()) != [USUAL]]
    for text in lacking:
        text.set_fontfamily(families(text.get_text()))
    if lacking:
        figure.draw_without_rendering()  # other fonts have other widths


def as_svg(figure: Figure) -> bytes:
    """SVG with text as outlines, the same bytes for the same figure."""
    settle(figure)
    written = io.BytesIO()
    with rc_context({"svg.hashsalt": "phoropter", "svg.fonttype": "path", "hatch.linewidth": 0.5}):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return written.getvalue()


def as_png(figure: Figure, dpi: int = PNG_DPI) -> bytes:
    """PNG at ``dpi`` pixels per inch."""
    settle(figure)
    written = io.BytesIO()
    with rc_context({"hatch.linewidth": 0.5}):
        figure.savefig(written, format="png", dpi=dpi, metadata={"Software": None})
    return written.getvalue()
