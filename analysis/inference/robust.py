"""Covariances of scores under any model where votes hang together: by slopes, or by leaving out one observer at a time.

`analysis.inference.covariance` reads counts, for Bradley-Terry and Davidson. Here each vote's slope comes from the
chances of its own model, with the advantage of a side, half wins and priors as they were fitted.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from analysis.counts import PairCounts
from analysis.inference.covariance import CrossedCovariance, Slopes, crossed_of
from analysis.inference.crossed import added_up
from analysis.models.fitting import TIES_SAID, ModelFit
from analysis.models.jod import jod_scores
from analysis.models.newton import Floats, Ints
from analysis.models.outcomes import MODELS

JACKKNIFE = "jackknife over observers, Student's t"
ANSWERS = ("left", "right", "tie")


@dataclass(frozen=True)
class Clusters:
    """Slopes of votes, and who cast each on what.

    Attributes:
        slopes: One row per vote; its bread is shape (n + k, n + k), k parameters beside the scores.
        observer: Shape (votes,), 0 to ``observers`` − 1.
        content: Shape (votes,), 0 to ``contents`` − 1.
        observers: m.
        contents: c.
    """

    slopes: Slopes
    observer: Ints
    content: Ints
    observers: int
    contents: int

    def by_observer(self) -> Floats:
        """Covariance of scores and parameters if observers are independent; shape (n + k, n + k)."""
        rows = added_up(self.slopes.rows, self.observer, self.observers)
        return Slopes(rows, self.slopes.bread).covariance(self.observers)

    def crossed(self, n: int) -> CrossedCovariance:
        """Covariances of the n scores if observers and contents are both drawn from many."""
        cell, place = np.unique(self.observer * self.contents + self.content, return_inverse=True)
        who, what = np.divmod(cell.astype(np.intp), self.contents)
        cells = Slopes(added_up(self.slopes.rows, place, len(cell)), self.slopes.bread[:, :n])
        return crossed_of(cells, (who, self.observers), (what, self.contents))


def clusters(votes: pd.DataFrame, fitted: ModelFit) -> Clusters:
    """Slopes of every vote at the fit.

    With a prior, the bread is the inverse of the posterior's curvature, and what is measured is the spread of the
    drawn-in scores.

    Args:
        votes: Columns ``observer``, ``content``, ``left``, ``right``, ``vote``: those that were fitted, unweighted.
        fitted: By `analysis.models.fitting.fit_model`.
    Source:
        Liang and Zeger 1986, doi:10.1093/biomet/73.1.13.
    Example:
        >>> from analysis.counts import count_showings
        >>> from analysis.models.fitting import fit_model
        >>> votes = pd.DataFrame({"observer": list("oopp"), "content": "c", "left": "a", "right": "b",
        ...     "vote": ["left", "right", "left", "left"]})
        >>> clusters(votes, fit_model(count_showings(votes))).by_observer().shape
        (2, 2)
    """
    observer, observers = pd.factorize(votes["observer"], sort=True)
    content, contents = pd.factorize(votes["content"], sort=True)
    made = Slopes(_rows(votes, fitted), fitted.joint)
    return Clusters(made, observer.astype(np.intp), content.astype(np.intp), len(observers), len(contents))


def _rows(votes: pd.DataFrame, fitted: ModelFit) -> csr_array:
    """Shape (votes, n + k): n scores, then position and tie where they are fitted."""
    names, size = pd.Index(fitted.names), len(fitted.joint)
    left, right = (names.get_indexer(pd.Index(votes[side])) for side in ("left", "right"))
    by_x, by_t = _slopes(votes, fitted, fitted.scores[left] - fitted.scores[right])
    at = np.arange(len(votes))
    parts = [(left, by_x), (right, -by_x)]
    parts += [(np.full(len(votes), len(names)), by_x)] if fitted.position is not None else []
    parts += [(np.full(len(votes), size - 1), by_t)] if fitted.tie is not None else []
    columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    return csr_array((values, (np.tile(at, len(parts)), columns)), shape=(len(votes), size))


def _slopes(votes: pd.DataFrame, fitted: ModelFit, x: Floats) -> tuple[Floats, Floats]:
    """Of each vote's log-likelihood by x and by t, shape (votes,) each."""
    model = next(row for row in MODELS.values() if row.name == fitted.model)
    outcomes = model.decided if fitted.tie is None or model.tied is None else model.tied
    t = np.full(len(x), 0.0 if fitted.tie is None else fitted.tie.value)
    chances = outcomes(x + (0.0 if fitted.position is None else fitted.position.value), t)
    by_x, by_t = chances.by_x, chances.by_t
    if fitted.ties == TIES_SAID["half"]:
        by_x, by_t = (np.concatenate([by, by.mean(axis=0, keepdims=True)]) for by in (by_x, by_t))
    answer, at = pd.Index(ANSWERS).get_indexer(pd.Index(votes["vote"])), np.arange(len(x))
    return by_x[answer, at], by_t[answer, at]


def jackknife_covariance(counts: PairCounts) -> Floats:
    """Covariance of Thurstone's scores under pwcmp's prior on distances, by leaving out one observer at a time.

    That prior reads the votes themselves, so votes have no slopes that add up.

    Args:
        counts: At least two observers; ties as half a win each way.
    Returns:
        Shape (n, n), JOD²: (m − 1)/m times the sum of squares around the mean.
    Source:
        Efron and Stein 1981, doi:10.1214/aos/1176345462.
    """
    m = len(counts.observers)
    wins, ties = counts.matrices()
    left_out = [(wins + ties / 2.0) - own for own in _tables(counts)]
    scores = jod_scores(np.stack(left_out))
    scores -= scores.mean(axis=1, keepdims=True)
    apart = scores - scores.mean(axis=0)
    return np.asarray(apart.T @ apart * ((m - 1.0) / m))


def _tables(counts: PairCounts) -> Floats:
    """Wins of each observer's votes, ties half each way; shape (observers, n, n)."""
    n, (first, second) = len(counts.names), counts.pairs.T
    tables = np.zeros((len(counts.observers), n, n))
    half = counts.ties.toarray() / 2.0
    tables[:, first, second] = counts.wins.toarray() + half
    tables[:, second, first] = counts.losses.toarray() + half
    return tables
