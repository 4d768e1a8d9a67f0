"""Metrics against people: does a number find what people find, per content and over all of them."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.inference.contrasts import OBSERVERS_FOR_BOOTSTRAP
from analysis.metrics_against_people.agreed import CONTENT, POOLED, SCOPES, WITHIN, Agreed, Held, agreed
from analysis.metrics_against_people.picks import Cells, Disagreement, cells_of, disagreements, gaps
from analysis.metrics_against_people.stimuli import Stimuli, multiplicities, stimulus_scores
from analysis.metrics_against_people.table import KEYS, LESS_IS_BETTER, metric_names
from analysis.votes import sift
from analysis.wording import counted, first_of


@dataclass(frozen=True)
class AgainstPeople:
    """Every metric against the people of a study.

    Attributes:
        agreed: Pooled and within first, then content by content, for each metric.
        disagreements: By metric, the strongest first.
        less_is_better: Metrics whose small values are the good ones.
        withheld: Contents without finite scores, and why.
        observers: Who voted.
        replicates: Of the observer bootstrap; 0 where there are no intervals.
        seed: Of the bootstrap.
        level: Nominal coverage of each interval.
        notes: In words.
    """

    agreed: tuple[Agreed, ...]
    disagreements: Mapping[str, tuple[Disagreement, ...]]
    less_is_better: tuple[str, ...]
    withheld: Mapping[str, str]
    observers: int
    replicates: int
    seed: int
    level: float
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, text and None."""
        return {
            "scopes": SCOPES,
            "agreed": [asdict(one) for one in self.agreed],
            "disagreements": {name: [asdict(one) for one in told] for name, told in self.disagreements.items()},
            "less_is_better": list(self.less_is_better),
            "withheld": dict(self.withheld),
            "observers": self.observers,
            "replicates": self.replicates,
            "seed": self.seed,
            "level": self.level,
            "notes": list(self.notes),
        }


def metrics_against_people(
    votes: pd.DataFrame,
    metrics: pd.DataFrame,
    *,
    replicates: int = 1000,
    seed: int = 1,
    level: float = 0.95,
    less_is_better: Collection[str] = LESS_IS_BETTER,
    shown: int = 10,
    include_simulated: bool = False,
) -> AgainstPeople:
    """Hold every metric against the votes.

    Args:
        votes: The canonical table (``votes.read_votes``), every exposure.
        metrics: ``content``, ``condition`` and a column for each metric (``table.read_metrics``).
        replicates: Of the observer bootstrap, whose standard deviation makes the limits (``agreed.estimate``). Below
            ten observers there are none.
        seed: Of the bootstrap.
        level: Nominal coverage of each interval, for these photos.
        less_is_better: Metrics whose small values are the good ones.
        shown: Disagreements told per metric.
        include_simulated: Whether simulated votes count.
    Raises:
        ValueError: No metric, a stimulus twice, or no stimulus that was voted on.
    Example:
        >>> rows = [("o", "c", *pair, vote) for pair in ("ab", "bc", "ac") for vote in ("left", "left", "right")]
        >>> votes = pd.DataFrame(rows, columns=["observer", "content", "left", "right", "vote"])
        >>> sharpness = pd.DataFrame({"content": "c", "condition": list("abc"), "sharpness": [3.0, 2.0, 1.0]})
        >>> found = metrics_against_people(votes, sharpness)
        >>> round(found.agreed[0].spearman.value, 4), found.agreed[0].picked.value, found.notes
        (1.0, 1.0, ('No intervals: 1 observer, and a bootstrap of fewer than ten is too coarse.',))
    """
    names, fitted = _usable(metrics), sift(votes, include_simulated=include_simulated).fitted
    observers = int(fitted["observer"].nunique())
    ran = replicates if observers >= OBSERVERS_FOR_BOOTSTRAP else 0
    weights = multiplicities(observers, ran, seed)
    stimuli, cells = stimulus_scores(fitted, weights), cells_of(fitted, weights)
    keyed = metrics.set_index(list(KEYS))
    _require_overlap(keyed, cells)
    kept = tuple(name for name in names if name in less_is_better)
    found: list[Agreed] = []
    told: dict[str, tuple[Disagreement, ...]] = {}
    for name in names:
        values, less = keyed[name].astype(np.float64), name in kept
        held = _held(name, values, stimuli, cells, less_is_better=less, observers=observers, level=level)
        found += [agreed(held, scope) for scope in (POOLED, WITHIN)]
        found += [agreed(held, CONTENT, content) for content in dict.fromkeys(cells.content)]
        told[name] = disagreements(name, cells, values, less_is_better=less, shown=shown)
    notes = _notes(stimuli, observers, ran)
    return AgainstPeople(tuple(found), told, kept, stimuli.withheld, observers, ran, seed, level, notes)


def _held(
    name: str,
    values: "pd.Series[float]",
    stimuli: Stimuli,
    cells: Cells,
    *,
    less_is_better: bool,
    observers: int,
    level: float,
) -> Held:
    of_stimuli = values.reindex(pd.MultiIndex.from_arrays([stimuli.content, stimuli.condition]))
    return Held(
        metric=name,
        content=np.array(stimuli.content, dtype=object),
        values=np.asarray(of_stimuli, dtype=np.float64),
        scores=stimuli.scores,
        cell_content=np.array(cells.content, dtype=object),
        gap=gaps(cells, values, less_is_better=less_is_better),
        margin=cells.margin,
        observers=observers,
        level=level,
    )


def _usable(metrics: pd.DataFrame) -> tuple[str, ...]:
    lacking = [name for name in KEYS if name not in metrics.columns]
    if lacking:
        raise ValueError(f"the metrics lack the column(s) {', '.join(lacking)}")
    twice = metrics[metrics.duplicated(list(KEYS))]
    if len(twice):
        raise ValueError(f"content {twice.iloc[0]['content']!r} has two rows for {twice.iloc[0]['condition']!r}")
    names = metric_names(metrics)
    if not names:
        raise ValueError("no metric beside content and condition; add a column for each")
    return names


def _require_overlap(metrics: pd.DataFrame, cells: Cells) -> None:
    voted = {*zip(cells.content, cells.first, strict=True), *zip(cells.content, cells.second, strict=True)}
    if not voted & set(metrics.index):
        content, condition = min(voted, default=("(no vote)", "(no vote)"))
        raise ValueError(
            "no row of the metrics is of a stimulus that was voted on; votes are, for one, on content "
            f"{content!r}, condition {condition!r}: name contents and conditions alike in both files"
        )


def _notes(stimuli: Stimuli, observers: int, replicates: int) -> tuple[str, ...]:
    reasons: dict[str, list[str]] = {}
    for name, why in stimuli.withheld.items():
        reasons.setdefault(why, []).append(name)
    notes = [
        f"No scores on content{'s' * (len(names) > 1)} {first_of(names, 'other')}: {why}"
        for why, names in reasons.items()
    ]
    if not replicates:
        notes.append(
            f"No intervals: {counted(observers, 'observer')}, and a bootstrap of fewer than ten is too coarse."
        )
    if stimuli.propped:
        notes.append(
            f"In {stimuli.propped:.1%} of all resamples of a content it had no finite scores; half a vote each way was "
            "added to each of its pairs there."
        )
    return tuple(notes)
