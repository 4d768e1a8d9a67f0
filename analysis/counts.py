"""Votes added up: observer × pair, the one table that fits, robust errors and bootstrap all start from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from analysis.connection import square
from analysis.newton import Floats, Ints, PairVotes


@dataclass(frozen=True)
class PairCounts:
    """Counts per observer and compared pair.

    Attributes:
        names: The n conditions.
        observers: Who voted, one per row of the tables.
        pairs: Shape (pairs, 2), index into ``names``, first < second.
        wins: Sparse (observers, pairs): votes for the first of the pair.
        losses: Sparse (observers, pairs): votes for the second.
        ties: Sparse (observers, pairs).
    """

    names: tuple[str, ...]
    observers: tuple[str, ...]
    pairs: Ints
    wins: csr_array
    losses: csr_array
    ties: csr_array

    @property
    def tied(self) -> bool:
        """Whether any tie was cast."""
        return bool(self.ties.sum() > 0)

    def weighted(self, multiplicity: Floats) -> PairVotes:
        """Votes per pair where observer o counts ``multiplicity[o, r]`` times in replicate r.

        Args:
            multiplicity: Shape (observers, replicates).
        """
        ties = self.ties.T @ multiplicity if self.tied else None
        return PairVotes(self.wins.T @ multiplicity, self.losses.T @ multiplicity, ties)

    def matrices(self) -> tuple[Floats, Floats]:
        """Wins and ties over all observers, shape (n, n) each: ``wins[i, j]`` votes for i over j, ties symmetric."""
        wins, losses, ties = (
            np.asarray(table.sum(axis=0), dtype=np.float64).ravel() for table in (self.wins, self.losses, self.ties)
        )
        n = len(self.names)
        return square(wins, losses, self.pairs, n), square(ties, ties, self.pairs, n)


def count_votes(votes: pd.DataFrame, names: Sequence[str] | None = None) -> PairCounts:
    """Add up fitted votes.

    Args:
        votes: Columns ``observer``, ``left``, ``right``, ``vote`` (left, right or tie only: see ``votes.sift``).
        names: The conditions, in order; those of the votes, sorted, if not given.
    Raises:
        ValueError: A condition that isn't in ``names``.
    Example:
        >>> import pandas as pd
        >>> rows = pd.DataFrame(
        ...     {"observer": ["o", "p"], "left": ["b", "a"], "right": ["a", "b"], "vote": ["left", "tie"]}
        ... )
        >>> wins, ties = count_votes(rows).matrices()
        >>> wins.tolist(), ties.tolist()
        ([[0.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]])
    """
    listed = tuple(names) if names is not None else tuple(sorted(set(votes["left"]) | set(votes["right"])))
    left, right = (_codes(votes[side], listed) for side in ("left", "right"))
    observer, observers = pd.factorize(votes["observer"], sort=True)
    first, second = np.minimum(left, right), np.maximum(left, right)
    keys, pair = np.unique(first * len(listed) + second, return_inverse=True)
    pairs = np.stack(np.divmod(keys, max(len(listed), 1)), axis=1).astype(np.intp)
    vote = votes["vote"].to_numpy(dtype=str)
    winner = np.where(vote == "left", left, right)
    chosen = [(vote != "tie") & (winner == first), (vote != "tie") & (winner == second), vote == "tie"]
    shape = (len(observers), len(pairs))
    tables = [csr_array((np.ones(mask.sum()), (observer[mask], pair[mask])), shape=shape) for mask in chosen]
    return PairCounts(listed, tuple(str(name) for name in observers), pairs, *tables)


def _codes(column: "pd.Series[str]", names: tuple[str, ...]) -> Ints:
    codes = pd.Index(names).get_indexer(pd.Index(column))
    if (codes < 0).any():
        raise ValueError(f"condition {column.iloc[int(np.argmin(codes))]!r} is not among {', '.join(names)}")
    return np.asarray(codes, dtype=np.intp)
