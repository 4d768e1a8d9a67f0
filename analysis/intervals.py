"""Intervals for scores and for their differences that respect who cast the votes.

Votes of one observer hang together, so observers, not votes, are resampled. The plain percentile interval of that
bootstrap is too short with few observers; ours is expanded to Student's t, and below ten observers, where the
bootstrap has too few distinct resamples to show its own tails, the observer-cluster-robust standard error takes over.
``benchmarks/coverage.py`` prints the coverage that this choice rests on.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student_t
from threadpoolctl import threadpool_limits

from analysis.bradley_terry import BradleyTerryFit
from analysis.connection import connected_replicates
from analysis.counts import PairCounts
from analysis.newton import Floats, Ints, PairVotes, incidence, information, moments, solve

OBSERVERS_FOR_BOOTSTRAP = 10
CHUNK_NUMBERS = 400_000  # replicates × (pairs + conditions²) held at once: more leaves the processor's cache

EXPANDED_PERCENTILE = "observer bootstrap, percentile expanded to Student's t"
CLUSTER_ROBUST = "observer-cluster-robust standard error, Student's t"


class NoIntervalError(ValueError):
    """An interval would be made up: too few observers, or resamples that have no finite scores."""


@dataclass(frozen=True)
class Intervals:
    """Limits for every score and every pairwise difference, all for these photos (observers are the sample).

    Attributes:
        low: Shape (n,), with ``high``: the limits of the sum-zero scores.
        difference_low: Shape (n, n), with ``difference_high``: the limits of score[i] − score[j].
        level: Nominal coverage, of each interval by itself.
        method: How, in words.
        observers: How many observers the intervals rest on.
        replicates: Replicates fitted; 0 where no bootstrap was run.
        degenerate: Replicates drawn besides that had no finite scores. They can't be in the intervals, which are a
            little too short for it; above ``1 − level`` of all replicates there is no interval at all.
        seed: The bootstrap's.
    """

    low: Floats
    high: Floats
    difference_low: Floats
    difference_high: Floats
    level: float
    method: str
    observers: int
    replicates: int
    degenerate: int
    seed: int


def observer_intervals(
    counts: PairCounts, fitted: BradleyTerryFit, *, replicates: int = 1000, seed: int, level: float = 0.95
) -> Intervals:
    """Intervals for the scores of ``fitted``.

    Args:
        counts: The votes that were fitted.
        fitted: Their fit.
        replicates: Bootstrap replicates, at least 100; unused below ten observers.
        seed: Of the resampling; the same seed gives the same limits.
        level: Nominal coverage.
    Raises:
        NoIntervalError: Fewer than two observers, or too many replicates without finite scores.
        ValueError: Fewer than 100 replicates.
    Source:
        Expanded percentile: Hesterberg 2015, doi:10.1080/00031305.2015.1089789. Cluster-robust covariance: Liang and
        Zeger 1986, doi:10.1093/biomet/73.1.13, with the factor m/(m − 1) and m − 1 degrees of freedom.
    """
    if replicates < 100:
        raise ValueError(f"{replicates} replicates can't show the tails of an interval; give 100 or more")
    observers = len(counts.observers)
    if observers < 2:
        raise NoIntervalError(f"{observers} observer(s): how observers differ can't be seen from fewer than two")
    if observers < OBSERVERS_FOR_BOOTSTRAP:
        return _cluster_robust(counts, fitted, seed=seed, level=level)
    scores, degenerate = bootstrap_scores(counts, fitted, replicates=replicates, seed=seed)
    if degenerate > (1.0 - level) * replicates:
        raise NoIntervalError(
            f"{degenerate} of {replicates} resamples of the observers have no finite scores: "
            "the votes hang together by too few observers"
        )
    return _expanded_percentile(scores, observers, degenerate, seed=seed, level=level)


def bootstrap_scores(counts: PairCounts, fitted: BradleyTerryFit, *, replicates: int, seed: int) -> tuple[Floats, int]:
    """Scores of resampled observers, each replicate fitted to convergence, started at the point estimate.

    Returns:
        Scores, shape (replicates with finite scores, n), and the number of replicates without.
    """
    rng = np.random.default_rng(seed)
    observers = len(counts.observers)
    drawn = rng.multinomial(observers, np.full(observers, 1.0 / observers), size=replicates)
    size = max(1, CHUNK_NUMBERS // (len(counts.pairs) + len(counts.names) ** 2))
    # Thousands of small systems: BLAS threads gain nothing here, and on a busy machine they wait for each other.
    with threadpool_limits(limits=1, user_api="blas"):
        parts = [
            _fitted_scores(counts.weighted(drawn[at : at + size].T.astype(np.float64)), counts.pairs, fitted)
            for at in range(0, replicates, size)
        ]
    scores = np.concatenate(parts)
    return scores, replicates - len(scores)


def _fitted_scores(votes: PairVotes, pairs: Ints, fitted: BradleyTerryFit) -> Floats:
    n = len(fitted.names)
    votes = votes.take(connected_replicates(votes, pairs, n))
    log_nu = float(np.log(fitted.nu)) if fitted.nu else 0.0
    solution = solve(votes, pairs, n, start=fitted.scores, log_nu=log_nu)
    return solution.scores[solution.converged]


def _expanded_percentile(scores: Floats, observers: int, degenerate: int, *, seed: int, level: float) -> Intervals:
    tail = expanded_tail(observers, level)
    low, high = np.quantile(scores, [tail, 1.0 - tail], axis=0)
    n = scores.shape[1]
    difference_low, difference_high = np.zeros((n, n)), np.zeros((n, n))
    for i in range(n - 1):
        limits = np.quantile(scores[:, [i]] - scores[:, i + 1 :], [tail, 1.0 - tail], axis=0)
        difference_low[i, i + 1 :], difference_high[i, i + 1 :] = limits
        difference_low[i + 1 :, i], difference_high[i + 1 :, i] = -limits[1], -limits[0]
    return Intervals(
        low, high, difference_low, difference_high, level, EXPANDED_PERCENTILE, observers, len(scores), degenerate, seed
    )


def expanded_tail(observers: int, level: float) -> float:
    """The tail share to read a percentile interval at, so that it is as long as Student's t asks.

    Example:
        >>> round(expanded_tail(10, 0.95), 4), round(expanded_tail(1000, 0.95), 4)
        (0.0086, 0.0248)
    """
    stretch = np.sqrt(observers / (observers - 1.0)) * student_t.ppf((1.0 - level) / 2.0, observers - 1)
    return float(norm.cdf(stretch))


def _cluster_robust(counts: PairCounts, fitted: BradleyTerryFit, *, seed: int, level: float) -> Intervals:
    observers = len(counts.observers)
    covariance = cluster_covariance(counts, fitted)
    robust, naive = float(student_t.ppf((1.0 + level) / 2.0, observers - 1)), float(norm.ppf((1.0 + level) / 2.0))
    # Observers who happen to agree would give an error near zero; an interval is never shorter than for
    # independent votes.
    score_reach = np.maximum(
        robust * np.sqrt(np.diagonal(covariance)),
        naive * np.sqrt(np.diagonal(fitted.covariance)),
    )
    difference_reach = np.maximum(
        robust * np.sqrt(_of_differences(covariance)), naive * np.sqrt(_of_differences(fitted.covariance))
    )
    differences = fitted.scores[:, np.newaxis] - fitted.scores
    return Intervals(
        low=fitted.scores - score_reach,
        high=fitted.scores + score_reach,
        difference_low=differences - difference_reach,
        difference_high=differences + difference_reach,
        level=level,
        method=CLUSTER_ROBUST,
        observers=observers,
        replicates=0,
        degenerate=0,
        seed=seed,
    )


class Scored(Protocol):
    """What of a fit the spread between observers is measured around."""

    @property
    def names(self) -> tuple[str, ...]:
        """The n conditions."""

    @property
    def scores(self) -> Floats:
        """Shape (n,), natural log-odds."""

    @property
    def nu(self) -> float | None:
        """Davidson's ν; 0 or None without ties."""


def cluster_covariance(counts: PairCounts, fitted: Scored) -> Floats:
    """Covariance of the sum-zero scores if observers, not votes, are independent; shape (n, n)."""
    n, observers = len(counts.names), len(counts.observers)
    votes = counts.weighted(np.ones((observers, 1)))
    log_nu = np.array([np.log(fitted.nu) if fitted.nu else -np.inf])
    at = moments(fitted.scores[np.newaxis], log_nu, counts.pairs)
    count = counts.wins + counts.losses + counts.ties
    slopes = np.asarray(
        ((counts.wins - counts.losses) - count.multiply(at.mean[:, 0])) @ incidence(counts.pairs, n).toarray() / 2.0
    )
    if votes.ties is not None:
        tie_slope = np.asarray((counts.ties - count.multiply(at.tie[:, 0])).sum(axis=1)).reshape(-1, 1)
        slopes = np.concatenate([slopes, tie_slope], axis=1)
    influence = (slopes @ np.linalg.inv(information(votes, counts.pairs, n, at)[0]))[:, :n]
    influence -= influence.mean(axis=1, keepdims=True)
    return np.asarray(influence.T @ influence * observers / (observers - 1.0))


def _of_differences(covariance: Floats) -> Floats:
    variances = np.diagonal(covariance)
    # Rounding can leave a hair below zero on the diagonal, where the difference is with itself.
    return np.maximum(variances[:, np.newaxis] + variances - 2.0 * covariance, 0.0)
