"""Whether the side decides: a constant log-odds for the left picture, beside the scores."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, xlogy
from scipy.stats import chi2

from analysis.connection import require_connected
from analysis.newton import ITERATIONS_LIMIT, STEP_LIMIT, STEP_TOLERANCE, Floats


@dataclass(frozen=True)
class PositionEffect:
    """Bradley-Terry with one more parameter: logit P(left chosen) = θ_left − θ_right + log_odds.

    Attributes:
        scores: Shape (n,), summing to zero, freed of the position effect.
        log_odds: Advantage of the left side, natural log-odds.
        standard_error: Its naive standard error.
        deviance: With the effect, over the (left, right) cells; ``deviance_without`` lacks it.
        likelihood_ratio: Their difference; ``p_value`` from χ² with one degree of freedom (two-sided).
    """

    scores: Floats
    log_odds: float
    standard_error: float
    deviance: float
    deviance_without: float
    likelihood_ratio: float
    p_value: float


def position_effect(left: Floats, right: Floats) -> PositionEffect:
    """Estimate and test the advantage of the left side.

    Args:
        left: Shape (n, n); ``left[i, j]`` counts the votes for i, on the left, over j on the right.
        right: Shape (n, n); ``right[i, j]`` counts the votes for i, on the right, over j on the left.
    Raises:
        NotConnectedError: No finite scores exist.
        ValueError: One side was never chosen, so that the effect is infinite.
    Source:
        Davidson and Beaver 1977, doi:10.2307/2529467; Agresti, Categorical Data Analysis, 2002, section 10.6.
    Example:
        >>> import numpy as np
        >>> effect = position_effect(np.array([[0, 6.0], [6, 0]]), np.array([[0, 3.0], [3, 0]]))
        >>> round(effect.log_odds, 4)
        0.6931
    """
    n = len(left)
    require_connected(left + right, np.zeros((n, n)), [str(k) for k in range(n)])
    if not (left.any() and right.any()):
        raise ValueError("one side was chosen every time, so the position effect has no finite estimate")
    cells = np.argwhere(left + right.T > 0)
    design = np.zeros((len(cells), n + 1))
    design[np.arange(len(cells)), cells[:, 0]] = 1.0
    design[np.arange(len(cells)), cells[:, 1]] = -1.0
    design[:, n] = 1.0
    chosen, passed = left[tuple(cells.T)], right.T[tuple(cells.T)]
    estimate, covariance, deviance = _logistic(design, chosen, passed, n)
    _, _, without = _logistic(design[:, :n], chosen, passed, n)
    return PositionEffect(
        scores=estimate[:n] - estimate[:n].mean(),
        log_odds=float(estimate[n]),
        standard_error=float(np.sqrt(covariance[n, n])),
        deviance=deviance,
        deviance_without=without,
        likelihood_ratio=without - deviance,
        p_value=float(chi2.sf(without - deviance, 1)),
    )


def _logistic(design: Floats, chosen: Floats, passed: Floats, n: int) -> tuple[Floats, Floats, float]:
    """Newton's method on a logistic model whose first n columns are fixed only up to a constant."""
    at, total = np.zeros(design.shape[1]), chosen + passed
    level = np.zeros((len(at), len(at)))
    level[:n, :n] = total.mean() / n
    for _ in range(ITERATIONS_LIMIT):
        share = expit(design @ at)
        curvature = design.T @ (design * (total * share * (1.0 - share))[:, np.newaxis]) + level
        step = np.linalg.solve(curvature, design.T @ (chosen - total * share))
        at = at + step * min(1.0, STEP_LIMIT / max(float(np.abs(step).max()), STEP_LIMIT))
        if np.abs(step).max() < STEP_TOLERANCE:
            return (
                at,
                np.asarray(np.linalg.inv(curvature), dtype=np.float64),
                _deviance(chosen, passed, expit(design @ at)),
            )
    raise ArithmeticError("the position effect did not converge: within each pair one side may always have won")


def _deviance(chosen: Floats, passed: Floats, share: Floats) -> float:
    total = chosen + passed
    seen = xlogy(chosen, chosen / total) + xlogy(passed, passed / total)
    return float(2.0 * np.sum(seen - xlogy(chosen, share) - xlogy(passed, 1.0 - share)))
