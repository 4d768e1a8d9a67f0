"""How a table's cells are written: for people with the digits that they deserve, for programs whole."""

from collections.abc import Callable
from typing import Any

from analysis.reporting.figures.matrix import p_in_words
from analysis.reporting.figures.sheet import minus

NOTHING = "–"
NARROW = "\N{NO-BREAK SPACE}"

Cell = Any
"""Text, a number, a pair of limits, or None."""


def signed(value: float) -> str:
    """A score, its sign always.

    >>> signed(-0.5)
    '−0.50'
    """
    return minus(f"{value:+.2f}")


def share(value: float) -> str:
    """A share of 1 as a whole percentage.

    >>> share(0.25).replace(NARROW, " ")
    '25 %'
    """
    return f"{value:.0%}".replace("%", f"{NARROW}%")


def interval(limits: tuple[float, float]) -> str:
    """Both limits.

    >>> interval((-1.0, 0.5))
    '−1.00 to +0.50'
    """
    return f"{signed(limits[0])} to {signed(limits[1])}"


FORMS: dict[str, Callable[[Any], str]] = {
    "text": str,
    "count": lambda value: f"{value:,}",
    "signed": signed,
    "two": lambda value: minus(f"{value:.2f}"),
    "df": lambda value: f"{value:,.1f}".removesuffix(".0"),
    "four": lambda value: minus(f"{value:.4f}"),
    "gain": lambda value: value if isinstance(value, str) else minus(f"{value:+.1f}"),
    "share": share,
    "interval": interval,
    "p": p_in_words,
}
"""Each form by name; all but ``text`` stand flush right."""


def written(cell: Cell, form: str) -> str:
    """A cell as people read it; a dash where there is nothing. Text, as "∞", stands for itself in any form."""
    if cell is None:
        return NOTHING
    return cell if isinstance(cell, str) else FORMS[form](cell)


def raw(cell: Cell, form: str) -> list[str]:
    """A cell as a CSV file holds it: numbers whole, limits in two cells, nothing where there is nothing.

    >>> raw((0.1, 0.25), "interval"), raw(None, "interval"), raw(None, "two")
    (['0.1', '0.25'], ['', ''], [''])
    """
    if form == "interval":
        return ["", ""] if cell is None else [repr(float(limit)) for limit in cell]
    return ["" if cell is None else str(cell)]
