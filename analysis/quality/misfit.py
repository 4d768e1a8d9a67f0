"""Infit and outfit: how surprising each observer's votes are under everybody's scale.

Both are means of squared surprises and near 1 for somebody whom the scale describes. Above 1 the votes are noisier
than it says, or follow another taste; below 1 they are more regular than it says. Outfit feels one wild answer to a
pair that everybody else finds easy; infit weighs each pair by how much there is to decide.
"""

from dataclasses import dataclass

import numpy as np

from analysis.counts import PairCounts
from analysis.models.bradley_terry import BradleyTerryFit
from analysis.models.newton import Floats, chances, moments


@dataclass(frozen=True)
class Misfit:
    """Mean squares per observer.

    Attributes:
        infit: Shape (observers,): squared residuals over their variances, each summed first.
        outfit: Shape (observers,): the mean of squared standardised residuals.
    """

    infit: Floats
    outfit: Floats


def misfit(counts: PairCounts, fitted: BradleyTerryFit) -> Misfit:
    """Infit and outfit of every observer under a pooled Bradley-Terry or Davidson fit.

    Args:
        counts: The votes that were fitted.
        fitted: Their fit. An observer's own votes are in it, which draws both values a little towards 1 or below.
    Source:
        Wright and Masters 1982, Rating Scale Analysis, chapter 5; Linacre 2002, Rasch Measurement Transactions 16(2),
        878. A vote's residual is (1, 0 or −1 for win, tie or loss) less its mean.
    Example:
        >>> import pandas as pd
        >>> from analysis.counts import count_votes
        >>> from analysis.models.bradley_terry import fit
        >>> counts = count_votes(pd.DataFrame([("o", "a", "b", "left"), ("p", "a", "b", "right")],
        ...     columns=["observer", "left", "right", "vote"]))
        >>> misfit(counts, fit(counts.matrices()[0])).infit.tolist()
        [1.0, 1.0]
    """
    log_nu = np.array([np.log(fitted.nu) if fitted.nu else -np.inf])
    variance = moments(fitted.scores[np.newaxis], log_nu, counts.pairs).variance[:, 0]
    won, lost, tie = (chance[:, 0] for chance in chances(fitted.scores[np.newaxis], log_nu, counts.pairs))
    squares = [np.square(2 * lost + tie), np.square(2 * won + tie), np.square(won - lost)]
    tables = [counts.wins, counts.losses, counts.ties]
    count = counts.wins + counts.losses + counts.ties
    residual = np.sum([table @ square for table, square in zip(tables, squares, strict=True)], axis=0)
    standard = np.sum([table @ (square / variance) for table, square in zip(tables, squares, strict=True)], axis=0)
    votes = np.asarray(count.sum(axis=1), dtype=np.float64).ravel()
    return Misfit(np.asarray(residual / (count @ variance)), np.asarray(standard / votes))
