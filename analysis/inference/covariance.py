"""Covariance of scores when votes hang together: by observer, by content, or by both.

Every vote's slope, the first derivative of its log-likelihood at the fit, is added up within its cluster; what the
sums spread is what the scores spread, were the clusters drawn anew.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.sparse import csr_array, hstack

from analysis.counts import PairCounts
from analysis.inference.crossed import CrossedCounts, added_up
from analysis.models.newton import Floats, Ints, incidence, information, moments


class Scored(Protocol):
    """What of a fit the spread between clusters is measured around."""

    @property
    def names(self) -> tuple[str, ...]:
        """The n conditions."""

    @property
    def scores(self) -> Floats:
        """Shape (n,), natural log-odds."""

    @property
    def nu(self) -> float | None:
        """Davidson's ν; 0 or None without ties."""


@dataclass(frozen=True)
class Slopes:
    """How each row of counts pulls at the scores.

    Attributes:
        rows: Sparse, shape (rows, n), or (rows, n + 1) with ties: slopes of the log-likelihood.
        bread: Shape (n or n + 1, n): inverse information, so that ``rows @ bread`` is a row's influence on the
            sum-zero scores.
    """

    rows: csr_array
    bread: Floats

    def covariance(self, clusters: int) -> Floats:
        """Covariance of the scores if the rows are independent clusters; (n, n), with the factor g/(g − 1)."""
        meat = (self.rows.T @ self.rows).toarray()
        return np.asarray(self.bread.T @ meat @ self.bread * (clusters / (clusters - 1.0)))


def slopes(counts: PairCounts, fitted: Scored) -> Slopes:
    """Slopes of every row of ``counts`` at ``fitted``, with what turns them into shifts of scores."""
    n = len(counts.names)
    votes = counts.weighted(np.ones((counts.wins.shape[0], 1)))
    log_nu = np.array([np.log(fitted.nu) if fitted.nu else -np.inf])
    at = moments(fitted.scores[np.newaxis], log_nu, counts.pairs)
    count = counts.wins + counts.losses + counts.ties
    rest = counts.wins - counts.losses - count.multiply(at.mean[:, 0])
    rows = csr_array(rest) @ incidence(counts.pairs, n) / 2.0
    if votes.ties is not None:
        of_ties = np.asarray((counts.ties - count.multiply(at.tie[:, 0])).sum(axis=1)).reshape(-1, 1)
        rows = hstack([rows, csr_array(of_ties)])
    inverse = np.linalg.inv(information(votes, counts.pairs, n, at)[0])[:, :n]
    return Slopes(csr_array(rows), np.asarray(inverse - inverse.mean(axis=1, keepdims=True)))


def cluster_covariance(counts: PairCounts, fitted: Scored) -> Floats:
    """Covariance of the sum-zero scores if observers, not votes, are independent; shape (n, n).

    Source:
        Liang and Zeger 1986, doi:10.1093/biomet/73.1.13, with the factor m/(m − 1).
    """
    return slopes(counts, fitted).covariance(len(counts.observers))


@dataclass(frozen=True)
class CrossedCovariance:
    """Covariances of the sum-zero scores, shape (n, n) each.

    Attributes:
        observers: Observers are independent.
        contents: Contents are independent.
        both: Neither is: the sum of the two less what cells make of it, which is in both.
    """

    observers: Floats
    contents: Floats
    both: Floats


def crossed_covariance(crossed: CrossedCounts, fitted: Scored) -> CrossedCovariance:
    """Covariance of the scores if observers and contents are both drawn from many.

    Each of the three parts has its own g/(g − 1). The sum can have negative eigenvalues with few clusters; they are
    set to zero.

    Source:
        Cameron, Gelbach and Miller 2011, doi:10.1198/jbes.2010.07136.
    """
    cells = slopes(crossed.cells, fitted)
    return crossed_of(cells, (crossed.observer, crossed.observers), (crossed.content, crossed.contents))


def crossed_of(cells: Slopes, observer: tuple[Ints, int], content: tuple[Ints, int]) -> CrossedCovariance:
    """The same from the slopes of cells.

    Args:
        cells: One row per observer and content that have a vote.
        observer: Shape (cells,): whose each is, and how many observers there are.
        content: Shape (cells,): of what, and how many contents.
    """
    observers, contents = (
        Slopes(added_up(cells.rows, group, size), cells.bread).covariance(size) for group, size in (observer, content)
    )
    summed = observers + contents - cells.covariance(len(observer[0]))
    values, vectors = np.linalg.eigh(summed)
    return CrossedCovariance(observers, contents, (vectors * np.maximum(values, 0.0)) @ vectors.T)
