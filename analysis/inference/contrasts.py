"""All differences of scores in many studies of the same trials, fitted and bounded at once.

The numbers are those of `analysis.models.bradley_terry` and of the observer-cluster-robust intervals of
`analysis.inference.intervals`, which read one study each; here all share their trials, so that each step is one
product of matrices.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.special import ndtri, stdtrit
from threadpoolctl import threadpool_limits

from analysis.inference.unequal import Unequal, unequal_in
from analysis.models.connection import connected_replicates
from analysis.models.newton import Floats, Ints, Moments, PairVotes, information, moments, solve

OBSERVERS_FOR_BOOTSTRAP = 10
"""From so many on a report resamples observers."""
CHUNK_NUMBERS = 400_000  # studies × (trials + observers × conditions) held at once


@dataclass(frozen=True)
class SameTrials:
    """What several studies said of the very same trials.

    Attributes:
        conditions: n, at least 2.
        observers: m, at least 2.
        observer: Shape (trials,): who looked, 0 to m − 1.
        first: Shape (trials,): the one condition, 0 to n − 1.
        second: Shape (trials,): the other, of a higher number.
        said: Shape (studies, trials): 1 for the first, −1 for the second, 0 for a tie.
    """

    conditions: int
    observers: int
    observer: Ints
    first: Ints
    second: Ints
    said: npt.NDArray[np.int8]


@dataclass(frozen=True)
class Contrasts:
    """All differences of scores in several studies.

    Attributes:
        has_scores: Shape (studies,): 1 where finite scores exist, else 0. The others have no row below.
        differences: Shape (studies with scores, n, n): score[i] − score[j], natural log-odds.
        reach: The same shape: half the width of each interval.
    """

    has_scores: Floats
    differences: Floats
    reach: Floats


def contrasts(trials: SameTrials, *, level: float = 0.95) -> Contrasts:
    """Fit each study, with an interval for each difference.

    The intervals are the observer-cluster-robust ones of `analysis.inference.intervals`, for any number of observers:
    they are as long as those of the bootstrap (docs/statistics.md), at a hundredth of the work.

    Args:
        trials: Votes of at least two observers.
        level: Nominal coverage.

    >>> one, other = np.zeros(8, dtype=np.intp), np.ones(8, dtype=np.intp)
    >>> said = np.array([[1, 1, 1, -1, 1, -1, 1, 1]], dtype=np.int8)
    >>> read = contrasts(SameTrials(2, 4, np.repeat(np.arange(4), 2), one, other, said))
    >>> round(float(read.differences[0, 0, 1]), 4)  # ln(6 / 2)
    1.0986
    """
    n = trials.conditions
    keys, pair = np.unique(trials.first * n + trials.second, return_inverse=True)
    pairs = np.stack(np.divmod(keys, n), axis=1)
    votes = _added_up(trials, pair, len(pairs))
    shape = (trials.observers, len(pairs))
    cast = csr_array((np.ones(len(pair)), (trials.observer, pair)), shape=shape)
    # Many small systems: BLAS threads gain nothing here, and on a busy machine they wait for each other.
    with threadpool_limits(limits=1, user_api="blas"):
        connected = connected_replicates(votes, pairs, n)
        solved = solve(votes.take(connected), pairs, n, start=np.zeros(n))
        usable = np.flatnonzero(connected)[solved.converged]
        scores, log_nu = solved.scores[solved.converged], solved.log_nu[solved.converged]
        reach = np.zeros((len(usable), n, n))
        for some in _chunks(len(usable), len(pair) + trials.observers * n):
            these = replace(trials, said=trials.said[usable[some]])
            at = moments(scores[some], log_nu[some], pairs)
            independent = information(votes.take(usable[some]), pairs, n, at)
            covariance = np.asarray(np.linalg.inv(independent), dtype=np.float64)
            reading = unequal_in(cast, pairs, at.variance, covariance[:, :n, :n])
            reach[some] = _reach(these, pair, at, covariance, reading, level=level)
    has_scores = np.zeros(len(trials.said))
    has_scores[usable] = 1.0
    return Contrasts(has_scores, scores[:, :, np.newaxis] - scores[:, np.newaxis, :], reach)


def _added_up(trials: SameTrials, pair: Ints, pairs: int) -> PairVotes:
    """Each study's votes, added up over observers, as one replicate; ties are modelled where any study has one."""
    onto = csr_array((np.ones(len(pair)), (np.arange(len(pair)), pair)), shape=(len(pair), pairs))
    wins, losses, ties = (np.ascontiguousarray(((trials.said == answer) @ onto).T) for answer in (1, -1, 0))
    return PairVotes(wins, losses, ties if ties.any() else None)


def _chunks(studies: int, numbers_each: int) -> Iterator[slice]:
    size = max(1, CHUNK_NUMBERS // numbers_each)
    return (slice(at, at + size) for at in range(0, studies, size))


def _reach(
    trials: SameTrials, pair: Ints, at: Moments, covariance: Floats, reading: Unequal, *, level: float
) -> Floats:
    """Half the widths of the intervals, shape (studies, n, n); ``covariance`` is that of independent votes."""
    n, observers = trials.conditions, trials.observers
    slopes = ((trials.said - at.mean[pair].T) @ _onto_conditions(trials)).reshape(-1, observers, n)
    if covariance.shape[1] > n:
        of_ties = ((trials.said == 0) - at.tie[pair].T) @ _onto_observers(trials)
        slopes = np.concatenate([slopes, of_ties[:, :, np.newaxis]], axis=2)
    influence = (slopes @ covariance)[:, :, :n]
    influence -= influence.mean(axis=2, keepdims=True)
    robust = influence.transpose(0, 2, 1) @ influence * (observers / (observers - 1.0))
    reach = stdtrit(reading.freedom, (1 + level) / 2) * _errors(robust) * np.sqrt(reading.factor)
    return np.maximum(reach, float(ndtri((1 + level) / 2)) * _errors(covariance[:, :n, :n]))


def _onto_conditions(trials: SameTrials) -> csr_array:
    """Shape (trials, observers × n): a trial's slope is its observer's, half for the first, half against the second."""
    places = np.stack([trials.observer * trials.conditions + side for side in (trials.first, trials.second)], axis=1)
    rows, halves = np.repeat(np.arange(len(places)), 2), np.tile([0.5, -0.5], len(places))
    return csr_array((halves, (rows, places.ravel())), shape=(len(places), trials.observers * trials.conditions))


def _onto_observers(trials: SameTrials) -> csr_array:
    """Shape (trials, observers): 1 at who looked."""
    rows = np.arange(len(trials.observer))
    return csr_array((np.ones(len(rows)), (rows, trials.observer)), shape=(len(rows), trials.observers))


def _errors(covariance: Floats) -> Floats:
    """Standard errors of all differences; shape (studies, n, n)."""
    variances = np.diagonal(covariance, axis1=1, axis2=2)
    apart = variances[:, :, np.newaxis] + variances[:, np.newaxis, :] - 2.0 * covariance
    return np.asarray(np.sqrt(np.maximum(apart, 0.0)))
