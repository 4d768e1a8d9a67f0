"""Whether two conditions are as good as each other, which a difference that isn't significant does not show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtr, stdtrit

Verdict = Literal["equivalent", "different", "both", "undecided"]


@dataclass(frozen=True)
class Equivalence:
    """One difference against a margin below which it doesn't matter.

    Attributes:
        margin: In log-odds: equivalent are scores less than this apart.
        low: With ``high``: the 1 − 2α interval, which lies within the margin exactly if ``p`` is below α.
        p: Of two one-sided tests, the larger: the chance of a difference so near zero, were it a margin or more.
        p_different: Two-sided, against zero.
        alpha: Level of each test.
        verdict: ``equivalent``, ``different``, ``both`` (there is a difference, and it is less than the margin), or
            ``undecided``.
    """

    margin: float
    low: float
    high: float
    p: float
    p_different: float
    alpha: float
    verdict: Verdict

    def said(self, one: str, other: str) -> str:
        """The verdict as a sentence."""
        share = 100.0 * share_of_margin(self.margin)
        span = f"{share:.3g} % to {100.0 - share:.3g} %"
        endings: dict[Verdict, str] = {
            "equivalent": f"are as good as each other: each is preferred in {span} of decided votes",
            "different": f"differ, and the preference may be beyond {span}",
            "both": f"differ, but the preference lies within {span}",
            "undecided": f"are undecided: a difference isn't shown, nor that the preference lies within {span}",
        }
        return f"{one} and {other} {endings[self.verdict]}."


def equivalence(
    difference: float,
    error: float | Sequence[float],
    freedom: float | Sequence[float],
    *,
    margin: float,
    alpha: float = 0.05,
) -> Equivalence:
    """Two one-sided tests of one difference.

    Args:
        difference: Log-odds.
        error: Its standard error, more than 0; or several, of which the one that tells least counts.
        freedom: Degrees of freedom of Student's t, of each.
        margin: Log-odds, more than 0; see :func:`margin_of_share`. To be chosen before the votes are seen.
        alpha: Level of each of the two tests, and of the test against zero.
    Raises:
        ValueError: A number out of its range.
    Source:
        Schuirmann 1987, doi:10.1007/BF01068419.
    Example:
        >>> found = equivalence(0.05, 0.05, 30, margin=margin_of_share(0.55))
        >>> found.verdict, round(found.p, 4)
        ('equivalent', 0.0026)
    """
    errors, freedoms = np.atleast_1d(error), np.atleast_1d(freedom)
    positive = np.array([*errors, *freedoms, margin])
    if not (np.isfinite(difference) and np.isfinite(positive).all() and positive.min() > 0):
        raise ValueError(
            f"difference {difference}, error {error}, freedom {freedom}, margin {margin}: all must be finite, and all "
            "but the difference more than 0"
        )
    if not 0.0 < alpha < 0.5:
        raise ValueError(f"alpha is {alpha}; each one-sided test needs a level between 0 and 0.5")
    reach = float(np.max(stdtrit(freedoms, 1.0 - alpha) * errors))
    p = float(np.max(stdtr(freedoms, (abs(difference) - margin) / errors)))
    p_different = float(np.max(2.0 * stdtr(freedoms, -abs(difference) / errors)))
    verdicts: dict[tuple[bool, bool], Verdict] = {
        (True, False): "equivalent",
        (False, True): "different",
        (True, True): "both",
        (False, False): "undecided",
    }
    verdict = verdicts[p <= alpha, p_different <= alpha]
    return Equivalence(margin, difference - reach, difference + reach, p, p_different, alpha, verdict)


def margin_of_share(share: float) -> float:
    """The difference in log-odds at which one of two is preferred so often, without ties.

    Args:
        share: Above .5 and below 1: 0.55 says that 55 % against 45 % doesn't matter.

    Example:
        >>> round(margin_of_share(0.55), 4)
        0.2007
    """
    if not 0.5 < share < 1.0:
        raise ValueError(f"a share of {share} is no margin; give one above .5 and below 1, as .55")
    return float(np.log(share / (1.0 - share)))


def share_of_margin(margin: float) -> float:
    """The smaller share at a margin: .45 where it is that of 55 %.

    >>> round(share_of_margin(margin_of_share(0.55)), 4)
    0.45
    """
    return float(1.0 / (1.0 + np.exp(margin)))
