"""Votes added up for a fit: how often each ordered pair was answered which way, and what each vote weighed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.models.newton import Bools, Floats, Ints
from analysis.wording import counted

UNWEIGHTED = "every vote counts once"


@dataclass(frozen=True)
class Showings:
    """Votes per ordered pair ("cell").

    Attributes:
        names: The n conditions.
        cells: Shape (cells, 2), index into ``names``: what stood left, and what stood right.
        left: Shape (cells,), summed weights of the votes for the left one; ``right`` and ``ties`` alike.
        squares: Shape (cells,), summed squares of the weights of all votes of a cell: its number of votes where each
            weighs 1.
        sided: Whether left and right are those of the screen; if not, sides were never recorded or were added up.
        weights: What votes weigh, in words.
        halved: Whether ties were made half a win each way.
    """

    names: tuple[str, ...]
    cells: Ints
    left: Floats
    right: Floats
    ties: Floats
    squares: Floats
    sided: bool
    weights: str = UNWEIGHTED
    halved: bool = False

    @property
    def total(self) -> Floats:
        """Weight of all votes of a cell, shape (cells,)."""
        return self.left + self.right + self.ties

    @property
    def tied(self) -> bool:
        """Whether any tie was cast and not made half a win each way."""
        return bool(self.ties.any())

    def matrices(self) -> tuple[Floats, Floats]:
        """Wins and ties, shape (n, n) each: ``wins[i, j]`` votes for i over j, ties symmetric, each once."""
        n = len(self.names)
        wins, ties = np.zeros((n, n)), np.zeros((n, n))
        one, other = self.cells.T
        np.add.at(wins, (one, other), self.left)
        np.add.at(wins, (other, one), self.right)
        np.add.at(ties, (one, other), self.ties)
        np.add.at(ties, (other, one), self.ties)
        return wins, ties

    def unsided(self) -> "Showings":
        """The same votes, both orders of a pair in one cell."""
        turned = self.cells[:, 0] > self.cells[:, 1]
        one, other = np.sort(self.cells, axis=1).T
        keys, place = np.unique(one * len(self.names) + other, return_inverse=True)
        left, right = np.where(turned, self.right, self.left), np.where(turned, self.left, self.right)

        def added(part: Floats) -> Floats:
            return np.asarray(np.bincount(place, part, len(keys)), dtype=np.float64)

        return replace(
            self,
            cells=np.stack(np.divmod(keys, len(self.names)), axis=1),
            left=added(left),
            right=added(right),
            ties=added(self.ties),
            squares=added(self.squares),
            sided=False,
        )

    def half_wins(self) -> "Showings":
        """The same votes, each tie half a win each way; a cell's total stays as it is."""
        half = self.ties / 2.0
        return replace(self, left=self.left + half, right=self.right + half, ties=np.zeros_like(half), halved=True)


def of_pairs(wins: Floats, ties: Floats | None = None, names: Sequence[str] | None = None) -> Showings:
    """Votes whose sides aren't known.

    Args:
        wins: Shape (n, n); ``wins[i, j]`` counts the votes for i over j; the diagonal is zero.
        ties: Shape (n, n), symmetric; ``ties[i, j]`` counts the ties between i and j, each once.
        names: One per condition; "0", "1", … if not given.
    Raises:
        ValueError: Arrays that aren't counts, or of another shape.
    Example:
        >>> of_pairs(np.array([[0, 3.0], [1, 0]]), np.array([[0, 2.0], [2, 0]])).total.tolist()
        [6.0]
    """
    drawn = np.zeros_like(wins, dtype=np.float64) if ties is None else np.asarray(ties, dtype=np.float64)
    listed = _named(names, len(wins))
    require_counts({"wins": wins, "ties": drawn}, len(listed))
    if not np.array_equal(drawn, drawn.T):
        raise ValueError("ties must be symmetric: ties[i, j] and ties[j, i] are the same ties")
    return _of_tables(listed, wins, wins.T, drawn, np.triu(wins + wins.T + drawn) > 0, sided=False)


def of_sides(left: Floats, right: Floats, ties: Floats | None = None, names: Sequence[str] | None = None) -> Showings:
    """Votes whose sides are known.

    Args:
        left: Shape (n, n); ``left[i, j]`` counts the votes for i, on the left, over j on the right.
        right: Shape (n, n); ``right[i, j]`` counts the votes for i, on the right, over j on the left.
        ties: Shape (n, n); ``ties[i, j]`` counts the ties with i on the left and j on the right.
        names: One per condition; "0", "1", … if not given.
    Raises:
        ValueError: Arrays that aren't counts, or of another shape.
    Example:
        >>> of_sides(np.array([[0, 3.0], [1, 0]]), np.array([[0, 2.0], [0, 0]])).right.tolist()
        [0.0, 2.0]
    """
    drawn = np.zeros_like(left, dtype=np.float64) if ties is None else np.asarray(ties, dtype=np.float64)
    listed = _named(names, len(left))
    require_counts({"left": left, "right": right, "ties": drawn}, len(listed))
    return _of_tables(listed, left, right.T, drawn, left + right.T + drawn > 0, sided=True)


def require_counts(tables: dict[str, Floats], n: int) -> None:
    """Raise ``ValueError``, naming the table, unless each holds finite counts (n, n) with a zero diagonal."""
    if n < 2:
        raise ValueError(f"{counted(n, 'condition')}: at least two are needed to compare")
    for role, table in tables.items():
        if table.shape != (n, n):
            raise ValueError(f"{role} has shape {table.shape}; with {n} names it must be ({n}, {n})")
        if not np.isfinite(table).all() or (table < 0).any() or np.diagonal(table).any():
            raise ValueError(f"{role} must hold finite counts of 0 or more, and zeros on its diagonal")


def _named(names: Sequence[str] | None, n: int) -> tuple[str, ...]:
    return tuple(names) if names is not None else tuple(str(k) for k in range(n))


def _of_tables(
    names: tuple[str, ...], left: Floats, right: Floats, ties: Floats, seen: Bools, *, sided: bool
) -> Showings:
    cells = np.argwhere(seen)
    to_left, to_right, tied = (np.asarray(table[tuple(cells.T)], dtype=np.float64) for table in (left, right, ties))
    return Showings(names, cells, to_left, to_right, tied, squares=to_left + to_right + tied, sided=sided)
