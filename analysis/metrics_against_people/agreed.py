"""One metric against people in one scope: its numbers with limits, or why there are none."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from analysis.metrics_against_people.correlations import POINTS_FOR_LOGISTIC, POINTS_FOR_RANKS, correlations
from analysis.metrics_against_people.picks import share_picked
from analysis.models.newton import Floats

CONTENT, POOLED, WITHIN = "content", "pooled", "within"
SCOPES: dict[str, str] = {
    CONTENT: "the conditions of one content",
    POOLED: "all stimuli as they are; scores have mean zero on each content, metrics don't",
    WITHIN: "all stimuli, each less the mean of its content, as scores compare conditions of one content only",
}
TOO_FEW_FOR_RANKS = f"fewer than {POINTS_FOR_RANKS} stimuli with a finite value, or all alike"
TOO_FEW_FOR_LOGISTIC = f"fewer than {POINTS_FOR_LOGISTIC} stimuli: a curve of four parameters threads through them"


@dataclass(frozen=True)
class Estimate:
    """A number with limits; None where there are none."""

    value: float | None
    low: float | None
    high: float | None


LEAST = {"spearman": -1.0, "kendall": -1.0, "pearson_logistic": 0.0, "picked": 0.0}
NO_PAIR = "no decided pair with two finite values"

Names = npt.NDArray[np.object_]

NOTHING = Estimate(None, None, None)


@dataclass(frozen=True)
class Agreed:
    """One metric in one scope.

    Attributes:
        metric: Its column.
        scope: A key of ``SCOPES``; ``content`` names which where it is one.
        stimuli: With a finite value and a score.
        not_finite: Stimuli with a score whose metric has no finite value: in nothing here.
        spearman: Signed: below zero where less of the metric goes with more preference.
        kendall: τ-b, signed.
        pearson_logistic: After the monotone map, 0 to 1.
        pairs: Pairs decided by people (not evenly) whose metrics are both finite.
        picked: Share of these where the metric picks the people's choice; one half is a coin's.
        missing: Why a number is missing, by its name.
    """

    metric: str
    scope: str
    content: str | None
    stimuli: int
    not_finite: int
    spearman: Estimate
    kendall: Estimate
    pearson_logistic: Estimate
    pairs: int
    picked: Estimate
    missing: Mapping[str, str]


@dataclass(frozen=True)
class Held:
    """A metric held against the scores of stimuli and the votes on pairs.

    Attributes:
        metric: Its column.
        content: Shape (stimuli,): each one's content.
        values: Shape (stimuli,): the metric, NaN or infinite where it has no finite value.
        scores: Shape (1 + replicates, stimuli): row 0 of all observers as they are.
        cell_content: Shape (cells,): each pair's content.
        gap: Shape (cells,): how much better the metric finds the first of the pair; NaN where it can't say.
        margin: Shape (1 + replicates, cells): votes for the first less votes for the second.
        observers: Who voted.
        level: Nominal coverage.
    """

    metric: str
    content: Names
    values: Floats
    scores: Floats
    cell_content: Names
    gap: Floats
    margin: Floats
    observers: int
    level: float


def agreed(held: Held, scope: str, content: str | None = None) -> Agreed:
    """All numbers of one metric in one scope.

    Args:
        held: The metric and the votes.
        scope: A key of ``SCOPES``.
        content: Which content, where that is the scope.
    """
    finite = np.isfinite(held.values)
    here = np.ones(len(finite), dtype=bool) if content is None else held.content == content
    at = np.flatnonzero(here & finite)
    values, scores = held.values[at], held.scores[:, at]
    if scope == WITHIN:
        values, scores = _less_their_content(values, scores, held.content[at])
    found = correlations(values, scores)
    usable = np.isfinite(held.gap) & (True if content is None else held.cell_content == content)
    margin = held.margin[:, usable]
    numbers = {
        "spearman": found.spearman,
        "kendall": found.kendall,
        "pearson_logistic": found.pearson_logistic,
        "picked": share_picked(margin, held.gap[usable]),
    }
    told = {
        name: estimate(part, observers=held.observers, level=held.level, least=LEAST[name])
        for name, part in numbers.items()
    }
    return Agreed(
        metric=held.metric,
        scope=scope,
        content=content,
        stimuli=len(at),
        not_finite=int(np.sum(here & ~finite)),
        pairs=int(np.count_nonzero(margin[0])),
        missing=_missing(told, len(at)),
        **told,
    )


def estimate(numbers: Floats, *, observers: int, level: float, least: float = -1.0) -> Estimate:
    """The first number with limits: Student's t times the standard deviation of the others, cut at what can be.

    A resample holds the observers' noise twice, so that its correlations are lower on the whole: their spread is used
    and not their place, as percentiles would.

    Args:
        numbers: Shape (1 + replicates,); NaN where there is none.
        observers: How many were resampled, m: m − 1 degrees of freedom, and √(m/(m − 1)) times the deviation.
        level: Nominal coverage; where more than one minus it of the replicates have no number there are no limits.
        least: The least that the number can be; the most is 1.

    >>> estimate(np.array([0.5, np.nan]), observers=12, level=0.95)
    Estimate(value=0.5, low=None, high=None)
    """
    value, drawn = float(numbers[0]), numbers[1:][np.isfinite(numbers[1:])]
    if not np.isfinite(value):
        return NOTHING
    if len(drawn) < 2 or len(drawn) < level * (len(numbers) - 1):
        return Estimate(value, None, None)
    stretch = np.sqrt(observers / (observers - 1)) * stdtrit(observers - 1, (1 + level) / 2)
    reach = float(stretch * drawn.std(ddof=1))
    return Estimate(value, max(value - reach, least), min(value + reach, 1.0))


def _less_their_content(values: Floats, scores: Floats, content: Names) -> tuple[Floats, Floats]:
    """Values and scores less the means of their content."""
    place = np.unique(content, return_inverse=True)[1]
    onto = np.eye(place.max() + 1)[place] if len(place) else np.zeros((0, 0))
    mean = onto / np.maximum(onto.sum(axis=0), 1.0) @ onto.T
    return values - mean @ values, scores - scores @ mean


def _missing(told: Mapping[str, Estimate], stimuli: int) -> dict[str, str]:
    why = dict.fromkeys(("spearman", "kendall"), TOO_FEW_FOR_RANKS) | {"picked": NO_PAIR}
    why["pearson_logistic"] = TOO_FEW_FOR_LOGISTIC if stimuli < POINTS_FOR_LOGISTIC else TOO_FEW_FOR_RANKS
    return {name: why[name] for name, found in told.items() if found.value is None}
