"""Thurstone's case V in just-objectionable differences, many vote tables at once, with pwcmp's distance prior.

One JOD is the distance at which 75 % prefer the better one: P(i over j) = Φ((qi − qj) / 1.4826). Votes that all go one
way would put a condition infinitely far; the prior keeps distances to those that the other pairs make likely.

Source:
    Pérez-Ortiz and Mantiuk 2017, arXiv:1712.03686, and their program pwcmp (prior "gaussian", its default).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_ndtr

from analysis.models.newton import Bools, Floats, Ints

SIGMA_JOD = 1.4826  # Φ(1 / 1.4826) = 0.75
PRIOR_FLOOR = 0.1  # pwcmp's: how likely, at least, a distance is taken to be
MEAN_ZERO_WEIGHT = 0.01  # pwcmp's: only differences matter, so the mean is drawn to zero
RIDGE = 1e-4  # holds parts that no vote compares with each other around zero
STEP_TOLERANCE_JOD = 1e-6
CHORD_STEPS = 60
CHUNK_NUMBERS = 2_000_000


def jod_scores(wins: Floats, *, start: Floats | None = None) -> Floats:
    """Scores of one vote table or of many that differ little, as where one observer is left out at a time.

    Args:
        wins: Shape (tables, n, n); ``wins[t, i, j]`` counts votes for i over j.
        start: Shape (n,), where all begin; the scores of all tables' mean if not given.
    Returns:
        Shape (tables, n), JOD, mean near zero.
    Raises:
        ArithmeticError: A table's optimum was not found.
    Example:
        >>> wins = np.array([[[0, 75, 0], [25, 0, 75], [0, 25, 0]]])
        >>> (jod_scores(wins)[0, :-1] - jod_scores(wins)[0, 1:]).round(1).tolist()
        [1.0, 1.0]
    """
    n = wins.shape[1]
    total = _tables(wins.mean(axis=0, keepdims=True))
    start = _search(total, np.zeros(n)) if start is None else start
    inverse = np.asarray(np.linalg.inv(_curvature(total, start)), dtype=np.float64)
    size = max(1, CHUNK_NUMBERS // max(total.won.shape[1] ** 2, 1))
    parts = [_chords(_tables(wins[at : at + size]), start, inverse) for at in range(0, len(wins), size)]
    return np.concatenate(parts)


def distance_prior_fit(wins: Floats) -> tuple[Floats, Floats]:
    """Scores of one vote table under pwcmp's prior, and their covariance by the posterior's curvature at the maximum.

    Args:
        wins: Shape (n, n); ``wins[i, j]`` counts votes for i over j.
    Returns:
        Scores, JOD, summing to zero, and their covariance, shape (n, n): Laplace's approximation, votes independent.
    Raises:
        ArithmeticError: The optimum was not found, or is no maximum in some direction.
    Example:
        >>> scores, covariance = distance_prior_fit(np.array([[0, 75], [25, 0]]))
        >>> (scores[0] - scores[1]).round(2).item(), np.sqrt(4 * covariance[0, 0]).round(2).item()
        (1.0, 0.2)
    """
    table = _tables(wins[np.newaxis])
    scores = _search(table, np.zeros(len(wins)))
    centre = np.eye(len(wins)) - 1.0 / len(wins)
    values, vectors = np.linalg.eigh(centre @ _slopes_of_slope(table, scores) @ centre)
    # One eigenvector is the direction of all scores up alike, which centring takes away.
    order = np.argsort(np.abs(vectors.sum(axis=0)))[:-1]
    if values[order].min() <= 0.0:
        raise ArithmeticError("the JOD scores found are no maximum; more votes, or another model, are needed")
    # The loss reads each pair in both orders, so that its curvature is twice that of the votes and the prior.
    covariance = 2.0 * (vectors[:, order] / values[order]) @ vectors[:, order].T
    return scores - scores.mean(), np.asarray(covariance, dtype=np.float64)


def log_preferred(scores: Floats, better: Ints, worse: Ints) -> Floats:
    """log P(better over worse) for one table's scores in JOD; shape of ``better``.

    Example:
        >>> float(np.exp(log_preferred(np.array([1.0, 0.0]), np.array([0]), np.array([1])))[0].round(4))
        0.75
    """
    return np.asarray(log_ndtr((scores[better] - scores[worse]) / SIGMA_JOD), dtype=np.float64)


@dataclass(frozen=True)
class _Tables:
    """Ordered pairs that were compared in any table; shape (tables, pairs) but for the conditions'.

    ``likely`` is ``won``, moved by one vote where all went one way: only the prior reads it.
    """

    n: int
    first: Ints
    second: Ints
    won: Floats
    votes: Floats
    likely: Floats
    compared: Bools


def _tables(wins: Floats) -> _Tables:
    votes = wins + wins.transpose(0, 2, 1)
    first, second = np.nonzero(votes.any(axis=0))
    won, votes = wins[:, first, second].astype(np.float64), votes[:, first, second].astype(np.float64)
    likely = np.where((won == 0) & (votes > 0), 1.0, np.where((won == votes) & (votes > 0), won - 1.0, won))
    return _Tables(wins.shape[1], first.astype(np.intp), second.astype(np.intp), won, votes, likely, votes > 0)


def _loss(tables: _Tables, scores: Floats) -> tuple[Floats, Floats]:
    """Minus the log posterior, shape (tables,), and its slope, shape (tables, n)."""
    apart = (scores[:, tables.first] - scores[:, tables.second]) / SIGMA_JOD
    log_won, log_lost = log_ndtr(apart), log_ndtr(-apart)
    log_density = -0.5 * np.square(apart) - 0.5 * np.log(2.0 * np.pi)
    rise, fall = np.exp(log_density - log_won), np.exp(log_density - log_lost)
    lost = tables.votes - tables.won
    prior, prior_slope = _prior(tables, log_won, log_lost, rise, fall)
    value = -(tables.won * log_won + lost * log_lost + prior).sum(axis=1)
    slope = -(tables.won * rise - lost * fall + prior_slope) / SIGMA_JOD
    mean = scores.mean(axis=1, keepdims=True)
    slopes = 2.0 * (MEAN_ZERO_WEIGHT * mean / tables.n + RIDGE * scores)
    for t in range(len(scores)):
        slopes[t] += np.bincount(tables.first, slope[t], tables.n) - np.bincount(tables.second, slope[t], tables.n)
    value += MEAN_ZERO_WEIGHT * np.square(mean[:, 0]) + RIDGE * np.square(scores).sum(axis=1)
    return value, slopes


def _prior(tables: _Tables, log_won: Floats, log_lost: Floats, rise: Floats, fall: Floats) -> tuple[Floats, Floats]:
    """How likely each distance is by the votes on every compared pair, and the slope by distance; (tables, pairs)."""
    win, loss = tables.likely, tables.votes - tables.likely
    weigh = win[:, :, np.newaxis] * log_won[:, np.newaxis] + loss[:, :, np.newaxis] * log_lost[:, np.newaxis]
    weigh = np.where(tables.compared[:, np.newaxis], weigh, -np.inf)
    weigh = np.exp(weigh - weigh.max(axis=2, keepdims=True))
    share = weigh / weigh.sum(axis=2, keepdims=True) * tables.compared[:, :, np.newaxis]
    likely = share.sum(axis=1) + PRIOR_FLOOR
    pull = tables.compared / likely
    spread = np.einsum("tab,tb->ta", share, pull)

    def slope(amount: Floats) -> Floats:
        own, others = (np.einsum("tab,ta->tb", share, by) for by in (amount, amount * spread))
        return np.asarray(pull * own - others)

    return np.log(likely) * tables.compared, rise * slope(win) - fall * slope(loss)


def _search(tables: _Tables, start: Floats) -> Floats:
    def loss(scores: Floats) -> tuple[float, Floats]:
        value, slopes = _loss(tables, scores[np.newaxis])
        return float(value[0]), slopes[0]

    found = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-7, "maxiter": 1000})
    # BFGS also stops, with a warning, where rounding hides any further descent: there the slope is small.
    if np.abs(found.jac).max() > 1e-3:
        raise ArithmeticError(f"no JOD scores were found: {found.message}")
    return np.asarray(found.x, dtype=np.float64)


def _curvature(tables: _Tables, at: Floats) -> Floats:
    """The loss's second derivatives, made positive."""
    values, vectors = np.linalg.eigh(_slopes_of_slope(tables, at))
    return np.asarray((vectors * np.maximum(values, 1e-3)) @ vectors.T)


def _slopes_of_slope(tables: _Tables, at: Floats) -> Floats:
    step = 1e-5
    rows = [(_loss(tables, at[np.newaxis] + e)[1][0] - _loss(tables, at[np.newaxis] - e)[1][0]) / (2 * step)
            for e in step * np.eye(tables.n)]  # fmt: skip
    return np.asarray((np.array(rows) + np.array(rows).T) / 2.0, dtype=np.float64)


def _chords(tables: _Tables, start: Floats, inverse: Floats) -> Floats:
    """Newton's method with one curvature for all; a table that it doesn't settle is searched by itself."""
    scores = np.tile(start, (len(tables.won), 1))
    for _ in range(CHORD_STEPS):
        step = _loss(tables, scores)[1] @ inverse
        scores -= np.clip(step, -0.5, 0.5)
        if np.abs(step).max() < STEP_TOLERANCE_JOD:
            return scores
    for t in np.flatnonzero(np.abs(step).max(axis=1) >= STEP_TOLERANCE_JOD):
        scores[t] = _search(_only(tables, int(t)), start)
    return scores


def _only(tables: _Tables, t: int) -> _Tables:
    won, votes, likely = (part[[t]] for part in (tables.won, tables.votes, tables.likely))
    return _Tables(tables.n, tables.first, tables.second, won, votes, likely, tables.compared[[t]])
