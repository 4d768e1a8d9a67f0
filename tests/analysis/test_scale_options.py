"""A scale under other models than the usual one: its errors, its tests, its units, and what it refuses."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.counts import count_showings
from analysis.model_checks import check_side
from analysis.models.chosen import Fitting
from analysis.models.fitting import fit_model
from analysis.models.interaction import interaction_test
from analysis.models.ratio_tests import position_test, ties_test
from analysis.scale import JOD_OF_LOG_ODDS, scale_votes
from tests.analysis.inference.test_robust import drawn

RAN: dict[str, Any] = {"replicates": 400, "seed": 1}


def test_tests_are_those_of_the_models() -> None:
    votes = drawn(12)
    told = {row["question"]: row for row in scale_votes(votes, **RAN).as_json()["tests"]}
    counted = count_showings(votes)
    for judged in (position_test(counted), ties_test(counted)):
        row = told[judged.question]
        assert (row["statistic"], row["df"], row["p"]) == (judged.statistic, judged.df, judged.p_value)
        assert row["assumes"] == judged.assumes
    contents = interaction_test(votes, seed=1)
    row = told["Do scores differ by content?"]
    assert contents.ratio is not None
    assert row["statistic"] == contents.ratio.statistic
    drawn_as = {"assumes": contents.assumes, "draws": contents.draws, "seed": 1}
    assert row["robust"] == {"p": contents.robust_p, **drawn_as}
    fitted = fit_model(counted, position=True).position
    assert fitted is not None
    assert told["Does the side matter?"]["estimate"] == {
        "value": fitted.value, "naive_standard_error": fitted.standard_error,
    }  # fmt: skip
    assert all(row["robust"] or row["no_robust"] for row in told.values())
    assert scale_votes(votes, **RAN, checks=False).as_json()["tests"] == []


def test_the_robust_p_of_the_side_knows_that_observers_differ() -> None:
    """Half of the observers always click left, half always right: votes say nothing of the side, nor do they."""
    votes = drawn(12)
    votes["vote"] = np.where(votes["observer"].astype(int) < 8, "left", "right")
    (told,) = (row for row in scale_votes(votes, **RAN).as_json()["tests"] if "side" in row["question"])
    assert told["p"] < 1e-6
    assert told["robust"]["p"] > 0.1


@pytest.mark.parametrize("alike", [6, 9])
def test_observers_alike_prove_no_more_of_the_side_than_their_votes(alike: int) -> None:
    """Each three times left and once right of a and b, and the same of b and a: nobody differs but by rounding."""
    rows = [
        (f"o{who}", "c", *pair, answer)
        for who in range(alike)
        for pair in ("ab", "ba")
        for answer in ("left", "left", "left", "right")
    ]
    votes = pd.DataFrame(rows, columns=["observer", "content", "left", "right", "vote"])
    (side,) = (test for test in check_side(votes).tests if test.estimate)
    assert side.robust is not None
    assert 0.0 < side.p < 0.001
    assert side.robust.p == side.p


def test_half_wins_have_the_bootstrap_and_no_model_of_ties() -> None:
    votes = drawn(12)
    made = scale_votes(votes, **RAN, fitting=Fitting(ties="half"))
    assert made.fitted is not None
    assert made.intervals is not None
    judged = Fitting("bradley-terry", ties="half").fit(count_showings(votes))
    np.testing.assert_allclose(made.fitted.scores, judged.scores, atol=1e-6)
    assert made.as_json()["model"]["ties"] == "half a win each way"
    assert made.intervals.method.startswith("observer bootstrap")


def test_robust_intervals_are_near_the_bootstrap_s() -> None:
    votes = drawn(30)
    usual, other = (scale_votes(votes, **RAN, fitting=chosen) for chosen in (Fitting(), Fitting(position=True)))
    assert usual.intervals is not None
    assert other.intervals is not None
    np.testing.assert_allclose(other.intervals.error, usual.intervals.error, rtol=0.15)


def test_with_a_prior_no_interval_is_shorter_than_the_posterior_s() -> None:
    """Two groups that no vote compares: what lies between them is the prior's alone, and as wide as the prior."""
    one, other = drawn(12), drawn(12)
    votes = pd.concat([one, other.replace({"a": "x", "b": "y", "c": "z"})])
    made = scale_votes(votes, **RAN, fitting=Fitting(prior="gaussian", sd=2.0))
    assert made.fitted is not None
    assert made.intervals is not None
    naive = np.sqrt(made.fitted.covariance[0, 0] + made.fitted.covariance[3, 3] - 2 * made.fitted.covariance[0, 3])
    assert naive == pytest.approx(2.0 * np.sqrt(2 / 3), rel=0.02)
    assert made.intervals.difference_high[0, 3] - made.intervals.difference_low[0, 3] >= 2 * 1.95 * naive


def test_jod_are_log_odds_by_ln_3_and_tests_stay() -> None:
    votes = drawn(12)
    usual = scale_votes(votes, **RAN, equal_share=0.6, naive=True)
    told, jod = usual.as_json(), usual.in_jod().as_json()
    assert pytest.approx(np.log(3.0)) == JOD_OF_LOG_ODDS
    for key in ("score", "low", "high_contents", "quasi_standard_error", "naive_standard_error", "low_naive"):
        assert jod["scores"][0][key] * np.log(3.0) == pytest.approx(told["scores"][0][key])
    for key in ("p", "p_contents_holm", "equivalence", "p_equivalence"):
        assert jod["differences"][0][key] == told["differences"][0][key]
    assert "ln 3" in jod["model"]["unit"]
    with pytest.raises(ValueError, match="no share of decided votes"):
        scale_votes(votes, **RAN, fitting=Fitting("rao-kupper")).in_jod()


@pytest.mark.parametrize("fitting", [Fitting(), Fitting(position=True)])
def test_the_advantage_of_a_side_is_in_the_unit_of_the_scores(fitting: Fitting) -> None:
    made = scale_votes(drawn(12), **RAN, fitting=fitting)
    told, jod = made.as_json(), made.in_jod().as_json()
    sides = [next(row["estimate"] for row in body["tests"] if row["estimate"]) for body in (told, jod)]
    if fitting.position:
        sides += [told["model"]["position"], jod["model"]["position"]]
        assert jod["model"]["tie"] == told["model"]["tie"], "log ν is no distance"
    for one, other in zip(sides[::2], sides[1::2], strict=True):
        assert one["value"] != 0.0
        assert {name: value * np.log(3.0) for name, value in other.items()} == pytest.approx(one)


def test_quasi_errors_are_exact_for_three() -> None:
    made = scale_votes(drawn(12), **RAN)
    assert made.intervals is not None
    assert made.fitted is not None
    told = {row["condition"]: row["quasi_standard_error"] for row in made.as_json()["scores"]}
    reach = made.intervals.difference_high[0, 2] - (made.fitted.scores[0] - made.fitted.scores[2])
    assert 1.96 * np.hypot(told["a"], told["c"]) == pytest.approx(reach, rel=1e-4)


def test_no_plot_s_bars_for_two_conditions() -> None:
    votes = drawn(12)
    two = votes[(votes["left"] != "c") & (votes["right"] != "c")]
    told = scale_votes(two, **RAN).as_json()
    assert told["scores"][0]["quasi_standard_error"] is None
    json.dumps(told, allow_nan=False)


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(ValueError, match="no model is called 'elo'"):
        Fitting("elo")
    with pytest.raises(ValueError, match="leave out the other model"):
        scale_votes(drawn(), **RAN, fitting=Fitting("thurstone"), equal_share=0.55)
    with pytest.raises(ValueError, match="has no ties"):
        scale_votes(drawn(), **RAN, fitting=Fitting("bradley-terry"))
