"""Content × condition: both readings against slow ones, their level with observers who have tastes, and refusals."""

import itertools

import numpy as np
import pandas as pd
import pytest

from analysis.counts import count_showings
from analysis.models.fitting import fit_model
from analysis.models.interaction import interaction_test
from analysis.models.parts import fit_each
from benchmarks.interaction import study


def test_the_ratio_is_that_of_separate_fits() -> None:
    votes = study(np.random.default_rng(1), observers=8, taste=0.2, own=0.0, effect=0.3)
    test = interaction_test(votes, draws=99, seed=1)
    each = [part.fitted for part in fit_each(votes, "content").parts]
    separate = sum(fitted.log_likelihood for fitted in each if fitted is not None)
    pooled = fit_model(count_showings(votes))
    assert test.ratio is not None
    assert test.ratio.statistic == pytest.approx(2 * (separate - pooled.log_likelihood), abs=1e-7)
    assert test.df == test.ratio.df == 4 * 3


def test_score_and_ratio_agree_where_votes_are_many() -> None:
    votes = study(np.random.default_rng(2), observers=60, taste=0.0, own=0.0, effect=0.1)
    test = interaction_test(votes, draws=99, seed=1)
    assert test.ratio is not None
    assert test.statistic == pytest.approx(test.ratio.statistic, rel=0.05)


def test_two_conditions_give_pearsons_statistic() -> None:
    """With two conditions it is the test of equal shares: Σ n_c (p_c − p)² / (p (1 − p))."""
    rng = np.random.default_rng(3)
    votes = pd.DataFrame({"observer": rng.integers(0, 9, 300).astype(str), "content": rng.choice(list("xyz"), 300)})
    votes = votes.assign(left="a", right="b", vote=rng.choice(["left", "right"], 300, p=[0.6, 0.4]))
    for_a = votes["vote"] == "left"
    shares, counts = for_a.groupby(votes["content"]).mean(), for_a.groupby(votes["content"]).size()
    expected = (counts * (shares - for_a.mean()) ** 2).sum() / (for_a.mean() * (1 - for_a.mean()))
    test = interaction_test(votes, draws=99, seed=1)
    assert (test.statistic, test.df) == (pytest.approx(expected), 2)


def test_drawn_signs_give_the_p_of_all_signs() -> None:
    """Two contents, two conditions: an observer's push is one number, and all 2⁸ signs can be gone through."""
    rng = np.random.default_rng(4)
    votes = pd.DataFrame(
        list(itertools.product(map(str, range(8)), "xy", range(6))), columns=["observer", "content", "k"]
    )
    chance = np.where(votes["content"] == "x", 0.65, 0.45)
    votes = votes.assign(left="a", right="b", vote=np.where(rng.random(len(votes)) < chance, "left", "right"))
    left = (votes["vote"] == "left").astype(float)
    push = (left - left.mean()) * np.where(votes["content"] == "x", 1.0, -1.0)
    pushes = push.groupby(votes["observer"]).sum().to_numpy()
    all_signs = np.array(list(itertools.product([-1, 1], repeat=8))) @ pushes
    exact = np.mean(np.abs(all_signs) >= abs(pushes.sum()) - 1e-9)
    assert interaction_test(votes, draws=9_999, seed=1).robust_p == pytest.approx(exact, abs=0.01)


def test_tastes_mislead_the_naive_test_and_not_the_robust_one() -> None:
    rng = np.random.default_rng(5)
    tests = [interaction_test(study(rng, 12, taste=0.5, own=2.0, effect=0.0), draws=199, seed=k) for k in range(25)]
    assert np.mean([test.naive_p <= 0.05 for test in tests]) > 0.15
    assert np.mean([test.robust_p is not None and test.robust_p <= 0.05 for test in tests]) <= 0.12


def test_an_effect_of_contents_is_found_by_both() -> None:
    votes = study(np.random.default_rng(6), observers=15, taste=0.5, own=0.3, effect=1.0)
    test = interaction_test(votes, draws=999, seed=1)
    assert test.naive_p < 0.001
    assert test.robust_p is not None
    assert test.robust_p < 0.01
    assert test == interaction_test(votes, draws=999, seed=1)


def test_ties_go_in_by_one_nu() -> None:
    votes = study(np.random.default_rng(7), observers=9, taste=0.3, own=0.0, effect=0.3)
    votes.loc[::4, "vote"] = "tie"
    test = interaction_test(votes, draws=99, seed=1)
    assert test.df == 4 * 3
    assert test.ratio is not None
    assert test.statistic == pytest.approx(test.ratio.statistic, rel=0.2)


def test_a_content_without_scores_leaves_the_score_test_standing() -> None:
    votes = study(np.random.default_rng(8), observers=8, taste=0.2, own=0.0, effect=0.2)
    votes.loc[(votes["content"] == "c2") & (votes["left"] == "0"), "vote"] = "left"
    test = interaction_test(votes, draws=99, seed=1)
    assert test.ratio is None
    assert "1 of 5 have no scores of their own. c2: No finite scores exist: never lost: 0" in str(test.no_ratio)
    assert np.isfinite(test.statistic)


def test_few_observers_have_no_robust_p() -> None:
    test = interaction_test(study(np.random.default_rng(9), 5, taste=0.0, own=0.0, effect=0.0), draws=99, seed=1)
    assert test.robust_p is None
    assert "takes 6" in str(test.no_robust)


def test_what_cant_be_compared_is_said() -> None:
    votes = study(np.random.default_rng(9), 6, taste=0.0, own=0.0, effect=0.0)
    with pytest.raises(ValueError, match="all votes have one content"):
        interaction_test(votes[votes["content"] == "c1"], seed=1)
    apart = votes[(votes["left"] == "0") & (votes["right"] == votes["content"].map({"c1": "1", "c2": "2", "c3": "3"}))]
    with pytest.raises(ValueError, match="share too few pairs"):
        interaction_test(apart, seed=1)
