"""How many votes a study needs, and what its intervals will be, by formula.

The formula holds for a balanced design of n conditions with near-equal scores and independent votes, m for each pair:
SE(θi − θj) = √(8 / (m·n)). Whatever makes votes say less (observers who agree with themselves, ties) is a *design
effect* ≥ 1 by which m is divided. The other way is to simulate the study as designed; `contrasts` reads such votes.
"""

from math import ceil, log, sqrt

from scipy.special import ndtr, ndtri

from analysis.wording import counted


def log_odds(share: float) -> float:
    """The difference of scores at which the better one gets this share of the votes, ties aside.

    >>> round(log_odds(0.75), 4)
    1.0986
    """
    if not 0 < share < 1:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
    return log(share / (1 - share))


def votes_per_pair(
    share: float, conditions: int, *, power: float = 0.8, alpha: float = 0.05, design_effect: float = 1.0
) -> int:
    """Votes that each pair needs so that one contrast is found.

    Args:
        share: Of the votes for the better of the two, ties aside; not 0.5.
        conditions: n, at least 2.
        power: How likely the two-sided test is to find it.
        alpha: Of that test.
        design_effect: By how much the variance is larger than of independent votes.
    Raises:
        ValueError: Fewer than two conditions, or a share that is no difference.

    >>> [pairs * votes_per_pair(0.6, n) for n, pairs in ((2, 1), (5, 10), (10, 45))]
    [191, 770, 1755]
    """
    if conditions < 2:
        raise ValueError(f"{counted(conditions, 'condition')}: at least two are needed to compare")
    if log_odds(share) == 0.0:
        raise ValueError("a share of 50 % is no difference; give one above or below")
    reach = float(ndtri(1 - alpha / 2) + ndtri(power))
    return ceil(design_effect * 8 * reach**2 / (conditions * log_odds(share) ** 2))


def votes_needed(
    share: float, conditions: int, *, power: float = 0.8, alpha: float = 0.05, design_effect: float = 1.0
) -> int:
    """The same for all pairs together: 4(n − 1)(z₁₋α/₂ + z_power)²/δ², whole votes for each pair.

    >>> votes_needed(0.6, 2)
    191
    """
    each = votes_per_pair(share, conditions, power=power, alpha=alpha, design_effect=design_effect)
    return each * conditions * (conditions - 1) // 2


def standard_error(votes_per_pair: float, conditions: int, *, design_effect: float = 1.0) -> float:
    """Of the difference of two scores, natural log-odds.

    >>> round(standard_error(80, 5), 4)
    0.1414
    """
    return sqrt(8 * design_effect / (votes_per_pair * conditions))


def power_of(difference: float, error: float, *, alpha: float = 0.05) -> float:
    """How likely a difference is to be found, and with its own sign, given the standard error of its estimate.

    >>> round(power_of(log_odds(0.6), standard_error(191, 2)), 2)
    0.8
    """
    return float(ndtr(abs(difference) / error - ndtri(1 - alpha / 2)))


def interval_width(error: float, *, level: float = 0.95) -> float:
    """From end to end, of a normal interval.

    >>> round(interval_width(0.25), 2)
    0.98
    """
    return 2 * float(ndtri((1 + level) / 2)) * error
