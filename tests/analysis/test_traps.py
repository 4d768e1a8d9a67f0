"""Mistakes that well-known packages make, each as a test of ours."""

import choix
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from analysis.counts import count_showings, count_votes
from analysis.inference.intervals import NoIntervalError, observer_intervals
from analysis.models.bradley_terry import NotConnectedError, fit
from analysis.models.fitting import fit_model
from analysis.models.newton import PairVotes, solve
from analysis.models.outcomes import MODELS
from analysis.models.parts import fit_each
from analysis.models.ratio_tests import position_test
from analysis.models.showings import of_pairs, of_sides


def _table(rows: list[tuple[str, str, str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["observer", "left", "right", "vote"])


def test_a_two_tailed_test_has_both_tails() -> None:
    """pwcmp's two-tailed test returns one tail, so that its p is half of what it should be."""
    for_left, for_right = np.array([[0, 40.0], [40, 0]]), np.array([[0, 25.0], [25, 0]])
    votes = of_sides(for_left, for_right)
    test, turned = position_test(votes), position_test(of_sides(for_right, for_left))
    assert test.p_value == pytest.approx(2.0 * norm.sf(np.sqrt(test.statistic)))
    assert turned.p_value == pytest.approx(test.p_value)
    # Judge: Wald's two-sided test of the same effect is near.
    effect = fit_model(votes, position=True).position
    assert effect is not None
    assert test.p_value == pytest.approx(2.0 * norm.sf(effect.value / effect.standard_error), abs=0.002)


def test_a_test_of_nothing_is_called_at_its_level() -> None:
    """One tail would be called twice as often: here 5 % of fair studies, give or take sampling."""
    rng = np.random.default_rng(1)
    left = rng.binomial(200, 0.5, size=(80, 2)).astype(float)
    called = [
        position_test(of_sides(np.array([[0, a], [b, 0]]), np.array([[0, 200 - b], [200 - a, 0]]))).p_value <= 0.05
        for a, b in left
    ]
    assert np.mean(called) < 0.1


@pytest.mark.parametrize(("model", "unit"), [("bradley-terry", 1.0), ("thurstone", 1.4826)])
def test_a_standard_error_is_the_curvature_of_the_likelihood(model: str, unit: float) -> None:
    """sureal's curvature of n·log p is n/p · 2 where n/p² is meant: judged by second differences."""
    wins, losses, step = 30.0, 10.0, 1e-4
    difference, error = fit_model(of_pairs(np.array([[0, wins], [losses, 0]])), model).difference("0", "1")

    def log_likelihood(at: float) -> float:
        share = 1.0 / (1.0 + np.exp(-at)) if model == "bradley-terry" else norm.cdf(at / unit)
        return float(wins * np.log(share) + losses * np.log(1.0 - share))

    steps = [log_likelihood(difference + move) for move in (-step, 0.0, step)]
    assert error**-2 == pytest.approx(-(steps[0] - 2 * steps[1] + steps[2]) / step**2, rel=1e-5)


def test_a_fit_goes_on_until_it_is_there() -> None:
    """crowd-kit keeps old and new scores under one array, sees no change between them and stops after two rounds."""
    wins = np.diag(np.full(59, 3.0), 1) + np.diag(np.full(59, 1.0), -1)
    for scores in (fit(wins).scores, fit_model(of_pairs(wins), "bradley-terry").scores):
        expected = (wins + wins.T) / (1.0 + np.exp(scores - scores[:, np.newaxis]))
        np.testing.assert_allclose(expected.sum(axis=1), wins.sum(axis=1), rtol=1e-6)


def test_a_fit_leaves_what_it_was_given_as_it_was() -> None:
    """The same trap from the other side: no result shares an array with what came in."""
    wins, ties, start = np.array([[0, 5.0, 2], [3, 0, 4], [1, 6, 0]]), 2.0 * (1 - np.eye(3)), np.zeros(2)
    before = wins.copy(), ties.copy()
    votes = of_pairs(wins, ties)
    parts = [part.copy() for part in (votes.left, votes.right, votes.ties)]
    fit(wins, ties=ties)
    for model in ("davidson", "rao-kupper", "thurstone"):
        fit_model(votes, model)
    fit_model(votes, "bradley-terry", ties="half")
    solve(PairVotes(np.full((1, 1), 3.0), np.ones((1, 1)), None), np.array([[0, 1]]), 2, start=start)
    np.testing.assert_array_equal(start, 0.0)
    np.testing.assert_array_equal((wins, ties), before)
    np.testing.assert_array_equal((votes.left, votes.right, votes.ties), parts)


@pytest.mark.parametrize("model", MODELS)
def test_a_winless_condition_is_named_and_gets_no_score(model: str) -> None:
    """evalica answers with all scores equal, and no word."""
    rows = _table([("o", "a", "b", "left"), ("o", "b", "a", "left"), ("p", "a", "c", "left"), ("p", "b", "c", "left")])
    with pytest.raises(NotConnectedError, match="never won: c"):
        fit_model(count_showings(rows), model)
    with pytest.raises(NotConnectedError, match="never won: c"):
        fit(count_votes(rows).matrices()[0], names=["a", "b", "c"])
    pooled = fit_each(rows.assign(content="tree"), "content", model).pooled
    assert pooled.fitted is None
    assert "never won: c" in str(pooled.withheld)


def _few_hold_the_wins(holders: int, observers: int = 14) -> pd.DataFrame:
    """Everybody prefers a to b three times of four, but only some ever prefer c to a or b."""
    rows = []
    for observer in range(observers):
        name = f"o{observer:02d}"
        rows += [(name, "a", "b", "left")] * 3 + [(name, "a", "b", "right")]
        rows += [(name, "a", "c", "left")] * 3 + [(name, "b", "c", "left")] * 3
        if observer < holders:
            rows += [(name, "a", "c", "right"), (name, "b", "c", "right")]
    return _table(rows)


def test_replicates_without_a_win_dont_wreck_an_interval() -> None:
    """Where three of fourteen hold all wins, 3 % of resamples have none; percentiles must not be read off infinity."""
    counts = count_votes(_few_hold_the_wins(3))
    fitted = fit(counts.matrices()[0], names=counts.names)
    limits = observer_intervals(counts, fitted, replicates=1000, seed=1)
    assert limits.degenerate > 0
    assert limits.replicates + limits.degenerate == 1000
    assert np.isfinite([limits.low, limits.high]).all()
    assert np.ptp([limits.low, limits.high]) < 6.0
    assert (limits.low < fitted.scores).all()
    assert (fitted.scores < limits.high).all()


def test_too_many_replicates_without_a_win_make_no_interval() -> None:
    """One holder of all wins is missing from a third of the resamples."""
    counts = count_votes(_few_hold_the_wins(1))
    with pytest.raises(NoIntervalError, match="have no finite scores"):
        observer_intervals(counts, fit(counts.matrices()[0], names=counts.names), replicates=1000, seed=1)


def test_half_wins_leave_a_matrix_of_wins() -> None:
    """A pseudo-count added to wins and to totals by itself is no matrix of wins: wins and losses no longer add up."""
    wins, ties = np.array([[0, 5.0, 2], [3, 0, 4], [1, 6, 0]]), np.array([[0, 1.0, 4], [1, 0, 3], [4, 3, 0]])
    votes = of_pairs(wins, ties)
    halved = votes.half_wins().matrices()[0]
    np.testing.assert_array_equal(halved + halved.T, wins + wins.T + ties)
    np.testing.assert_array_equal(votes.half_wins().total, votes.total)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("options", [{"ties": "half"}, {"ties": "half", "prior": "gaussian", "sd": 1.0}])
def test_neither_half_wins_nor_a_prior_lean_to_one_side(model: str, options: dict) -> None:
    """The same trap seen in scores: all votes turned must turn them, which a pseudo-count on totals breaks."""
    wins, ties = np.array([[0, 5.0, 2], [3, 0, 4], [0, 6, 0]]), np.array([[0, 1.0, 4], [1, 0, 3], [4, 3, 0]])
    one, other = (fit_model(of_pairs(table, ties), model, **options) for table in (wins, wins.T))
    np.testing.assert_allclose(other.scores, -one.scores, atol=1e-8)


def test_a_tie_counts_once() -> None:
    """choix's data hold a tie as (a, b) and (b, a), which is two votes: scores and errors then are of more votes."""
    rows = _table([("o", "a", "b", "left"), ("o", "b", "a", "left"), ("p", "a", "b", "tie"), ("p", "b", "a", "left")])
    counts, sides = count_votes(rows), count_showings(rows)
    assert counts.matrices()[1].tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert sides.total.sum() == sides.half_wins().total.sum() == sides.squares.sum() == len(rows)
    halves = fit_model(sides, "bradley-terry", ties="half")
    assert halves.scores[0] - halves.scores[1] == pytest.approx(np.log(1.5 / 2.5))
    assert halves.difference("a", "b")[1] == pytest.approx(np.sqrt(1 / 1.5 + 1 / 2.5))


def test_choix_agrees_where_every_vote_is_doubled_and_a_tie_is_not() -> None:
    """Its way of ties is half a win each way only if decided votes are given twice."""
    won, tied = [(0, 1), (0, 1), (1, 2), (2, 0), (2, 1)], [(0, 2), (1, 2)]
    judged = choix.ilsr_pairwise(3, [*won, *won, *tied, *((b, a) for a, b in tied)], tol=1e-12)
    rows = [("o", str(a), str(b), "left") for a, b in won] + [("o", str(a), str(b), "tie") for a, b in tied]
    fitted = fit_model(count_showings(_table(rows)), "bradley-terry", ties="half")
    np.testing.assert_allclose(fitted.scores, judged - judged.mean(), atol=1e-8)
