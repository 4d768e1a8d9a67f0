"""How many votes: the known answers of the formula, and simulated votes read as a report would read them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.bradley_terry import fit
from analysis.counts import PairCounts, count_votes
from analysis.intervals import observer_intervals
from analysis.planning import (
    contrasts,
    interval_width,
    log_odds,
    power_of,
    standard_error,
    votes_needed,
    votes_per_pair,
)


@pytest.mark.parametrize(("conditions", "votes"), [(2, 191), (5, 770), (10, 1755)])
def test_known_answers(conditions: int, votes: int) -> None:
    """ANALYSIS, "How many votes": p = .60, 80 % power, two-sided 5 %."""
    assert votes_needed(0.6, conditions) == votes


def test_power_by_counting() -> None:
    """The formula takes scores as near-equal; 5 % more votes make up for a preference of 60 %."""
    rng = np.random.default_rng(1)
    votes = round(1.05 * votes_needed(0.6, 2))
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
        return power_of(log_odds(share), standard_error(votes, conditions, design_effect=effect))

    assert found(each) >= power - 1e-9
    assert each == 1 or found(each - 1) < power


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        log_odds(1.0)
    with pytest.raises(ValueError, match="at least two"):
        votes_per_pair(0.6, 1)


def drawn(observers: int, seed: int, *, ties: float = 0.0, each: int = 3) -> PairCounts:
    """Votes of observers whose tastes differ, four conditions, each pair ``each`` times."""
    rng = np.random.default_rng(seed)
    rows = []
    for observer in range(observers):
        taste = np.array([0.0, 0.3, 0.6, 0.9]) + rng.normal(scale=0.5, size=4)
        for left in range(4):
            for right in range(left + 1, 4):
                for _ in range(each):
                    share = 1 / (1 + np.exp(taste[right] - taste[left]))
                    vote = "tie" if rng.random() < ties else "left" if rng.random() < share else "right"
                    rows.append((f"o{observer:03}", str(left), str(right), vote))
    return count_votes(pd.DataFrame(rows, columns=["observer", "left", "right", "vote"]), ["0", "1", "2", "3"])


@pytest.mark.parametrize("ties", [0.0, 0.2])
def test_few_observers_have_the_report_s_own_intervals(ties: float) -> None:
    sets = [drawn(6, seed, ties=ties) for seed in range(5)]
    read = contrasts(sets)
    assert read.has_scores.tolist() == [1.0] * 5
    for place, counts in enumerate(sets):
        wins, tied = counts.matrices()
        fitted = fit(wins, ties=tied if counts.tied else None, names=counts.names)
        intervals = observer_intervals(counts, fitted, seed=1)
        np.testing.assert_allclose(read.differences[place][0], fitted.scores[0] - fitted.scores, atol=1e-6)
        width = intervals.difference_high - intervals.difference_low
        np.testing.assert_allclose(2 * read.reach[place], width, atol=1e-6)


def test_many_observers_have_intervals_as_long_as_the_report_s() -> None:
    """The report's come from a bootstrap there; on average over studies both have one length."""
    sets = [drawn(24, seed) for seed in range(12)]
    read = contrasts(sets)
    lengths = []
    for counts in sets:
        wins, _ = counts.matrices()
        intervals = observer_intervals(counts, fit(wins, names=counts.names), seed=1)
        lengths.append(intervals.difference_high - intervals.difference_low)
    above = np.triu_indices(4, 1)
    planned = (2 * read.reach)[:, *above].mean()
    assert planned == pytest.approx(np.mean([length[above] for length in lengths]), rel=0.05)


def test_votes_that_have_no_scores_are_said() -> None:
    one_way = count_votes(
        pd.DataFrame(
            [(o, "0", "1", "left") for o in "ab"] + [(o, "1", "2", "left") for o in "ab"],
            columns=["observer", "left", "right", "vote"],
        ),
        ["0", "1", "2"],
    )
    read = contrasts([one_way])
    assert read.has_scores.tolist() == [0.0]
    assert len(read.differences) == len(read.reach) == 0


def test_a_normal_interval() -> None:
    assert interval_width(1.0) == pytest.approx(2 * 1.959964, abs=1e-6)
