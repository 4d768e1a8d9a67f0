"""Observer intervals: against a loop over choix, against votes copied out, for seeds, and where they are refused."""

import choix
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from scipy.stats import t as student_t

from analysis.counts import PairCounts, count_votes
from analysis.inference import intervals, replicates
from analysis.inference.comparisons import compare
from analysis.inference.covariance import cluster_covariance, unequal
from analysis.inference.intervals import (
    BOOTSTRAP,
    CLUSTER_ROBUST,
    NAIVE,
    ONE_STEP,
    NoIntervalError,
    naive_intervals,
    observer_intervals,
)
from analysis.inference.replicates import bootstrap_scores, one_step_scores, resamples
from analysis.models.bradley_terry import BradleyTerryFit, fit
from analysis.models.connection import NotConnectedError, connected_replicates, require_connected, square
from analysis.models.newton import PairVotes, solve


def _votes(n: int = 4, observers: int = 12, each: int = 30, ties: float = 0.0, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    scores, total = np.linspace(0.6, -0.6, n), observers * each
    left = rng.integers(0, n, total)
    right = (left + rng.integers(1, n, total)) % n
    vote = np.where(rng.random(total) < 1 / (1 + np.exp(scores[right] - scores[left])), "left", "right")
    vote = np.where(rng.random(total) < ties, "tie", vote)
    names = np.array([f"c{k}" for k in range(n)])
    observer = np.repeat(np.arange(observers), each).astype(str)
    return pd.DataFrame({"observer": observer, "left": names[left], "right": names[right], "vote": vote})


def _fitted(votes: pd.DataFrame) -> tuple[PairCounts, BradleyTerryFit]:
    counts = count_votes(votes)
    wins, ties = counts.matrices()
    return counts, fit(wins, ties=ties if counts.tied else None, names=counts.names)


def _copied(votes: pd.DataFrame, counts: PairCounts, times: np.ndarray) -> pd.DataFrame:
    """Each observer's votes written out as often as they were drawn."""
    by = dict(list(votes.groupby("observer")))
    return pd.concat([by[name] for name, m in zip(counts.observers, times, strict=True) for _ in range(m)])


def test_replicates_are_what_a_loop_over_choix_gives() -> None:
    counts, fitted = _fitted(_votes())
    scores, degenerate = bootstrap_scores(counts, fitted, replicates=100, seed=5)
    assert degenerate == 0
    drawn = np.random.default_rng(5).multinomial(12, np.full(12, 1 / 12), size=100)
    for replicate in range(0, 100, 9):
        wins = np.zeros((4, 4))
        for observer, times in enumerate(drawn[replicate]):
            own = counts.weighted(np.eye(12)[:, [observer]])
            wins += times * square(own.wins[:, 0], own.losses[:, 0], counts.pairs, 4)
        judged = choix.ilsr_pairwise_dense(wins, tol=1e-12, max_iter=1_000)
        np.testing.assert_allclose(scores[replicate], judged - judged.mean(), atol=1e-6)


def test_replicates_with_ties_are_what_the_point_fit_gives() -> None:
    votes = _votes(ties=0.2)
    counts, fitted = _fitted(votes)
    scores, _ = bootstrap_scores(counts, fitted, replicates=100, seed=5)
    drawn = np.random.default_rng(5).multinomial(12, np.full(12, 1 / 12), size=100)
    for replicate in (0, 41, 99):
        copies = [
            votes[votes["observer"] == o]
            for o, m in zip(counts.observers, drawn[replicate], strict=True)
            for _ in range(m)
        ]
        np.testing.assert_allclose(scores[replicate], _fitted(pd.concat(copies))[1].scores, atol=1e-6)


def test_a_replicate_may_lack_ties() -> None:
    """One observer alone said "tie": where they are not drawn, ν is 0 and the scores are Bradley-Terry's."""
    votes = _votes()
    votes.loc[(votes["observer"] == "3") & (np.arange(len(votes)) % 2 == 0), "vote"] = "tie"
    counts, fitted = _fitted(votes)
    scores, degenerate = bootstrap_scores(counts, fitted, replicates=100, seed=2)
    drawn = np.random.default_rng(2).multinomial(12, np.full(12, 1 / 12), size=100)
    without = int(np.flatnonzero(drawn[:, counts.observers.index("3")] == 0)[0])
    assert degenerate == 0
    copies = [
        votes[votes["observer"] == o] for o, m in zip(counts.observers, drawn[without], strict=True) for _ in range(m)
    ]
    np.testing.assert_allclose(scores[without], _fitted(pd.concat(copies))[1].scores, atol=1e-6)


def test_intervals_hold_together() -> None:
    counts, fitted = _fitted(_votes())
    made = observer_intervals(counts, fitted, replicates=400, seed=1)
    assert made.method == BOOTSTRAP
    assert (made.low < fitted.scores).all()
    assert (fitted.scores < made.high).all()
    np.testing.assert_array_equal(made.difference_low, -made.difference_high.T)
    again = observer_intervals(counts, fitted, replicates=400, seed=1)
    np.testing.assert_array_equal(made.low, again.low)
    assert not np.array_equal(made.low, observer_intervals(counts, fitted, replicates=400, seed=2).low)


def test_an_interval_is_the_bootstrap_s_error_read_at_student_s_t() -> None:
    counts, fitted = _fitted(_votes())
    made = observer_intervals(counts, fitted, replicates=400, seed=1)
    scores, _ = bootstrap_scores(counts, fitted, replicates=400, seed=1)
    reading = unequal(counts, fitted)
    stretch, freedom = np.sqrt(12 / 11 * reading.factor), reading.freedom
    assert (stretch < 1.01 * np.sqrt(12 / 11)).all()
    assert ((freedom > 9) & (freedom < 11)).all()
    error = np.std(scores[:, 0] - scores[:, 2], ddof=1) * stretch[0, 2]
    reach = student_t.ppf(0.975, freedom[0, 2]) * error
    assert made.difference_error[0, 2] == pytest.approx(error)
    assert made.difference_high[0, 2] == pytest.approx(fitted.scores[0] - fitted.scores[2] + reach)
    own = student_t.ppf(0.975, freedom[1, 1]) * np.std(scores[:, 1], ddof=1) * stretch[1, 1]
    assert (made.low[1], made.high[1]) == pytest.approx((fitted.scores[1] - own, fitted.scores[1] + own))


def test_one_step_is_the_refit_to_first_order_and_has_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, fitted = _fitted(_votes(observers=60, ties=0.1))
    refitted, _ = bootstrap_scores(counts, fitted, replicates=200, seed=4)
    stepped = one_step_scores(counts, fitted, replicates=200, seed=4)
    moved = np.abs(refitted - fitted.scores).max()
    assert np.abs(stepped - refitted).max() < 0.25 * moved
    np.testing.assert_allclose(stepped.sum(axis=1), 0.0, atol=1e-9)
    monkeypatch.setattr(intervals, "CONDITIONS_FOR_REFITS", 3)
    made = observer_intervals(counts, fitted, replicates=200, seed=4)
    assert made.method == ONE_STEP
    spread = np.diagonal(made.spreads[0].error)
    stretch = np.sqrt(60 / 59 * np.diagonal(unequal(counts, fitted).factor))
    np.testing.assert_allclose(spread, np.std(stepped, axis=0, ddof=1) * stretch)


@pytest.mark.parametrize("observers", [3, 6, 12])
def test_observers_who_agree_to_the_vote_make_no_certainty(observers: int) -> None:
    """Each casts three of four votes for one: their spread is nothing, and 36 of 48 votes are 36 of 48."""
    rows = [(f"o{who}", "a", "b", "left" if vote else "right") for who in range(observers) for vote in range(4)]
    votes = pd.DataFrame(rows, columns=["observer", "left", "right", "vote"]).assign(content="c")
    counts, fitted = _fitted(votes)
    made, naive = observer_intervals(counts, fitted, replicates=200, seed=1), naive_intervals(counts, fitted)
    assert made.difference_low[0, 1] == pytest.approx(naive.difference_low[0, 1])
    assert made.difference_high[0, 1] == pytest.approx(naive.difference_high[0, 1])
    p = compare(fitted.scores, made).p[0, 1]
    assert p == pytest.approx(2 * norm.sf(fitted.scores[0] - fitted.scores[1], scale=naive.difference_error[0, 1]))


@given(st.integers(0, 40))
@settings(max_examples=25, deadline=None)
def test_a_p_is_the_same_whatever_the_level_of_the_intervals(seed: int) -> None:
    """Three observers: here the robust error is small by luck, there votes by themselves say less."""
    counts, fitted = _fitted(_votes(observers=3, ties=0.1, seed=seed))
    made = {level: observer_intervals(counts, fitted, seed=1, level=level) for level in (0.8, 0.95, 0.99, 0.999)}
    p = {level: compare(fitted.scores, one).p for level, one in made.items()}
    for level, one in made.items():
        np.testing.assert_allclose(p[level], p[0.95], atol=1e-12)
        leaves_out = (one.difference_low > 0) | (one.difference_high < 0)
        assert np.array_equal(leaves_out, p[level] < 1 - level)


@pytest.mark.parametrize("chunk", [1, 1000])
def test_replicates_are_the_same_however_many_are_held_at_once(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counts, fitted = _fitted(_votes(ties=0.1))
    whole, _ = bootstrap_scores(counts, fitted, replicates=100, seed=3)
    stepped = one_step_scores(counts, fitted, replicates=100, seed=3)
    monkeypatch.setattr(replicates, "CHUNK_NUMBERS", chunk)
    np.testing.assert_allclose(bootstrap_scores(counts, fitted, replicates=100, seed=3)[0], whole, atol=1e-6)
    np.testing.assert_allclose(one_step_scores(counts, fitted, replicates=100, seed=3), stepped, atol=1e-12)


def test_naive_intervals_are_there_by_name() -> None:
    counts, fitted = _fitted(_votes())
    made = naive_intervals(counts, fitted)
    assert made.method == NAIVE
    difference, error = fitted.difference("c0", "c3")
    assert made.difference_high[0, 3] == pytest.approx(difference + 1.959964 * error)
    np.testing.assert_allclose(made.high - fitted.scores, 1.959964 * np.sqrt(np.diagonal(fitted.covariance)), rtol=1e-6)


def test_observers_who_only_repeat_themselves_are_no_more_certain() -> None:
    """Each vote cast ten times over: votes taken as independent shrink by √10, votes by observer don't."""
    votes = _votes(each=12, observers=20)
    counts, fitted = _fitted(votes)
    again_counts, again = _fitted(pd.concat([votes] * 10))
    np.testing.assert_allclose(
        cluster_covariance(again_counts, again), cluster_covariance(counts, fitted), rtol=1e-6, atol=1e-9
    )
    np.testing.assert_allclose(again.covariance, fitted.covariance / 10, rtol=1e-6)


def test_one_vote_an_observer_is_the_naive_error() -> None:
    counts, fitted = _fitted(_votes(observers=3000, each=1))
    ratio = np.diagonal(cluster_covariance(counts, fitted)) / np.diagonal(fitted.covariance)
    np.testing.assert_allclose(ratio, 1.0, atol=0.08)


def test_few_observers_get_the_robust_interval_and_one_gets_none() -> None:
    counts, fitted = _fitted(_votes(observers=5))
    made = observer_intervals(counts, fitted, seed=1)
    assert (made.method, made.replicates) == (CLUSTER_ROBUST, 0)
    np.testing.assert_allclose((made.low + made.high) / 2, fitted.scores)
    counts, fitted = _fitted(_votes(observers=1, each=100))
    with pytest.raises(NoIntervalError, match="fewer than two"):
        observer_intervals(counts, fitted, seed=1)


def test_observers_who_agree_to_the_vote_do_not_give_an_interval_of_no_length() -> None:
    one = _votes(observers=1, each=60)
    counts, fitted = _fitted(pd.concat([one.assign(observer=str(k)) for k in range(3)]))
    assert np.abs(cluster_covariance(counts, fitted)).max() < 1e-9
    made = observer_intervals(counts, fitted, seed=1)
    assert (made.high - made.low > 0.5).all()


def test_degenerate_replicates_are_counted_and_too_many_refuse_the_interval() -> None:
    votes = _votes(observers=14)
    votes.loc[votes["right"] == "c0", ["left", "right", "vote"]] = votes.loc[
        votes["right"] == "c0", ["right", "left", "vote"]
    ].to_numpy()
    votes.loc[votes["left"] == "c0", "vote"] = "left"
    lost = np.flatnonzero((votes["left"] == "c0").to_numpy())
    votes.loc[votes.index[lost[:1]], "vote"] = "right"
    counts, fitted = _fitted(votes)
    scores, degenerate = bootstrap_scores(counts, fitted, replicates=500, seed=3)
    assert 0.25 < degenerate / 500 < 0.45  # (13/14)^14 = .35: the one observer against c0 is not drawn
    assert len(scores) == 500 - degenerate
    with pytest.raises(NoIntervalError, match="resamples of the observers have no finite scores"):
        observer_intervals(counts, fitted, replicates=500, seed=3)


def test_too_few_replicates_are_refused() -> None:
    counts, fitted = _fitted(_votes())
    with pytest.raises(ValueError, match="100 or more"):
        observer_intervals(counts, fitted, replicates=99, seed=1)


@pytest.mark.parametrize("ties", [0.0, 0.3])
def test_sparse_replicates_that_have_finite_scores_are_those_of_the_full_test(ties: float) -> None:
    """Few votes each, so that many replicates fall apart, and their scores are far from the point estimate."""
    counts, fitted = _fitted(_votes(n=6, observers=14, each=3, ties=ties, seed=4))
    scores, degenerate = bootstrap_scores(counts, fitted, replicates=300, seed=6)
    (drawn,) = resamples(14, 300, seed=6, at_once=300)
    votes = counts.weighted(drawn.T)
    kept = connected_replicates(votes, counts.pairs, 6)
    assert degenerate == 300 - kept.sum() > 0
    log_nu = float(np.log(fitted.nu)) if fitted.nu else 0.0
    judged = solve(votes.take(kept), counts.pairs, 6, start=fitted.scores, log_nu=log_nu)
    assert judged.converged.all()
    np.testing.assert_allclose(scores, judged.scores, atol=2e-6)


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_batched_test_of_connection_agrees_with_the_single_one(seed: int, tied: bool) -> None:
    rng = np.random.default_rng(seed)
    pairs = np.array([(0, 1), (0, 2), (1, 2), (2, 3)])
    wins, losses, ties = (rng.integers(0, 2, (4, 6)) * 1.0 for _ in range(3))
    batch = connected_replicates(PairVotes(wins, losses, ties if tied else None), pairs, 4)
    for k in range(6):
        drawn = square(ties[:, k], ties[:, k], pairs, 4) if tied else np.zeros((4, 4))
        try:
            require_connected(square(wins[:, k], losses[:, k], pairs, 4), drawn, "abcd")
        except NotConnectedError:
            assert not batch[k]
        else:
            assert batch[k]


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_what_is_called_connected_has_a_fit_that_stays(seed: int) -> None:
    """The tie rule of connection against the fit itself: a finite maximum is found, and it is moderate."""
    rng = np.random.default_rng(seed)
    wins, half = rng.integers(0, 2, (3, 3)) * 1.0, np.triu(rng.integers(0, 3, (3, 3)), 1) * 1.0
    np.fill_diagonal(wins, 0.0)
    try:
        made = fit(wins, ties=half + half.T)
    except NotConnectedError:
        return
    assert np.abs(made.scores).max() < 10
    assert made.nu is not None
    assert made.nu < 1e3
