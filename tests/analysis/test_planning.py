"""How many votes: the known answers of the formula."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.models.bradley_terry import fit
from analysis.planning import (
    interval_width,
    log_odds,
    power_of,
    standard_error,
    variance_ratio,
    votes_needed,
    votes_per_pair,
)
from analysis.quality.design_effect import design_effect

VOTES = ("tie", "left", "right")


@pytest.mark.parametrize(("conditions", "votes"), [(2, 191), (5, 770), (10, 1755)])
def test_known_answers(conditions: int, votes: int) -> None:
    """ANALYSIS, "How many votes": near-equal scores, p = .60, 80 % power, two-sided 5 %."""
    assert votes_needed(0.6, conditions, near_equal=True) == votes


@pytest.mark.parametrize("conditions", [2, 5, 10])
def test_near_equal_scores_lack_up_to_5_percent_of_the_votes_at_60(conditions: int) -> None:
    """ANALYSIS, "How many votes": add 5 %."""
    assert 1.02 < votes_needed(0.6, conditions) / votes_needed(0.6, conditions, near_equal=True) < 1.05


@pytest.mark.parametrize("share", [0.6, 0.75, 0.9])
def test_two_conditions_have_the_variance_of_a_share(share: float) -> None:
    """One pair: the log-odds of m votes have the variance 1/(m·p(1 − p))."""
    votes = votes_needed(share, 2)
    assert standard_error(votes, 2, share=share) == pytest.approx((votes * share * (1 - share)) ** -0.5)
    assert votes == pytest.approx(votes_needed(share, 2, near_equal=True) / (4 * share * (1 - share)), abs=3)


@pytest.mark.parametrize("share", [0.5, 0.6, 0.75, 0.95, 0.2])
@pytest.mark.parametrize("conditions", [2, 3, 7])
def test_the_standard_error_is_the_fit_s_where_one_is_preferred(share: float, conditions: int) -> None:
    """The first gets its share against each of the others, which are equal: the judge is the covariance of the fit."""
    each = 40
    wins = np.full((conditions, conditions), each / 2) - np.eye(conditions) * each / 2
    wins[0, 1:], wins[1:, 0] = each * share, each * (1 - share)
    difference, error = fit(wins).difference("0", "1")
    assert difference == pytest.approx(log_odds(share), abs=1e-9)
    assert standard_error(each, conditions, share=share) == pytest.approx(error, rel=1e-6)


def test_power_by_counting() -> None:
    rng = np.random.default_rng(1)
    votes = votes_needed(0.6, 2)
    wins = rng.binomial(votes, 0.6, size=100_000)
    estimate, error = np.log(wins / (votes - wins)), np.sqrt(1 / wins + 1 / (votes - wins))
    assert np.mean(estimate / error > 1.959964) == pytest.approx(0.8, abs=0.015)


def test_the_standard_error_is_the_fit_s() -> None:
    """Equal scores and equal votes: the formula is what the covariance of the fit says."""
    n, each = 5, 40
    wins = np.full((n, n), each / 2) - np.eye(n) * each / 2
    _, error = fit(wins).difference("0", "3")
    assert standard_error(each, n) == pytest.approx(error, rel=1e-9)
    assert standard_error(each, n, design_effect=4) == pytest.approx(2 * error, rel=1e-9)


@given(
    share=st.floats(0.52, 0.95),
    conditions=st.integers(2, 40),
    power=st.floats(0.5, 0.99),
    effect=st.floats(1, 3),
)
@settings(max_examples=200, deadline=None)
def test_as_many_votes_as_are_needed_and_no_more(share: float, conditions: int, power: float, effect: float) -> None:
    each = votes_per_pair(share, conditions, power=power, design_effect=effect)

    def found(votes: int) -> float:
        return power_of(log_odds(share), standard_error(votes, conditions, share=share, design_effect=effect))

    assert found(each) >= power - 1e-9
    assert each == 1 or found(each - 1) < power


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        log_odds(1.0)
    with pytest.raises(ValueError, match="at least two"):
        votes_per_pair(0.6, 1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        variance_ratio(0.0, 2)


def test_a_normal_interval() -> None:
    assert interval_width(1.0) == pytest.approx(2 * 1.959964, abs=1e-6)


@pytest.mark.parametrize(("ties", "effect"), [(0.0, 1.0), (0.3, 1 / 0.7), (0.6, 2.5)])
def test_a_pilot_s_ties_are_in_its_design_effect(ties: float, effect: float) -> None:
    """Votes of observers who don't hang together: what a tie doesn't say must be asked for in more votes."""
    rng, share = np.random.default_rng(3), (ties, (1 - ties) / 2, (1 - ties) / 2)
    pairs = [pair for pair in ("ab", "bc", "ca") for _ in range(2)]
    rows = [(f"o{who:03}", "c", *pair, rng.choice(VOTES, p=share)) for who in range(400) for pair in pairs]
    votes = pd.DataFrame(rows, columns=["observer", "content", "left", "right", "vote"])
    assert design_effect(votes).effect == pytest.approx(effect, rel=0.12)
