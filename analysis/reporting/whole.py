"""The whole report: the numbers of ``report`` and what stands beside them, as plain data."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.model_checks import check_cameras
from analysis.quality.camps import REPLICATES as CAMP_REPLICATES
from analysis.quality.camps import find_camps
from analysis.quality.study import quality
from analysis.reporting.depths import against_people, by_content, camps_told, quality_told
from analysis.reporting.report import SEED, report
from analysis.reporting.tallies import camera_metrics, camera_pairs, content_shares, screened, side_counts
from analysis.votes import Sifted, in_use, sift

REPLICATES = 1000


def whole_report(
    votes: pd.DataFrame,
    *,
    metrics: pd.DataFrame | None = None,
    conditions: Sequence[str] | None = None,
    replicates: int = REPLICATES,
    seed: int = SEED,
    level: float = 0.95,
    include_simulated: bool = False,
) -> dict[str, Any]:
    """Everything that follows from votes and metrics, as strict JSON has it.

    Args:
        votes: As ``report`` takes them; so are the others.
        metrics: With a column ``camera`` their means are told per camera, too.
        conditions: The conditions of the study.
        replicates: Of the observer bootstraps.
        seed: Of all that is drawn.
        level: Nominal coverage of each interval.
        include_simulated: Whether simulated votes count.
    Returns:
        ``Report.as_json`` with ``sides``, ``content_shares``, ``camera_pairs``, ``by_content``, ``between_cameras``,
        ``quality``, ``screening``, ``camps``, ``camera_metrics``, ``against_people`` and ``no_against_people``. None of
        them names an observer.
    Raises:
        VotesError: Votes that aren't canonical.
        ValueError: Metrics that aren't such a table.
    """
    settings: dict[str, Any] = {"replicates": replicates, "seed": seed, "level": level}
    made = report(votes, metrics=metrics, conditions=conditions, include_simulated=include_simulated, **settings)
    sifted = sift(votes, include_simulated=include_simulated)
    return {
        **made.as_json(),
        "include_simulated": include_simulated,
        "sides": _sides(sifted, made.conditions) if made.sides_known else [],
        "content_shares": content_shares(sifted.fitted),
        "camera_pairs": camera_pairs(sifted.fitted),
        "by_content": by_content(sifted.fitted),
        "between_cameras": check_cameras(sifted.fitted, seed=seed).as_json(),
        **_of_votes(votes, sifted, made.conditions, include_simulated=include_simulated, **settings),
        **_of_metrics(votes, metrics, made.conditions, include_simulated=include_simulated, **settings),
    }


def _sides(sifted: Sifted, names: Sequence[str]) -> list[dict[str, Any]]:
    return side_counts(pd.concat([sifted.fitted, sifted.not_sure], ignore_index=True), names)


def _of_votes(
    votes: pd.DataFrame, sifted: Sifted, names: Sequence[str], *, include_simulated: bool, **settings: Any
) -> dict[str, Any]:
    """What the votes are worth, the scores without the flagged, and camps; sittings that nobody uses are not held."""
    used = in_use(votes)
    found = quality(used, include_simulated=include_simulated, seed=settings["seed"])
    return {
        "quality": quality_told(found),
        "screening": screened(used, found.screening, include_simulated=include_simulated, names=names, **settings),
        "camps": camps_told(find_camps(sifted.fitted, seed=settings["seed"], replicates=CAMP_REPLICATES)),
    }


def _of_metrics(
    votes: pd.DataFrame,
    metrics: pd.DataFrame | None,
    names: Sequence[str],
    *,
    include_simulated: bool,
    **settings: Any,
) -> dict[str, Any]:
    if metrics is None:
        return {"camera_metrics": [], "against_people": None, "no_against_people": "no metrics were given"}
    found, why = against_people(votes, metrics, include_simulated=include_simulated, **settings)
    return {
        "camera_metrics": camera_metrics(metrics, names), "against_people": found, "no_against_people": why,
    }  # fmt: skip
