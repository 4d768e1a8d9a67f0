"""Votes fitted part by part, as for each content or camera, beside the fit to all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from analysis.counts import Weights, count_showings
from analysis.models.connection import NotConnectedError
from analysis.models.fitting import ModelFit, Prior, Ties, fit_model
from analysis.models.newton import Bools
from analysis.models.showings import Showings

POOLED = "pooled: votes added up before the fit"


@dataclass(frozen=True)
class Part:
    """The fit of one part.

    Attributes:
        name: The value of the column that parts the votes; ``POOLED`` for all votes.
        votes: How many it has.
        observers: Who cast them, counted.
        fitted: Their fit; None where there are no scores.
        withheld: Why there are none, in words; None where there are.
    """

    name: str
    votes: int
    observers: int
    fitted: ModelFit | None
    withheld: str | None


@dataclass(frozen=True)
class Parts:
    """All votes pooled, and each part by itself.

    Attributes:
        by: The column that parts the votes.
        pooled: All votes as if ``by`` were unknown.
        parts: One per value, in the order of their names.
    """

    by: str
    pooled: Part
    parts: tuple[Part, ...]


def fit_each(
    votes: pd.DataFrame,
    by: str,
    model: str = "davidson",
    *,
    position: bool = False,
    ties: Ties = "modelled",
    prior: Prior = "none",
    sd: float | None = None,
    weights: Weights = None,
) -> Parts:
    """Fit all votes, and each part of them by itself, with the same options.

    A part's scale holds the conditions that were compared in it, and its own zero: scores of two parts may be compared
    by their differences. Whether a part's finite maximum exists is asked first; where it doesn't, the reason stands.

    Args:
        votes: Columns ``observer``, ``left``, ``right``, ``vote`` (left, right or tie) and ``by``.
        by: "content", "camera", "scene", or another column of text.
        model: With the other options those of `analysis.models.fitting.fit_model`.
        position: Whether an advantage of the left side is fitted.
        ties: How ties go in.
        prior: A named one, or none.
        sd: Of the Gaussian prior.
        weights: As in `analysis.counts.count_showings`.
    Raises:
        ValueError: No such column, weights that aren't, or options that don't go together.
    Example:
        >>> rows = pd.DataFrame({"observer": ["o"] * 4, "content": ["c", "c", "c", "d"], "left": ["a"] * 4,
        ...     "right": ["b"] * 4, "vote": ["left", "left", "right", "left"]})
        >>> each = fit_each(rows, "content")
        >>> each.pooled.fitted.scores.round(4).tolist()
        [0.5493, -0.5493]
        >>> each.parts[1].withheld[:55]
        'No finite scores exist: never lost: a; never won: b. Mo'
    """
    if by not in votes.columns:
        raise ValueError(f"the votes have no column {by!r}; there are {', '.join(map(str, votes.columns))}")
    fit = partial(fit_model, model=model, position=position, ties=ties, prior=prior, sd=sd)
    values = votes[by].to_numpy(dtype=str)
    everything = np.ones(len(votes), dtype=bool)
    each = tuple(_part(str(value), votes, values == value, weights, fit) for value in np.unique(values))
    return Parts(by, _part(POOLED, votes, everything, weights, fit), each)


def _part(name: str, votes: pd.DataFrame, rows: Bools, weights: Weights, fit: Callable[[Showings], ModelFit]) -> Part:
    chosen = votes[rows]
    own = weights if weights is None or isinstance(weights, Mapping) else np.asarray(weights, dtype=np.float64)[rows]
    counted = count_showings(chosen, weights=own)
    observers = int(chosen["observer"].nunique())
    if not counted.total.any():
        return Part(name, len(chosen), observers, None, "No vote counts yet.")
    try:
        return Part(name, len(chosen), observers, fit(counted), None)
    except NotConnectedError as error:
        return Part(name, len(chosen), observers, None, str(error))
