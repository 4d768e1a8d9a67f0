"""Kendall's coefficient of agreement u: how much alike observers choose, before any scale is assumed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binom, chi2

from analysis.models.newton import Floats

COUNTED_OUT = 5000
"""Pairs of votes, up to which the chances of coins are counted out: some hundredths of a second."""


@dataclass(frozen=True)
class Agreement:
    """How much alike a cell's votes are, over all cells; a cell is one pair on one content.

    Attributes:
        u: From ``least`` (each cell as divided as it can be) over 0 (as coins fall) to 1 (everybody agrees).
        least: The least u that so many votes in these cells can have.
        cells: Cells with two or more decided votes.
        votes: Decided votes in them.
        statistic: χ² of the test that every vote was a coin's; None where no cell has three votes.
        df: Its degrees of freedom, no whole number.
        p_value: One-sided: how often coins agree so much.
        counted_out: Whether the p-value is exact, by all ways that coins can fall, as where there are few pairs of
            votes; else it is that of χ².
    """

    u: float
    least: float
    cells: int
    votes: int
    statistic: float | None
    df: float | None
    p_value: float
    counted_out: bool


def agreement(votes: pd.DataFrame) -> Agreement | None:
    """Kendall's u with its test.

    Args:
        votes: Columns ``content``, ``left``, ``right``, ``vote``. Ties prefer nobody and are passed over.
    Returns:
        None where no cell holds two decided votes: agreement needs two.
    Source:
        Kendall and Babington Smith 1940, doi:10.1093/biomet/31.3-4.324, sections 11 to 15. Their test fits χ² to the
        first three moments of the number of agreements; here these are added over cells, which need not hold equally
        many votes. Where all do the two are the same. With few cells χ² calls too soon: of five people who agree on
        one pair it says .01, where coins do so once in sixteen times. There the chances of coins are counted out.
    Example:
        >>> rows = pd.DataFrame([("c", "a", "b", "left")] * 3 + [("c", "b", "a", "right")],
        ...     columns=["content", "left", "right", "vote"])
        >>> agreement(rows).u
        1.0
    """
    first, total = _cells(votes)
    first, total = first[total >= 2], total[total >= 2]
    if not len(total):
        return None
    possible = float(np.sum(total * (total - 1)) / 2)
    agreed = float(np.sum(_agreed(first, total)))
    least = float(np.sum(_agreed(np.floor(total / 2), total)))
    statistic, df, p_value, counted_out = _against_coins(first, total)
    return Agreement(
        u=2 * agreed / possible - 1,
        least=2 * least / possible - 1,
        cells=len(total),
        votes=int(total.sum()),
        statistic=statistic,
        df=df,
        p_value=p_value,
        counted_out=counted_out,
    )


def _cells(votes: pd.DataFrame) -> tuple[Floats, Floats]:
    """Votes for the first of each pair on each content, and all decided votes there."""
    decided = votes[votes["vote"].isin(("left", "right"))]
    names = np.sort(decided[["left", "right"]].to_numpy(dtype=str), axis=1).reshape(-1, 2)
    chosen = np.where(decided["vote"] == "left", decided["left"], decided["right"]).astype(str)
    keyed = pd.DataFrame(
        {"content": decided["content"].to_numpy(), "a": names[:, 0], "b": names[:, 1], "won": chosen == names[:, 0]}
    )
    added = keyed.groupby(["content", "a", "b"])["won"].agg(["sum", "size"])
    return added["sum"].to_numpy(dtype=np.float64), added["size"].to_numpy(dtype=np.float64)


def _agreed(first: Floats, total: Floats) -> Floats:
    """Pairs of votes in a cell that agree."""
    second = total - first
    return (first * (first - 1) + second * (second - 1)) / 2


def _against_coins(first: Floats, total: Floats) -> tuple[float | None, float | None, float, bool]:
    """The test on D² = (votes for one − votes for the other)², of which the agreements are a linear function.

    Its χ², degrees of freedom and p, and whether that is counted out instead. For m coins D² has the mean m, the
    variance 2m(m − 1) and the third central moment 8m(m − 1)(m − 2).
    """
    excess = float(np.sum(np.square(2 * first - total) - total))
    variance = float(np.sum(2 * total * (total - 1)))
    third = float(np.sum(8 * total * (total - 1) * (total - 2)))
    if third == 0:  # two votes in every cell: each agrees or not, as a coin falls
        return None, None, float(binom.sf(np.sum(_agreed(first, total)) - 1, len(total), 0.5)), True
    scale = third / (4 * variance)
    df = variance / (2 * scale**2)
    statistic = excess / scale + df
    few = bool(np.sum(total * (total - 1)) / 2 <= COUNTED_OUT)
    return statistic, df, _counted_out(first, total) if few else float(chi2.sf(statistic, df)), few


def _counted_out(first: Floats, total: Floats) -> float:
    """How often coins agree at least so much over all cells."""
    chances = np.ones(1)  # of 0, 1, … agreements in the cells so far
    for votes in total:
        heads = np.arange(votes + 1)
        of_cell = np.bincount(_agreed(heads, votes).astype(np.intp), weights=binom.pmf(heads, votes, 0.5))
        chances = np.convolve(chances, of_cell)
    return min(1.0, float(chances[int(np.sum(_agreed(first, total))) :].sum()))  # a sum can end a hair above
