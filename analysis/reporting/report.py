"""Everything a report page, its JSON and its figures say about the votes of a study."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pandas as pd

from analysis.inference.intervals import Intervals
from analysis.preference import Preference, preferences
from analysis.quality.sides import sides_known
from analysis.reporting.metric_means import MetricMean, metric_means
from analysis.reporting.stamp import SIMULATED_STAMP
from analysis.scale import Scale, scale_votes
from analysis.votes import LEFT_OUT, Sifted, sift

__all__ = ["SCHEMA", "SEED", "SIMULATED_STAMP", "Report", "report"]

SCHEMA = 1
SEED = 1
POOLING = "Scores pool all contents: votes are added over contents before the fit."
THESE_PHOTOS = (
    "Intervals for these photos say what other observers would find of the same photos: observers are the sample, and "
    "other photos could give other scores."
)
LIKE_THESE = (
    "Intervals for photos like these say what other observers would find of other photos of the kind: observers and "
    "photos are the sample. What is said of methods or cameras in general rests on them."
)
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
        sides_known: Whether votes tell the side on which each condition stood; if not, nothing is said of sides.
        answers: Fitted answers by side, ties, and the "not sure" beside them.
        scale: Pooled over contents; ``cameras`` holds one scale per camera where there are several.
        pairs: Preferences pair by pair, the clearest first.
        metrics: Means per condition and metric; empty if none were given.
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
    sides_known: bool
    conditions: tuple[str, ...]
    scale: Scale
    cameras: Mapping[str, Scale]
    pairs: tuple[Preference, ...]
    metrics: tuple[MetricMean, ...]
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
                "sides_known": self.sides_known,
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
    checks: bool = True,
) -> Report:
    """Count, fit and describe votes.

    Args:
        votes: The canonical table (``votes.read_votes``), every exposure: what doesn't count is left out and counted.
        metrics: ``content``, ``condition``, ``psnr_db``, ``ssim``, ``ms_ssim``, ``colour_deviation``,
            ``noise_amplification`` and optionally ``why`` and ``flaws_why`` (see ``metric_means``); NaN where there is
            no value, infinity where pictures are equal.
        conditions: The conditions of the study; those that were voted on if not given. One without votes keeps the
            scores from existing, and the report says so.
        replicates: Of the observer bootstrap, at least 100.
        seed: Of the observer bootstrap.
        level: Nominal coverage of each interval.
        include_simulated: Whether simulated votes count; the report is then stamped.
        checks: Whether each scale's model is tested, which takes longer than all else.
    Raises:
        VotesError: Votes that aren't canonical.
        ValueError: Metrics that aren't such a table.
    """
    sifted = sift(votes, include_simulated=include_simulated)
    fitted = sifted.fitted
    names = tuple(conditions) if conditions is not None else tuple(sorted({*fitted["left"], *fitted["right"]}))
    scale = scale_votes(fitted, replicates=replicates, seed=seed, level=level, names=names, checks=checks)
    cameras = _per_camera(fitted, replicates=replicates, seed=seed, level=level, checks=checks)
    simulated = bool("simulated" in fitted.columns and fitted["simulated"].astype(bool).any())
    adaptive = cast_adaptively(fitted)
    return Report(
        simulated=simulated,
        adaptive=adaptive,
        rows=sifted.rows,
        votes=len(fitted),
        observers=int(fitted["observer"].nunique()),
        contents=int(fitted["content"].nunique()),
        left_out=sifted.left_out,
        answers=_answers(sifted),
        sides_known=sides_known(fitted),
        conditions=names,
        scale=scale,
        cameras=cameras,
        pairs=tuple(preferences(fitted, sifted.not_sure)),
        metrics=tuple(metric_means(metrics, names)) if metrics is not None else (),
        notes=_notes(scale, cameras, simulated=simulated, adaptive=adaptive),
        seed=seed,
        replicates=replicates,
        level=level,
        versions=_versions(),
    )


def cast_adaptively(fitted: pd.DataFrame) -> bool:
    """Whether any vote was cast in an adaptive study.

    >>> cast_adaptively(pd.DataFrame({"policy_version": ["balanced-1", "adaptive-1"]}))
    True
    """
    return bool("policy_version" in fitted and fitted["policy_version"].str.startswith("adaptive-").any())


def _per_camera(fitted: pd.DataFrame, **settings: Any) -> dict[str, Scale]:
    if "camera" not in fitted.columns or fitted["camera"].nunique() < 2:
        return {}
    return {str(camera) or "(no camera)": scale_votes(rows, **settings) for camera, rows in fitted.groupby("camera")}


def _answers(sifted: Sifted) -> dict[str, int]:
    tally = sifted.fitted["vote"].value_counts()
    answers = {answer: int(tally.get(answer, 0)) for answer in ("left", "right", "tie")}
    return {**answers, "not_sure": len(sifted.not_sure)}


def _notes(scale: Scale, cameras: Mapping[str, Scale], *, simulated: bool, adaptive: bool) -> tuple[str, ...]:
    notes = ["Some or all of these votes are simulated: they say nothing about people."] if simulated else []
    notes += [ADAPTIVE] if adaptive else []
    for name, part in {"": scale, **cameras}.items():
        notes += [f"{name}: {said}" if name else said for said in _scale_notes(part)]
    if scale.fitted is not None:
        notes.append(POOLING)
        notes += [THESE_PHOTOS] if scale.intervals is not None else []
        notes += [LIKE_THESE] if scale.intervals_contents is not None else []
    return tuple(notes)


def _scale_notes(scale: Scale) -> list[str]:
    if scale.withheld is not None:
        return [f"Scores are withheld. {scale.withheld}"]
    said = [why for why in (scale.no_intervals, scale.no_intervals_contents) if why]
    return said + resampling_notes(scale.intervals)


def resampling_notes(intervals: Intervals | None) -> list[str]:
    """What a reader must know of how intervals for these photos were drawn: resamples that failed, or no resamples."""
    if intervals is None:
        return []
    said = []
    if intervals.degenerate:
        total = intervals.degenerate + intervals.replicates
        said.append(
            f"{intervals.degenerate} of {total} resamples of the observers had no finite scores and can’t be in the "
            "intervals, which are a little too short for it."
        )
    if not intervals.replicates:
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


def _versions() -> dict[str, str]:
    return {name: _version(name) for name in ("phoropter", "numpy", "scipy", "pandas", "choix")}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed as a package"
