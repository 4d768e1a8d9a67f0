"""Observer intervals: against a loop over choix, against votes copied out, for seeds, and where they are refused."""

import choix
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.bradley_terry import BradleyTerryFit, fit
from analysis.connection import NotConnectedError, connected_replicates, require_connected, square
from analysis.counts import PairCounts, count_votes
from analysis.intervals import (
    CLUSTER_ROBUST,
    EXPANDED_PERCENTILE,
    NoIntervalError,
    bootstrap_scores,
    cluster_covariance,
    observer_intervals,
)
from analysis.newton import PairVotes


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
        np.testing.assert_allclose(scores[replicate], judged - judged.mean(), atol=1e-8)


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
        np.testing.assert_allclose(scores[replicate], _fitted(pd.concat(copies))[1].scores, atol=1e-8)


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
    np.testing.assert_allclose(scores[without], _fitted(pd.concat(copies))[1].scores, atol=1e-8)


def test_intervals_hold_together() -> None:
    counts, fitted = _fitted(_votes())
    made = observer_intervals(counts, fitted, replicates=400, seed=1)
    assert made.method == EXPANDED_PERCENTILE
    assert (made.low < fitted.scores).all()
    assert (fitted.scores < made.high).all()
    np.testing.assert_array_equal(made.difference_low, -made.difference_high.T)
    again = observer_intervals(counts, fitted, replicates=400, seed=1)
    np.testing.assert_array_equal(made.low, again.low)
    assert not np.array_equal(made.low, observer_intervals(counts, fitted, replicates=400, seed=2).low)


def test_expanded_is_longer_than_the_plain_percentile() -> None:
    counts, fitted = _fitted(_votes())
    scores, _ = bootstrap_scores(counts, fitted, replicates=1000, seed=1)
    plain = np.subtract(*np.quantile(scores, [0.975, 0.025], axis=0))
    made = observer_intervals(counts, fitted, replicates=1000, seed=1)
    assert ((made.high - made.low) / plain > 1.1).all()


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
