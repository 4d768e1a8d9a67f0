"""Votes added up: observer × pair, the one table that fits, robust errors and bootstrap all start from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from analysis.models.connection import square
from analysis.models.newton import Floats, Ints, PairVotes
from analysis.models.showings import UNWEIGHTED, Showings

Weights = Mapping[str, float] | Sequence[float] | Floats | None


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

    def half_wins(self) -> "PairCounts":
        """The same votes, each tie half a win each way."""
        half = self.ties / 2.0
        return replace(
            self,
            wins=csr_array(self.wins + half),
            losses=csr_array(self.losses + half),
            ties=csr_array(self.ties * 0.0),
        )

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


def count_showings(votes: pd.DataFrame, names: Sequence[str] | None = None, *, weights: Weights = None) -> Showings:
    """Add up fitted votes over observers, keeping what stood left: what `analysis.models.fitting.fit_model` reads.

    A weight says how much a vote is to count, not how many people cast it: to give every vote the weight 2 changes
    neither scores nor errors, while to cast every vote twice halves the covariance. Fits use Σw, errors Σw² as well.

    Args:
        votes: Columns ``observer``, ``left``, ``right``, ``vote`` (left, right or tie only: see ``votes.sift``).
        names: The conditions, in order; those of the votes, sorted, if not given.
        weights: One per vote, or one per observer by name; finite, 0 or more. A vote of weight 0 is left out.
    Raises:
        ValueError: A condition that isn't in ``names``; weights that are missing or aren't weights.
    Example:
        >>> import pandas as pd
        >>> rows = pd.DataFrame(
        ...     {"observer": ["o", "p"], "left": ["b", "a"], "right": ["a", "b"], "vote": ["left", "tie"]}
        ... )
        >>> counted = count_showings(rows, weights={"o": 1.0, "p": 0.5})
        >>> counted.cells.tolist(), counted.left.tolist(), counted.ties.tolist(), counted.weights
        ([[0, 1], [1, 0]], [0.0, 1.0], [0.5, 0.0], 'per observer')
    """
    listed = tuple(names) if names is not None else tuple(sorted(set(votes["left"]) | set(votes["right"])))
    weight, said = _weights(votes, weights)
    left, right = (_codes(votes[side], listed)[weight > 0] for side in ("left", "right"))
    vote, weight = votes["vote"].to_numpy(dtype=str)[weight > 0], weight[weight > 0]
    keys, cell = np.unique(left * len(listed) + right, return_inverse=True)
    cells = np.stack(np.divmod(keys, max(len(listed), 1)), axis=1).astype(np.intp)
    parts = [weight * (vote == answer) for answer in ("left", "right", "tie")] + [np.square(weight)]
    to_left, to_right, ties, squares = (np.asarray(np.bincount(cell, part, len(keys)), np.float64) for part in parts)
    return Showings(listed, cells, to_left, to_right, ties, squares, sided=True, weights=said)


def _weights(votes: pd.DataFrame, weights: Weights) -> tuple[Floats, str]:
    if weights is None:
        return np.ones(len(votes)), UNWEIGHTED
    said = "per observer" if isinstance(weights, Mapping) else "per vote"
    if isinstance(weights, Mapping):
        unknown = sorted(set(votes["observer"]) - set(weights))
        if unknown:
            many = "s" * (len(unknown) > 1)
            raise ValueError(f"no weight is given for observer{many} {', '.join(unknown[:8])}")
        weights = [weights[observer] for observer in votes["observer"]]
    values = np.asarray(weights, dtype=np.float64)
    if values.shape != (len(votes),):
        raise ValueError(f"{values.size} weights for {len(votes)} votes: give one per vote, in their order")
    if not (np.isfinite(values).all() and (values >= 0).all()):
        raise ValueError("weights must be finite and 0 or more")
    return values, said


def _codes(column: "pd.Series[str]", names: tuple[str, ...]) -> Ints:
    codes = pd.Index(names).get_indexer(pd.Index(column))
    if (codes < 0).any():
        raise ValueError(f"condition {column.iloc[int(np.argmin(codes))]!r} is not among {', '.join(names)}")
    return np.asarray(codes, dtype=np.intp)
