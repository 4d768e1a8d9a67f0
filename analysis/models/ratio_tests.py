"""Likelihood-ratio tests between a model and one that says more.

All of them take votes as independent, which votes of one observer aren't: their p-values are too small where observers
differ, and each result says so. `analysis.models.interaction` has a test that observers can't mislead.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, hstack
from scipy.stats import chi2

from analysis.models.existence import require_finite
from analysis.models.fitting import ModelFit, fit_model, problem_of
from analysis.models.likelihood import Problem, maximise
from analysis.models.newton import Floats
from analysis.models.outcomes import MODELS
from analysis.models.showings import Showings

SIDE = "Does the side matter?"
TIES = "Do conditions differ in how readily they tie?"
NAIVE = "votes are independent (naive: votes of one observer aren't)"


@dataclass(frozen=True)
class RatioTest:
    """Twice the gain in log-likelihood, held against χ².

    Attributes:
        question: What is tested.
        smaller: The model that is doubted.
        larger: The model that says more.
        statistic: Twice the log-likelihood that the larger one gains, 0 or more.
        df: Parameters that it has more.
        p_value: P(χ² ≥ statistic): of any departure, whichever way it goes.
        assumes: What the p-value rests on.
    """

    question: str
    smaller: str
    larger: str
    statistic: float
    df: int
    p_value: float
    assumes: str = NAIVE


def ratio_test(question: str, smaller: str, larger: str, *, gained: float, df: int) -> RatioTest:
    """A test from the log-likelihood that the larger model gains.

    Example:
        >>> round(ratio_test("?", "a", "b", gained=1.9207, df=1).p_value, 3)
        0.05
    """
    statistic = max(2.0 * gained, 0.0)  # rounding can leave a hair below zero
    return RatioTest(question, smaller, larger, statistic, df, float(chi2.sf(statistic, df)))


def position_test(votes: Showings, model: str = "davidson", fitted: ModelFit | None = None) -> RatioTest:
    """Whether the side matters: the model against itself with a constant advantage of the left side.

    Args:
        votes: With sides.
        model: A key of ``MODELS``.
        fitted: The fit with position, where there is one already.
    Raises:
        NotConnectedError: One of the two has no finite maximum.
        ValueError: Sides aren't known.
    Source:
        Davidson and Beaver 1977, doi:10.2307/2529467.
    Example:
        >>> from analysis.models.showings import of_sides
        >>> votes = of_sides(np.array([[0, 6.0], [6, 0]]), np.array([[0, 3.0], [3, 0]]))
        >>> round(position_test(votes).statistic, 4)
        2.0388
    """
    larger = fit_model(votes, model, position=True) if fitted is None else fitted
    without = fit_model(votes, model)
    return ratio_test(
        SIDE,
        f"{without.model}",
        f"{without.model} with an advantage of the left side",
        gained=larger.log_likelihood - without.log_likelihood,
        df=1,
    )


def ties_test(votes: Showings) -> RatioTest:
    """Whether conditions differ in how readily they tie: Davidson's one ν against one per condition.

    In the larger model a tie of i and j weighs √(νi νj) instead of ν, so that a condition whose pictures are seldom, or
    always, told from others shows. It is log-linear as Davidson's is, and one ν is its case of equal νi.

    Raises:
        NotConnectedError: One of the two has no finite maximum, as where a condition never tied.
        ValueError: No tie was cast.
    Source:
        Davidson 1970, doi:10.1080/01621459.1970.10481082, for one ν; the larger model is the log-linear one that is
        nearest to it.
    Example:
        >>> from analysis.models.showings import of_pairs
        >>> wins, ties = 4.0 * (1 - np.eye(3)), np.array([[0, 8.0, 1], [8, 0, 1], [1, 1, 0]])
        >>> test = ties_test(of_pairs(wins, ties))
        >>> round(test.statistic, 2), test.df
        (6.46, 2)
    """
    if not votes.tied:
        raise ValueError("no tie was cast: there is nothing to test about ties")
    counted = votes.unsided()
    smaller = fit_model(counted, "davidson")
    problem, rank = _ties_per_condition(counted)
    held = np.zeros(problem.design.shape[1], dtype=bool)
    require_finite(counted, problem.design, problem.tie_design, held)
    start = np.concatenate([smaller.scores, np.full(rank, _log_nu(smaller))])
    gained = maximise(problem, start).log_likelihood - smaller.log_likelihood
    return ratio_test(
        TIES,
        "Davidson, one ν",
        "Davidson, a ν per condition",
        gained=gained,
        df=rank - 1,
    )


def _log_nu(fitted: ModelFit) -> float:
    if fitted.tie is None:
        raise ArithmeticError("ties were cast but not fitted; please report these votes")
    return fitted.tie.value


def _ties_per_condition(votes: Showings) -> tuple[Problem, int]:
    """Davidson's problem with log ν = (κi + κj)/2 per pair, and how many numbers the κ amount to."""
    one = problem_of(votes, MODELS["davidson"], position=False)
    n, cells = len(votes.names), len(votes.cells)
    halves = np.zeros((cells, n))
    np.add.at(halves, (np.repeat(np.arange(cells), 2), votes.cells.ravel()), 0.5)
    rank = int(np.linalg.matrix_rank(halves))
    if rank < 2:
        raise ValueError("two conditions have one ν; whether conditions differ in it takes three")
    halves = halves[:, :rank]  # where pairs lead only between two camps, one κ can be any number, and is 0
    problem = replace(
        one,
        design=csr_array(hstack([csr_array(one.design)[:, :n], csr_array((cells, rank))])),
        tie_design=csr_array(hstack([csr_array((cells, n)), csr_array(halves)])),
        free=_padded(one.free[:n], rank),
        precision=np.zeros(n + rank),
    )
    return problem, rank


def _padded(free: Floats, rows: int) -> Floats:
    return np.concatenate([free, np.zeros((rows, free.shape[1]))])
