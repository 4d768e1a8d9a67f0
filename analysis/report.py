"""Everything a report page, its JSON and its figures say about the votes of a study."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import pandas as pd

from analysis.bradley_terry import NotConnectedError
from analysis.metric_means import MetricMean, metric_means
from analysis.newton import Floats
from analysis.position import PositionEffect, position_effect
from analysis.preference import Preference, preferences
from analysis.scale import Scale, scale_votes
from analysis.votes import LEFT_OUT, Sifted, sift

SCHEMA = 1
SEED = 1
SIMULATED_STAMP = "SIMULATED VOTES"
POOLING = "Scores pool all contents: votes are added over contents before the fit."
THESE_PHOTOS = "Intervals are for these photos: observers are the sample, and other photos could give other scores."
ADAPTIVE = (
    "This study was adaptive: at least half of the pairs that an observer saw were balanced, and the others were "
    "chosen where earlier votes had decided least. Scores found so lie a little too far apart, and 95 % intervals hold "
    "the truth somewhat less often than that; docs/adaptive.md shows by how much."
)


@dataclass(frozen=True)
class Report:
    """What the votes say.

    Attributes:
        simulated: Whether any fitted vote is simulated; pages and figures are then stamped.
        adaptive: Whether any fitted vote was cast in an adaptive study; the notes then say what that means.
        rows: Rows read; ``left_out`` says per reason how many of them are not fitted.
        answers: Fitted answers by side, ties, and the "not sure" beside them.
        scale: Pooled over contents; ``cameras`` holds one scale per camera where there are several.
        pairs: Preferences pair by pair, the clearest first.
        metrics: Means per condition and metric; empty if none were given.
        position: The advantage of the left side; None where it can't be estimated.
        notes: In words, what a reader must know.
    """

    simulated: bool
    adaptive: bool
    rows: int
    votes: int
    observers: int
    contents: int
    left_out: Mapping[str, int]
    answers: Mapping[str, int]
    conditions: tuple[str, ...]
    scale: Scale
    cameras: Mapping[str, Scale]
    pairs: tuple[Preference, ...]
    metrics: tuple[MetricMean, ...]
    position: PositionEffect | None
    notes: tuple[str, ...]
    seed: int
    replicates: int
    level: float
    versions: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """Plain data, strict JSON: no NaN and no infinity; what has no value is None, and why stands beside it."""
        return {
            "schema": SCHEMA,
            "simulated": self.simulated,
            "stamp": SIMULATED_STAMP if self.simulated else None,
            "adaptive": self.adaptive,
            "counts": {
                "rows": self.rows,
                "votes": self.votes,
                "observers": self.observers,
                "contents": self.contents,
                "answers": dict(self.answers),
                "left_out": [
                    {"reason": reason, "meaning": LEFT_OUT[reason], "rows": rows}
                    for reason, rows in self.left_out.items()
                ],
            },
            "conditions": list(self.conditions),
            "pooling": POOLING,
            "scale": self.scale.as_json(),
            "cameras": [{"camera": name, "scale": scale.as_json()} for name, scale in self.cameras.items()],
            "pairs": [_pair(pair) for pair in self.pairs],
            "metrics": _metrics(self.metrics),
            "position": None if self.position is None else _position(self.position),
            "notes": list(self.notes),
            "seed": self.seed,
            "replicates": self.replicates,
            "level": self.level,
            "versions": dict(self.versions),
        }

    def to_json(self) -> str:
        """The same as text, two spaces deep."""
        return json.dumps(self.as_json(), indent=2, ensure_ascii=False, allow_nan=False)


def report(
    votes: pd.DataFrame,
    *,
    metrics: pd.DataFrame | None = None,
    conditions: Sequence[str] | None = None,
    replicates: int = 1000,
    seed: int = SEED,
    level: float = 0.95,
    include_simulated: bool = False,
) -> Report:
    """Count, fit and describe votes.

    Args:
        votes: The canonical table (``votes.read_votes``), every exposure: what doesn't count is left out and counted.
        metrics: ``content``, ``condition``, ``psnr_db``, ``ssim``, ``ms_ssim`` and optionally ``why`` (see
            ``metric_means``); NaN where there is no value, infinity where pictures are equal.
        conditions: The conditions of the study; those that were voted on if not given. One without votes keeps the
            scores from existing, and the report says so.
        replicates: Of the observer bootstrap, at least 100.
        seed: Of the observer bootstrap.
        level: Nominal coverage of each interval.
        include_simulated: Whether simulated votes count; the report is then stamped.
    Raises:
        VotesError: Votes that aren't canonical.
        ValueError: Metrics that aren't such a table.
    """
    sifted = sift(votes, include_simulated=include_simulated)
    fitted = sifted.fitted
    names = tuple(conditions) if conditions is not None else tuple(sorted({*fitted["left"], *fitted["right"]}))
    scale = scale_votes(fitted, replicates=replicates, seed=seed, level=level, names=names)
    cameras = _per_camera(fitted, replicates=replicates, seed=seed, level=level)
    position, no_position = _position_of(fitted)
    simulated = bool("simulated" in fitted.columns and fitted["simulated"].astype(bool).any())
    adaptive = bool("policy_version" in fitted and fitted["policy_version"].str.startswith("adaptive-").any())
    return Report(
        simulated=simulated,
        adaptive=adaptive,
        rows=sifted.rows,
        votes=len(fitted),
        observers=int(fitted["observer"].nunique()),
        contents=int(fitted["content"].nunique()),
        left_out=sifted.left_out,
        answers=_answers(sifted),
        conditions=names,
        scale=scale,
        cameras=cameras,
        pairs=tuple(preferences(fitted, sifted.not_sure)),
        metrics=tuple(metric_means(metrics, names)) if metrics is not None else (),
        position=position,
        notes=_notes(scale, cameras, no_position, simulated=simulated, adaptive=adaptive),
        seed=seed,
        replicates=replicates,
        level=level,
        versions=_versions(),
    )


def _per_camera(fitted: pd.DataFrame, *, replicates: int, seed: int, level: float) -> dict[str, Scale]:
    if "camera" not in fitted.columns or fitted["camera"].nunique() < 2:
        return {}
    return {
        str(camera) or "(no camera)": scale_votes(rows, replicates=replicates, seed=seed, level=level)
        for camera, rows in fitted.groupby("camera")
    }


def _answers(sifted: Sifted) -> dict[str, int]:
    tally = sifted.fitted["vote"].value_counts()
    answers = {answer: int(tally.get(answer, 0)) for answer in ("left", "right", "tie")}
    return {**answers, "not_sure": len(sifted.not_sure)}


def _position_of(fitted: pd.DataFrame) -> tuple[PositionEffect | None, str | None]:
    decided = fitted[fitted["vote"] != "tie"]
    try:
        return position_effect(*_by_side(decided)), None
    except (NotConnectedError, ValueError, ArithmeticError) as error:
        return None, f"The advantage of the left side is not estimated: {error}"


def _by_side(decided: pd.DataFrame) -> tuple[Floats, Floats]:
    """Wins on the left and wins on the right, shape (n, n) each, winner first."""
    names = pd.Index(sorted({*decided["left"], *decided["right"]}))
    left, right = names.get_indexer(pd.Index(decided["left"])), names.get_indexer(pd.Index(decided["right"]))
    chose_left = decided["vote"].to_numpy() == "left"
    wins_left, wins_right = np.zeros((len(names), len(names))), np.zeros((len(names), len(names)))
    np.add.at(wins_left, (left[chose_left], right[chose_left]), 1.0)
    np.add.at(wins_right, (right[~chose_left], left[~chose_left]), 1.0)
    return wins_left, wins_right


def _notes(
    scale: Scale, cameras: Mapping[str, Scale], no_position: str | None, *, simulated: bool, adaptive: bool
) -> tuple[str, ...]:
    notes = ["Some or all of these votes are simulated: they say nothing about people."] if simulated else []
    notes += [ADAPTIVE] if adaptive else []
    for name, part in {"": scale, **cameras}.items():
        notes += [f"{name}: {said}" if name else said for said in _scale_notes(part)]
    if scale.fitted is not None:
        notes.append(POOLING)
        notes += [THESE_PHOTOS] if scale.intervals is not None else []
        notes += [no_position] if no_position else []
    return tuple(notes)


def _scale_notes(scale: Scale) -> list[str]:
    if scale.withheld is not None:
        return [f"Scores are withheld. {scale.withheld}"]
    said = [scale.no_intervals] if scale.no_intervals else []
    intervals = scale.intervals
    if intervals is not None and intervals.degenerate:
        total = intervals.degenerate + intervals.replicates
        said.append(
            f"{intervals.degenerate} of {total} resamples of the observers have no finite scores and are not in the "
            "intervals, which are a little too short for it."
        )
    if intervals is not None and not intervals.replicates:
        said.append(
            f"With {intervals.observers} observers a bootstrap is too coarse; the intervals come from the "
            f"{intervals.method}."
        )
    return said


def _pair(pair: Preference) -> dict[str, Any]:
    share_one, share_tie, share_other = pair.shares
    return {
        "one": pair.one,
        "other": pair.other,
        "for_one": pair.for_one,
        "for_other": pair.for_other,
        "ties": pair.ties,
        "not_sure": pair.not_sure,
        "votes": pair.votes,
        "observers": pair.observers,
        "share_one": share_one,
        "share_tie": share_tie,
        "share_other": share_other,
    }


def _metrics(means: Sequence[MetricMean]) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for mean in means:
        rows.setdefault(mean.condition, {"condition": mean.condition})[mean.metric] = mean.as_json()
    return list(rows.values())


def _position(effect: PositionEffect) -> dict[str, Any]:
    return {
        "log_odds_left": effect.log_odds,
        "standard_error": effect.standard_error,
        "likelihood_ratio": effect.likelihood_ratio,
        "p_value": effect.p_value,
    }


def _versions() -> dict[str, str]:
    return {name: _version(name) for name in ("phoropter", "numpy", "scipy", "pandas", "choix")}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed as a package"
