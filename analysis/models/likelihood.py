"""The maximum of a likelihood of votes whose chances follow two linear predictors, by Fisher's scoring.

Every model of `analysis.models.outcomes` is fitted here: scores, the advantage of a side and tie parameters are the
columns of two design matrices, one for x and one for t.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, diags_array
from scipy.special import xlogy

from analysis.models.newton import Floats
from analysis.models.outcomes import Chances, Outcomes

STEP_TOLERANCE = 1e-9
STEP_LIMIT = 2.0
ITERATIONS_LIMIT = 500
HALVINGS_LIMIT = 50
DENSE_NUMBERS = 2_000_000  # up to so many a design is held dense: many small sparse products cost more than they save

Design = csr_array | Floats


@dataclass(frozen=True)
class Problem:
    """What is maximised.

    Attributes:
        outcomes: The chances of one vote.
        design: Shape (cells, parameters): x = design @ parameters.
        tie_design: Shape (cells, parameters): t = tie_design @ parameters.
        seen: Shape (outcomes, cells), summed weights of votes.
        squares: Shape (cells,), summed squares of those weights.
        free: Shape (parameters, k), orthonormal: directions that no vote and no prior informs.
        precision: Shape (parameters,): 1/variance of the Gaussian prior, 0 where there is none.
    """

    outcomes: Outcomes
    design: Design
    tie_design: Design
    seen: Floats
    squares: Floats
    free: Floats
    precision: Floats

    def chances(self, at: Floats) -> Chances:
        """Of all cells at these parameters."""
        return self.outcomes(np.asarray(self.design @ at), np.asarray(self.tie_design @ at))

    def compact(self) -> "Problem":
        """The same, its designs dense where they are small."""
        return replace(self, design=_compact(self.design), tie_design=_compact(self.tie_design))

    def likelihood_at(self, at: Floats) -> tuple[float, float]:
        """Log-likelihood of the votes at these parameters, and deviance."""
        total = self.seen.sum(axis=0)
        reached = _likelihood(self, self.chances(at).log)
        return reached, float(2.0 * (xlogy(self.seen, self.seen / total).sum() - reached))


@dataclass(frozen=True)
class Maximum:
    """Where it is, shape (parameters,), its covariance as if votes were independent, and log-likelihoods there.

    ``log_likelihood`` is that of the votes, without the prior's share and without the constants that count orders.
    """

    at: Floats
    covariance: Floats
    log_likelihood: float
    deviance: float


def maximise(problem: Problem, start: Floats) -> Maximum:
    """Climb from ``start``, which must have a finite log-likelihood.

    Raises:
        ArithmeticError: It was not reached, as where no finite maximum exists: see `analysis.models.existence`.
    """
    problem = problem.compact()
    at, value = start, _posterior(problem, start)
    for _ in range(ITERATIONS_LIMIT):
        chances = problem.chances(at)
        curvature = _curvature(problem, chances, problem.seen.sum(axis=0))
        step = np.asarray(np.linalg.solve(curvature, _slope(problem, chances, at)), dtype=np.float64)
        step *= min(1.0, STEP_LIMIT / max(float(np.abs(step).max()), STEP_LIMIT))
        at, value = _climb(problem, at, value, step)
        if np.abs(step).max() < STEP_TOLERANCE:
            return _reached(problem, at)
    raise ArithmeticError("the fit did not converge although a finite maximum exists; please report these votes")


def _climb(problem: Problem, at: Floats, value: float, step: Floats) -> tuple[Floats, float]:
    rounding = 1e-12 * (1.0 + abs(value))
    for _ in range(HALVINGS_LIMIT):
        reached = _posterior(problem, at + step)
        if reached >= value - rounding:
            return at + step, reached
        step = step / 2.0
    raise ArithmeticError("the fit found no way up from where it stood; please report these votes")


def _posterior(problem: Problem, at: Floats) -> float:
    with np.errstate(invalid="ignore", divide="ignore"):  # a tie threshold below zero is outside; it is stepped back
        log = problem.chances(at).log
    value = _likelihood(problem, log) - 0.5 * float(problem.precision @ np.square(at))
    return value if np.isfinite(value) else -np.inf


def _likelihood(problem: Problem, log: Floats) -> float:
    return float(np.sum(problem.seen * np.where(problem.seen > 0, log, 0.0)))


def _slope(problem: Problem, chances: Chances, at: Floats) -> Floats:
    by_x, by_t = ((problem.seen * by).sum(axis=0) for by in (chances.by_x, chances.by_t))
    return np.asarray(problem.design.T @ by_x + problem.tie_design.T @ by_t - problem.precision * at)


def fisher_information(problem: Problem, chances: Chances, count: Floats) -> Floats:
    """Expected curvature from ``count`` votes per cell, shape (parameters, parameters), without prior."""
    x, t, chance = problem.design, problem.tie_design, np.exp(chances.log)
    xx = _gram(x, count * (chance * np.square(chances.by_x)).sum(axis=0), x)
    if len(chance) == 2:
        return xx  # without ties t is in no chance
    xt = _gram(x, count * (chance * chances.by_x * chances.by_t).sum(axis=0), t)
    return np.asarray(xx + xt + xt.T + _gram(t, count * (chance * np.square(chances.by_t)).sum(axis=0), t))


def _gram(one: Design, weight: Floats, other: Design) -> Floats:
    """one' · diag(weight) · other."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.asarray(one.T @ (weight[:, np.newaxis] * other))
    return np.asarray((csr_array(one).T @ diags_array(weight) @ csr_array(other)).toarray(), dtype=np.float64)


def _compact(design: Design) -> Design:
    if isinstance(design, csr_array) and design.shape[0] * design.shape[1] <= DENSE_NUMBERS:
        return np.asarray(design.toarray(), dtype=np.float64)
    return design


def _curvature(problem: Problem, chances: Chances, count: Floats) -> Floats:
    matrix = fisher_information(problem, chances, count) + np.diag(problem.precision)
    return np.asarray(matrix + problem.free @ problem.free.T * np.trace(matrix) / len(matrix))


def _reached(problem: Problem, at: Floats) -> Maximum:
    chances = problem.chances(at)
    inverse = np.linalg.inv(_curvature(problem, chances, problem.seen.sum(axis=0)))
    # Weights say how much a vote counts, not how many people cast it: their squares carry the votes' variance.
    covariance = inverse @ _curvature(problem, chances, problem.squares) @ inverse
    return Maximum(at, np.asarray(covariance), *problem.likelihood_at(at))
