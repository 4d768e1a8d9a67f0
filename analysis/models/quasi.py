"""Quasi-variances: one number per condition, so that any two error bars of a plot may be compared."""

from dataclasses import dataclass

import numpy as np

from analysis.models.newton import Floats, Ints

STEP_TOLERANCE = 1e-10
ITERATIONS_LIMIT = 200


@dataclass(frozen=True)
class QuasiVariances:
    """Numbers q with q[i] + q[j] near the variance of score[i] − score[j], for all i and j.

    Attributes:
        variances: Shape (n,), squared unit of the scores. One can be negative, where a score goes together with others.
        worst_difference: The relative error of the standard error of a difference, where it is largest in size;
            −0.02 says that the bars make one of the differences 2 % too exact.
        worst_contrasts: The same over all contrasts (weights that sum to zero): smallest and largest relative error.
    """

    variances: Floats
    worst_difference: float
    worst_contrasts: tuple[float, float]

    @property
    def standard_errors(self) -> Floats:
        """Square roots, shape (n,).

        Raises:
            ValueError: A quasi-variance is negative, and bars can't show these errors.
        """
        if (self.variances < 0).any():
            lowest = int(np.argmin(self.variances))
            raise ValueError(
                f"condition number {lowest + 1} has a negative quasi-variance, and no bar: print the errors of the "
                "differences instead"
            )
        return np.sqrt(self.variances)


def quasi_variances(covariance: Floats) -> QuasiVariances:
    """Approximate the variances of all differences by sums of one number per condition.

    The numbers minimise the sum of squares of log((q[i] + q[j]) / var(score[i] − score[j])), by Gauss and Newton's
    method; adding any constant to the scores changes nothing.

    Args:
        covariance: Shape (n, n), n at least 3, of the scores, whichever condition or sum they are fixed at.
    Raises:
        ValueError: Fewer than three conditions, or a difference without variance.
    Source:
        Firth and de Menezes 2004, doi:10.1093/biomet/91.1.65.
    Example:
        >>> quasi = quasi_variances(np.diag([1.0, 2.0, 3.0]) - 0.5)
        >>> quasi.variances.round(6).tolist(), round(abs(quasi.worst_difference), 6)
        ([1.0, 2.0, 3.0], 0.0)
    """
    variances = np.diagonal(covariance)
    found, worst = _of_differences(variances[:, np.newaxis] + variances - 2.0 * covariance)
    return QuasiVariances(found, worst, _over_contrasts(covariance, found))


def quasi_errors(difference_error: Floats) -> tuple[Floats, float]:
    """Quasi-standard errors from the standard errors of all differences, as where these are robust to clusters.

    Args:
        difference_error: Shape (n, n), symmetric, n at least 3.
    Returns:
        Shape (n,), and the relative error of the standard error of a difference where it is largest in size.
    Raises:
        ValueError: Fewer than three conditions, a difference without variance, or a negative quasi-variance.
    Source:
        Firth and de Menezes 2004, doi:10.1093/biomet/91.1.65.
    Example:
        >>> errors, worst = quasi_errors(np.sqrt([[0, 3.0, 4], [3, 0, 5], [4, 5, 0]]))
        >>> np.square(errors).round(6).tolist(), round(abs(worst), 6)
        ([1.0, 2.0, 3.0], 0.0)
    """
    found, worst = _of_differences(np.square(difference_error))
    return QuasiVariances(found, worst, (np.nan, np.nan)).standard_errors, worst


def _of_differences(variances: Floats) -> tuple[Floats, float]:
    n = len(variances)
    if n < 3:
        raise ValueError(f"{n} conditions have one difference, which no two numbers are the parts of; it takes three")
    one, other = np.triu_indices(n, 1)
    wanted = variances[one, other]
    if not (wanted > 0.0).all():
        raise ValueError("a difference of two scores has no variance: this is no covariance of fitted scores")
    found = _fitted(wanted, one, other, n)
    errors = np.sqrt((found[one] + found[other]) / wanted) - 1.0
    return found, float(errors[np.argmax(np.abs(errors))])


def _fitted(wanted: Floats, one: Ints, other: Ints, n: int) -> Floats:
    design = np.zeros((len(wanted), n))
    design[np.arange(len(wanted)), one] = design[np.arange(len(wanted)), other] = 1.0
    at = np.full(n, float(wanted.mean()) / 2.0)
    for _ in range(ITERATIONS_LIMIT):
        sums = design @ at
        step = np.linalg.lstsq(design / sums[:, np.newaxis], np.log(wanted / sums), rcond=None)[0]
        at = at + _shortened(step, at, design, wanted)
        if np.abs(step).max() < STEP_TOLERANCE * np.abs(at).max():
            return at
    raise ArithmeticError("the quasi-variances did not converge; please report this covariance")


def _shortened(step: Floats, at: Floats, design: Floats, wanted: Floats) -> Floats:
    """The step, halved until all sums stay positive and the misfit doesn't grow."""

    def misfit(q: Floats) -> float:
        sums = design @ q
        return float(np.square(np.log(wanted / sums)).sum()) if (sums > 0.0).all() else np.inf

    before = misfit(at) * (1.0 + 1e-12) + 1e-24
    while misfit(at + step) > before:
        step = step / 2.0
    return step


def _over_contrasts(covariance: Floats, found: Floats) -> tuple[float, float]:
    """Extremes of √(c'Qc / c'Vc) − 1 over contrasts c: eigenvalues, on a basis of the contrasts."""
    n = len(found)
    basis = np.linalg.qr(np.eye(n)[:, 1:] - np.eye(n)[:, :1])[0]
    spread = np.linalg.cholesky(basis.T @ covariance @ basis)
    inner = np.linalg.solve(spread, np.linalg.solve(spread, basis.T @ np.diag(found) @ basis).T)
    ratios = np.sqrt(np.maximum(np.linalg.eigvalsh(inner), 0.0))
    return float(ratios[0] - 1.0), float(ratios[-1] - 1.0)
