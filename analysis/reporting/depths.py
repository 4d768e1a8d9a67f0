"""What a report says beyond one scale: quality, camps, metrics against people, photo by photo.

All of it as plain data, and of observers nothing but numbers: whose they are, a report doesn't tell.
"""

from typing import Any

import numpy as np
import pandas as pd

from analysis.metrics_against_people.comparison import metrics_against_people
from analysis.models.parts import Part, fit_each
from analysis.quality.camps import Camps
from analysis.quality.study import Quality
from analysis.reporting.metric_means import METRIC_COLUMNS
from analysis.votes import sift


def quality_told(found: Quality) -> dict[str, Any]:
    """``Quality.as_json`` without the codes of observers: the panel in no one's name, the flagged counted.

    The test of the fit is the scale's own (``scale.tests``); of it stands here how far χ² can be trusted.
    """
    told = found.as_json()
    if found.goodness is not None:
        told["goodness"] = {name: told["goodness"][name] for name in ("least_expected", "small_cells", "warning")}
    told["panel"] = [{name: value for name, value in row.items() if name != "code"} for row in told["panel"]]
    told["flagged"] = {rule: len(codes) for rule, codes in told["flagged"].items()}
    return told


def camps_told(found: Camps) -> dict[str, Any]:
    """``Camps.as_json`` with the chances of being in the first camp in order, not by observer."""
    told = found.as_json()
    told["memberships"] = sorted(told["memberships"].values(), reverse=True)
    return told


def against_people(
    votes: pd.DataFrame, metrics: pd.DataFrame, *, replicates: int, seed: int, level: float, include_simulated: bool
) -> tuple[dict[str, Any] | None, str | None]:
    """Every metric of the study's table against the votes, or why there is nothing to say.

    Args:
        votes: Every exposure, as ``report`` takes them; so are the others.
        metrics: With the columns of ``METRIC_COLUMNS``.
        replicates: Of the observer bootstrap.
        seed: Of the bootstrap.
        level: Nominal coverage of each interval.
        include_simulated: Whether simulated votes count.
    """
    if sift(votes, include_simulated=include_simulated).fitted.empty:
        return None, "no vote counts yet"
    table = metrics[["content", "condition", *METRIC_COLUMNS]]
    if not np.isfinite(table[list(METRIC_COLUMNS)].to_numpy(dtype=np.float64, na_value=np.nan)).any():
        return None, "no picture has a finite metric"
    try:
        found = metrics_against_people(
            votes, table, replicates=replicates, seed=seed, level=level, include_simulated=include_simulated
        )
    except ValueError as error:
        return None, str(error)
    return found.as_json(), None


def by_content(fitted: pd.DataFrame) -> list[dict[str, Any]]:
    """A scale for each content by itself, without intervals that other observers would bear out.

    Example:
        >>> rows = pd.DataFrame([("o", "c", "a", "b", vote) for vote in ("left", "left", "right")],
        ...     columns=["observer", "content", "left", "right", "vote"])
        >>> by_content(rows)[0]["scores"][0]["score"].__round__(4)
        0.3466
    """
    return [_part(part) for part in fit_each(fitted, "content").parts] if len(fitted) else []


def _part(part: Part) -> dict[str, Any]:
    told = {"content": part.name, "votes": part.votes, "observers": part.observers, "withheld": part.withheld}
    if part.fitted is None:
        return {**told, "model": None, "scores": []}
    errors = np.sqrt(np.diag(part.fitted.covariance))
    rows = zip(part.fitted.names, part.fitted.scores, errors, strict=True)
    scores = [
        {"condition": name, "score": float(score), "naive_standard_error": float(error)} for name, score, error in rows
    ]
    return {**told, "model": part.fitted.model, "scores": sorted(scores, key=lambda row: -row["score"])}
