"""Circular triads: whether an observer contradicts themselves, a over b over c over a on one content."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.models.newton import Floats

EXACT_CONDITIONS = 8


@dataclass(frozen=True)
class Triads:
    """One observer's triads, added over contents.

    Attributes:
        triads: Threes of conditions whose three pairs the observer decided on one content.
        circular: How many of them go round.
        zeta: Kendall's coefficient of consistence, from 0 (as circular as can be) to 1 (never); None where a content
            with triads lacks some pair, for which it isn't defined.
        p_value: One-sided: how often somebody who flips a coin each time goes round so seldom.
        exact: Whether the p-value is exact, or normal with the exact mean and variance.
    """

    triads: int
    circular: int
    zeta: float | None
    p_value: float
    exact: bool


def circular_triads(votes: pd.DataFrame) -> dict[str, Triads]:
    """Triads of each observer who decided all pairs of any three conditions on one content.

    Args:
        votes: Columns ``observer``, ``content``, ``left``, ``right``, ``vote``. Ties are passed over; of a pair that
            an observer saw more than once on a content the first answer is read.
    Source:
        Kendall and Babington Smith 1940, doi:10.1093/biomet/31.3-4.324; mean and variance of any set of triads, 1/4
        and 3/16 each, as two of them go round independently even where they share a pair: Moran 1947,
        doi:10.1093/biomet/34.3-4.363.
    Example:
        >>> rows = [("o", "c", *pair, "left") for pair in ("ab", "bc", "ca")]
        >>> table = pd.DataFrame(rows, columns=["observer", "content", "left", "right", "vote"])
        >>> circular_triads(table)["o"]
        Triads(triads=1, circular=1, zeta=0.0, p_value=1.0, exact=True)
    """
    decided = votes[votes["vote"].isin(("left", "right"))]
    names = pd.Index(sorted({*decided["left"], *decided["right"]}))
    left, right = (names.get_indexer(pd.Index(decided[side])) for side in ("left", "right"))
    keyed = pd.DataFrame({"observer": decided["observer"].to_numpy(), "content": decided["content"].to_numpy()})
    keyed["first"], keyed["second"] = np.minimum(left, right), np.maximum(left, right)
    keyed["sign"] = np.where((decided["vote"] == "left").to_numpy() == (left < right), 1.0, -1.0)
    keyed = keyed.drop_duplicates(["observer", "content", "first", "second"])
    found = {}
    for observer, own in keyed.groupby("observer", sort=True):
        told = _of_observer([_beats(part, len(names)) for _, part in own.groupby("content", sort=True)])
        if told is not None:
            found[str(observer)] = told
    return found


def most_circular(conditions: int) -> int:
    """As many triads as can go round in a whole tournament.

    >>> [most_circular(n) for n in (3, 4, 5, 6, 7)]
    [1, 2, 5, 8, 14]
    """
    return (conditions**3 - (1 if conditions % 2 else 4) * conditions) // 24


@lru_cache
def chances_of_circular(conditions: int) -> tuple[float, ...]:
    """Chance of 0, 1, 2, … circular triads where each pair of a whole tournament falls as a coin.

    Counted by adding one condition after the other, with all the sets that it can beat; only the sorted numbers of
    wins matter.

    >>> chances_of_circular(3)
    (0.75, 0.25)
    """
    wins: Counter[tuple[int, ...]] = Counter({(0,): 1})
    for size in range(1, conditions):
        grown: Counter[tuple[int, ...]] = Counter()
        for before, times in wins.items():
            for beaten in range(size + 1):
                for losers in combinations(range(size), beaten):
                    after = [won + (k not in losers) for k, won in enumerate(before)]
                    grown[tuple(sorted((*after, beaten)))] += times
        wins = grown
    ways = [0] * (most_circular(conditions) + 1)
    for won, times in wins.items():
        ways[comb(conditions, 3) - sum(comb(k, 2) for k in won)] += times
    return tuple(way / 2 ** comb(conditions, 2) for way in ways)


def _beats(part: pd.DataFrame, n: int) -> Floats:
    """Shape (n, n) on one content: 1 where the row's condition was chosen, −1 where the column's, 0 undecided."""
    signs = np.zeros((n, n))
    first, second, sign = (part[name].to_numpy() for name in ("first", "second", "sign"))
    signs[first, second], signs[second, first] = sign, -sign
    return signs


def _of_observer(tables: list[Floats]) -> Triads | None:
    counted = [_counted(signs) for signs in tables]
    triads, circular = sum(count[0] for count in counted), sum(count[1] for count in counted)
    if not triads:
        return None
    sizes = [size for number, _, size in counted if number]
    whole = [size for size in sizes if size is not None]
    if len(whole) < len(sizes):
        return Triads(triads, circular, None, _normal(triads, circular), False)
    zeta = 1.0 - circular / sum(most_circular(size) for size in whole)
    exact = max(whole) <= EXACT_CONDITIONS
    p_value = _exact(whole, circular) if exact else _normal(triads, circular)
    return Triads(triads, circular, zeta, p_value, exact)


def _counted(signs: Floats) -> tuple[int, int, int | None]:
    """Triads, circular ones, and the number of conditions where all their pairs were decided, else None."""
    decided, beats = np.abs(signs), np.maximum(signs, 0.0)
    triads = round(float(np.sum(decided @ decided * decided)) / 6)
    circular = round(float(np.sum(beats @ beats * beats.T)) / 3)
    size = int(decided.any(axis=1).sum())
    return triads, circular, size if decided.sum() == size * (size - 1) else None


def _exact(sizes: list[int], circular: int) -> float:
    chances = np.ones(1)
    for size in sizes:
        chances = np.convolve(chances, chances_of_circular(size))
    return float(min(1.0, chances[: circular + 1].sum()))


def _normal(triads: int, circular: int) -> float:
    return float(norm.cdf((circular + 0.5 - triads / 4) / np.sqrt(3 * triads / 16)))
