"""Bradley-Terry and Davidson against published fits, against choix from a cold start, and where no fit exists."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import choix
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize

from analysis.models.bradley_terry import NotConnectedError, fit


@pytest.fixture(scope="module")
def known(shared: Callable[[str], Path]) -> dict[str, Any]:
    answers: dict[str, Any] = json.loads(shared("reference/known_answers.json").read_text())
    return answers


def test_citations_agree_with_r(known: dict[str, Any]) -> None:
    told = known["citations"]
    result = fit(np.array(told["wins"], dtype=float), names=told["items"])
    for item, estimate in told["bradley_terry"]["estimate"].items():
        difference, error = result.difference(item, "Biometrika")
        assert difference == pytest.approx(estimate, abs=1e-6)
        assert error == pytest.approx(told["bradley_terry"]["standard_error"][item], abs=1e-6)
    assert result.deviance == pytest.approx(told["bradley_terry"]["deviance"], abs=1e-6)
    assert result.df == told["bradley_terry"]["df"]
    assert result.scores.sum() == pytest.approx(0.0, abs=1e-12)


def _baseball(told: dict[str, Any]) -> tuple[list[str], np.ndarray, np.ndarray]:
    teams = sorted({match[0] for match in told["matches"]})
    home, away = np.zeros((7, 7)), np.zeros((7, 7))
    for host, guest, host_wins, guest_wins in told["matches"]:
        home[teams.index(host), teams.index(guest)] += host_wins
        away[teams.index(guest), teams.index(host)] += guest_wins
    return teams, home, away


def test_baseball_agrees_with_r(known: dict[str, Any]) -> None:
    told = known["baseball"]
    teams, home, away = _baseball(told)
    result = fit(home + away, names=teams)
    for team, estimate in told["bradley_terry"]["estimate"].items():
        difference, error = result.difference(team, "Baltimore")
        assert difference == pytest.approx(estimate, abs=1e-6)
        assert error == pytest.approx(told["bradley_terry"]["standard_error"][team], abs=1e-6)


def _springall(told: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    wins, ties = np.zeros((9, 9)), np.zeros((9, 9))
    for i, j, wins_i, wins_j, tied in told["comparisons"]:
        wins[i - 1, j - 1], wins[j - 1, i - 1] = wins_i, wins_j
        ties[i - 1, j - 1] = ties[j - 1, i - 1] = tied
    return wins, ties


def test_springall_davidson_agrees_with_r(known: dict[str, Any]) -> None:
    told = known["springall"]
    wins, ties = _springall(told)
    result = fit(wins, ties=ties, names=[str(k) for k in range(1, 10)])
    for item, estimate in told["davidson"]["estimate"].items():
        difference, error = result.difference(item, "1")
        assert difference == pytest.approx(estimate, abs=1e-6)
        assert error == pytest.approx(told["davidson"]["standard_error"][item], abs=1e-6)
    assert result.nu == pytest.approx(told["davidson"]["nu"], abs=1e-6)
    assert result.deviance == pytest.approx(told["davidson"]["deviance"], abs=1e-6)
    assert result.df == told["davidson"]["df"]


def test_davidson_agrees_with_a_general_optimiser() -> None:
    wins = np.array([[0, 5, 2.0], [3, 0, 4], [1, 6, 0]])
    ties = np.array([[0, 2, 1.0], [2, 0, 3], [1, 3, 0]])

    def lost(at: np.ndarray) -> float:
        strength, nu, total = np.exp(at[:3]), np.exp(at[3]), 0.0
        for i in range(3):
            for j in range(i + 1, 3):
                even = nu * np.sqrt(strength[i] * strength[j])
                norm = strength[i] + strength[j] + even
                total -= wins[i, j] * np.log(strength[i] / norm) + wins[j, i] * np.log(strength[j] / norm)
                total -= ties[i, j] * np.log(even / norm)
        return float(total)

    judged = minimize(lost, np.zeros(4), options={"gtol": 1e-9}).x
    result = fit(wins, ties=ties)
    np.testing.assert_allclose(result.scores, judged[:3] - judged[:3].mean(), atol=1e-5)
    assert result.nu == pytest.approx(np.exp(judged[3]), abs=1e-5)


def test_the_error_of_two_conditions_is_the_binomial_one() -> None:
    difference, error = fit(np.array([[0, 30.0], [10, 0]]), names=["a", "b"]).difference("a", "b")
    assert difference == pytest.approx(np.log(3.0))
    assert error == pytest.approx(np.sqrt(1 / 30 + 1 / 10))


def test_cold_choix_agrees() -> None:
    wins = np.random.default_rng(3).integers(1, 20, (12, 12)).astype(float)
    np.fill_diagonal(wins, 0.0)
    judged = choix.ilsr_pairwise_dense(wins, tol=1e-12, max_iter=1_000)
    np.testing.assert_allclose(fit(wins).scores, judged - judged.mean(), atol=1e-9)


def test_a_long_chain_is_fitted_exactly() -> None:
    """A chain of 60 mixes slowly: iterative fits stop early, the exact answer is a sum of logits."""
    wins = np.diag(np.full(59, 3.0), 1) + np.diag(np.full(59, 1.0), -1)
    np.testing.assert_allclose(-np.diff(fit(wins).scores), np.log(3.0), atol=1e-8)


def test_no_tie_cast_is_bradley_terry() -> None:
    wins = np.array([[0, 4, 2.0], [3, 0, 5], [1, 1, 0]])
    result = fit(wins, ties=np.zeros((3, 3)))
    np.testing.assert_allclose(result.scores, fit(wins).scores, atol=1e-10)
    assert result.nu == 0.0


counts = arrays(np.float64, (5, 5), elements=st.integers(1, 30).map(float)).map(lambda m: m * (1 - np.eye(5)))


@given(counts, st.permutations(range(5)))
@settings(max_examples=40, deadline=None)
def test_names_may_stand_in_any_order(wins: np.ndarray, order: list[int]) -> None:
    np.testing.assert_allclose(fit(wins[np.ix_(order, order)]).scores, fit(wins).scores[order], atol=1e-7)


@given(counts)
@settings(max_examples=40, deadline=None)
def test_turned_votes_turn_the_scores(wins: np.ndarray) -> None:
    np.testing.assert_allclose(fit(wins.T).scores, -fit(wins).scores, atol=1e-7)


@given(counts, counts)
@settings(max_examples=40, deadline=None)
def test_at_the_maximum_expected_equals_seen(wins: np.ndarray, half: np.ndarray) -> None:
    ties = half + half.T
    result = fit(wins, ties=ties)
    assert result.nu is not None
    strength = np.exp(result.scores)
    even = result.nu * np.sqrt(np.outer(strength, strength))
    norm = strength[:, None] + strength[None, :] + even
    total = wins + wins.T + ties
    expected = (total * (strength[:, None] + even / 2.0) / norm).sum(axis=1)
    np.testing.assert_allclose(expected, (wins + ties / 2.0).sum(axis=1), rtol=1e-7)


def test_undefeated_and_winless_are_named() -> None:
    wins = np.array([[0, 2, 2, 2], [0, 0, 2, 1], [0, 1, 0, 1], [0, 0, 0, 0.0]])
    with pytest.raises(NotConnectedError, match="never lost: a; never won: d") as caught:
        fit(wins, names=list("abcd"))
    assert caught.value.undefeated == ("a",)
    assert caught.value.winless == ("d",)


def test_conditions_apart_are_named() -> None:
    wins = np.array([[0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 3, 0.0]])
    with pytest.raises(NotConnectedError, match="no vote compares these groups") as caught:
        fit(wins, names=list("abcd"))
    assert {frozenset(part) for part in caught.value.apart} == {frozenset("ab"), frozenset("cd")}


def test_one_way_between_groups_is_named() -> None:
    wins = np.array([[0, 2, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 3, 0.0]])
    with pytest.raises(NotConnectedError, match="all votes go one way"):
        fit(wins, names=list("abcd"))


def test_ties_connect_what_wins_do_not() -> None:
    wins = np.array([[0, 2, 1.0], [1, 0, 0], [0, 0, 0]])
    ties = np.array([[0, 0, 2.0], [0, 0, 1], [2, 1, 0]])
    assert np.isfinite(fit(wins, ties=ties).scores).all()
    with pytest.raises(NotConnectedError):
        fit(wins)


def test_ties_that_run_away_are_refused() -> None:
    """One win and nine ties: score difference and ν grow together without end."""
    with pytest.raises(NotConnectedError, match="no win contradicts another"):
        fit(np.array([[0, 1.0], [0, 0]]), ties=np.array([[0, 9.0], [9, 0]]))
    with pytest.raises(NotConnectedError, match="every vote is a tie"):
        fit(np.zeros((2, 2)), ties=np.array([[0, 9.0], [9, 0]]))


@pytest.mark.parametrize(
    ("wins", "ties", "said"),
    [
        (np.array([[0, -1.0], [1, 0]]), None, "wins must hold"),
        (np.array([[1, 1.0], [1, 0]]), None, "zeros on its diagonal"),
        (np.array([[0, 1.0], [np.nan, 0]]), None, "finite"),
        (np.array([[0, 1.0], [1, 0]]), np.array([[0, 1.0], [2, 0]]), "symmetric"),
        (np.zeros((1, 1)), None, "at least two"),
        (np.zeros((2, 3)), None, "shape"),
    ],
)
def test_what_is_no_count_is_refused(wins: np.ndarray, ties: np.ndarray | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fit(wins, ties=ties)
