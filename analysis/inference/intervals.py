"""Intervals for scores and for their differences, for two questions.

*For these photos*: votes of one observer hang together, so observers, not votes, are resampled. *For photos like
these*: votes on one content hang together as well, so observers and contents are both a sample. Each standard error
is read at Student's t, with the degrees of freedom that its clusters leave: fewer where a few of them tell most of a
difference. ``benchmarks/coverage.py`` prints the coverage that these choices rest on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol

import numpy as np
from scipy.special import stdtrit

from analysis.counts import PairCounts
from analysis.inference.contrasts import OBSERVERS_FOR_BOOTSTRAP
from analysis.inference.covariance import (
    CrossedCovariance,
    Scored,
    cluster_covariance,
    crossed_covariance,
    unequal,
)
from analysis.inference.crossed import CrossedCounts
from analysis.inference.replicates import bootstrap_scores, one_step_scores
from analysis.inference.unequal import Unequal
from analysis.models.bradley_terry import BradleyTerryFit
from analysis.models.newton import Floats
from analysis.wording import counted

CONDITIONS_FOR_REFITS = 300
"""Up to so many a replicate is fitted to convergence; with more it is one step from the point estimate."""
NORMAL = 1e9  # degrees of freedom from which Student's t is the normal distribution to nine digits

BOOTSTRAP = "observer bootstrap, standard error with Student's t"
ONE_STEP = "observer bootstrap by one-step updates, standard error with Student's t"
CLUSTER_ROBUST = "observer-cluster-robust standard error, Student's t"
CROSSED = "standard error robust to clusters of observers and of contents, Student's t"
NAIVE = "votes taken as independent, normal"

THESE = "for these photos: observers are the sample"
LIKE_THESE = "for photos like these: observers and contents are the sample"
VOTES = "for these observers and photos: votes are the sample"


class NoIntervalError(ValueError):
    """An interval would be made up: too few clusters, or resamples that have no finite scores."""


@dataclass(frozen=True)
class Spread:
    """One reading of how far the differences spread.

    Attributes:
        error: Shape (n, n): standard errors of the differences; the scores' own stand on the diagonal.
        freedom: Shape (n, n): Student's degrees of freedom.
    """

    error: Floats
    freedom: Floats

    def reach(self, level: float) -> Floats:
        """Half the length of each interval."""
        return np.asarray(stdtrit(self.freedom, (1.0 + level) / 2.0) * self.error)

    def or_longer(self, other: "Spread", level: float) -> "Spread":
        """Of each two the one that reaches farther."""
        own = self.reach(level) >= other.reach(level)
        return Spread(np.where(own, self.error, other.error), np.where(own, self.freedom, other.freedom))


@dataclass(frozen=True)
class Intervals:
    """Limits for every score and every pairwise difference, for one question.

    Attributes:
        low: Shape (n,), with ``high``: the limits of the sum-zero scores.
        difference_low: Shape (n, n), with ``difference_high``: the limits of score[i] − score[j].
        error: Shape (n,): standard errors of the scores.
        difference_error: Shape (n, n): standard errors of the differences.
        difference_freedom: Shape (n, n): degrees of freedom of Student's t for each difference.
        spreads: Those that the limits are the farthest of, at any level: a p-value is the largest that one of them
            gives. The errors and degrees of freedom above are those of whichever reaches farthest at this level.
        level: Nominal coverage, of each interval by itself.
        method: How, in words.
        question: What the intervals answer, in words.
        observers: How many observers the intervals rest on.
        contents: How many contents; None where contents are not a sample.
        replicates: Replicates fitted; 0 where no bootstrap was run.
        degenerate: Replicates drawn besides that had no finite scores. They can't be in the intervals, which are a
            little too short for it; above ``1 − level`` of all replicates there is no interval at all.
        seed: The bootstrap's.
        reading: How unequal the observers are; None where votes are the sample.
    """

    low: Floats
    high: Floats
    difference_low: Floats
    difference_high: Floats
    error: Floats
    difference_error: Floats
    difference_freedom: Floats
    spreads: Sequence[Spread]
    level: float
    method: str
    question: str
    observers: int
    contents: int | None
    replicates: int
    degenerate: int
    seed: int
    reading: Unequal | None = None


class Fitted(Scored, Protocol):
    """A fit of any model, with its naive covariance."""

    @property
    def covariance(self) -> Floats:
        """Of the sum-zero scores, shape (n, n)."""


def observer_intervals(
    counts: PairCounts,
    fitted: BradleyTerryFit,
    *,
    replicates: int = 1000,
    seed: int,
    level: float = 0.95,
    independent: Floats | None = None,
) -> Intervals:
    """Intervals for these photos: what other observers would have said of them.

    With ten observers or more, their bootstrap's standard error, made larger by √(m/(m − 1)); with fewer, the
    observer-cluster-robust one. Both at m − 1 degrees of freedom; where observers tell unequally much of a difference,
    both are corrected for that (`analysis.inference.unequal`). No interval is shorter than for independent votes:
    observers who happen to agree would give an error near zero.

    Args:
        counts: The votes that were fitted.
        fitted: Their fit.
        replicates: Bootstrap replicates, at least 100; unused below ten observers.
        seed: Of the resampling; the same seed gives the same limits.
        level: Nominal coverage.
        independent: Covariance of the sum-zero scores by `covariance.vote_covariance`, where contents are known; no
            interval is then shorter than this or the fit's own makes it, whichever is shorter.
    Raises:
        NoIntervalError: Fewer than two observers, or too many replicates without finite scores.
        ValueError: Fewer than 100 replicates.
    Source:
        Bootstrap standard error with t: Hesterberg 2015, doi:10.1080/00031305.2015.1089789. Cluster-robust
        covariance: Liang and Zeger 1986, doi:10.1093/biomet/73.1.13.
    """
    if replicates < 100:
        raise ValueError(f"{replicates} replicates can't show the spread of the scores; give 100 or more")
    m = len(counts.observers)
    if m < 2:
        raise NoIntervalError(f"{counted(m, 'observer')}: how observers differ can't be seen from fewer than two")
    reading = unequal(counts, fitted)
    if m < OBSERVERS_FOR_BOOTSTRAP:
        robust = cluster_covariance(counts, fitted)
        return cluster_intervals(robust, fitted, reading, observers=m, seed=seed, level=level, independent=independent)
    if len(counts.names) > CONDITIONS_FOR_REFITS:
        scores, degenerate = one_step_scores(counts, fitted, replicates=replicates, seed=seed), 0
    else:
        scores, degenerate = bootstrap_scores(counts, fitted, replicates=replicates, seed=seed)
    _require_finite(degenerate, replicates, level)
    method = ONE_STEP if len(counts.names) > CONDITIONS_FOR_REFITS else BOOTSTRAP
    spreads = (_robust(np.cov(scores, rowvar=False) * (m / (m - 1.0)), reading), _floor(fitted, independent))
    ran: dict[str, Any] = {"replicates": len(scores), "degenerate": degenerate, "seed": seed, "reading": reading}
    return _limits(fitted, spreads, level=level, method=method, question=THESE, observers=m, **ran)


def cluster_intervals(
    covariance: Floats,
    fitted: Fitted,
    reading: Unequal,
    *,
    observers: int,
    seed: int,
    level: float = 0.95,
    method: str = CLUSTER_ROBUST,
    independent: Floats | None = None,
) -> Intervals:
    """Intervals for these photos from a covariance in which observers are independent.

    None is shorter than the fit's own covariance, read as normal, makes it.

    Args:
        covariance: Shape (n, n), of the sum-zero scores.
        fitted: Their fit, of any model.
        reading: How unequal observers are.
        observers: m, at least 2.
        seed: Kept beside the limits; nothing is drawn.
        level: Nominal coverage.
        method: How the covariance came about, in words.
        independent: As of `observer_intervals`.
    """
    spreads = (_robust(covariance, reading), _floor(fitted, independent))
    sample: dict[str, Any] = {"question": THESE, "observers": observers, "reading": reading}
    return _limits(fitted, spreads, level=level, method=method, seed=seed, **sample)


def content_intervals(crossed: CrossedCounts, fitted: BradleyTerryFit, these: Intervals) -> Intervals:
    """Intervals for photos like these: what other observers would have said of other photos.

    Variances are V = V_observers + V_contents − V_cells, and never below V_observers or V_contents, at
    min(m, c) − 1 degrees of freedom; where observers or contents tell unequally much of a difference, corrected for
    that. No interval is shorter than the one for these photos.

    Args:
        crossed: The votes that were fitted, by observer and content.
        fitted: Their fit.
        these: The intervals for these photos, whose level is taken.
    Raises:
        NoIntervalError: Fewer than two contents.
    Source:
        Cameron, Gelbach and Miller 2011, doi:10.1198/jbes.2010.07136.
    """
    if crossed.contents < 2:
        contents = counted(crossed.contents, "content")
        raise NoIntervalError(f"{contents}: how contents differ can't be seen from fewer than two")
    return crossed_intervals(crossed_covariance(crossed, fitted), crossed, fitted, these)


def crossed_intervals(parts: CrossedCovariance, crossed: CrossedCounts, fitted: Fitted, these: Intervals) -> Intervals:
    """The same from covariances, of any model; m observers and c contents, at least 2 of each.

    Raises:
        ValueError: Votes are the sample of ``these``.
    """
    m, c = crossed.observers, crossed.contents
    observers, contents = these.reading, unequal(crossed.by_content(), fitted)
    if observers is None:
        raise ValueError("intervals for photos like these begin with those of observers, not of votes")
    by_observer, by_content, both = (_variances(part) for part in (parts.observers, parts.contents, parts.both))
    either = np.maximum(by_observer * observers.factor, by_content * contents.factor)
    variance = np.maximum(both * np.maximum(observers.factor, contents.factor), either)
    crossed_spread = Spread(np.sqrt(variance), np.minimum(observers.freedom, contents.freedom))
    spreads, level, seed = (crossed_spread, *these.spreads), these.level, these.seed
    return _limits(
        fitted, spreads, level=level, method=CROSSED, question=LIKE_THESE, observers=m, contents=c, seed=seed
    )


def naive_intervals(counts: PairCounts, fitted: Fitted, *, level: float = 0.95) -> Intervals:
    """Intervals as if all votes were independent. They are too short wherever observers differ: no report's default."""
    spreads = (_floor(fitted),)
    observers = len(counts.observers)
    return _limits(fitted, spreads, level=level, method=NAIVE, question=VOTES, observers=observers, seed=0)


def _require_finite(degenerate: int, replicates: int, level: float) -> None:
    if degenerate > (1.0 - level) * replicates:
        raise NoIntervalError(
            f"{degenerate} of {replicates} resamples of the observers have no finite scores: "
            "the votes hang together by too few observers"
        )


def _variances(covariance: Floats) -> Floats:
    """Variances of the differences, shape (n, n); the scores' own on the diagonal."""
    own = np.maximum(np.diagonal(covariance), 0.0)  # where clusters agree, rounding can leave a hair below zero
    variances = np.maximum(own[:, np.newaxis] + own - 2.0 * covariance, 0.0)
    np.fill_diagonal(variances, own)
    return np.asarray(variances)


def _robust(covariance: Floats, reading: Unequal) -> Spread:
    return Spread(np.sqrt(_variances(covariance) * reading.factor), reading.freedom)


def _floor(fitted: Fitted, independent: Floats | None = None) -> Spread:
    """Votes taken as independent, read as normal."""
    variances = _variances(fitted.covariance)
    if independent is not None:
        variances = np.minimum(variances, _variances(independent))
    return Spread(np.sqrt(variances), np.full(variances.shape, NORMAL))


def _limits(
    fitted: Fitted,
    spreads: Sequence[Spread],
    *,
    level: float,
    method: str,
    question: str,
    observers: int,
    seed: int,
    contents: int | None = None,
    replicates: int = 0,
    degenerate: int = 0,
    reading: Unequal | None = None,
) -> Intervals:
    farthest = reduce(lambda one, other: one.or_longer(other, level), spreads)
    reach, error = farthest.reach(level), farthest.error.copy()
    score_reach, score_error = np.diagonal(reach).copy(), np.diagonal(error).copy()
    np.fill_diagonal(reach, 0.0)
    np.fill_diagonal(error, 0.0)
    differences = fitted.scores[:, np.newaxis] - fitted.scores
    return Intervals(
        low=fitted.scores - score_reach,
        high=fitted.scores + score_reach,
        difference_low=differences - reach,
        difference_high=differences + reach,
        error=score_error,
        difference_error=error,
        difference_freedom=farthest.freedom,
        spreads=spreads,
        level=level,
        method=method,
        question=question,
        observers=observers,
        contents=contents,
        replicates=replicates,
        degenerate=degenerate,
        seed=seed,
        reading=reading,
    )
