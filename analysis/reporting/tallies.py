"""Plain counts beside the scores: who stood on which side, who won on which photo, what is left without the flagged."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.preference import Preference, preferences
from analysis.quality.screening import RULES, Screened, Screening, with_and_without
from analysis.reporting.metric_means import metric_means
from analysis.scale import scale_votes
from analysis.votes import sift

FLAG_WORDS = {
    "one_side": "one side",
    "inconsistent": "inconsistent",
    "gold": "gold missed",
    "disagrees": "disagrees",
    "hasty": "hasty",
}
"""Each rule of screening in a word or two, for a figure."""


def side_counts(answered: pd.DataFrame, names: Sequence[str]) -> list[dict[str, Any]]:
    """How often each condition stood left and right.

    Args:
        answered: Trials that count, "not sure" among them.
        names: The conditions, in the order wanted.

    >>> import pandas as pd
    >>> side_counts(pd.DataFrame({"left": ["a", "a"], "right": ["b", "b"]}), ["a", "b"])
    [{'condition': 'a', 'left': 2, 'right': 0}, {'condition': 'b', 'left': 0, 'right': 2}]
    """
    left, right = answered["left"].value_counts(), answered["right"].value_counts()
    return [
        {"condition": name, "left": int(left.get(name, 0)), "right": int(right.get(name, 0))}
        for name in names
        if name in left.index or name in right.index
    ]


def content_shares(fitted: pd.DataFrame) -> list[dict[str, Any]]:
    """Share of the votes that each condition won on each content, a tie half a vote for each of both.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"content": ["c"] * 2, "left": ["a"] * 2, "right": ["b"] * 2, "vote": ["left", "tie"]})
    >>> [(row["condition"], row["share"], row["votes"]) for row in content_shares(rows)]
    [('a', 0.75, 2), ('b', 0.25, 2)]
    """
    if fitted.empty:
        return []
    won = fitted["vote"].map({"left": 1.0, "tie": 0.5, "right": 0.0}).to_numpy(dtype=np.float64)
    both = pd.concat(
        [
            pd.DataFrame({"content": fitted["content"], "condition": fitted["left"], "won": won}),
            pd.DataFrame({"content": fitted["content"], "condition": fitted["right"], "won": 1.0 - won}),
        ]
    )
    told = both.groupby(["content", "condition"])["won"].agg(["mean", "size"])
    return [
        {"content": str(content), "condition": str(condition), "share": float(share), "votes": int(number)}
        for content, condition, share, number in told.reset_index().itertuples(index=False)
    ]


def camera_pairs(fitted: pd.DataFrame) -> list[dict[str, Any]]:
    """Votes of each pair within each camera; empty where there is no second camera."""
    if "camera" not in fitted.columns or fitted["camera"].nunique() < 2:
        return []
    return [
        {"camera": str(camera) or "(no camera)", "pairs": [_pair(pair) for pair in preferences(rows)]}
        for camera, rows in fitted.groupby("camera")
    ]


def camera_metrics(metrics: pd.DataFrame, names: Sequence[str]) -> list[dict[str, Any]]:
    """Mean metrics per camera and condition, as DPED's table has them; empty where no second camera is known."""
    if "camera" not in metrics.columns or metrics["camera"].nunique() < 2:
        return []
    told: list[dict[str, Any]] = []
    for camera, rows in metrics.groupby("camera"):
        by_condition: dict[str, dict[str, Any]] = {}
        for one in metric_means(rows, names):
            by_condition.setdefault(one.condition, {"condition": one.condition})[one.metric] = one.as_json()
        told.append({"camera": str(camera) or "(no camera)", "metrics": list(by_condition.values())})
    return told


def screened(
    votes: pd.DataFrame,
    found: Screening,
    *,
    include_simulated: bool,
    replicates: int,
    seed: int,
    level: float,
    names: Sequence[str],
) -> dict[str, Any]:
    """Every observer held against the rules, and the scores without those who are flagged.

    Args:
        votes: Every exposure of sittings that are used, as ``report`` takes them.
        found: Their screening.
        include_simulated: Whether simulated votes count.
        replicates: As of the report's scale; ``seed``, ``level`` and ``names`` likewise.
    """
    without = None
    if found.flagged:
        rows = sift(with_and_without(votes, found).unflagged, include_simulated=include_simulated).fitted
        scale = scale_votes(rows, replicates=replicates, seed=seed, level=level, names=list(names), checks=False)
        without = scale.as_json()
    return {
        "rules": [{"rule": name, "short": FLAG_WORDS[name], "meaning": rule.words} for name, rule in RULES.items()],
        "flagged": len(found.flagged),
        "by_rule": {name: len(codes) for name, codes in found.by_rule.items()},
        "observers": [_observer(one) for one in found.observers],
        "without_flagged": without,
    }


def _observer(one: Screened) -> dict[str, Any]:
    return {
        "answered": one.answered,
        "left_share": one.left_share,
        "consistent": one.consistent / one.repeats if one.repeats else None,
        "gold_passed": one.gold_passed / one.gold if one.gold else None,
        "dist_l": one.dist_l,
        "likelihood": None if one.log_likelihood is None else float(np.exp(one.log_likelihood)),
        "median_response_ms": one.median_response_ms,
        "flags": list(one.flags),
    }


def _pair(pair: Preference) -> dict[str, Any]:
    return {
        "one": pair.one, "other": pair.other, "for_one": pair.for_one, "ties": pair.ties, "for_other": pair.for_other,
        "votes": pair.votes,
    }  # fmt: skip
