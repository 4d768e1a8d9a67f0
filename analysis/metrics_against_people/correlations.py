"""Spearman's, Kendall's and, after a logistic map, Pearson's correlation: one metric against many tables of scores.

The metric is the same in every table and only the people are resampled, so that whatever depends on the metric alone is
worked out once.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from analysis.models.newton import Floats

POINTS_FOR_RANKS = 3
POINTS_FOR_LOGISTIC = 8
SAME_DIGITS = 9
"""Values that agree in so many digits of the largest are one."""
"""Twice the parameters of the map: with fewer points it threads through all of them."""
CENTRES, WIDTHS = 121, 24
WIDTHS_FROM, WIDTHS_TO = 0.05, 20.0
CHUNK_NUMBERS = 4_000_000


@dataclass(frozen=True)
class Correlations:
    """Shape (tables,) each; NaN where there are too few points or no spread.

    Attributes:
        spearman: Of ranks, ties at their mean rank.
        kendall: τ-b.
        pearson_logistic: Of the scores with the metric after the logistic map that suits them best, 0 to 1.
    """

    spearman: Floats
    kendall: Floats
    pearson_logistic: Floats


def correlations(metric: Floats, scores: Floats) -> Correlations:
    """Correlate one metric with each row of scores.

    Args:
        metric: Shape (points,), finite.
        scores: Shape (tables, points), finite.
    Source:
        Kendall 1945 (τ-b), doi:10.1093/biomet/33.3.239. The map is β2 + (β1 − β2) / (1 + exp(−(x − β3) / |β4|)), the
        four-parameter logistic of the VQEG's validation reports (phase II, 2003); that some monotone map comes before
        Pearson is ITU-T P.1401's rule. See :func:`logistic_maps` for how it is fitted.
    Example:
        >>> metric = np.arange(9.0)
        >>> found = correlations(metric, np.exp(metric)[np.newaxis])
        >>> float(found.spearman[0].round(4)), float(found.kendall[0].round(4))
        (1.0, 1.0)
    """
    nothing = np.full(len(scores), np.nan)
    metric, scores = without_rounding(metric), without_rounding(scores)
    if len(metric) < POINTS_FOR_RANKS or np.ptp(metric) == 0:
        return Correlations(nothing, nothing, nothing)
    spearman = _pearson(rankdata(metric)[np.newaxis], rankdata(scores, axis=1))[:, 0]
    enough = len(metric) >= POINTS_FOR_LOGISTIC
    return Correlations(spearman, _tau_b(metric, scores), _after_the_map(metric, scores) if enough else nothing)


def without_rounding(values: Floats) -> Floats:
    """Values that only rounding tells apart become one: equal scores come out of a fit 1e-16 apart, in the order of
    the conditions' names, and ranks would tell them apart.

    >>> without_rounding(np.array([0.3, 0.1 + 0.2, 2.0])).tolist()
    [0.3, 0.3, 2.0]
    """
    largest = np.max(np.abs(values), initial=0.0)
    return np.round(values, SAME_DIGITS - int(np.floor(np.log10(largest)))) if largest > 0 else values


def logistic_maps(metric: Floats) -> Floats:
    """The metric under many logistic maps, shape (maps, points), all rising; β1 and β2 don't change a correlation.

    For each centre β3 and width β4 the best β1 and β2 are a straight line's, so the least squares of all four are
    where the correlation is highest. Centres reach a whole spread beyond the values; widths go from a twentieth of the
    standard deviation, nearly a step, to twenty of them, nearly a line. 121 × 24 of them are within .003 of a search.
    """
    low, high = metric.min(), metric.max()
    beyond = high - low
    centres = np.linspace(low - beyond, high + beyond, CENTRES)
    widths = metric.std() * np.geomspace(WIDTHS_FROM, WIDTHS_TO, WIDTHS)
    reach = (metric - centres[:, np.newaxis, np.newaxis]) / widths[:, np.newaxis]
    return np.asarray(0.5 * (1.0 + np.tanh(reach / 2))).reshape(-1, len(metric))


def _after_the_map(metric: Floats, scores: Floats) -> Floats:
    maps = logistic_maps(metric)
    best = np.abs(_pearson(maps[np.ptp(maps, axis=1) > 1e-9], scores)).max(axis=1)
    return np.asarray(best, dtype=np.float64)


def _pearson(one: Floats, other: Floats) -> Floats:
    """All correlations of rows; shape (rows of other, rows of one); NaN without spread."""
    return np.asarray(_standard(other) @ _standard(one).T)


def _standard(rows: Floats) -> Floats:
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.sqrt(np.sum(np.square(centred), axis=1, keepdims=True))
    return np.asarray(np.divide(centred, length, out=np.full(rows.shape, np.nan), where=length > 1e-12))


def _tau_b(metric: Floats, scores: Floats) -> Floats:
    first, second = np.triu_indices(len(metric), 1)
    signs = np.sign(metric[first] - metric[second])
    size = max(1, CHUNK_NUMBERS // len(first))
    parts = []
    for at in range(0, len(scores), size):
        told = np.sign(scores[at : at + size, first] - scores[at : at + size, second])
        possible = np.sqrt(np.count_nonzero(signs) * np.count_nonzero(told, axis=1).astype(np.float64))
        parts.append(np.divide(told @ signs, possible, out=np.full(len(told), np.nan), where=possible > 0))
    return np.concatenate(parts)
