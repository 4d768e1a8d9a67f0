"""Whether a model is enough for the votes: sides, ties, contents, cameras, how well it fits; or why that isn't tested.

The one place where these tests are made: terminal, JSON and reports show what is found here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr
from scipy.stats import chi2

from analysis.counts import count_showings
from analysis.inference.robust import clusters
from analysis.models.chosen import LOGISTIC, Fitting
from analysis.models.fitting import Estimate, ModelFit
from analysis.models.interaction import interaction_test
from analysis.models.ratio_tests import NAIVE, SIDE, TIES, RatioTest, position_test, ties_test
from analysis.models.showings import Showings
from analysis.quality.sides import SIDES_UNKNOWN, sides_known
from analysis.wording import counted

OBSERVERS_NEEDED = 6
VOTES_LIMIT, OBSERVERS_LIMIT, SCORES_LIMIT = 200_000, 1_000, 1_500
PARTS = "Do scores differ by {by}?"
FIT = "Does one scale say what people said?"
WALD = (
    "observers are independent: δ over its observer-robust standard error, Student's t; never below p of independent "
    "votes"
)
NO_SUCH_TEST = "there is no such test of this question"
RATIO = "likelihood ratio"


@dataclass(frozen=True)
class Robust:
    """A p-value that observers who differ can't mislead, what it rests on, and how many signs were drawn, if any."""

    p: float
    assumes: str
    draws: int | None = None
    seed: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, text and None."""
        return {"p": self.p, "assumes": self.assumes, "draws": self.draws, "seed": self.seed}


@dataclass(frozen=True)
class Check:
    """One test of the model.

    Attributes:
        question: What is tested.
        method: By what, in words.
        statistic: Of χ², 0 or more.
        df: Its degrees of freedom.
        p: P(χ² ≥ statistic), resting on what ``assumes`` says.
        assumes: In words.
        robust: The same question with observers as the sample; None where there is none.
        no_robust: Why there is none, in words; None where there is.
        estimate: The advantage of the left side that is tested, in the unit of the fit; None for other questions.
    """

    question: str
    method: str
    statistic: float
    df: int
    p: float
    assumes: str
    robust: Robust | None = None
    no_robust: str | None = None
    estimate: Estimate | None = None

    def as_json(self, *, unit_size: float = 1.0) -> dict[str, Any]:
        """Plain numbers, text and None; the estimate in units of ``unit_size``, as the scores are."""
        return {
            "question": self.question,
            "method": self.method,
            "statistic": self.statistic,
            "df": self.df,
            "p": self.p,
            "assumes": self.assumes,
            "robust": None if self.robust is None else self.robust.as_json(),
            "no_robust": self.no_robust,
            "estimate": None if self.estimate is None else self.estimate.as_json(unit_size),
        }


@dataclass(frozen=True)
class Checks:
    """What was tested, and what was not: question to reason."""

    tests: tuple[Check, ...] = ()
    untested: Mapping[str, str] = field(default_factory=dict)

    def as_json(self, *, unit_size: float = 1.0) -> dict[str, Any]:
        """Plain numbers, text and None; estimates in units of ``unit_size``, as the scores are."""
        return {
            "tests": [test.as_json(unit_size=unit_size) for test in self.tests],
            "untested": [{"question": question, "why": why} for question, why in self.untested.items()],
        }


def check_model(votes: pd.DataFrame, fitting: Fitting, *, deviance: float, df: int | None, seed: int) -> Checks:
    """Test what the chosen model leaves out.

    Sides are tested under the chosen model without its prior; ties by Davidson's model, where any were cast; contents
    by Bradley-Terry or Davidson.

    Args:
        votes: Rows that were fitted.
        fitting: With what.
        deviance: Of that fit.
        df: Of the deviance; None with a prior.
        seed: Of the signs that are drawn for contents.
    Example:
        >>> rows = [(f"o{k}", "c", *("ab" if k % 2 else "ba"), "left" if k % 3 else "right") for k in range(12)]
        >>> votes = pd.DataFrame(rows, columns=["observer", "content", "left", "right", "vote"])
        >>> checked = check_model(votes, Fitting(), deviance=0.0, df=0, seed=1)
        >>> [(test.question, round(test.statistic, 3)) for test in checked.tests]
        [('Does the side matter?', 1.359)]
    """
    counted = count_showings(votes)
    asked: dict[str, Callable[[], Check]] = {SIDE: lambda: _side(votes, counted, fitting)}
    if counted.tied:
        asked[TIES] = lambda: _of_ratio(ties_test(counted))
    asked[PARTS.format(by="content")] = lambda: _parts(votes, counted, fitting, seed, "content")
    asked[FIT] = lambda: _fit(deviance, df)
    return _tried(asked)


def check_side(votes: pd.DataFrame) -> Checks:
    """Test the side alone, as ``check_model`` does under Davidson's model.

    Args:
        votes: Rows that count.
    """
    return _tried({SIDE: lambda: _side(votes, count_showings(votes), Fitting())})


def check_cameras(votes: pd.DataFrame, *, seed: int) -> Checks:
    """Test whether scores differ between cameras, as ``check_model`` does it for contents; nothing with one camera.

    Args:
        votes: Rows that count.
        seed: Of the signs that are drawn.
    """
    if "camera" not in votes.columns or votes["camera"].nunique() < 2:
        return Checks()
    counted = count_showings(votes)
    return _tried({PARTS.format(by="camera"): lambda: _parts(votes, counted, Fitting(), seed, "camera")})


def _tried(asked: Mapping[str, Callable[[], Check]]) -> Checks:
    tests: list[Check] = []
    untested: dict[str, str] = {}
    for question, run in asked.items():
        try:
            tests.append(run())
        except (ValueError, ArithmeticError) as error:  # NotConnectedError, options that don't go, no convergence
            untested[question] = str(error)
    return Checks(tuple(tests), untested)


def _side(votes: pd.DataFrame, counted: Showings, fitting: Fitting) -> Check:
    if not sides_known(votes):
        raise ValueError(SIDES_UNKNOWN)
    used = counted.half_wins() if fitting.ties == "half" else counted
    larger = Fitting(fitting.model, position=True).fit(used)
    ratio = position_test(used, fitting.model, larger)
    return replace(_of_ratio(ratio, *_robust_side(votes, larger, ratio.p_value)), estimate=larger.position)


def _robust_side(votes: pd.DataFrame, larger: ModelFit, naive_p: float) -> tuple[Robust | None, str | None]:
    """Observers who are more alike than votes by chance, even to the vote, prove no more than independent votes do."""
    found = clusters(votes, larger)
    if larger.position is None:
        raise ArithmeticError("a fit with position has no position; please report these votes")
    if found.observers < OBSERVERS_NEEDED:
        return None, f"{counted(found.observers, 'observer')}: a robust standard error takes {OBSERVERS_NEEDED}"
    n = len(larger.names)
    error = float(np.sqrt(found.by_observer()[n, n]))
    p = float(2.0 * stdtr(found.observers - 1, -abs(larger.position.value) / error)) if error > 0.0 else 0.0
    return Robust(max(p, naive_p), WALD), None


def _parts(votes: pd.DataFrame, counted: Showings, fitting: Fitting, seed: int, by: str) -> Check:
    if fitting.model not in LOGISTIC or fitting.ties == "half":
        raise ValueError("this is tested under Bradley-Terry's and Davidson's models only")
    scores = len(counted.names) * votes[by].nunique()
    if len(votes) > VOTES_LIMIT or votes["observer"].nunique() > OBSERVERS_LIMIT or scores > SCORES_LIMIT:
        raise ValueError(
            f"{len(votes)} votes with up to {scores} scores take minutes; "
            "analysis.models.interaction.interaction_test does it when asked"
        )
    found = interaction_test(votes, by, seed=seed)
    robust = None if found.robust_p is None else Robust(found.robust_p, found.assumes, found.draws, found.seed)
    if found.ratio is not None:
        return _of_ratio(found.ratio, robust, found.no_robust)
    return Check(
        question=PARTS.format(by=by),
        method=f"Rao's score statistic, for {found.no_ratio}",
        statistic=found.statistic,
        df=found.df,
        p=found.naive_p,
        assumes=found.naive_assumes,
        robust=robust,
        no_robust=found.no_robust,
    )


def _of_ratio(test: RatioTest, robust: Robust | None = None, no_robust: str | None = NO_SUCH_TEST) -> Check:
    return Check(test.question, RATIO, test.statistic, test.df, test.p_value, test.assumes, robust, no_robust)


def _fit(deviance: float, df: int | None) -> Check:
    if df is None:
        raise ValueError("with a prior the deviance has no whole number of degrees of freedom")
    if df <= 0:
        raise ValueError("the scale has as many parameters as there are shares")
    return Check(FIT, RATIO, deviance, df, float(chi2.sf(deviance, df)), NAIVE, None, NO_SUCH_TEST)
