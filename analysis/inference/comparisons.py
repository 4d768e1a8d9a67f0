"""All pairs of conditions compared at once: p-values, Holm's adjustment, ranks, letters, and the same in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from analysis.inference.intervals import Intervals
from analysis.inference.letters import shared_letters
from analysis.models.newton import Bools, Floats, Ints

PAIRS_SAID = 12


@dataclass(frozen=True)
class Comparisons:
    """Every difference of scores, tested against zero.

    Attributes:
        p: Shape (n, n): two-sided p-value of score[i] − score[j], by itself; 1 on the diagonal.
        p_holm: Shape (n, n): adjusted for all pairs at once.
        above: Shape (n, n): whether i is above j at the level, all pairs at once.
        rank_low: Shape (n,), with ``rank_high``: ranks that i can have, 1 the highest score, all at once.
        letters: One text per condition. Conditions that share a letter don't differ at the level, and any two others
            do. None where so many groups overlap that letters say nothing.
        level: 1 less the chance that any of the pairs is called different though it isn't.
        question: What the tests answer, in words.
    """

    p: Floats
    p_holm: Floats
    above: Bools
    rank_low: Ints
    rank_high: Ints
    letters: tuple[str, ...] | None
    level: float
    question: str


def compare(scores: Floats, intervals: Intervals) -> Comparisons:
    """Test every pair.

    A p-value is Student's, two-sided, the largest of those that the interval's spreads give: an interval that is the
    longest of several at every level leaves out zero exactly if its p is below one minus the level.

    Args:
        scores: Shape (n,), those that ``intervals`` are of.
        intervals: For one question.
    Source:
        The largest of several p-values: an intersection-union test, Berger 1982, doi:10.1080/00401706.1982.10487790.
        Ranks from simultaneous comparisons: Al Mohamad, van Zwet, Goeman and Solari 2017,
        arXiv:1708.02729.
    """
    differences = scores[:, np.newaxis] - scores
    p = np.max([p_values(differences, spread.error, spread.freedom) for spread in intervals.spreads], axis=0)
    adjusted = holm_of_pairs(p)
    above = (adjusted <= 1.0 - intervals.level) & (differences > 0.0)
    low, high = ranks(above)
    order = np.argsort(-scores, kind="stable")
    letters = shared_letters(above | above.T, order)
    return Comparisons(p, adjusted, above, low, high, letters, intervals.level, intervals.question)


def p_values(differences: Floats, errors: Floats, freedom: Floats) -> Floats:
    """Two-sided p-values of Student's t; 1 where a difference is zero.

    >>> p_values(np.array([2.0]), np.array([1.0]), np.array([10.0])).round(4).tolist()
    [0.0734]
    """
    # Where clusters agree to the vote an error can be zero: any difference is then beyond every limit.
    ratio = np.divide(np.abs(differences), errors, out=np.full_like(differences, np.inf), where=errors > 0.0)
    return np.asarray(np.where(differences == 0.0, 1.0, 2.0 * stdtr(freedom, -ratio)))


def holm(p: Floats) -> Floats:
    """Adjusted p-values of one family: the chance of any false call is at most the level they are held against.

    Args:
        p: Shape (tests,).
    Source:
        Holm 1979, Scandinavian Journal of Statistics 6, 65–70.
    Example:
        >>> holm(np.array([0.01, 0.04, 0.03])).round(4).tolist()
        [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    steps = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    adjusted = np.empty_like(p)
    adjusted[order] = steps
    return adjusted


def holm_of_pairs(p: Floats) -> Floats:
    """Holm's adjustment over all pairs of a symmetric table (n, n); 1 on the diagonal."""
    first, second = np.triu_indices(len(p), 1)
    adjusted = np.ones_like(p)
    adjusted[first, second] = adjusted[second, first] = holm(p[first, second])
    return adjusted


def ranks(above: Bools) -> tuple[Ints, Ints]:
    """Lowest and highest rank of each condition that is left by who is above whom.

    >>> low, high = ranks(np.array([[False, False, True], [False, False, True], [False, False, False]]))
    >>> low.tolist(), high.tolist()
    ([1, 1, 3], [2, 2, 3])
    """
    return 1 + above.sum(axis=0), len(above) - above.sum(axis=1)


def said(compared: Comparisons, names: Sequence[str], scores: Floats) -> str:
    """What all pairs together say, in one or two sentences.

    Args:
        compared: The comparisons.
        names: The n conditions.
        scores: Shape (n,).
    """
    n = len(names)
    pairs, decided = n * (n - 1) // 2, int(compared.above.sum())
    start = (
        f"{compared.question[0].upper()}{compared.question[1:].split(':')[0]}, at {100 * compared.level:.3g} % for all "
    )
    start += f"{pairs} pair{'s' if pairs > 1 else ''} at once (Holm): "
    if not decided:
        return start + "no pair differs. That doesn't show that they are equally good."
    order = [int(k) for k in np.argsort(-scores, kind="stable")]
    rows = [(i, [j for j in order if compared.above[i, j]]) for i in order]
    listed = "; ".join(f"{names[i]} above {', '.join(names[j] for j in below)}" for i, below in rows if below)
    if decided > PAIRS_SAID:
        listed = f"{decided} differ"
    open_pairs = pairs - decided
    left = f" Undecided {'are' if open_pairs > 1 else 'is'} {open_pairs} other{'s' if open_pairs > 1 else ''}"
    left = f"{left}, which doesn't show that they are equal." if open_pairs else ""
    return f"{start}{listed}.{left}"
