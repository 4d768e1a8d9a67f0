"""What screening changes: the scores of everybody beside those without the flagged, and who was left out and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.models.newton import Floats
from analysis.quality.screening import RULES, Screening, with_and_without
from analysis.scale import Scale, scale_votes
from analysis.votes import sift

SAME = 1e-9
"""Scores less than this apart are equal."""


@dataclass(frozen=True)
class Change:
    """One condition's score, both ways.

    Attributes:
        condition: Its name.
        everybody: Its score with everybody, natural log-odds.
        unflagged: Without the flagged.
    """

    condition: str
    everybody: float
    unflagged: float

    @property
    def by(self) -> float:
        """Without the flagged minus with everybody."""
        return self.unflagged - self.everybody


@dataclass(frozen=True)
class Sensitivity:
    """One result with everybody and one without the flagged.

    Attributes:
        everybody: The scale of all votes that count.
        unflagged: The scale without the flagged observers; the same where nobody is flagged.
        left_out: Codes of the observers by rule; one observer may stand under several.
        votes_left_out: How many votes that count went with them.
        changes: Each condition both ways, the largest change first; empty where one of the scales has no scores.
        order_changes: Pairs whose order turns round.
        words: The same as a sentence or two.
    """

    everybody: Scale
    unflagged: Scale
    left_out: Mapping[str, tuple[str, ...]]
    votes_left_out: int
    changes: tuple[Change, ...]
    order_changes: tuple[tuple[str, str], ...]
    words: str

    @property
    def largest(self) -> Change | None:
        """The condition whose score changes most; None where scores can't be compared."""
        return self.changes[0] if self.changes else None

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, text and None."""
        return {
            "everybody": self.everybody.as_json(),
            "unflagged": self.unflagged.as_json(),
            "left_out": [
                {"rule": rule, "meaning": RULES[rule].words, "observers": list(codes)}
                for rule, codes in self.left_out.items()
            ],
            "votes_left_out": self.votes_left_out,
            "changes": [
                {"condition": one.condition, "everybody": one.everybody, "unflagged": one.unflagged, "by": one.by}
                for one in self.changes
            ],
            "order_changes": [list(pair) for pair in self.order_changes],
            "words": self.words,
        }


def sensitivity(
    rows: pd.DataFrame,
    screening: Screening,
    *,
    replicates: int = 1000,
    seed: int = 1,
    level: float = 0.95,
    include_simulated: bool = False,
) -> Sensitivity:
    """Scores with everybody and without the flagged.

    Args:
        rows: Exposures: the canonical table of ``analysis.votes``.
        screening: Of the same rows (``screening.screen``).
        replicates: Of the observer bootstrap, at least 100.
        seed: Of the observer bootstrap.
        level: Nominal coverage of each interval.
        include_simulated: Whether simulated votes count.
    Example:
        >>> from analysis.quality.screening import screen
        >>> rows = pd.DataFrame([("o", "c", "a", "b", "left")] * 12 + [("p", "c", "a", "b", vote)
        ...     for vote in ("left", "right")], columns=["observer", "content", "left", "right", "vote"])
        >>> found = sensitivity(rows, screen(rows))
        >>> found.votes_left_out, round(found.largest.by, 3)
        (12, -1.282)
    """
    both = with_and_without(rows, screening)
    parts = [sift(part, include_simulated=include_simulated).fitted for part in (both.everybody, both.unflagged)]
    names = tuple(sorted({*parts[0]["left"], *parts[0]["right"]}))
    everybody = scale_votes(parts[0], replicates=replicates, seed=seed, level=level, names=names, checks=False)
    unflagged = everybody
    if screening.flagged:
        unflagged = scale_votes(parts[1], replicates=replicates, seed=seed, level=level, names=names, checks=False)
    changes, turned = _changes(everybody, unflagged), _turned(everybody, unflagged)
    return Sensitivity(
        everybody=everybody,
        unflagged=unflagged,
        left_out=both.left_out,
        votes_left_out=len(parts[0]) - len(parts[1]),
        changes=changes,
        order_changes=turned,
        words=_words(screening, unflagged, changes, turned),
    )


def _changes(everybody: Scale, unflagged: Scale) -> tuple[Change, ...]:
    if everybody.fitted is None or unflagged.fitted is None:
        return ()
    scores = zip(everybody.fitted.names, everybody.fitted.scores, unflagged.fitted.scores, strict=True)
    changes = [Change(name, float(before), float(after)) for name, before, after in scores]
    return tuple(sorted(changes, key=lambda one: (-abs(one.by), one.condition)))


def _turned(everybody: Scale, unflagged: Scale) -> tuple[tuple[str, str], ...]:
    if everybody.fitted is None or unflagged.fitted is None:
        return ()
    before, after = everybody.fitted.scores, unflagged.fitted.scores
    signs = _order(before) * _order(after)
    names = everybody.fitted.names
    return tuple((names[i], names[j]) for i, j in np.argwhere(np.triu(signs < 0)))


def _order(scores: Floats) -> Floats:
    """Shape (n, n): 1 where i is above j, −1 below; 0 where only rounding tells them apart."""
    differences = scores[:, np.newaxis] - scores
    return np.where(np.abs(differences) < SAME, 0.0, np.sign(differences))


def _words(
    screening: Screening, unflagged: Scale, changes: tuple[Change, ...], turned: tuple[tuple[str, str], ...]
) -> str:
    number, of = len(screening.flagged), len(screening.observers)
    if not number:
        return "No observer is flagged, so there is one result."
    start = f"{number} of {of} observers {'is' if number == 1 else 'are'} flagged. "
    if unflagged.fitted is None:
        return f"{start}Without them there are no scores. {unflagged.withheld}"
    if not changes:
        return f"{start}Scores exist only without them."
    said = f"Without them the score of {changes[0].condition} changes most, by {changes[0].by:+.3f} log-odds; "
    if not turned:
        return f"{start}{said}the order stays."
    pairs = ", ".join(f"{one} and {other}" for one, other in turned)
    return f"{start}{said}the order turns round of {pairs}."
