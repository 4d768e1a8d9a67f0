"""Bradley-Terry and Davidson scores for many vote tables at once, by Newton's method.

Both models are log-linear in half the score difference d = (θi − θj)/2: a win of i weighs exp(d), a win of j
exp(−d), a tie ν. So the log-likelihood is concave in (θ, log ν), and one Newton step serves both; without ties ν is 0.
Arrays run pair first, replicate last: (pairs, replicates).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

STEP_TOLERANCE = 1e-6  # the last step taken; what is left after it is of the order of its square
STEP_LIMIT = 2.0
ITERATIONS_LIMIT = 100


@dataclass(frozen=True)
class PairVotes:
    """Votes per pair and replicate, shape (pairs, replicates) each; ``ties`` is None where ties are not modelled."""

    wins: Floats
    losses: Floats
    ties: Floats | None

    def take(self, replicates: Bools | Ints) -> "PairVotes":
        """The same votes, some replicates only."""
        ties = None if self.ties is None else self.ties[:, replicates]
        return PairVotes(self.wins[:, replicates], self.losses[:, replicates], ties)


@dataclass(frozen=True)
class Solution:
    """Scores (replicates, n), log ν (replicates,; -inf where no tie was cast), and which replicates converged."""

    scores: Floats
    log_nu: Floats
    converged: Bools


@dataclass(frozen=True)
class Moments:
    """Mean and spread of one vote under the model; shape (pairs, replicates) each.

    D is 1, −1, 0 for a win, a loss, a tie, and T is 1 for a tie.
    """

    mean: Floats  # E[D]
    variance: Floats  # var D
    tie: Floats  # E[T]


def incidence(pairs: Ints, n: int) -> csr_array:
    """Shape (pairs, n): +1 at the first condition of a pair, −1 at the second."""
    rows = np.repeat(np.arange(len(pairs)), 2)
    signs = np.tile([1.0, -1.0], len(pairs))
    return csr_array((signs, (rows, pairs.ravel())), shape=(len(pairs), n))


def solve(votes: PairVotes, pairs: Ints, n: int, *, start: Floats, log_nu: float = 0.0) -> Solution:
    """Maximise every replicate's likelihood from one warm start.

    Args:
        votes: Counts per pair and replicate.
        pairs: Shape (pairs, 2), the conditions of each pair.
        n: Number of conditions.
        start: Shape (n,), where every replicate starts.
        log_nu: Where log ν starts; read only if ties are modelled.
    Returns:
        Scores that sum to zero in every replicate. A replicate without a finite maximum doesn't converge.
    """
    replicates = votes.wins.shape[1]
    scores = np.tile(start - start.mean(), (replicates, 1))
    nus = np.where(_tied(votes), log_nu, -np.inf)
    moving = np.arange(replicates)
    design = incidence(pairs, n)
    for iteration in range(ITERATIONS_LIMIT):
        # All start at one place, where one replicate's moments are everybody's.
        alike = iteration == 0 and bool(np.all(nus == nus[:1]))
        at = moments(scores[:1], nus[:1], pairs) if alike else moments(scores[moving], nus[moving], pairs)
        step, nu_step = _newton_step(votes.take(moving) if iteration else votes, pairs, design, at)
        scores[moving] += step
        nus[moving] += nu_step
        moving = moving[np.maximum(np.abs(step).max(axis=1), np.abs(nu_step)) > STEP_TOLERANCE]
        if not len(moving):
            break
    converged = np.ones(replicates, dtype=bool)
    converged[moving] = False
    return Solution(scores - scores.mean(axis=1, keepdims=True), nus, converged)


def moments(scores: Floats, log_nu: Floats, pairs: Ints) -> Moments:
    """Moments of one vote on each pair, for scores (replicates, n) and log ν (replicates,)."""
    half, unlikely, tie = _weights(scores, log_nu, pairs)
    total = 1.0 + unlikely + tie
    mean = np.copysign((1.0 - unlikely) / total, half)
    tie /= total
    # 1 − tie − mean², written without a difference: far apart it would be nothing but rounding.
    variance = 4.0 * unlikely / np.square(total) + tie * (1.0 + unlikely) / total
    return Moments(mean, variance, tie)


def chances(scores: Floats, log_nu: Floats, pairs: Ints) -> tuple[Floats, Floats, Floats]:
    """Chances of a win, a loss and a tie of the first of each pair, (pairs, replicates) each, exact however small.

    >>> won, lost, tie = chances(np.array([[0.0, 80.0]]), np.array([-np.inf]), np.array([[0, 1]]))
    >>> bool(won[0, 0] == np.exp(-80)), float(lost[0, 0]), float(tie[0, 0])
    (True, 1.0, 0.0)
    """
    half, unlikely, tie = _weights(scores, log_nu, pairs)
    total = 1.0 + unlikely + tie
    won = np.where(half >= 0.0, 1.0, unlikely) / total
    return won, np.where(half >= 0.0, unlikely, 1.0) / total, tie / total


def _weights(scores: Floats, log_nu: Floats, pairs: Ints) -> tuple[Floats, Floats, Floats]:
    """Half of each difference d, and what the less likely win and a tie weigh where the likelier win weighs 1.

    Divided by the likelier win's weight, exp|d|, a vote weighs 1, u² and ν·u: one exponential, and no overflow.
    """
    half = (scores[:, pairs[:, 0]] - scores[:, pairs[:, 1]]).T / 2.0
    fall = np.exp(-np.abs(half))
    return half, np.square(fall), fall * np.exp(log_nu)


def information(votes: PairVotes, pairs: Ints, n: int, at: Moments) -> Floats:
    """Fisher information of (θ, log ν), shape (replicates, n + 1, n + 1); (…, n, n) where ties are not modelled.

    θ's block is made regular by adding its mean diagonal to the direction that no vote informs (all scores up
    alike), which leaves every sum-zero step and variance as it is.
    """
    count = votes.wins + votes.losses + (0.0 if votes.ties is None else votes.ties)
    size = n if votes.ties is None else n + 1
    matrix = np.zeros((votes.wins.shape[1], size, size))
    weight = (count * at.variance).T / 4.0
    matrix[:, pairs[:, 0], pairs[:, 1]] = -weight
    matrix[:, pairs[:, 1], pairs[:, 0]] = -weight
    diagonal = -matrix[:, :n, :n].sum(axis=2)
    matrix[:, np.arange(n), np.arange(n)] = diagonal
    matrix[:, :n, :n] += (diagonal.mean(axis=1) / n)[:, np.newaxis, np.newaxis]
    if votes.ties is not None:
        _border(matrix, count, at, incidence(pairs, n))
    return matrix


def _border(matrix: Floats, count: Floats, at: Moments, design: csr_array) -> None:
    across = (design.T @ (-count * at.mean * at.tie)).T / 2.0
    own = np.sum(count * at.tie * (1.0 - at.tie), axis=0)
    # A replicate without ties has ν = 0 exactly: its last equation becomes "stay".
    matrix[:, -1, :-1] = matrix[:, :-1, -1] = across
    matrix[:, -1, -1] = np.where(own > 0.0, own, 1.0)


def _newton_step(votes: PairVotes, pairs: Ints, design: csr_array, at: Moments) -> tuple[Floats, Floats]:
    n = design.shape[1]
    count = votes.wins + votes.losses + (0.0 if votes.ties is None else votes.ties)
    slope = (design.T @ (votes.wins - votes.losses - count * at.mean)).T / 2.0
    if votes.ties is not None:
        tie_slope = np.sum(votes.ties - count * at.tie, axis=0)
        slope = np.concatenate([slope, tie_slope[:, np.newaxis]], axis=1)
    step = np.linalg.solve(information(votes, pairs, n, at), slope[..., np.newaxis])[..., 0]
    # Far from the maximum a full step can overshoot; near it the limit is never reached.
    step *= np.minimum(1.0, STEP_LIMIT / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
    nu_step = step[:, n] if votes.ties is not None else np.zeros(len(step))
    return step[:, :n].astype(np.float64), nu_step.astype(np.float64)


def _tied(votes: PairVotes) -> Bools:
    if votes.ties is None:
        return np.zeros(votes.wins.shape[1], dtype=bool)
    return np.asarray(votes.ties.sum(axis=0) > 0)
