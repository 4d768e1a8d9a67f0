"""Whether a metric picks what people pick, pair by pair on each content, and where it does not."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from analysis.models.newton import Floats


@dataclass(frozen=True)
class Cells:
    """Votes on every pair of every content.

    Attributes:
        content: Shape (cells,).
        first: Shape (cells,): the condition that comes first by name; ``second`` the other.
        votes_first: Shape (cells,): votes for the first; ``votes_second`` and ``ties`` likewise.
        margin: Shape (columns of weights, cells): votes for the first less votes for the second.
    """

    content: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]
    votes_first: Floats
    votes_second: Floats
    ties: Floats
    margin: Floats


@dataclass(frozen=True)
class Disagreement:
    """A pair on a content of which people prefer the one and the metric the other.

    Attributes:
        metric: The metric's column.
        content: What was shown.
        people: The condition that people prefer.
        by_metric: The condition that the metric prefers.
        votes_people: Votes for the people's choice.
        votes_metric: Votes for the metric's.
        ties: Votes for neither.
        value_people: The metric of the people's choice.
        value_metric: The metric of its own.
        strength: How many standard errors of a coin the votes lie from even, times how many of its usual (root mean
            square) gaps the metric's gap is.
    """

    metric: str
    content: str
    people: str
    by_metric: str
    votes_people: int
    votes_metric: int
    ties: int
    value_people: float
    value_metric: float
    strength: float


def cells_of(votes: pd.DataFrame, weights: Floats) -> Cells:
    """Add votes up by content and pair.

    Args:
        votes: Rows that count.
        weights: Of each observer, in the order of their codes; shape (observers, columns), ones first.
    Example:
        >>> rows = pd.DataFrame([("o", "c", "b", "a", "left"), ("p", "c", "a", "b", "tie")],
        ...     columns=["observer", "content", "left", "right", "vote"])
        >>> cells_of(rows, np.ones((2, 1))).margin.tolist()
        [[-1.0]]
    """
    who = pd.factorize(votes["observer"], sort=True)[0]
    names = np.sort(votes[["left", "right"]].to_numpy(dtype=str), axis=1)
    keys = pd.MultiIndex.from_arrays([votes["content"].astype(str), names[:, 0], names[:, 1]])
    place, cells = pd.factorize(keys, sort=True)
    vote = votes["vote"].to_numpy(dtype=str)
    chosen = np.where(vote == "left", votes["left"], votes["right"]).astype(str)
    first, tie = (vote != "tie") & (chosen == names[:, 0]), vote == "tie"
    shape = (weights.shape[0], len(cells))
    for_first, for_second, ties = (
        csr_array((np.ones(mask.sum()), (who[mask], place[mask])), shape=shape) for mask in (first, ~first & ~tie, tie)
    )
    content, one, other = (tuple(cells.get_level_values(k)) for k in range(3))
    return Cells(
        content,
        one,
        other,
        votes_first=_added(for_first),
        votes_second=_added(for_second),
        ties=_added(ties),
        margin=np.asarray(((for_first - for_second).T @ weights).T),
    )


def _added(table: csr_array) -> Floats:
    return np.asarray(table.sum(axis=0), dtype=np.float64).ravel()


def gaps(cells: Cells, values: "pd.Series[float]", *, less_is_better: bool) -> Floats:
    """How much better the metric finds the first of each pair, shape (cells,); NaN where a value isn't finite.

    Args:
        cells: The pairs.
        values: The metric, by content and condition.
        less_is_better: Whether a small value is a good one.
    """
    first, second = (
        values.reindex(pd.MultiIndex.from_arrays([cells.content, side])).to_numpy(dtype=np.float64)
        for side in (cells.first, cells.second)
    )
    finite = np.isfinite(first) & np.isfinite(second)
    gap = np.subtract(first, second, out=np.full(len(first), np.nan), where=finite)
    return np.asarray(-gap if less_is_better else gap, dtype=np.float64)


def share_picked(margin: Floats, gap: Floats) -> Floats:
    """Share of decided pairs where the metric picks the people's choice, shape (columns,); NaN where none is decided.

    Args:
        margin: Shape (columns, cells): votes for the first less votes for the second.
        gap: Shape (cells,), finite: how much better the metric finds the first. A gap of zero picks nobody's choice.

    >>> share_picked(np.array([[3.0, -1.0, 0.0]]), np.array([1.0, 1.0, 1.0])).tolist()
    [0.5]
    """
    decided = np.count_nonzero(margin, axis=1).astype(np.float64)
    right = np.count_nonzero(np.sign(margin) * np.sign(gap) > 0, axis=1)
    return np.asarray(np.divide(right, decided, out=np.full(len(margin), np.nan), where=decided > 0))


def disagreements(
    metric: str, cells: Cells, values: "pd.Series[float]", *, less_is_better: bool, shown: int
) -> tuple[Disagreement, ...]:
    """The pairs where the metric and people disagree most, the strongest first.

    Args:
        metric: Its name.
        cells: The pairs, all observers in the first column.
        values: The metric, by content and condition.
        less_is_better: Whether a small value is a good one.
        shown: At most so many.
    """
    gap = gaps(cells, values, less_is_better=less_is_better)
    usual = np.sqrt(np.nanmean(np.square(gap))) if np.isfinite(gap).any() else np.nan
    decided = np.maximum(cells.votes_first + cells.votes_second, 1.0)
    strength = np.abs(cells.margin[0]) / np.sqrt(decided) * np.abs(gap) / usual
    against = np.flatnonzero(np.sign(cells.margin[0]) * np.sign(gap) < 0)
    order = against[np.argsort(-strength[against], kind="stable")][:shown]
    return tuple(_told(metric, cells, values, int(at), float(strength[at])) for at in order)


def _told(metric: str, cells: Cells, values: "pd.Series[float]", at: int, strength: float) -> Disagreement:
    sides = [
        (cells.first[at], int(cells.votes_first[at])),
        (cells.second[at], int(cells.votes_second[at])),
    ]
    (people, votes_people), (by_metric, votes_metric) = sides if cells.margin[0, at] > 0 else sides[::-1]
    content = cells.content[at]
    return Disagreement(
        metric=metric,
        content=content,
        people=people,
        by_metric=by_metric,
        votes_people=votes_people,
        votes_metric=votes_metric,
        ties=int(cells.ties[at]),
        value_people=float(values[content, people]),
        value_metric=float(values[content, by_metric]),
        strength=strength,
    )
