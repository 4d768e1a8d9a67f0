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
from analysis.inference.unequal import Unequal, unequal_in
from analysis.models.newton import Floats, Ints, Moments, incidence, information, moments


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
    at, inverse = _at_fit(counts, fitted)
    count = counts.wins + counts.losses + counts.ties
    rest = counts.wins - counts.losses - count.multiply(at.mean[:, 0])
    rows = csr_array(rest) @ incidence(counts.pairs, n) / 2.0
    if counts.tied:
        of_ties = np.asarray((counts.ties - count.multiply(at.tie[:, 0])).sum(axis=1)).reshape(-1, 1)
        rows = hstack([rows, csr_array(of_ties)])
    of_scores = inverse[:, :n]
    return Slopes(csr_array(rows), np.asarray(of_scores - of_scores.mean(axis=1, keepdims=True)))


def _at_fit(counts: PairCounts, fitted: Scored) -> tuple[Moments, Floats]:
    """Moments of a vote on each pair at a fit, and the inverse information of (θ, log ν), (n, n) without ties."""
    log_nu = np.array([np.log(fitted.nu) if fitted.nu else -np.inf])
    at = moments(fitted.scores[np.newaxis], log_nu, counts.pairs)
    votes = counts.weighted(np.ones((counts.wins.shape[0], 1)))
    return at, np.asarray(np.linalg.inv(information(votes, counts.pairs, len(counts.names), at)[0]))


def cluster_covariance(counts: PairCounts, fitted: Scored) -> Floats:
    """Covariance of the sum-zero scores if observers, not votes, are independent; shape (n, n).

    Source:
        Liang and Zeger 1986, doi:10.1093/biomet/73.1.13, with the factor m/(m − 1).
    """
    return slopes(counts, fitted).covariance(len(counts.observers))


def unequal(counts: PairCounts, fitted: Scored) -> Unequal:
    """How unequal the rows of ``counts`` are for each difference of the fit's scores.

    What a row tells is Bradley-Terry's or Davidson's information at the scores, and near enough that of other models.

    Args:
        counts: One row per cluster, two or more.
        fitted: Their fit.
    """
    at, inverse = _at_fit(counts, fitted)
    n, cast = len(counts.names), csr_array(counts.wins + counts.losses + counts.ties)
    found = unequal_in(cast, counts.pairs, at.variance, inverse[np.newaxis, :n, :n])
    return Unequal(found.factor[0], found.freedom[0])


def vote_covariance(crossed: CrossedCounts, bread: Floats) -> Floats:
    """Covariance of the sum-zero scores if votes are independent, and each content's pairs have chances of their own.

    Where contents differ this is less than the inverse information, which takes the votes of a pair on all contents for
    draws at one chance. A chance is read from what was said of the pair on the content and half a vote each way
    besides; the spread of so few votes is made larger to be right on average where the pair is even.

    Args:
        crossed: The votes; ties as they were cast.
        bread: Of their fit's ``Slopes``: n rows, and one more where ties are modelled.
    """
    n, pairs = len(crossed.cells.names), crossed.cells.pairs
    by_content = crossed.by_content()
    wins, losses, ties = by_content.wins, by_content.losses, by_content.ties
    at = (wins + losses + ties).nonzero()
    won, lost, tied = (np.asarray(table[at]).ravel() for table in (wins, losses, ties))
    cast = won + lost + tied
    weight = cast * np.square(cast + 1.0) / (np.square(cast) + cast + 1.0)
    for_first, decided, tie = (won - lost) / (cast + 1.0), (won + lost + 1.0) / (cast + 1.0), tied / (cast + 1.0)
    design, size = incidence(pairs, n), len(pairs)
    meat = np.zeros((len(bread), len(bread)))
    spread = np.bincount(at[1], weight * (decided - np.square(for_first)), size) / 4.0
    meat[:n, :n] = (design.T @ design.multiply(spread[:, np.newaxis])).toarray()
    if len(bread) > n:
        meat[:n, n] = meat[n, :n] = design.T @ np.bincount(at[1], -weight * for_first * tie, size) / 2.0
        meat[n, n] = np.sum(weight * tie * (1.0 - tie))
    return np.asarray(bread.T @ meat @ bread)


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
