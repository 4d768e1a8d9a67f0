"""The model that simulated observers choose by: known answers first, then properties, then what pooling makes of it."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.models.bradley_terry import fit
from studyapp.simulation.choice import Truth, chances, choose, expected_scores, spread_evenly

SCORES = st.floats(-30, 30)
NU = st.floats(0, 20)


def test_three_to_one_is_log_three() -> None:
    seen = chances(log(3), 0.0)
    assert (seen.left, seen.right, seen.tie) == pytest.approx((0.75, 0.25, 0))


def test_ties_as_davidson_wrote_them() -> None:
    """ν is the odds of a tie against the geometric mean of both wins."""
    seen = chances(0.8, -0.3, nu=0.7)
    assert seen.tie / np.sqrt(seen.left * seen.right) == pytest.approx(0.7)
    assert log(seen.left / seen.right) == pytest.approx(1.1)


@given(left=SCORES, right=SCORES, nu=NU, bias=st.floats(-3, 3))
def test_chances_sum_to_one_and_swap_with_the_sides(left: float, right: float, nu: float, bias: float) -> None:
    one, other = chances(left, right, nu=nu, side_bias=bias), chances(right, left, nu=nu, side_bias=-bias)
    assert one.left + one.right + one.tie == pytest.approx(1)
    assert (one.left, one.right, one.tie) == pytest.approx((other.right, other.left, other.tie))


@given(gap=st.floats(-700, 700), nu=NU)
def test_no_gap_overflows(gap: float, nu: float) -> None:
    assert 0 <= chances(gap, -gap, nu=nu).left <= 1


def test_answers_come_as_often_as_they_should() -> None:
    seen = chances(0.5, 0.0, nu=0.5)
    drawn = [choose(seen, place) for place in (np.arange(10_000) + 0.5) / 10_000]
    assert [drawn.count(said) / 10_000 for said in ("left", "right", "tie")] == pytest.approx(
        [seen.left, seen.right, seen.tie], abs=2e-4
    )


@pytest.mark.parametrize("nu", [0.0, 0.6])
def test_without_anything_in_the_way_pooled_votes_give_the_truth(nu: float) -> None:
    scores = {"a": -0.7, "b": 0.1, "c": 0.6}
    assert expected_scores(Truth(scores, nu=nu), list(scores), ["x", "y"]) == pytest.approx(scores, abs=1e-9)


@pytest.mark.parametrize("wanted", [{"observer_sd": 0.8}, {"content_sd": 0.8}, {"side_bias": 1.0}])
def test_what_differs_between_people_pulls_pooled_scores_together(wanted: dict[str, float]) -> None:
    truth = Truth({"a": -1.0, "b": 1.0}, **wanted)
    found = expected_scores(truth, ["a", "b"], [f"photo-{number}" for number in range(400)])
    assert 0.5 < found["b"] < 0.97


def test_careless_people_pull_them_together() -> None:
    truth = Truth({"a": -1.0, "b": 1.0})
    found = expected_scores(truth, ["a", "b"], ["x"], always_left=0.1, at_random=0.1)
    share = 0.8 * chances(1, -1).left + 0.1
    assert found["b"] - found["a"] == pytest.approx(log(share / (1 - share)))


def test_expected_scores_are_where_a_million_votes_end() -> None:
    """Quadrature against brute force: observers drawn one by one, all their votes pooled."""
    truth = Truth({"a": -0.8, "b": 0.0, "c": 0.8}, nu=0.4, side_bias=0.5, observer_sd=0.7, content_sd=0.4, seed=5)
    contents, names, observers = ["x", "y", "z"], list(truth.scores), 4000
    rng = np.random.default_rng(2)
    wins, ties = np.zeros((3, 3)), np.zeros((3, 3))
    tastes = truth.observer_sd * rng.normal(size=(observers, 3))
    for taste in tastes:
        for content in contents:
            at = [truth.on(content, name) + own for name, own in zip(names, taste, strict=True)]
            for i, j in ((0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)):
                seen = chances(at[i], at[j], nu=truth.nu, side_bias=truth.side_bias)
                wins[i, j] += seen.left
                wins[j, i] += seen.right
                ties[i, j] += seen.tie
                ties[j, i] += seen.tie
    pooled = fit(wins, ties=ties).scores.tolist()
    expected = expected_scores(truth, names, contents)
    assert [expected[name] for name in names] == pytest.approx(pooled, abs=0.04)


@given(seed=st.integers(0, 2**40), number=st.integers(2, 12))
def test_a_drawn_truth_is_centred_and_repeatable(seed: int, number: int) -> None:
    names = [f"c{place}" for place in range(number)]
    drawn = spread_evenly(names, seed)
    assert sum(drawn.values()) == pytest.approx(0, abs=1e-4)
    assert len(set(drawn.values())) == number
    assert drawn == spread_evenly(names, seed)
