"""Photos like these: covariances against votes added up one by one, the limits, and where they are refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student_t

from analysis.counts import PairCounts, count_votes
from analysis.inference.covariance import cluster_covariance, crossed_covariance, slopes, vote_covariance
from analysis.inference.crossed import CrossedCounts, count_crossed
from analysis.inference.intervals import CROSSED, NoIntervalError, content_intervals, observer_intervals
from analysis.models.bradley_terry import BradleyTerryFit, fit


def drawn(observers: int, contents: int, *, each: int = 60, ties: float = 0.0, content_sd: float = 0.8) -> pd.DataFrame:
    """Votes on four conditions whose scores change from content to content."""
    rng = np.random.default_rng(1000 * observers + contents)
    scores = np.linspace(0.5, -0.5, 4) + rng.normal(0.0, content_sd, (contents, 4))
    total = observers * each
    left, content = rng.integers(0, 4, total), rng.integers(0, contents, total)
    right = (left + rng.integers(1, 4, total)) % 4
    chance = 1 / (1 + np.exp(scores[content, right] - scores[content, left]))
    vote = np.where(rng.random(total) < chance, "left", "right")
    vote = np.where(rng.random(total) < ties, "tie", vote)
    names = np.array(["a", "b", "c", "d"])
    observer = np.repeat(np.arange(observers), each)
    return pd.DataFrame(
        {"observer": observer, "content": content, "left": names[left], "right": names[right], "vote": vote}
    )


def drawn_alike(observers: int, contents: int) -> pd.DataFrame:
    """The same, every observer once at each pair on each content, so that all tell as much."""
    rng = np.random.default_rng(contents)
    scores = np.linspace(0.5, -0.5, 4) + rng.normal(0.0, 0.8, (contents, 4))
    observer, content, pair = (axis.ravel() for axis in np.indices((observers, contents, 6)))
    left, right = (of[pair] for of in np.triu_indices(4, 1))
    chance = 1 / (1 + np.exp(scores[content, right] - scores[content, left]))
    names, vote = np.array(["a", "b", "c", "d"]), np.where(rng.random(len(pair)) < chance, "left", "right")
    return pd.DataFrame(
        {"observer": observer, "content": content, "left": names[left], "right": names[right], "vote": vote}
    )


def fitted_to(votes: pd.DataFrame) -> tuple[PairCounts, CrossedCounts, BradleyTerryFit]:
    counts = count_votes(votes)
    wins, ties = counts.matrices()
    return counts, count_crossed(votes), fit(wins, ties=ties if counts.tied else None, names=counts.names)


def slow_parts(votes: pd.DataFrame, fitted: BradleyTerryFit, ties: bool) -> list[np.ndarray]:
    """The three covariances, vote by vote, by the definition: bread × Σ (cluster's slope)(its transpose) × bread."""
    n = len(fitted.names)
    slopes, information = [], np.zeros((n + 1, n + 1))
    for left, right, vote in zip(votes["left"], votes["right"], votes["vote"], strict=True):
        i, j = fitted.names.index(left), fitted.names.index(right)
        half = np.zeros(n + 1)
        half[[i, j]] = 0.5, -0.5
        # One vote is a choice of three features: half, −half, and that of a tie.
        features = np.stack([half, -half, np.eye(n + 1)[n]])
        apart = fitted.scores[i] - fitted.scores[j]
        weights = np.array([np.exp(apart / 2), np.exp(-apart / 2), fitted.nu or 0.0])
        shares = weights / weights.sum()
        mean = shares @ features
        slopes.append(features[["left", "right", "tie"].index(vote)] - mean)
        information += (features.T * shares) @ features - np.outer(mean, mean)
    size = n + 1 if ties else n
    bread = np.linalg.pinv(information[:size, :size], rcond=1e-9)
    parts = []
    for key in (votes["observer"], votes["content"], votes["observer"] * 10_000 + votes["content"]):
        sums = pd.DataFrame(slopes).iloc[:, :size].groupby(key.to_numpy()).sum().to_numpy()
        shifts = sums @ bread
        parts.append((shifts.T @ shifts)[:n, :n] * len(sums) / (len(sums) - 1))
    return parts


@pytest.mark.parametrize("ties", [0.0, 0.2])
def test_covariances_are_those_of_the_votes_added_up_one_by_one(ties: float) -> None:
    votes = drawn(8, 5, ties=ties)
    counts, crossed, fitted = fitted_to(votes)
    parts = slow_parts(votes, fitted, counts.tied)
    made = crossed_covariance(crossed, fitted)
    np.testing.assert_allclose(made.observers, parts[0], atol=1e-9)
    np.testing.assert_allclose(made.contents, parts[1], atol=1e-9)
    np.testing.assert_allclose(cluster_covariance(counts, fitted), parts[0], atol=1e-9)
    values, vectors = np.linalg.eigh(parts[0] + parts[1] - parts[2])
    np.testing.assert_allclose(made.both, (vectors * np.maximum(values, 0)) @ vectors.T, atol=1e-9)


def test_an_interval_is_the_sum_of_both_read_at_the_fewer_s_t() -> None:
    counts, crossed, fitted = fitted_to(drawn_alike(12, 9))
    these = observer_intervals(counts, fitted, replicates=200, seed=1)
    made = content_intervals(crossed, fitted, these)
    assert (made.method, made.observers, made.contents) == (CROSSED, 12, 9)
    parts = crossed_covariance(crossed, fitted)
    one = np.array([1.0, 0.0, -1.0, 0.0])
    by_observer, by_content, both = (float(one @ part @ one) for part in (parts.observers, parts.contents, parts.both))
    variance = max(by_observer, by_content, both)
    freedom = min(12, 9) - 1
    reach = student_t.ppf(0.975, freedom) * np.sqrt(variance)
    assert made.difference_freedom[0, 2] == pytest.approx(freedom)
    assert made.difference_high[0, 2] - (fitted.scores[0] - fitted.scores[2]) == pytest.approx(reach)


def test_contents_that_tell_unequally_much_leave_fewer_degrees_of_freedom() -> None:
    votes = drawn_alike(12, 9)
    votes = pd.concat([votes[votes["content"] == 0], *[votes[votes["content"] == 0]] * 8, votes[votes["content"] > 0]])
    counts, crossed, fitted = fitted_to(votes)
    these = observer_intervals(counts, fitted, replicates=200, seed=1)
    made = content_intervals(crossed, fitted, these)
    np.testing.assert_allclose(these.spreads[0].freedom, 11)
    assert (made.spreads[0].freedom < 5).all()
    parts = crossed_covariance(crossed, fitted)
    of_scores = np.sqrt(np.maximum(np.diagonal(parts.contents), np.diagonal(parts.both)))
    assert (np.diagonal(made.spreads[0].error) > 1.2 * of_scores).all()


@given(st.integers(2, 14), st.integers(2, 12), st.sampled_from([0.0, 0.8]))
@settings(max_examples=30, deadline=None)
def test_other_photos_are_never_more_certain_than_these(observers: int, contents: int, content_sd: float) -> None:
    counts, crossed, fitted = fitted_to(drawn(observers, contents, content_sd=content_sd))
    these = observer_intervals(counts, fitted, replicates=100, seed=1)
    made = content_intervals(crossed, fitted, these)
    assert (made.high - made.low >= (these.high - these.low) * (1 - 1e-9)).all()
    widths = made.difference_high - made.difference_low, these.difference_high - these.difference_low
    assert (widths[0] >= widths[1] * (1 - 1e-9)).all()
    assert np.isfinite(widths[0]).all()
    np.testing.assert_allclose(made.difference_low, -made.difference_high.T, atol=1e-12)


def test_contents_that_all_say_the_same_add_little() -> None:
    """Without an effect of contents the two questions have one answer; with one they don't."""
    ratio = {}
    for content_sd in (0.0, 0.8):
        counts, crossed, fitted = fitted_to(drawn(40, 40, content_sd=content_sd))
        these = observer_intervals(counts, fitted, replicates=400, seed=1)
        ratio[content_sd] = float(np.mean(content_intervals(crossed, fitted, these).error / these.error))
    assert ratio[0.0] < 1.25
    assert ratio[0.8] > 2.0


def test_one_content_has_no_interval_for_others() -> None:
    counts, crossed, fitted = fitted_to(drawn(12, 1))
    these = observer_intervals(counts, fitted, replicates=100, seed=1)
    with pytest.raises(NoIntervalError, match="fewer than two"):
        content_intervals(crossed, fitted, these)


def test_cells_weigh_their_observer_times_their_content() -> None:
    """Votes written out as often as both were drawn."""
    votes = drawn(3, 2, each=20)
    crossed = count_crossed(votes)
    observers, contents = np.array([2, 0, 1]), np.array([1, 2])
    times = observers[votes["observer"]] * contents[votes["content"]]
    judged = count_votes(votes.loc[np.repeat(votes.index, times)], crossed.cells.names)
    made = crossed.weighted(observers[:, np.newaxis].astype(float), contents[:, np.newaxis].astype(float))
    kept = [crossed.cells.pairs.tolist().index(pair) for pair in judged.pairs.tolist()]
    np.testing.assert_array_equal(made.wins[kept, 0], judged.wins.sum(axis=0))
    np.testing.assert_array_equal(made.losses[kept, 0], judged.losses.sum(axis=0))
    assert made.wins.sum() + made.losses.sum() == times.sum()


@pytest.mark.parametrize("ties", [0.0, 0.3])
def test_independent_votes_of_each_photo_are_added_up_one_photo_at_a_time(ties: float) -> None:
    votes = drawn(12, 5, ties=ties)
    counts, crossed, fitted = fitted_to(votes)
    bread = slopes(counts, fitted).bread
    meat = np.zeros((len(bread), len(bread)))
    pair = votes[["left", "right"]].min(axis=1) + votes[["left", "right"]].max(axis=1)
    for (name, _), said in votes.groupby([pair, "content"]):
        ways = np.zeros((3, len(bread)))  # slopes of a vote for the one, for the other, and of a tie
        at = [counts.names.index(one) for one in name]
        ways[0, at], ways[1, at] = (0.5, -0.5), (-0.5, 0.5)
        if len(bread) > 4:
            ways[2, 4] = 1.0
        winner = np.where(said["vote"] == "left", said["left"], said["right"])
        told = [np.sum((said["vote"] != "tie") & (winner == one)) + 0.5 for one in name]
        shares = np.array([*told, np.sum(said["vote"] == "tie")]) / (len(said) + 1)
        mean = shares @ ways
        one_vote = (ways.T * shares) @ ways - np.outer(mean, mean)
        meat += one_vote * len(said) * (len(said) + 1) ** 2 / (len(said) ** 2 + len(said) + 1)
    np.testing.assert_allclose(vote_covariance(crossed, bread), bread.T @ meat @ bread, atol=1e-12)


def test_photos_that_differ_make_no_interval_for_these_photos_too_long() -> None:
    """On six photos 27 of 30 say a, on four 3 of 30: votes are nearly sure once the photo is known."""
    odd = np.stack([np.random.default_rng(photo).permutation(30) < 3 for photo in range(10)])
    rows = [
        (f"o{who}", f"c{photo}", "a", "b", "left" if odd[photo, who] != (photo < 6) else "right")
        for who in range(30)
        for photo in range(10)
    ]
    votes = pd.DataFrame(rows, columns=["observer", "content", "left", "right", "vote"])
    counts, crossed, fitted = fitted_to(votes)
    independent = vote_covariance(crossed, slopes(counts, fitted).bread)
    error = float(np.sqrt([1, -1] @ independent @ [1, -1]))
    sure = np.sqrt(300 * 0.9 * 0.1) / (300 * 0.58 * 0.42)
    assert error == pytest.approx(sure, rel=0.1)
    made = observer_intervals(counts, fitted, seed=1, independent=independent)
    naive = observer_intervals(counts, fitted, seed=1)
    assert np.diff([made.difference_low[0, 1], made.difference_high[0, 1]]) < 0.7 * np.diff(
        [naive.difference_low[0, 1], naive.difference_high[0, 1]]
    )


def test_ties_that_are_half_wins_are_no_votes_of_their_own() -> None:
    """Half of 400 votes are ties: a difference of half wins spreads as 2/N, not as the 4/N of decided votes."""
    rows = [
        (f"o{vote % 20}", "c", "a", "b", "tie" if vote < 200 else "left" if vote % 2 else "right")
        for vote in range(400)
    ]
    votes = pd.DataFrame(rows, columns=["observer", "content", "left", "right", "vote"])
    counts = count_votes(votes).half_wins()
    fitted = fit(counts.matrices()[0], names=counts.names)
    independent = vote_covariance(count_crossed(votes), slopes(counts, fitted).bread)
    assert float([1, -1] @ independent @ [1, -1]) == pytest.approx(2 / 400, rel=0.01)
    assert float([1, -1] @ fitted.covariance @ [1, -1]) == pytest.approx(4 / 400, rel=0.01)
