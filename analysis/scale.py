"""One set of votes to one scale: scores with intervals, or the reason in words why there are none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.bradley_terry import BradleyTerryFit, NotConnectedError, fit
from analysis.counts import count_votes
from analysis.intervals import Intervals, NoIntervalError, observer_intervals


@dataclass(frozen=True)
class Scale:
    """Scores of one set of votes.

    Attributes:
        votes: Votes fitted.
        observers: Who cast them.
        fitted: The fit; None where scores are withheld.
        intervals: Their limits; None where there are none.
        withheld: Why there are no scores; None if there are.
        no_intervals: Why there are scores but no intervals; None if there are.
    """

    votes: int
    observers: int
    fitted: BradleyTerryFit | None
    intervals: Intervals | None
    withheld: str | None
    no_intervals: str | None

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, text and None; scores highest first."""
        body: dict[str, Any] = {
            "votes": self.votes,
            "observers": self.observers,
            "withheld": self.withheld,
            "no_intervals": self.no_intervals,
            "model": None,
            "intervals": None,
            "scores": [],
            "differences": [],
        }
        if self.fitted is not None:
            body["model"] = _model(self.fitted)
            body["scores"] = [_score(self.fitted, self.intervals, k) for k in ranked(self.fitted)]
            body["differences"] = _differences(self.fitted, self.intervals)
        if self.intervals is not None:
            body["intervals"] = _method(self.intervals)
        return body


def scale_votes(
    votes: pd.DataFrame, *, replicates: int, seed: int, level: float = 0.95, names: Sequence[str] | None = None
) -> Scale:
    """Fit one set of votes; ties are fitted (Davidson) as soon as one was cast.

    Args:
        votes: Rows that count (``votes.sift(…).fitted``).
        replicates: Of the observer bootstrap.
        seed: Of the observer bootstrap.
        level: Nominal coverage of each interval.
        names: The conditions that should be on the scale; those of the votes if not given.
    """
    if votes.empty:
        return Scale(0, 0, None, None, "No vote counts yet.", None)
    counts = count_votes(votes, names)
    observers = len(counts.observers)
    wins, ties = counts.matrices()
    try:
        fitted = fit(wins, ties=ties if counts.tied else None, names=counts.names)
    except NotConnectedError as error:
        return Scale(len(votes), observers, None, None, str(error), None)
    try:
        intervals = observer_intervals(counts, fitted, replicates=replicates, seed=seed, level=level)
    except NoIntervalError as error:
        return Scale(len(votes), observers, fitted, None, None, f"No intervals: {error}.")
    return Scale(len(votes), observers, fitted, intervals, None, None)


def ranked(fitted: BradleyTerryFit) -> list[int]:
    """Indices of the conditions, highest score first; equal scores in the order of their names."""
    return sorted(range(len(fitted.names)), key=lambda k: (-float(fitted.scores[k]), fitted.names[k]))


def _model(fitted: BradleyTerryFit) -> dict[str, Any]:
    return {
        "name": "Bradley-Terry" if fitted.nu is None else "Davidson",
        "unit": "natural log-odds, mean zero",
        "nu": fitted.nu,
        "deviance": fitted.deviance,
        "df": fitted.df,
    }


def _method(intervals: Intervals) -> dict[str, Any]:
    return {
        "method": intervals.method,
        "question": "for these photos: observers are the sample",
        "level": intervals.level,
        "replicates": intervals.replicates,
        "degenerate_replicates": intervals.degenerate,
        "seed": intervals.seed,
    }


def _score(fitted: BradleyTerryFit, intervals: Intervals | None, k: int) -> dict[str, Any]:
    return {
        "condition": fitted.names[k],
        "score": float(fitted.scores[k]),
        "low": None if intervals is None else float(intervals.low[k]),
        "high": None if intervals is None else float(intervals.high[k]),
        "naive_standard_error": float(np.sqrt(fitted.covariance[k, k])),
    }


def _differences(fitted: BradleyTerryFit, intervals: Intervals | None) -> list[dict[str, Any]]:
    order = ranked(fitted)
    return [
        {
            "one": fitted.names[i],
            "other": fitted.names[j],
            "difference": float(fitted.scores[i] - fitted.scores[j]),
            "low": None if intervals is None else float(intervals.difference_low[i, j]),
            "high": None if intervals is None else float(intervals.difference_high[i, j]),
        }
        for place, i in enumerate(order)
        for j in order[place + 1 :]
    ]
