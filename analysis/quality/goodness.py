"""Whether one scale can say what people said: G² against the model that gives each pair its own shares."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from analysis.models.bradley_terry import BradleyTerryFit
from analysis.models.newton import Floats

SMALL_CELL = 5.0
SMALL_CELLS_SHARE = 0.2


@dataclass(frozen=True)
class Goodness:
    """How far the votes are from the fitted scale.

    Attributes:
        g2: Twice the log-likelihood lost against the saturated model.
        df: Its degrees of freedom; 0 where the scale has as many parameters as there are shares.
        p_value: From χ², as if votes were independent; None with 0 degrees of freedom.
        least_expected: The smallest count that the fit expects in any cell (a pair and one of its outcomes).
        small_cells: Share of cells where it expects fewer than five.
        warning: In words, where cells are too small for χ²; None where they aren't.
    """

    g2: float
    df: int
    p_value: float | None
    least_expected: float
    small_cells: float
    warning: str | None


def goodness(fitted: BradleyTerryFit, wins: Floats, ties: Floats) -> Goodness:
    """Goodness of fit of a Bradley-Terry or Davidson scale.

    Args:
        fitted: The fit.
        wins: Shape (n, n), what it was fitted to; ``wins[i, j]`` counts votes for i over j.
        ties: Shape (n, n), symmetric.
    Source:
        The rule for small cells (none below 1, at most a fifth below 5): Cochran 1954, doi:10.2307/3001616.
    Example:
        >>> from analysis.models.bradley_terry import fit
        >>> wins = np.array([[0, 8.0, 5], [2, 0, 8], [5, 2, 0]])
        >>> found = goodness(fit(wins), wins, np.zeros((3, 3)))
        >>> round(found.g2, 3), found.df, round(found.p_value, 3)
        (5.26, 1, 0.022)
    """
    expected = _expected(fitted, wins, ties)
    small = float(np.mean(expected < SMALL_CELL))
    warning = None
    if expected.min() < 1 or small > SMALL_CELLS_SHARE:
        warning = (
            f"{small:.0%} of the cells expect fewer than {SMALL_CELL:.0f} votes, the smallest {expected.min():.2f}: "
            "χ² is rough here, and the p-value with it"
        )
    p_value = float(chi2.sf(fitted.deviance, fitted.df)) if fitted.df > 0 else None
    return Goodness(fitted.deviance, fitted.df, p_value, float(expected.min()), small, warning)


def _expected(fitted: BradleyTerryFit, wins: Floats, ties: Floats) -> Floats:
    """Counts that the fit expects, all outcomes of all compared pairs after one another."""
    total = wins + wins.T + ties
    first, second = np.nonzero(np.triu(total))
    half = (fitted.scores[first] - fitted.scores[second]) / 2
    weights = [np.exp(half), np.exp(-half)]
    if fitted.nu:
        weights.append(np.full(len(first), fitted.nu))
    return np.concatenate([total[first, second] * weight / sum(weights) for weight in weights])
