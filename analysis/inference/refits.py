"""Scores of many replicates at once, each fitted to convergence by Newton's method.

The models are those of `analysis.models.newton`; here every replicate has votes of its own on the same pairs and a
start of its own. Ordered pairs stand in a square, (replicates, n, n), so that each step is a few passes over
numbers that lie side by side, and needs an exponential per condition, not per pair.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from analysis.counts import PairCounts
from analysis.models.newton import Bools, Floats, Ints, incidence

STEP_TOLERANCE = 5e-4  # the last step taken; what is left after it is of the order of its square, below 1e-6
STEP_LIMIT = 2.0
ITERATIONS_LIMIT = 100


@dataclass(frozen=True)
class PairTables:
    """What of the counts a replicate is made of; sparse, one column per observer.

    Attributes:
        conditions: n.
        votes: Shape (n·n, observers): votes on each pair, which stands there both ways.
        surplus: Shape (n, observers): half of wins less losses.
        ties: Shape (1, observers); None where no tie was cast.
    """

    conditions: int
    votes: csr_array
    surplus: csr_array
    ties: csr_array | None

    @classmethod
    def of(cls, counts: PairCounts) -> "PairTables":
        """Those of observer × pair counts."""
        n, pairs = len(counts.names), counts.pairs
        total = csr_array(counts.wins + counts.losses + counts.ties)
        places = np.concatenate([pairs[:, 0] * n + pairs[:, 1], pairs[:, 1] * n + pairs[:, 0]])
        onto = csr_array((np.ones(len(places)), (places, np.tile(np.arange(len(pairs)), 2))), shape=(n * n, len(pairs)))
        surplus = csr_array(incidence(pairs, n).T @ (counts.wins - counts.losses).T) / 2.0
        ties = csr_array(counts.ties.sum(axis=1).reshape(1, -1)) if counts.tied else None
        return cls(n, csr_array(onto @ total.T), csr_array(surplus), ties)

    def replicates(self, multiplicity: Floats) -> "Replicates":
        """Observers counted so often: ``multiplicity`` has shape (observers, replicates)."""
        votes = np.ascontiguousarray((self.votes @ multiplicity).T)
        ties = None if self.ties is None else np.asarray(self.ties @ multiplicity)[0]
        square = votes.reshape(-1, self.conditions, self.conditions)
        return Replicates(square, np.ascontiguousarray((self.surplus @ multiplicity).T), ties)


@dataclass(frozen=True)
class Replicates:
    """Votes (replicates, n, n), half of wins less losses (replicates, n), and ties (replicates,) or None."""

    votes: Floats
    surplus: Floats
    ties: Floats | None

    def take(self, some: Bools | Ints) -> "Replicates":
        """The same, some replicates only."""
        return Replicates(self.votes[some], self.surplus[some], None if self.ties is None else self.ties[some])


def refitted(made: Replicates, start: Floats, nu: float) -> tuple[Floats, Bools]:
    """Maximise every replicate's likelihood.

    Args:
        made: Replicates that have a finite maximum.
        start: Shape (replicates, n), where each starts.
        nu: Davidson's ν, where all that have ties start; read only where ties are modelled.
    Returns:
        Sum-zero scores, shape (replicates, n), and which replicates converged, shape (replicates,).
    """
    scores, moving = start.copy(), np.arange(len(start))
    nus = np.zeros(len(start)) if made.ties is None else np.where(made.ties > 0.0, nu, 0.0)
    for _ in range(ITERATIONS_LIMIT):
        step, growth = _step(made, scores[moving], nus[moving])
        scores[moving] += step
        nus[moving] *= np.exp(growth)
        going = ~(np.maximum(np.abs(step).max(axis=1, initial=0.0), np.abs(growth)) <= STEP_TOLERANCE)
        if not going.any():
            moving = moving[going]
            break
        if not going.all():
            moving, made = moving[going], made.take(going)
    converged = np.ones(len(start), dtype=bool)
    converged[moving] = False
    return scores - scores.mean(axis=1, keepdims=True), converged


def _step(made: Replicates, scores: Floats, nus: Floats) -> tuple[Floats, Floats]:
    """One Newton step of the scores and of log ν."""
    n = scores.shape[1]
    strength = np.exp(scores - scores.max(axis=1, keepdims=True))
    one, other = strength[:, :, np.newaxis], strength[:, np.newaxis, :]
    total, tie = one + other, None
    if made.ties is not None:
        tie = np.sqrt(one * other) * nus[:, np.newaxis, np.newaxis]
        total += tie
        tie /= total
    mean = np.subtract(one, other)
    mean /= total
    expected = made.votes * mean
    slope = made.surplus - expected.sum(axis=2) / 2.0
    spread = np.square(mean, out=mean)
    np.subtract(1.0, spread, out=spread)
    if tie is not None:
        spread -= tie
    spread *= made.votes
    matrix = _information(spread, with_ties=tie is not None)
    if tie is not None and made.ties is not None:
        tied = made.votes * tie
        across, own = (expected * tie).sum(axis=2) / -2.0, (tied * (1.0 - tie)).sum(axis=(1, 2)) / 2.0
        # A replicate without ties has ν = 0 exactly: its last equation becomes "stay".
        matrix[:, n, :n] = matrix[:, :n, n] = across
        matrix[:, n, n] = np.where(own > 0.0, own, 1.0)
        slope = np.concatenate([slope, (made.ties - tied.sum(axis=(1, 2)) / 2.0)[:, np.newaxis]], axis=1)
    # The slope says where the maximum is, the matrix only how to get there: half the digits do.
    step = np.linalg.solve(matrix, slope.astype(np.float32)[..., np.newaxis])[..., 0].astype(np.float64)
    step *= np.minimum(1.0, STEP_LIMIT / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
    return step[:, :n], step[:, n] if made.ties is not None else np.zeros(len(step))


def _information(weight: Floats, *, with_ties: bool) -> npt.NDArray[np.float32]:
    """Information from four times each pair's weight, regular in the direction that no vote informs."""
    n = weight.shape[1]
    size = n + 1 if with_ties else n
    matrix = np.empty((len(weight), size, size), dtype=np.float32)
    np.multiply(weight, -0.25, out=matrix[:, :n, :n], casting="same_kind")
    diagonal = weight.sum(axis=2) / 4.0
    matrix[:, :n, :n] += (diagonal.mean(axis=1) / n)[:, np.newaxis, np.newaxis].astype(np.float32)
    matrix[:, np.arange(n), np.arange(n)] += diagonal
    return matrix
