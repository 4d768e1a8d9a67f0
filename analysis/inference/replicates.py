"""Scores of resampled observers, many replicates at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree
from threadpoolctl import threadpool_limits

from analysis.counts import PairCounts
from analysis.inference.covariance import Scored, slopes
from analysis.inference.refits import PairTables, refitted
from analysis.models.connection import connected_replicates
from analysis.models.newton import Bools, Floats

CHUNK_NUMBERS = 400_000  # replicates × (pairs + conditions²) held at once: more leaves the processor's cache


@dataclass(frozen=True)
class _Tree:
    """Pairs that span the conditions, won both ways by as many observers as can be; fewer where none do.

    Sparse, shape (observers, pairs of the tree).
    """

    wins: csr_array
    losses: csr_array

    @classmethod
    def of(cls, counts: PairCounts) -> "_Tree":
        won, lost = (np.asarray((table > 0).sum(axis=0)) for table in (counts.wins, counts.losses))
        contested = np.minimum(won, lost).astype(np.float64)
        n, chosen = len(counts.names), np.flatnonzero(contested)
        # The lightest tree of negative weights is the heaviest.
        weights: csr_array = csr_array((-contested[chosen], counts.pairs[chosen].T), shape=(n, n))
        first, second = minimum_spanning_tree(weights).nonzero()
        tree = np.flatnonzero(np.isin(counts.pairs[:, 0] * n + counts.pairs[:, 1], first * n + second))
        return cls(csr_array(counts.wins[:, tree]), csr_array(counts.losses[:, tree]))


def bootstrap_scores(counts: PairCounts, fitted: Scored, *, replicates: int, seed: int) -> tuple[Floats, int]:
    """Scores of resampled observers, each replicate fitted to convergence, started at the point estimate.

    Returns:
        Scores, shape (replicates with finite scores, n), and the number of replicates without.
    """
    observers, n = len(counts.observers), len(counts.names)
    size = max(1, CHUNK_NUMBERS // (len(counts.pairs) + n**2 + observers))
    tables, tree, shifts = PairTables.of(counts), _Tree.of(counts), _shifts(counts, fitted)
    # Thousands of small systems: BLAS threads gain nothing here, and on a busy machine they wait for each other.
    with threadpool_limits(limits=1, user_api="blas"):
        parts = [
            _fitted_scores(counts, tables, tree, drawn=drawn, start=fitted.scores + drawn @ shifts, nu=fitted.nu or 0.0)
            for drawn in resamples(observers, replicates, seed, at_once=size)
        ]
    scores = np.concatenate(parts)
    return scores, replicates - len(scores)


def one_step_scores(counts: PairCounts, fitted: Scored, *, replicates: int, seed: int) -> Floats:
    """Scores of the same resamples by one step from the point estimate, with the information there.

    Shape (replicates, n). Right to first order, and a product of two matrices whatever the number of conditions.
    """
    observers, shifts = len(counts.observers), _shifts(counts, fitted)
    size = max(1, CHUNK_NUMBERS // observers)
    chunks = resamples(observers, replicates, seed, at_once=size)
    return np.concatenate([fitted.scores + drawn @ shifts for drawn in chunks])


def resamples(units: int, replicates: int, seed: int, *, at_once: int) -> Iterator[Floats]:
    """How often each unit is drawn, of as many as there are, with replacement; each of shape (at_once, units).

    The draws are the same however many come at once.

    >>> [drawn.sum(axis=1).tolist() for drawn in resamples(4, 3, seed=1, at_once=2)]
    [[4.0, 4.0], [4.0]]
    """
    rng, chances = np.random.default_rng(seed), np.full(units, 1.0 / units)
    for at in range(0, replicates, at_once):
        yield rng.multinomial(units, chances, size=min(at_once, replicates - at)).astype(np.float64)


def _shifts(counts: PairCounts, fitted: Scored) -> Floats:
    """How far one more copy of each observer moves the scores, to first order; shape (observers, n)."""
    own = slopes(counts, fitted)
    return np.asarray(own.rows @ own.bread)


def _fitted_scores(
    counts: PairCounts, tables: PairTables, tree: _Tree, *, drawn: Floats, start: Floats, nu: float
) -> Floats:
    connected = _connected(counts, tree, drawn)
    scores, converged = refitted(tables.replicates(drawn[connected].T), start[connected], nu)
    return scores[converged]


def _connected(counts: PairCounts, tree: _Tree, drawn: Floats) -> Bools:
    """Which replicates have a finite maximum; shape (replicates,).

    Where every pair of a tree that spans all conditions was won both ways there is one. Only the other replicates
    need the full test.
    """
    both_ways = np.minimum(drawn @ tree.wins, drawn @ tree.losses) > 0.0
    connected = both_ways.all(axis=1) & (both_ways.shape[1] == len(counts.names) - 1)
    open_ones = np.flatnonzero(~connected)
    votes = counts.weighted(drawn[open_ones].T)
    connected[open_ones] = connected_replicates(votes, counts.pairs, len(counts.names))
    return np.asarray(connected)
