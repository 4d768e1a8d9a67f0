"""Where no finite maximum exists, or options don't go together, a fit says so in words and gives no number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.models.bradley_terry import NotConnectedError
from analysis.models.fitting import fit_model, problem_of
from analysis.models.likelihood import fisher_information, maximise
from analysis.models.outcomes import MODELS
from analysis.models.showings import Showings, of_pairs, of_sides

TIED = ["davidson", "rao-kupper", "thurstone"]
NOBODY = np.zeros((3, 3))
APART = of_pairs(np.array([[0, 2.0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 3, 0]]), names=list("abcd"))


@pytest.mark.parametrize("model", MODELS)
def test_who_never_won_is_named(model: str) -> None:
    votes = of_pairs(np.array([[0, 2.0, 2], [1, 0, 2], [0, 0, 0]]), names=list("abc"))
    with pytest.raises(NotConnectedError, match="never won: c"):
        fit_model(votes, model)


@pytest.mark.parametrize("model", MODELS)
def test_parts_that_nothing_compares_have_scores_only_by_a_named_prior(model: str) -> None:
    with pytest.raises(NotConnectedError, match="no vote compares these groups"):
        fit_model(APART, model)
    fitted = fit_model(APART, model, prior="gaussian", sd=2.0)
    assert fitted.prior == "Gaussian on each score, mean 0, sd 2"
    assert fitted.scores[0] + fitted.scores[1] == pytest.approx(0.0, abs=1e-9)
    # Between the parts the prior alone speaks: their means' difference has its variance, sd²/2 + sd²/2.
    means = np.array([1.0, 1.0, -1.0, -1.0]) / 2.0
    assert means @ fitted.covariance @ means == pytest.approx(2.0**2)


@pytest.mark.parametrize("model", TIED)
def test_ties_that_run_away_are_refused(model: str) -> None:
    nine = np.array([[0, 9.0], [9, 0]])
    for wins, said in (
        (np.array([[0, 1.0], [0, 0]]), "no win contradicts another"),
        (np.zeros((2, 2)), "every vote is a tie"),
    ):
        with pytest.raises(NotConnectedError, match=said):
            fit_model(of_pairs(wins, nine), model)


@pytest.mark.parametrize("model", TIED)
def test_no_prior_on_scores_holds_a_tie_parameter(model: str) -> None:
    with pytest.raises(NotConnectedError, match="every vote is a tie"):
        fit_model(of_pairs(np.zeros((2, 2)), np.array([[0, 9.0], [9, 0]])), model, prior="gaussian", sd=1.0)


@pytest.mark.parametrize("model", MODELS)
def test_one_side_chosen_every_time_is_refused(model: str) -> None:
    with pytest.raises(NotConnectedError, match="one side was chosen every time"):
        fit_model(of_sides(2.0 * (1 - np.eye(3)), NOBODY), model, position=True)


@pytest.mark.parametrize("model", MODELS)
def test_sides_that_explain_ever_more_are_refused(model: str) -> None:
    """Left always wins but for one vote, and that one the scores can explain: a always beats c."""
    left = np.array([[0, 2.0, 2], [2, 0, 2], [0, 2, 0]])
    right = np.array([[0, 0, 2.0], [0, 0, 0], [0, 0, 0]])
    with pytest.raises(NotConnectedError, match="an advantage of one side, growing together"):
        fit_model(of_sides(left, right), model, position=True)


@pytest.mark.parametrize("model", MODELS)
def test_a_pair_shown_one_way_round_only_tells_no_sides(model: str) -> None:
    votes = of_sides(np.array([[0, 6.0], [0, 0]]), np.array([[0, 0], [3.0, 0]]))
    assert fit_model(votes, model).scores[0] > 0
    with pytest.raises(NotConnectedError, match="no pair was shown both ways round"):
        fit_model(votes, model, position=True)


@given(
    cells=st.lists(st.integers(0, 7), min_size=12, max_size=12), model=st.sampled_from(["bradley-terry", "davidson"])
)
@settings(max_examples=60, deadline=None)
def test_what_isnt_refused_has_a_level_maximum_and_what_is_has_none(cells: list[int], model: str) -> None:
    """Judge: the climb without the guard. Where we refuse it has no one place to go, walks far, or never arrives."""
    cells = cells if model == "davidson" else [cell % 4 for cell in cells]
    left, right, ties = (np.zeros((4, 4)) for _ in range(3))
    for (i, j), said in zip([(i, j) for i in range(4) for j in range(4) if i != j], cells, strict=True):
        left[i, j], right[j, i], ties[i, j] = said & 1, (said >> 1) & 1, said >> 2
    votes = of_sides(left, right, ties)
    if not votes.total.any():
        return
    try:
        fitted = fit_model(votes, model, position=True)
    except NotConnectedError:
        with pytest.raises((ArithmeticError, AssertionError, np.linalg.LinAlgError)):
            assert np.ptp(_unguarded(votes, model)) < 20
        return
    assert np.ptp(fitted.scores) < 20


def _unguarded(votes: Showings, model: str) -> np.ndarray:
    """Scores, position and tie parameter that the climb without our guard comes to."""
    problem = problem_of(votes, MODELS[model], position=True)
    start = np.zeros(problem.design.shape[1])
    information = fisher_information(problem, problem.chances(start), votes.total)
    if np.linalg.matrix_rank(information) < len(start) - 1:
        raise np.linalg.LinAlgError("scores and sides can't be told apart")
    return maximise(problem, start).at


def test_priors_are_never_silent() -> None:
    votes = of_pairs(np.array([[0, 3.0], [1, 0]]))
    assert fit_model(votes).prior == "none: maximum likelihood"
    with pytest.raises(ValueError, match="needs its sd"):
        fit_model(votes, prior="gaussian")
    with pytest.raises(ValueError, match="sd belongs to a Gaussian prior"):
        fit_model(votes, sd=1.0)
    with pytest.raises(ValueError, match="above 0"):
        fit_model(votes, prior="gaussian", sd=-1.0)
    with pytest.raises(ValueError, match="thurstone alone"):
        fit_model(votes, "davidson", prior="distances")


def test_options_that_dont_go_together_are_refused() -> None:
    wins, ties = np.array([[0, 3.0], [1, 0]]), np.array([[0, 1.0], [1, 0]])
    with pytest.raises(ValueError, match="Bradley-Terry has no ties"):
        fit_model(of_pairs(wins, ties), "bradley-terry")
    with pytest.raises(ValueError, match="don't say what stood left"):
        fit_model(of_pairs(wins), position=True)
    with pytest.raises(ValueError, match="no model is called 'elo'; there are bradley-terry"):
        fit_model(of_pairs(wins), "elo")
    with pytest.raises(ValueError, match="no vote"):
        fit_model(of_pairs(np.zeros((2, 2))))
    with pytest.raises(ValueError, match="symmetric"):
        of_pairs(wins, wins)
    with pytest.raises(ValueError, match="right must hold finite counts"):
        of_sides(wins, -wins)
