"""One set of votes to one scale: scores with intervals and comparisons, or the reason in words why there are none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis import scale_rows
from analysis.counts import PairCounts, count_showings, count_votes
from analysis.inference.comparisons import Comparisons, compare
from analysis.inference.covariance import slopes, unequal, vote_covariance
from analysis.inference.crossed import count_crossed
from analysis.inference.equivalence import Equivalence, equivalence, margin_of_share
from analysis.inference.intervals import (
    Fitted,
    Intervals,
    NoIntervalError,
    cluster_intervals,
    content_intervals,
    crossed_intervals,
    naive_intervals,
    observer_intervals,
)
from analysis.inference.robust import JACKKNIFE, clusters, jackknife_covariance
from analysis.model_checks import Checks, check_model
from analysis.models.bradley_terry import BradleyTerryFit, NotConnectedError, fit
from analysis.models.chosen import LOGISTIC, Fitting
from analysis.models.fitting import ModelFit
from analysis.scale_rows import ranked

__all__ = ["JOD_OF_LOG_ODDS", "Scale", "photographed", "ranked", "scale_votes"]

JOD_OF_LOG_ODDS = float(np.log(3.0))  # at this distance in log-odds 75 % of decided votes are for the better one
JOD_SAID = "JOD (1 JOD is 75 % of decided votes, ln 3 log-odds), mean zero"
USUAL = Fitting()
ONE_CONTENT = "1 content: how contents differ can't be seen from fewer than two."
DISTANCES_NEED_MORE = (
    "No intervals for photos like these: pwcmp's prior on distances reads the votes themselves, so only observers are "
    "left out in turn."
)


@dataclass(frozen=True)
class Scale:
    """Scores of one set of votes.

    Attributes:
        votes: Votes fitted.
        observers: Who cast them.
        fitted: The fit; None where scores are withheld.
        intervals: Their limits for these photos; None where there are none.
        withheld: Why there are no scores; None if there are.
        no_intervals: Why there are scores but no intervals; None if there are.
        contents: What was looked at: contents, or scenes where the votes name them.
        intervals_contents: Limits for photos like these; None where there are none.
        no_intervals_contents: Why there are intervals for these photos but not for others; None if there are.
        comparisons: All pairs at once for these photos; None without ``intervals``.
        comparisons_contents: All pairs at once for photos like these; None without ``intervals_contents``.
        equal_share: The share of preferences up to which two conditions count as equally good; None if not asked.
        checks: Tests of the model, and why others weren't done; None where not asked, or without scores.
        naive: Limits as if votes were independent; None unless asked.
        unit_size: One unit of what is printed, in the unit of ``fitted``: 1, or ln 3 for JOD from log-odds.
        unit: What that unit is called; None for the fit's own.
        fitting: What was asked for.
    """

    votes: int
    observers: int
    fitted: BradleyTerryFit | ModelFit | None
    intervals: Intervals | None
    withheld: str | None
    no_intervals: str | None
    contents: int = 0
    intervals_contents: Intervals | None = None
    no_intervals_contents: str | None = None
    comparisons: Comparisons | None = None
    comparisons_contents: Comparisons | None = None
    equal_share: float | None = None
    checks: Checks | None = None
    naive: Intervals | None = None
    unit_size: float = 1.0
    unit: str | None = None
    fitting: Fitting = USUAL

    def answered(self) -> tuple[tuple[str, Intervals | None], ...]:
        """Both questions, as the endings of keys, each with its intervals."""
        return ("", self.intervals), ("_contents", self.intervals_contents)

    def equivalence(self, i: int, j: int, *, contents: bool = False) -> Equivalence | None:
        """Whether conditions i and j are as good as each other; None where it wasn't asked or has no interval.

        Args:
            i: Index of one condition.
            j: Index of the other.
            contents: For photos like these rather than for these photos.
        """
        intervals = self.intervals_contents if contents else self.intervals
        if self.fitted is None or intervals is None or self.equal_share is None:
            return None
        errors, freedoms = zip(*((one.error[i, j], one.freedom[i, j]) for one in intervals.spreads), strict=True)
        difference = float(self.fitted.scores[i] - self.fitted.scores[j])
        margin = margin_of_share(self.equal_share)
        return equivalence(difference, errors, freedoms, margin=margin, alpha=1.0 - intervals.level)

    def in_jod(self) -> "Scale":
        """The same, told in JOD: log-odds divided by ln 3, or Thurstone's as they are.

        Raises:
            ValueError: Rao and Kupper's scores, whose distances aren't shares of decided votes.
        """
        if isinstance(self.fitted, ModelFit) and self.fitted.unit.startswith("JOD"):
            return self
        if isinstance(self.fitted, ModelFit) and self.fitted.model not in ("Davidson", "Bradley-Terry"):
            raise ValueError(f"{self.fitted.model}'s scores have no share of decided votes to make a JOD of")
        return replace(self, unit_size=JOD_OF_LOG_ODDS, unit=JOD_SAID)

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, text and None; scores highest first. docs/analysis.md names the keys."""
        return scale_rows.as_json(self)


def scale_votes(
    votes: pd.DataFrame,
    *,
    replicates: int,
    seed: int,
    level: float = 0.95,
    names: Sequence[str] | None = None,
    equal_share: float | None = None,
    fitting: Fitting | None = None,
    naive: bool = False,
    checks: bool = True,
) -> Scale:
    """Fit one set of votes; ties are fitted (Davidson) as soon as one was cast.

    Args:
        votes: Rows that count (``votes.sift(…).fitted``).
        replicates: Of the observer bootstrap.
        seed: Of the observer bootstrap, and of the signs that are drawn for ``checks``.
        level: Nominal coverage of each interval, and of all comparisons at once.
        names: The conditions that should be on the scale; those of the votes if not given.
        equal_share: Above .5 and below 1: test whether each two are as good as each other, up to this share.
        fitting: Another model, position, prior or way with ties. Its intervals are observer-cluster-robust; with
            pwcmp's prior on distances they come from leaving out one observer at a time. With a prior no interval is
            shorter than the posterior's.
        naive: Whether intervals as if votes were independent are there besides.
        checks: Whether the model is tested (`analysis.model_checks`).
    Raises:
        ValueError: Fewer than 100 replicates, a share out of range, or options that don't go together.
    """
    chosen = fitting or USUAL
    _require_options(chosen, replicates, equal_share)
    if votes.empty:
        return Scale(0, 0, None, None, "No vote counts yet.", None)
    counts = count_votes(votes, names)
    contents = int(photographed(votes).nunique())
    base = Scale(len(votes), len(counts.observers), None, None, None, None, contents)
    base = replace(base, equal_share=equal_share, fitting=chosen)
    try:
        fitted = _fitted(votes, counts, chosen)
    except NotConnectedError as error:
        return replace(base, withheld=str(error))
    base = replace(base, fitted=fitted)
    if checks:
        tested = check_model(votes, chosen, deviance=fitted.deviance, df=fitted.df, seed=seed)
        base = replace(base, checks=tested)
    if naive:
        base = replace(base, naive=naive_intervals(counts, fitted, level=level))
    ran: dict[str, Any] = {"replicates": replicates, "seed": seed, "level": level}
    if isinstance(fitted, BradleyTerryFit):
        return _with_bootstrap(base, votes, counts, fitted, **ran)
    return _with_robust(base, votes, counts, fitted, seed=seed, level=level)


def photographed(votes: pd.DataFrame) -> "pd.Series[str]":
    """What each vote looked at: the scene, where one is named, since photos of one scene hang together; the content.

    Example:
        >>> rows = pd.DataFrame({"content": ["a-phone", "a-camera", "b"], "scene": ["a", "a", ""]})
        >>> photographed(rows).nunique()
        2
    """
    content = "content " + votes["content"].astype(str)
    if "scene" not in votes.columns:
        return content
    scene = votes["scene"].fillna("").astype(str)
    return content.where(scene == "", "scene " + scene)


def _require_options(chosen: Fitting, replicates: int, equal_share: float | None) -> None:
    if replicates < 100:
        raise ValueError(f"{replicates} replicates can't show the spread of the scores; give 100 or more")
    if equal_share is None:
        return
    margin_of_share(equal_share)  # refuses what is no share
    if chosen.model not in LOGISTIC or chosen.prior != "none":
        raise ValueError(
            "a share up to which conditions are equal is one of decided votes, as Bradley-Terry and Davidson tell them "
            "without a prior; leave out the other model, the prior, or the share"
        )


def _fitted(votes: pd.DataFrame, counts: PairCounts, chosen: Fitting) -> BradleyTerryFit | ModelFit:
    refused = chosen.model == "bradley-terry" and chosen.ties == "modelled" and counts.tied
    if refused or not chosen.plain:
        return chosen.fit(count_showings(votes, counts.names))  # which refuses what doesn't go together
    used = counts.half_wins() if chosen.ties == "half" else counts
    wins, ties = used.matrices()
    return fit(wins, ties=ties if used.tied else None, names=counts.names)


def _with_bootstrap(
    base: Scale,
    votes: pd.DataFrame,
    counts: PairCounts,
    fitted: BradleyTerryFit,
    *,
    replicates: int,
    seed: int,
    level: float,
) -> Scale:
    halved = base.fitting.ties == "half"
    used = counts.half_wins() if halved else counts
    crossed = count_crossed(votes.assign(content=photographed(votes)), counts.names)
    independent = vote_covariance(crossed, slopes(used, fitted).bread)
    ran: dict[str, Any] = {"replicates": replicates, "seed": seed, "level": level, "independent": independent}
    try:
        these = observer_intervals(used, fitted, **ran)
    except NoIntervalError as error:
        return replace(base, no_intervals=f"No intervals: {error}.")
    if halved:
        crossed = replace(crossed, cells=crossed.cells.half_wins())
    try:
        return _answered(base, fitted, these, content_intervals(crossed, fitted, these), None)
    except NoIntervalError as error:
        return _answered(base, fitted, these, None, f"No intervals for photos like these: {error}.")


def _with_robust(
    base: Scale, votes: pd.DataFrame, counts: PairCounts, fitted: ModelFit, *, seed: int, level: float
) -> Scale:
    m, c, n = base.observers, base.contents, len(fitted.names)
    if m < 2:
        return replace(base, no_intervals="No intervals: one observer only: how observers differ takes two.")
    said: dict[str, Any] = {"observers": m, "seed": seed, "level": level}
    reading = unequal(counts, fitted)
    if base.fitting.prior == "distances":
        reading = replace(reading, factor=np.ones_like(reading.factor))  # who tells most is left out as well
        these = cluster_intervals(jackknife_covariance(counts), fitted, reading, method=JACKKNIFE, **said)
        return _answered(base, fitted, these, None, DISTANCES_NEED_MORE)
    looked_at = votes.assign(content=photographed(votes))
    found = clusters(looked_at, fitted)
    these = cluster_intervals(found.by_observer()[:n, :n], fitted, reading, **said)
    if c < 2:
        return _answered(base, fitted, these, None, f"No intervals for photos like these: {ONE_CONTENT}")
    crossed = count_crossed(looked_at, counts.names)
    return _answered(base, fitted, these, crossed_intervals(found.crossed(n), crossed, fitted, these), None)


def _answered(base: Scale, fitted: Fitted, these: Intervals, others: Intervals | None, no_others: str | None) -> Scale:
    return replace(
        base,
        intervals=these,
        intervals_contents=others,
        no_intervals_contents=no_others,
        comparisons=compare(fitted.scores, these),
        comparisons_contents=None if others is None else compare(fitted.scores, others),
    )
