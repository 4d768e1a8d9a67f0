"""Which pairs to ask next: those whose answers are expected to tell most about the scores.

The scores get a Gaussian posterior (Laplace: the mode, and the curvature there). Under it a vote on (i, j) depends on
nothing but the difference θi − θj, so what it is expected to tell is a function of two numbers, the difference's mean
and its standard deviation: it is read from a table. A minimum spanning tree of 1/gain then gives n − 1 pairs that are
worth asking at once and touch every condition (Mikhailiuk et al. 2021, ASAP, doi:10.48550/arXiv.2004.05691).

Nothing here is a result. The prior keeps the posterior proper where votes are few, and a tie is half a win each way;
scores that are reported come from `analysis.models.bradley_terry`, which does neither.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.linalg import cho_factor, cho_solve
from scipy.ndimage import map_coordinates
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.special import expit, xlog1py, xlogy

from analysis.models.newton import Floats, Ints

__all__ = ["Batch", "Posterior", "expecting", "gains", "information_gain", "next_pairs", "posterior", "spanning_tree"]

PRIOR_SD = 1.5
PRIOR_SD_LIMIT = 5.0
MEAN_LIMIT, SD_LIMIT, GRID = 24.0, 8.0, 0.05  # of the table, in log-odds
QUADRATURE = GRID / 2  # its step; with a standard deviation of two steps or more the sum is as good as the integral
TAIL_SDS = 9.0
STEP_TOLERANCE, STEP_LIMIT, ITERATIONS_LIMIT = 1e-8, 2.0, 200


@dataclass(frozen=True)
class Posterior:
    """What the votes so far say of the scores, as a Gaussian.

    Attributes:
        mean: Shape (n,), natural log-odds, summing to zero.
        precision: Shape (n, n), the inverse of the covariance: curvature of the votes' likelihood plus the prior's.
        covariance: Shape (n, n).
    """

    mean: Floats
    precision: Floats
    covariance: Floats


@dataclass(frozen=True)
class Batch:
    """Pairs to ask next.

    Attributes:
        pairs: Shape (k, 2), first < second: one spanning tree after the other, the most telling pair of each first.
        gains: Shape (k,), nats: what a vote on each is expected to tell once those of the trees before it have come.
    """

    pairs: Ints
    gains: Floats


def posterior(
    wins: Floats, *, ties: Floats | None = None, pending: Floats | None = None, prior_sd: float = PRIOR_SD
) -> Posterior:
    """The Laplace posterior of Bradley-Terry scores under a Gaussian prior.

    Args:
        wins: Shape (n, n); ``wins[i, j]`` counts the votes for i over j; the diagonal is zero.
        ties: Shape (n, n), symmetric; counted as half a win each way.
        pending: Shape (n, n), symmetric; how often each pair is out with observers who have yet to answer. How they
            will answer isn't known, but how much the answers will tell is: they sharpen the posterior where it stands.
        prior_sd: Standard deviation of each score under the prior, log-odds, above 0 and at most 5.
    Raises:
        ValueError: Tables that aren't counts or not of one shape, or a prior out of range.
    Example:
        >>> wins = np.array([[0.0, 8.0], [2.0, 0.0]])
        >>> [round(float(score), 2) for score in posterior(wins).mean]
        [0.61, -0.61]
    """
    if not 0.0 < prior_sd <= PRIOR_SD_LIMIT:
        raise ValueError(f"prior_sd must be above 0 and at most {PRIOR_SD_LIMIT}, not {prior_sd}")
    drawn, out = (np.zeros_like(wins) if table is None else table for table in (ties, pending))
    _require_counts(wins, ties=drawn, pending=out)
    won = wins + drawn / 2.0
    mean = _mode(won, won + won.T, prior_sd)
    precision = _precision(won + won.T + out, mean, prior_sd)
    return Posterior(mean, precision, _inverse(precision))


def expecting(before: Posterior, pairs: Ints) -> Posterior:
    """The posterior once votes on ``pairs`` (shape (k, 2)) will have come: as sharp as expected, where it stands."""
    counts = np.zeros_like(before.precision)
    np.add.at(counts, (pairs[:, 0], pairs[:, 1]), 1.0)
    precision = before.precision + _information(counts + counts.T, before.mean)
    return Posterior(before.mean, precision, _inverse(precision))


def information_gain(mean: Floats, sd: Floats) -> Floats:
    """What one vote is expected to tell about the scores, from a table.

    It is the mutual information of the vote and a difference d ~ N(mean, sd²): H(E[p]) − E[H(p)] with p = 1/(1+e^−d)
    and H the entropy of a coin; the expected Kullback-Leibler divergence of the posterior after the vote from the one
    before (Lindley 1956, doi:10.1214/aoms/1177728069).

    Args:
        mean: Means of differences, any shape, log-odds. Beyond ±24 the gain of 24 is given, below 1e-8.
        sd: Their standard deviations, the same shape, 0 to 8.
    Returns:
        The same shape, nats, at most log 2; within 0.1 % of the integral.
    Raises:
        ValueError: A standard deviation out of range, or a number that is none.
    Example:
        >>> [round(float(gain), 3) for gain in information_gain(np.array([0.0, 0.0, 3.0]), np.array([0.5, 2.0, 2.0]))]
        [0.029, 0.231, 0.126]
    """
    if not (np.isfinite(mean).all() and np.isfinite(sd).all() and (sd >= 0.0).all() and (sd <= SD_LIMIT).all()):
        raise ValueError(f"differences need finite means and standard deviations from 0 to {SD_LIMIT}")
    at = np.stack([np.minimum(np.abs(mean), MEAN_LIMIT).ravel(), np.ravel(sd)]) / GRID
    told = np.exp(map_coordinates(_table(), at, order=1)).reshape(np.shape(sd))
    return np.asarray(np.square(sd) * told, dtype=np.float64)


def gains(at: Posterior) -> Floats:
    """What a vote on each pair is expected to tell: shape (n, n), symmetric, nats, zeros on the diagonal."""
    n = len(at.mean)
    first, second = np.triu_indices(n, 1)
    variances = np.diagonal(at.covariance)
    spread = variances[first] + variances[second] - 2.0 * at.covariance[first, second]
    told = np.zeros((n, n))
    told[first, second] = information_gain(at.mean[first] - at.mean[second], np.sqrt(spread))
    return np.asarray(told + told.T, dtype=np.float64)


def spanning_tree(told: Floats) -> Ints:
    """The pairs of a minimum spanning tree of 1/gain.

    Args:
        told: Shape (n, n), symmetric, n ≥ 2; above 0 beside the diagonal.
    Returns:
        Shape (n − 1, 2), first < second, the largest gain first. They connect all conditions.
    Raises:
        ValueError: Another shape, or gains that aren't positive.
    Example:
        >>> spanning_tree(np.array([[0.0, 0.3, 0.1], [0.3, 0.0, 0.2], [0.1, 0.2, 0.0]])).tolist()
        [[0, 1], [1, 2]]
    """
    n = len(told)
    upper = np.triu_indices(n, 1)
    if n < 2 or told.shape != (n, n) or not np.array_equal(told, told.T):
        raise ValueError(f"gains must be a symmetric table of two conditions or more, not of shape {told.shape}")
    if not (np.isfinite(told).all() and (told[upper] > 0.0).all()):
        raise ValueError("every pair must have a gain above 0: the tree couldn't reach all conditions")
    costs = np.zeros((n, n))
    costs[upper] = 1.0 / told[upper]
    pairs = np.argwhere(minimum_spanning_tree(costs, overwrite=True).toarray() > 0.0)
    return np.asarray(pairs[np.argsort(-told[pairs[:, 0], pairs[:, 1]], kind="stable")], dtype=np.intp)


def next_pairs(at: Posterior, size: int) -> Batch:
    """At least ``size`` pairs to ask next, in whole trees, each drawn as if the votes on those before it had come.

    Raises:
        ValueError: A size below 1, or a single condition.
    Example:
        >>> even = posterior(np.ones((4, 4)) - np.eye(4))
        >>> len(next_pairs(even, size=7).pairs)
        9
    """
    if size < 1:
        raise ValueError(f"a batch holds at least one pair, not {size}")
    trees: list[Ints] = []
    told: list[Floats] = []
    while sum(map(len, trees)) < size:
        if trees:
            at = expecting(at, trees[-1])
        now = gains(at)
        trees.append(spanning_tree(now))
        told.append(now[trees[-1][:, 0], trees[-1][:, 1]])
    return Batch(np.concatenate(trees), np.concatenate(told))


@lru_cache(maxsize=1)
def _table() -> Floats:
    """log(gain / sd²), which is smooth, at (|mean|, sd) in steps of `GRID`; at sd 0 its limit, log(p(1 − p)/2)."""
    means, sds = (GRID * np.arange(round(limit / GRID) + 1) for limit in (MEAN_LIMIT, SD_LIMIT))
    reach = round(TAIL_SDS * SD_LIMIT / QUADRATURE)
    around = QUADRATURE * np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * np.square(around[:, np.newaxis] / sds[1:]))
    weights /= weights.sum(axis=0)
    steps = round(GRID / QUADRATURE)
    far: Floats = QUADRATURE * np.arange(-reach, steps * (len(means) - 1) + reach + 1.0)
    lost, unsure = (
        sliding_window_view(values, len(around))[::steps] @ weights for values in (expit(-far), _entropy(far))
    )
    told = -xlogy(lost, lost) - xlog1py(1.0 - lost, -lost) - unsure
    limit = np.log(expit(means) * expit(-means) / 2.0)
    return np.column_stack([limit, np.log(told / np.square(sds[1:]))])


def _entropy(log_odds: Floats) -> Floats:
    """Of a coin, in nats; exact where one side is all but sure."""
    size = np.abs(log_odds)
    return np.asarray(np.log1p(np.exp(-size)) + size * expit(-size), dtype=np.float64)


def _mode(won: Floats, counts: Floats, prior_sd: float) -> Floats:
    mean = np.zeros(len(won))
    for _ in range(ITERATIONS_LIMIT):
        share = expit(mean[:, np.newaxis] - mean)
        slope = (won - counts * share).sum(axis=1) - mean / prior_sd**2
        step = cho_solve(cho_factor(_precision(counts, mean, prior_sd)), slope)
        largest = float(np.abs(step).max())
        # Far from the maximum a full step can overshoot; near it the limit is never reached.
        mean = mean + step * min(1.0, STEP_LIMIT / max(largest, STEP_TOLERANCE))
        if largest < STEP_TOLERANCE:
            return np.asarray(mean - mean.mean(), dtype=np.float64)
    raise ArithmeticError("the mode of the posterior was not found; please report these votes")


def _precision(counts: Floats, mean: Floats, prior_sd: float) -> Floats:
    return _information(counts, mean) + np.eye(len(mean)) / prior_sd**2


def _information(counts: Floats, mean: Floats) -> Floats:
    """Fisher information of the scores, shape (n, n), from votes per pair: it doesn't depend on how they went."""
    share = expit(mean[:, np.newaxis] - mean)
    weight = counts * share * (1.0 - share)
    return np.asarray(np.diag(weight.sum(axis=1)) - weight, dtype=np.float64)


def _inverse(precision: Floats) -> Floats:
    return np.asarray(cho_solve(cho_factor(precision), np.eye(len(precision))), dtype=np.float64)


def _require_counts(wins: Floats, **symmetric: Floats) -> None:
    n = len(wins)
    for role, table in {"wins": wins, **symmetric}.items():
        if n < 2 or table.shape != (n, n):
            raise ValueError(f"{role} has shape {table.shape}; it must be (n, n), the same for all, n at least 2")
        if not np.isfinite(table).all() or (table < 0).any() or np.diagonal(table).any():
            raise ValueError(f"{role} must hold finite counts of 0 or more, and zeros on its diagonal")
        if role in symmetric and not np.array_equal(table, table.T):
            raise ValueError(f"{role} must be symmetric: [i, j] and [j, i] are the same showings")
