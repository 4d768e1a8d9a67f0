"""Likelihood-ratio tests against published ones, a general optimiser, and their level where nothing is to be found."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import chi2

from analysis.models.bradley_terry import NotConnectedError
from analysis.models.fitting import fit_model
from analysis.models.outcomes import MODELS
from analysis.models.ratio_tests import NAIVE, position_test, ties_test
from analysis.models.showings import of_pairs, of_sides


def test_position_of_baseball_agrees_with_r(shared: Callable[[str], Path]) -> None:
    told = json.loads(shared("reference/known_answers.json").read_text())["baseball"]
    teams = sorted({match[0] for match in told["matches"]})
    home, away = np.zeros((7, 7)), np.zeros((7, 7))
    for host, guest, host_wins, guest_wins in told["matches"]:
        home[teams.index(host), teams.index(guest)] += host_wins
        away[teams.index(guest), teams.index(host)] += guest_wins
    test = position_test(of_sides(home, away, names=teams), "bradley-terry")
    assert test.statistic == pytest.approx(told["with_position_effect"]["likelihood_ratio"], abs=1e-6)
    assert test.p_value == pytest.approx(told["with_position_effect"]["p_value"], abs=1e-6)
    assert (test.df, test.assumes) == (1, NAIVE)


def test_position_beside_ties_is_that_of_davidson_and_beaver() -> None:
    """Judge: the likelihood as they write it, the order's γ on the second one's strength, ν√(πi πj) for a tie."""
    left, right = np.array([[0, 9.0, 7], [6, 0, 8], [5, 4, 0]]), np.array([[0, 3.0, 2], [5, 0, 4], [1, 3, 0]])
    ties = np.array([[0, 2.0, 1], [4, 0, 3], [2, 2, 0]])

    def lost(at: np.ndarray) -> float:
        strength, gamma, nu, total = np.exp([at[0], at[1], 0.0]), np.exp(at[2]), np.exp(at[3]), 0.0
        for i in range(3):
            for j in range(3):
                weights = np.array([strength[i], gamma * strength[j], nu * np.sqrt(strength[i] * strength[j])])
                total -= float(np.log(weights / weights.sum()) @ [left[i, j], right[j, i], ties[i, j]])
        return total

    judged = minimize(lost, np.zeros(4), options={"gtol": 1e-8})
    without = minimize(lambda at: lost(np.array([at[0], at[1], 0.0, at[2]])), np.zeros(3), options={"gtol": 1e-8})
    votes = of_sides(left, right, ties)
    fitted = fit_model(votes, "davidson", position=True)
    assert fitted.position is not None
    assert fitted.position.value == pytest.approx(-judged.x[2], abs=1e-5)
    assert position_test(votes, fitted=fitted).statistic == pytest.approx(2 * (without.fun - judged.fun), abs=1e-6)


def test_a_nu_per_condition_is_found_by_a_general_optimiser() -> None:
    rng = np.random.default_rng(3)
    wins = rng.integers(2, 9, (4, 4)) * (1.0 - np.eye(4))
    ties = rng.integers(1, 9, (4, 4)) * (1.0 - np.eye(4))
    ties = ties + ties.T

    def lost(at: np.ndarray) -> float:
        scores, logs, total = np.array([0.0, *at[:3]]), at[3:], 0.0
        for i in range(4):
            for j in range(i):
                half = (scores[i] - scores[j]) / 2
                weights = np.exp([half, -half, (logs[i] + logs[j]) / 2])
                total -= float(np.log(weights / weights.sum()) @ [wins[i, j], wins[j, i], ties[i, j]])
        return total

    many = minimize(lost, np.zeros(7), options={"gtol": 1e-8}).fun
    one = minimize(lambda at: lost(np.array([*at[:3], *np.full(4, at[3])])), np.zeros(4), options={"gtol": 1e-8}).fun
    test = ties_test(of_pairs(wins, ties))
    assert test.statistic == pytest.approx(2 * (one - many), abs=1e-6)
    assert test.df == 3
    assert test.p_value == pytest.approx(chi2.sf(test.statistic, 3))


def test_nothing_is_called_at_its_level() -> None:
    rng = np.random.default_rng(2)
    called = []
    for _ in range(40):
        votes = rng.multinomial(40, [0.35, 0.35, 0.3], size=(3, 3)) * (1.0 - np.eye(3))[..., np.newaxis]
        left, right, ties = np.moveaxis(votes, 2, 0)
        sides = of_sides(left, right.T, ties)
        called.append((position_test(sides).p_value <= 0.05, ties_test(sides).p_value <= 0.05))
    assert np.all(np.mean(called, axis=0) < 0.16)
    assert np.any(called)


@pytest.mark.parametrize("model", MODELS)
def test_a_strong_side_is_seen_by_every_model(model: str) -> None:
    sides = of_sides(30.0 * (1 - np.eye(3)), 10.0 * (1 - np.eye(3)))
    test = position_test(sides, model)
    assert test.p_value < 1e-6
    assert test.larger.endswith("with an advantage of the left side")


def test_what_cant_be_tested_is_said() -> None:
    wins = np.array([[0, 3.0, 2], [2, 0, 4], [3, 1, 0]])
    with pytest.raises(ValueError, match="no tie was cast"):
        ties_test(of_pairs(wins))
    with pytest.raises(ValueError, match="takes three"):
        ties_test(of_pairs(wins[:2, :2], np.array([[0, 3.0], [3, 0]])))
    never = np.array([[0, 4.0, 0], [4, 0, 0], [0, 0, 0]])
    with pytest.raises(NotConnectedError, match="ties too rarely"):
        ties_test(of_pairs(wins, never))
    with pytest.raises(ValueError, match="don't say what stood left"):
        position_test(of_pairs(wins))
