"""What a study will show, before anybody has looked: observers of the choice model walk its schedule as numbers.

The same people as `studyapp.simulation.people` draws them (scores of their own around the truth's, Davidson's ties),
but all trials at once, and nothing beside the answers. No server, no database: a page can wait for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.inference.contrasts import SameTrials, contrasts
from analysis.models.newton import Floats
from studyapp.design.schedule import Planned

Ints = npt.NDArray[np.intp]
Answers = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Showings:
    """The main trials of one slot after the other.

    Attributes:
        conditions: How many are compared.
        contents: How many there are.
        observer: Shape (trials,): the slot, from 0; never falling.
        content: Shape (trials,).
        left: Shape (trials,): the condition on the left.
        right: Shape (trials,): the condition on the right.
    """

    conditions: int
    contents: int
    observer: Ints
    content: Ints
    left: Ints
    right: Ints

    @property
    def pair(self) -> Ints:
        """Shape (trials,): each trial's pair, numbered as `studyapp.design.cells.pair` does."""
        first, second = np.minimum(self.left, self.right), np.maximum(self.left, self.right)
        return np.asarray(first * (2 * self.conditions - first - 1) // 2 + second - first - 1)

    def of_first(self, observers: int) -> "Showings":
        """Those of the first slots only."""
        end = int(np.searchsorted(self.observer, observers))
        kept = (column[:end] for column in (self.observer, self.content, self.left, self.right))
        return Showings(self.conditions, self.contents, *kept)


def showings(slots: Sequence[Sequence[Planned]], conditions: int, contents: int) -> Showings:
    """What slots show in main trials."""
    rows = [
        (observer, trial.content, trial.left, trial.right)
        for observer, slot in enumerate(slots)
        for trial in slot
        if trial.kind == "main"
    ]
    return Showings(conditions, contents, *np.array(rows, dtype=np.intp).reshape(-1, 4).T)


@dataclass(frozen=True)
class Supposed:
    """What is supposed of observers.

    Attributes:
        difference: One condition is better than all others by this, natural log-odds; the others are equal.
        nu: Davidson's ν; 0 where the study takes no ties.
        observer_sd: Standard deviation of scores from one observer to the next, log-odds.
    """

    difference: float
    nu: float = 0.0
    observer_sd: float = 0.3


@dataclass(frozen=True)
class Expected:
    """What a number of observers leads to, over simulated studies.

    Attributes:
        observers: How many.
        votes: Votes of each study.
        width: Mean width of the 95 % intervals of differences, log-odds; None where no study had scores.
        power: How often a difference is found, with its own sign: share of (study, difference).
        false_alarms: How often equal conditions are told apart; None where there are no two equal ones.
        without_scores: Share of studies without finite scores.
    """

    observers: int
    votes: int
    width: float | None
    power: float
    false_alarms: float | None
    without_scores: float


def expect(
    shown: Showings, numbers: Sequence[int], supposed: Supposed, *, studies: int, seed: int = 1
) -> list[Expected]:
    """Simulate studies on one schedule, and read each after so and so many observers.

    Each study has its own condition ahead, in turn, so that none of the design's places is favoured.

    Args:
        shown: The schedule of at least as many observers as the largest number.
        numbers: Numbers of observers to read at, each at least 2.
        supposed: Of the observers.
        studies: How many studies, at least 1.
        seed: The same one gives the same answers.
    """
    rng = np.random.default_rng(seed)
    ahead = [number % shown.conditions for number in range(studies)]
    told = np.stack(
        [_answers(shown, _scores(shown.conditions, best, supposed.difference), supposed, rng) for best in ahead]
    )
    return [_at(shown.of_first(number), number, told, ahead) for number in numbers]


def _scores(conditions: int, best: int, difference: float) -> Floats:
    scores = np.zeros(conditions)
    scores[best] = difference
    return scores


def _answers(shown: Showings, scores: Floats, supposed: Supposed, rng: np.random.Generator) -> Answers:
    """Shape (trials,): 1 for left, −1 for right, 0 for a tie."""
    observers = int(shown.observer[-1]) + 1
    taste = scores + supposed.observer_sd * rng.normal(size=(observers, shown.conditions))
    left, right, _ = many_chances(
        taste[shown.observer, shown.left] - taste[shown.observer, shown.right], nu=supposed.nu
    )
    drawn = rng.random(len(left))
    return np.where(drawn < left, 1, np.where(drawn < left + right, -1, 0)).astype(np.int8)


def many_chances(gaps: Floats, *, nu: float = 0.0) -> tuple[Floats, Floats, Floats]:
    """`studyapp.simulation.choice.chances` for many pairs at once: shares for left, for right and for a tie.

    Args:
        gaps: Score of the left one minus score of the right one, natural log-odds.
        nu: Davidson's ν.
    """
    fall = np.exp(-np.abs(gaps) / 2)
    total = 1 + fall**2 + nu * fall
    likelier, other = 1 / total, fall**2 / total
    ahead = gaps >= 0
    return np.where(ahead, likelier, other), np.where(ahead, other, likelier), nu * fall / total


def _at(shown: Showings, number: int, told: Answers, ahead: Sequence[int]) -> Expected:
    """The studies as they stand after their first observers."""
    read = contrasts(same_trials(shown, told[:, : len(shown.pair)], number))
    best = np.array(ahead, dtype=np.intp)[read.has_scores > 0]
    n, studies = shown.conditions, len(told)
    rows = np.arange(len(best))
    others = np.arange(n) != best[:, np.newaxis]
    found = (read.differences - read.reach)[rows, best][others] > 0
    equals = others[:, :, np.newaxis] & others[:, np.newaxis, :] & np.triu(np.ones((n, n), dtype=bool), 1)
    alarms = (np.abs(read.differences) > read.reach)[equals]
    above = np.triu_indices(n, 1)
    return Expected(
        observers=number,
        votes=len(shown.pair),
        width=float(2 * read.reach[:, *above].mean()) if len(best) else None,
        power=float(found.sum() / (studies * (n - 1))),
        false_alarms=float(alarms.mean()) if len(alarms) else None,
        without_scores=1 - len(best) / studies,
    )


def same_trials(shown: Showings, said: Answers, observers: int) -> SameTrials:
    """Votes as the analysis reads them.

    Args:
        shown: What was shown.
        said: Shape (studies, trials): 1 for left, −1 for right, 0 for a tie.
        observers: How many there are.
    """
    first, second = np.minimum(shown.left, shown.right), np.maximum(shown.left, shown.right)
    first_won = np.where(shown.left < shown.right, said, -said)
    return SameTrials(shown.conditions, observers, shown.observer, first, second, first_won)
