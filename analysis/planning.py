"""How many votes a study needs, and what its intervals will be, by formula.

The formula holds for a balanced design of n conditions and independent votes, m for each pair. Of near-equal scores
SE(θi − θj) = √(8 / (m·n)). Where one condition gets a share p of the votes against each of the others, which are equal
among themselves, its votes say less, as votes do the more they agree: the variance is n(1 + q) / (2q(n − 1 + q)) times
that, q = 4p(1 − p), which is 1/q for two conditions. Whatever else makes votes say less (observers who agree with
themselves, ties) is a *design effect* ≥ 1 by which m is divided. The other way is to simulate the study as designed;
`contrasts` reads such votes.
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


def variance_ratio(share: float, conditions: int) -> float:
    """How much larger the variance of a difference is than where all scores are equal.

    Args:
        share: Of the votes for one condition against each of the others, which are equal; the difference is of the two.
        conditions: n, at least 2.
    Source:
        A pair's votes carry the information m·p(1 − p), and a difference of scores has the variance that is the
        resistance between the two in a network with these conductances (Klein and Randić 1993, doi:10.1007/BF01164627).

    >>> [round(variance_ratio(share, 2), 4) for share in (0.5, 0.6, 0.75)]
    [1.0, 1.0417, 1.3333]
    """
    log_odds(share)  # refuses what is no share
    told = 4 * share * (1 - share)  # by a vote for or against the one, where a vote among equals tells 1
    return conditions * (1 + told) / (2 * told * (conditions - 1 + told))


def votes_per_pair(
    share: float,
    conditions: int,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    design_effect: float = 1.0,
    near_equal: bool = False,
) -> int:
    """Votes that each pair needs so that one contrast is found.

    Args:
        share: Of the votes for the better of the two, ties aside; not 0.5. The others are equal to the worse one.
        conditions: n, at least 2.
        power: How likely the two-sided test is to find it.
        alpha: Of that test.
        design_effect: By how much the variance is larger than of independent votes.
        near_equal: Whether the variance is that of equal scores, as textbooks have it: too few votes, the fewer the
            farther the share is from one half.
    Raises:
        ValueError: Fewer than two conditions, or a share that is no difference.

    >>> [votes_per_pair(share, 2) for share in (0.6, 0.75, 0.9)]
    [199, 35, 19]
    """
    if conditions < 2:
        raise ValueError(f"{counted(conditions, 'condition')}: at least two are needed to compare")
    if log_odds(share) == 0.0:
        raise ValueError("a share of 50 % is no difference; give one above or below")
    reach = float(ndtri(1 - alpha / 2) + ndtri(power))
    more = 1.0 if near_equal else variance_ratio(share, conditions)
    return ceil(more * design_effect * 8 * reach**2 / (conditions * log_odds(share) ** 2))


def votes_needed(
    share: float,
    conditions: int,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    design_effect: float = 1.0,
    near_equal: bool = False,
) -> int:
    """The same for all pairs together, whole votes for each; near-equal: 4(n − 1)(z₁₋α/₂ + z_power)²/δ².

    >>> votes_needed(0.6, 2), votes_needed(0.6, 2, near_equal=True)
    (199, 191)
    """
    each = votes_per_pair(
        share, conditions, power=power, alpha=alpha, design_effect=design_effect, near_equal=near_equal
    )
    return each * conditions * (conditions - 1) // 2


def standard_error(votes_per_pair: float, conditions: int, *, share: float = 0.5, design_effect: float = 1.0) -> float:
    """Of the difference of two scores, natural log-odds.

    Args:
        votes_per_pair: m.
        conditions: n, at least 2.
        share: Of the votes for one condition against each of the others, which are equal; the difference is of the two.
        design_effect: By how much the variance is larger than of independent votes.

    >>> round(standard_error(80, 5), 4), round(standard_error(35, 2, share=0.75), 4)
    (0.1414, 0.3904)
    """
    return sqrt(variance_ratio(share, conditions) * 8 * design_effect / (votes_per_pair * conditions))


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
