"""Every model against published fits, against slow readings of its definition, against choix and evalica."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import choix
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import norm

from analysis.counts import count_showings
from analysis.models.bradley_terry import NotConnectedError, fit
from analysis.models.fitting import ModelFit, fit_model
from analysis.models.outcomes import MODELS
from analysis.models.showings import Showings, of_pairs, of_sides
from analysis.votes import read_votes, sift

TIED = ["davidson", "rao-kupper", "thurstone"]


@pytest.fixture(scope="module")
def known(shared: Callable[[str], Path]) -> dict[str, Any]:
    answers: dict[str, Any] = json.loads(shared("reference/known_answers.json").read_text())
    return answers


def _springall(told: dict[str, Any]) -> Showings:
    wins, ties = np.zeros((9, 9)), np.zeros((9, 9))
    for i, j, wins_i, wins_j, tied in told["comparisons"]:
        wins[i - 1, j - 1], wins[j - 1, i - 1] = wins_i, wins_j
        ties[i - 1, j - 1] = ties[j - 1, i - 1] = tied
    return of_pairs(wins, ties, [str(k) for k in range(1, 10)])


def _baseball(told: dict[str, Any]) -> Showings:
    teams = sorted({match[0] for match in told["matches"]})
    home, away = np.zeros((7, 7)), np.zeros((7, 7))
    for host, guest, host_wins, guest_wins in told["matches"]:
        home[teams.index(host), teams.index(guest)] += host_wins
        away[teams.index(guest), teams.index(host)] += guest_wins
    return of_sides(home, away, names=teams)


def _slow(votes: Showings, model: str, at: np.ndarray) -> float:
    """Log-likelihood vote by vote, from each model's definition; ``at`` holds scores, position and tie parameter."""
    n, total = len(votes.names), 0.0
    for (i, j), left, right, tied in zip(votes.cells, votes.left, votes.right, votes.ties, strict=True):
        x, t = at[i] - at[j] + at[n], at[n + 1]
        if model == "davidson":
            strong, weak, even = np.exp(x), 1.0, np.exp(t) * np.exp(x / 2)
            chances = np.array([strong, weak, even]) / (strong + weak + even)
        elif model == "rao-kupper":
            win, loss = np.exp(x) / (np.exp(x) + np.exp(t)), 1.0 / (1.0 + np.exp(t + x))
            chances = np.array([win, loss, 1.0 - win - loss])
        else:
            win, loss = norm.cdf((x - t) / 1.4826), norm.cdf((-x - t) / 1.4826)
            chances = np.array([win, loss, 1.0 - win - loss])
        total += float(np.log(chances) @ [left, right, tied])
    return total


def _at(fitted: ModelFit) -> np.ndarray:
    assert fitted.tie is not None
    return np.array([*fitted.scores, 0.0 if fitted.position is None else fitted.position.value, fitted.tie.value])


def test_springall_rao_kupper_agrees_with_r(known: dict[str, Any]) -> None:
    told = known["springall"]["rao_kupper"]
    fitted = fit_model(_springall(known["springall"]), "rao-kupper")
    assert fitted.tie is not None
    for item, estimate in told["estimate"].items():
        assert fitted.difference(item, "1")[0] == pytest.approx(estimate, abs=1e-6)
    assert fitted.tie.value == pytest.approx(told["log_theta"], abs=1e-6)
    assert fitted.log_likelihood == pytest.approx(-told["negative_log_likelihood"], abs=1e-6)


def test_springall_rao_kupper_is_no_lower_than_where_r_stopped(known: dict[str, Any]) -> None:
    """R's own optimiser stopped some 4e-7 away: ours must be at least as high, by the slow reading."""
    told, votes = known["springall"]["rao_kupper"], _springall(known["springall"])
    theirs = np.array([0.0, *(told["estimate"][str(k)] for k in range(2, 10)), 0.0, told["log_theta"]])
    assert _slow(votes, "rao-kupper", _at(fit_model(votes, "rao-kupper"))) >= _slow(votes, "rao-kupper", theirs)


def test_springall_davidson_agrees_with_r(known: dict[str, Any]) -> None:
    told = known["springall"]["davidson"]
    fitted = fit_model(_springall(known["springall"]), "davidson")
    for item, estimate in told["estimate"].items():
        difference, error = fitted.difference(item, "1")
        assert difference == pytest.approx(estimate, abs=1e-6)
        assert error == pytest.approx(told["standard_error"][item], abs=1e-6)
    assert fitted.nu == pytest.approx(told["nu"], abs=1e-6)
    assert (fitted.deviance, fitted.df) == (pytest.approx(told["deviance"], abs=1e-6), told["df"])


def test_baseball_with_position_agrees_with_r(known: dict[str, Any]) -> None:
    told = known["baseball"]["with_position_effect"]
    fitted = fit_model(_baseball(known["baseball"]), "bradley-terry", position=True)
    assert fitted.position is not None
    for team, estimate in told["estimate"].items():
        assert fitted.difference(team, "Baltimore")[0] == pytest.approx(estimate, abs=1e-9)
    assert fitted.position.value == pytest.approx(told["home_effect"], abs=1e-9)
    assert fitted.position.standard_error == pytest.approx(told["home_standard_error"], abs=1e-6)
    assert (fitted.deviance, fitted.df) == (pytest.approx(told["deviance"], abs=1e-6), told["df"])


def test_baseball_without_position_agrees_with_r(known: dict[str, Any]) -> None:
    told = known["baseball"]["bradley_terry"]
    fitted = fit_model(_baseball(known["baseball"]), "bradley-terry")
    for team, estimate in told["estimate"].items():
        difference, error = fitted.difference(team, "Baltimore")
        assert difference == pytest.approx(estimate, abs=1e-6)
        assert error == pytest.approx(told["standard_error"][team], abs=1e-6)


def _votes(rng: np.random.Generator, n: int, *, ties: bool = True) -> Showings:
    left, right, drawn = (rng.integers(low, 9, (n, n)) * (1.0 - np.eye(n)) for low in (1, 1, 0))
    return of_sides(left, right, drawn if ties else None)


@pytest.mark.parametrize("model", TIED)
@pytest.mark.parametrize("position", [False, True])
def test_the_maximum_is_where_a_general_optimiser_finds_it(model: str, position: bool) -> None:
    votes = _votes(np.random.default_rng(5), 4)
    fitted = fit_model(votes, model, position=position)
    free = [0, 1, 2, *([4] if position else []), 5]  # the fourth score stays at 0

    def lost(values: np.ndarray) -> float:
        at = np.zeros(6)
        at[free] = values
        return -_slow(votes, model, at)

    judged = minimize(lost, [0.0, 0.0, 0.0, *([0.0] if position else []), 0.4], options={"gtol": 1e-7})
    found = _at(fitted)
    found[:4] -= found[3]
    np.testing.assert_allclose(found[free], judged.x, atol=2e-5)
    assert fitted.log_likelihood == pytest.approx(-judged.fun, abs=1e-8)


@pytest.mark.parametrize("model", TIED)
def test_the_covariance_is_the_inverse_of_the_expected_curvature(model: str) -> None:
    """Read by differences of the slow likelihood, at votes that are just what the model expects."""
    sizes = _votes(np.random.default_rng(2), 3)
    fitted = fit_model(sizes, model, position=True)
    at, step = _at(fitted), 1e-4

    def chances(values: np.ndarray, outcome: int) -> np.ndarray:
        one = np.zeros((3, len(sizes.cells)))
        one[outcome] = 1.0
        cells = range(len(sizes.cells))
        single = [Showings(sizes.names, sizes.cells[[c]], *one[:, [c]], squares=np.ones(1), sided=True) for c in cells]
        return np.array([_slow(votes, model, values) for votes in single])

    unit = np.eye(5) * step
    curvature = np.zeros((5, 5))
    for outcome in range(3):
        expected = sizes.total * np.exp(chances(at, outcome))
        slopes = [(chances(at + e, outcome) - chances(at - e, outcome)) / (2 * step) for e in unit]
        curvature += np.array([[expected @ (a * b) for b in slopes] for a in slopes])
    np.testing.assert_allclose(fitted.joint, np.linalg.pinv(curvature), atol=1e-6)


def test_plain_models_are_those_of_the_reference_fit() -> None:
    votes = _votes(np.random.default_rng(8), 6)
    wins, ties = votes.matrices()
    for ours, judge in (
        (fit_model(votes), fit(wins, ties=ties)),
        (fit_model(of_pairs(wins), "bradley-terry"), fit(wins)),
    ):
        np.testing.assert_allclose(ours.scores, judge.scores, atol=1e-9)
        np.testing.assert_allclose(ours.covariance, judge.covariance, atol=1e-9)
        assert (ours.deviance, ours.df) == (pytest.approx(judge.deviance, abs=1e-9), judge.df)
        assert ours.nu == pytest.approx(judge.nu or 0.0) or ours.model == "Bradley-Terry"


@pytest.mark.parametrize("seed", range(5))
def test_choix_agrees_on_random_votes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wins = rng.integers(1, 12, (9, 9)) * (1.0 - np.eye(9))
    judged = choix.ilsr_pairwise_dense(wins, tol=1e-12, max_iter=2_000)
    np.testing.assert_allclose(fit_model(of_pairs(wins), "bradley-terry").scores, judged - judged.mean(), atol=1e-6)


def test_choix_agrees_on_a_gaussian_prior() -> None:
    """choix adds ``alpha`` times the sum of squares, so that its prior's variance is 1/(2·alpha)."""
    data = [(0, 1), (0, 1), (1, 2), (0, 2), (3, 4)]
    wins = np.zeros((5, 5))
    for better, worse in data:
        wins[better, worse] += 1
    judged = choix.opt_pairwise(5, data, alpha=0.5 / 1.5**2, tol=1e-12)
    fitted = fit_model(of_pairs(wins), "bradley-terry", prior="gaussian", sd=1.5)
    np.testing.assert_allclose(fitted.scores, judged - judged.mean(), atol=1e-6)
    assert fitted.prior == "Gaussian on each score, mean 0, sd 1.5"
    assert fitted.df is None


@pytest.mark.parametrize(("model", "ties", "golden"), [("bradley-terry", "half", "bradley_terry"),
                                                      ("davidson", "modelled", "newman")])  # fmt: skip
@pytest.mark.parametrize("name", ["llmfao", "food", "simple"])
def test_evalica_agrees(shared: Callable[[str], Path], name: str, model: str, ties: Any, golden: str) -> None:
    """Its Bradley-Terry makes a tie half a win each way; Newman's model of ties is Davidson's with ν halved."""
    folder = shared("votes/evalica-llmfao")
    votes = pd.read_csv(folder / f"{name}.csv", dtype=str).rename(columns={"winner": "vote"})
    told = pd.read_csv(folder / f"{name}-golden.csv", dtype={"item": str})
    fitted = fit_model(count_showings(votes.assign(observer="all")), model, ties=ties)
    judged = np.log(told[told["algorithm"] == golden].set_index("item")["score"][list(fitted.names)].to_numpy())
    np.testing.assert_allclose(fitted.scores, judged - judged.mean(), atol=1e-9)


def test_light_field_is_fitted_by_every_model(shared: Callable[[str], Path]) -> None:
    votes = count_showings(sift(read_votes(shared("votes/pwcmp-lightfield/lf_quality_pwcmps.csv"))).fitted)
    fits = [fit_model(votes, model, position=True) for model in MODELS]
    assert {len(fitted.names) for fitted in fits} == {37}
    logistic, probit = fits[0].scores, fits[-1].scores
    assert np.corrcoef(logistic, probit)[0, 1] > 0.99
    judged = choix.ilsr_pairwise_dense(votes.matrices()[0], tol=1e-12, max_iter=10_000)
    np.testing.assert_allclose(fit_model(votes, "bradley-terry").scores, judged - judged.mean(), atol=1e-6)


def test_one_jod_is_three_of_four() -> None:
    fitted = fit_model(of_pairs(np.array([[0, 75.0], [25, 0]]), names=["a", "b"]), "thurstone")
    difference, error = fitted.difference("a", "b")
    assert difference == pytest.approx(norm.ppf(0.75) * 1.4826, abs=1e-9)
    # The error of a share, √(pq/n), over the slope of Φ there.
    assert error == pytest.approx(np.sqrt(0.75 * 0.25 / 100) / (norm.pdf(norm.ppf(0.75)) / 1.4826), rel=1e-9)


def test_pwcmps_prior_pulls_clear_votes_together_and_is_named() -> None:
    votes = of_pairs(np.array([[0, 9.0, 9], [0, 0, 5], [0, 4, 0]]), names=list("abc"))
    with pytest.raises(NotConnectedError, match="never lost: a"):
        fit_model(votes, "thurstone")
    fitted = fit_model(votes, "thurstone", prior="distances")
    assert fitted.prior.startswith("pwcmp's")
    assert fitted.scores.sum() == pytest.approx(0.0, abs=1e-12)
    assert 1.0 < fitted.difference("a", "b")[0] < 6.0
    assert np.isfinite(fitted.difference("a", "b")[1])


def test_pwcmps_prior_hardly_moves_many_votes() -> None:
    votes = of_pairs(np.array([[0, 600.0, 700], [400, 0, 600], [300, 400, 0]]))
    plain, held = fit_model(votes, "thurstone"), fit_model(votes, "thurstone", prior="distances")
    np.testing.assert_allclose(held.scores, plain.scores, atol=0.02)
    np.testing.assert_allclose(held.covariance, plain.covariance, rtol=0.2, atol=1e-5)


seeds = st.integers(0, 10_000)
each_model = pytest.mark.parametrize(("model", "ties"), [("bradley-terry", False), *((name, True) for name in TIED)])


@each_model
@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_names_may_stand_in_any_order(model: str, ties: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    votes = _votes(rng, 4, ties=ties)
    order = rng.permutation(4)
    moved = Showings(votes.names, order[votes.cells], *_parts(votes), sided=True)
    one, other = (fit_model(each, model, position=True) for each in (votes, moved))
    np.testing.assert_allclose(other.scores[order], one.scores, atol=1e-8)
    np.testing.assert_allclose(other.covariance[np.ix_(order, order)], one.covariance, atol=1e-8)
    assert one.position is not None
    assert other.position is not None
    assert other.position.value == pytest.approx(one.position.value, abs=1e-9)


@each_model
@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_turned_votes_turn_the_scores(model: str, ties: bool, seed: int) -> None:
    votes = _votes(np.random.default_rng(seed), 4, ties=ties)
    left, right, *rest = _parts(votes)
    turned = Showings(votes.names, votes.cells, right, left, *rest, sided=True)
    one, other = (fit_model(each, model, position=True) for each in (votes, turned))
    np.testing.assert_allclose(other.scores, -one.scores, atol=1e-8)
    assert one.position is not None
    assert other.position is not None
    assert other.position.value == pytest.approx(-one.position.value, abs=1e-8)


@each_model
@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_votes_cast_twice_halve_the_covariance(model: str, ties: bool, seed: int) -> None:
    votes = _votes(np.random.default_rng(seed), 4, ties=ties)
    twice = Showings(votes.names, votes.cells, *(2.0 * part for part in _parts(votes)), sided=True)
    one, other = (fit_model(each, model, position=True) for each in (votes, twice))
    np.testing.assert_allclose(other.scores, one.scores, atol=1e-8)
    np.testing.assert_allclose(other.joint, one.joint / 2.0, atol=1e-8)


@pytest.mark.parametrize(("model", "ties"), [("bradley-terry", "half"), ("davidson", "modelled")])
@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_at_the_maximum_expected_wins_equal_seen_ones(model: str, ties: Any, seed: int) -> None:
    """So it is in log-linear models: wins and half the ties of each condition, all ties, and all left votes."""
    votes = _votes(np.random.default_rng(seed), 4)
    fitted = fit_model(votes, model, ties=ties, position=True)
    assert fitted.position is not None
    x = fitted.scores[votes.cells[:, 0]] - fitted.scores[votes.cells[:, 1]] + fitted.position.value
    even = np.zeros_like(x) if fitted.tie is None else np.exp(fitted.tie.value + x / 2)
    share = (np.exp(x) + even / 2) / (np.exp(x) + 1 + even)
    seen = votes.left + votes.ties / 2
    for k in range(4):
        first, second = (votes.cells == k).T
        expected = (votes.total * share)[first].sum() + (votes.total * (1 - share))[second].sum()
        assert expected == pytest.approx(seen[first].sum() + (votes.total - seen)[second].sum(), rel=1e-8)
    assert (votes.total * share).sum() == pytest.approx(seen.sum(), rel=1e-8)
    if fitted.tie is not None:
        assert (votes.total * even / (np.exp(x) + 1 + even)).sum() == pytest.approx(votes.ties.sum(), rel=1e-8)


@pytest.mark.parametrize("model", ["rao-kupper", "thurstone"])
@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_at_the_maximum_the_slow_likelihood_is_level(model: str, seed: int) -> None:
    votes = _votes(np.random.default_rng(seed), 3)
    at = _at(fit_model(votes, model, position=True))
    slopes = [(_slow(votes, model, at + e) - _slow(votes, model, at - e)) / 2e-5 for e in 1e-5 * np.eye(5)]
    np.testing.assert_allclose(slopes, 0.0, atol=1e-5)


@pytest.mark.parametrize("model", TIED)
def test_without_ties_a_model_of_ties_is_the_one_without(model: str) -> None:
    votes = _votes(np.random.default_rng(1), 5, ties=False)
    fitted = fit_model(votes, model)
    assert fitted.tie is None
    assert fitted.ties == "none cast"
    if model != "thurstone":
        np.testing.assert_allclose(fitted.scores, fit_model(votes, "bradley-terry").scores, atol=1e-10)


def test_half_wins_are_named_and_equal_the_fit_of_the_halved_matrix() -> None:
    votes = _votes(np.random.default_rng(4), 4)
    wins, ties = votes.matrices()
    fitted = fit_model(votes, "bradley-terry", ties="half")
    np.testing.assert_allclose(fitted.scores, fit(wins + ties / 2).scores, atol=1e-9)
    assert fitted.ties == "half a win each way"
    assert fit_model(votes, "davidson", ties="half").nu is None


def _parts(votes: Showings) -> tuple[np.ndarray, ...]:
    return votes.left, votes.right, votes.ties, votes.squares
