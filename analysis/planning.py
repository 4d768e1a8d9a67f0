"""How many votes a study needs, and what its intervals will be: by formula, and from simulated votes.

The formula holds for a balanced design of n conditions with near-equal scores and independent votes, m for each pair:
SE(θi − θj) = √(8 / (m·n)). Whatever makes votes say less (observers who agree with themselves, ties) is a *design
effect* ≥ 1 by which m is divided. The other way is to simulate the study as designed; `contrasts` reads such votes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log, sqrt

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit
from threadpoolctl import threadpool_limits

from analysis.connection import connected_replicates
from analysis.counts import PairCounts
from analysis.intervals import OBSERVERS_FOR_BOOTSTRAP, cluster_covariance
from analysis.newton import Floats, PairVotes, information, moments, solve


def log_odds(share: float) -> float:
    """The difference of scores at which the better one gets this share of the votes, ties aside.

    >>> round(log_odds(0.75), 4)
    1.0986
    """
    if not 0 < share < 1:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
    return log(share / (1 - share))


def votes_per_pair(
    share: float, conditions: int, *, power: float = 0.8, alpha: float = 0.05, design_effect: float = 1.0
) -> int:
    """Votes that each pair needs so that one contrast is found.

    Args:
        share: Of the votes for the better of the two, ties aside; not 0.5.
        conditions: n, at least 2.
        power: How likely the two-sided test is to find it.
        alpha: Of that test.
        design_effect: By how much the variance is larger than of independent votes.

    >>> [pairs * votes_per_pair(0.6, n) for n, pairs in ((2, 1), (5, 10), (10, 45))]
    [191, 770, 1755]
    """
    if conditions < 2:
        raise ValueError(f"{conditions} condition(s): at least two are needed to compare")
    reach = float(ndtri(1 - alpha / 2) + ndtri(power))
    return ceil(design_effect * 8 * reach**2 / (conditions * log_odds(share) ** 2))


def votes_needed(
    share: float, conditions: int, *, power: float = 0.8, alpha: float = 0.05, design_effect: float = 1.0
) -> int:
    """The same for all pairs together: 4(n − 1)(z₁₋α/₂ + z_power)²/δ², whole votes for each pair.

    >>> votes_needed(0.6, 2)
    191
    """
    each = votes_per_pair(share, conditions, power=power, alpha=alpha, design_effect=design_effect)
    return each * conditions * (conditions - 1) // 2


def standard_error(votes_per_pair: float, conditions: int, *, design_effect: float = 1.0) -> float:
    """Of the difference of two scores, natural log-odds.

    >>> round(standard_error(80, 5), 4)
    0.1414
    """
    return sqrt(8 * design_effect / (votes_per_pair * conditions))


def power_of(difference: float, error: float, *, alpha: float = 0.05) -> float:
    """How likely a difference is to be found, and with its own sign, given the standard error of its estimate.

    >>> round(power_of(log_odds(0.6), standard_error(191, 2)), 2)
    0.8
    """
    return float(ndtr(abs(difference) / error - ndtri(1 - alpha / 2)))


def interval_width(error: float, *, level: float = 0.95) -> float:
    """From end to end, of a normal interval.

    >>> round(interval_width(0.25), 2)
    0.98
    """
    return 2 * float(ndtri((1 + level) / 2)) * error


@dataclass(frozen=True)
class Contrasts:
    """All differences of scores in several sets of votes.

    Attributes:
        has_scores: Shape (sets,): where finite scores exist. The others have no row below.
        differences: Shape (sets with scores, n, n): score[i] − score[j], natural log-odds.
        reach: The same shape: half the width of each interval.
    """

    has_scores: Floats
    differences: Floats
    reach: Floats


@dataclass(frozen=True)
class _Point:
    """What `cluster_covariance` asks of a fit."""

    names: tuple[str, ...]
    scores: Floats
    nu: float | None


def contrasts(sets: Sequence[PairCounts], *, level: float = 0.95) -> Contrasts:
    """Fit sets of votes on the same pairs, all at once, with an interval for each difference.

    The fit is the one of `analysis.bradley_terry`; the intervals are the observer-cluster-robust ones of
    `analysis.intervals`, for any number of observers: they are as long as those of the bootstrap
    (docs/statistics.md), at a hundredth of the work.

    Args:
        sets: Votes of at least two observers each, with equal ``names`` and ``pairs``.
        level: Nominal coverage.
    """
    pairs, n = sets[0].pairs, len(sets[0].names)
    together = _together(sets)
    # Many small systems: BLAS threads gain nothing here, and on a busy machine they wait for each other.
    with threadpool_limits(limits=1, user_api="blas"):
        connected = connected_replicates(together, pairs, n)
        solved = solve(together.take(connected), pairs, n, start=np.zeros(n))
        usable = np.flatnonzero(connected)[solved.converged]
        scores, log_nu = solved.scores[solved.converged], solved.log_nu[solved.converged]
        reaches = [
            _reach(sets[place], _Point(sets[place].names, point, float(np.exp(nu))), level)
            for place, point, nu in zip(usable.tolist(), scores, log_nu.tolist(), strict=True)
        ]
    has_scores = np.zeros(len(sets))
    has_scores[usable] = 1.0
    reach = np.stack(reaches) if reaches else np.zeros((0, n, n))
    return Contrasts(has_scores, scores[:, :, np.newaxis] - scores[:, np.newaxis, :], reach)


def _together(sets: Sequence[PairCounts]) -> PairVotes:
    """Each set's votes, added up over observers, as one replicate."""
    wins, losses, ties = (
        np.stack([np.asarray(table.sum(axis=0), dtype=np.float64).ravel() for table in tables], axis=1)
        for tables in ([one.wins for one in sets], [one.losses for one in sets], [one.ties for one in sets])
    )
    return PairVotes(wins, losses, ties if ties.any() else None)


def _reach(counts: PairCounts, point: _Point, level: float) -> Floats:
    """Half the widths of the intervals, shape (n, n); with few observers never shorter than for independent votes."""
    observers = len(counts.observers)
    robust = float(stdtrit(observers - 1, (1 + level) / 2)) * _errors(cluster_covariance(counts, point))
    if observers >= OBSERVERS_FOR_BOOTSTRAP:
        return robust
    votes = counts.weighted(np.ones((observers, 1)))
    log_nu = np.array([np.log(point.nu) if point.nu else -np.inf])
    at = moments(point.scores[np.newaxis], log_nu, counts.pairs)
    n = len(point.names)
    naive = np.linalg.inv(information(votes, counts.pairs, n, at)[0])[:n, :n]
    return np.asarray(np.maximum(robust, float(ndtri((1 + level) / 2)) * _errors(naive)))


def _errors(covariance: Floats) -> Floats:
    variances = np.diagonal(covariance)
    return np.asarray(np.sqrt(np.maximum(variances[:, np.newaxis] + variances - 2.0 * covariance, 0.0)))
