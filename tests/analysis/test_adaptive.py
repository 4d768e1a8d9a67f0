"""Which pairs to ask next: gains against the integral, then what holds for any votes, then what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.sparse.csgraph import connected_components
from scipy.special import expit

from analysis.adaptive import expecting, gains, information_gain, next_pairs, posterior, spanning_tree
from analysis.models.bradley_terry import fit
from analysis.models.newton import Floats


def integrated(mean: float, sd: float) -> float:
    """H(E[p]) − E[H(p)] by adaptive quadrature over d ~ N(mean, sd²); the losing side's share is the small one."""

    def average(of: object) -> float:
        def at(d: float) -> float:
            return of(d) * math.exp(-0.5 * ((d - mean) / sd) ** 2) / (sd * math.sqrt(2 * math.pi))  # type: ignore[operator,no-any-return]

        low, high = mean - 12 * sd, mean + 12 * sd
        cuts = [cut for cut in sorted({mean, 0.0}) if low < cut < high]
        return float(quad(at, low, high, points=cuts, epsabs=1e-14, epsrel=1e-11, limit=500)[0])

    def entropy(share: float) -> float:
        return -share * math.log(share) - (1 - share) * math.log1p(-share)

    lost = average(lambda d: expit(-d))
    unsure = average(lambda d: math.log1p(math.exp(-abs(d))) + abs(d) * expit(-abs(d)))
    return entropy(lost) - unsure


def votes(seed: int, n: int, most: int = 6) -> Floats:
    wins = np.random.default_rng(seed).integers(0, most, (n, n)).astype(float)
    np.fill_diagonal(wins, 0.0)
    return wins


@pytest.mark.parametrize("mean", [0.0, 0.31, -1.3, 2.77, 5.0, -8.01])
@pytest.mark.parametrize("sd", [0.11, 0.5, 1.23, 2.12, 5.5, 7.99])
def test_the_table_is_the_integral(mean: float, sd: float) -> None:
    assert information_gain(np.array([mean]), np.array([sd]))[0] == pytest.approx(integrated(mean, sd), rel=1e-3)


def test_known_ends() -> None:
    told = information_gain(np.array([0.0, 4.0, 0.0, 1e3]), np.array([0.0, 0.0, 8.0, 0.5]))
    assert told[:2].tolist() == [0.0, 0.0], "what is known needs no vote"
    assert 0.5 < told[2] < math.log(2), "a coin tells log 2 at most"
    assert 0.0 < told[3] < 1e-8


def test_with_a_wide_prior_the_mode_is_the_maximum_likelihood_fit() -> None:
    wins = votes(3, 6, most=400)
    at, judge = posterior(wins, prior_sd=5.0), fit(wins)
    np.testing.assert_allclose(at.mean, judge.scores, atol=1e-4)
    first, second = np.triu_indices(6, 1)
    for i, j in zip(first, second, strict=True):
        spread = at.covariance[i, i] + at.covariance[j, j] - 2 * at.covariance[i, j]
        assert math.sqrt(spread) == pytest.approx(judge.difference(str(i), str(j))[1], rel=1e-3)


def test_without_a_vote_the_posterior_is_the_prior() -> None:
    at = posterior(np.zeros((4, 4)), prior_sd=1.5)
    np.testing.assert_allclose(at.mean, 0.0)
    np.testing.assert_allclose(at.covariance, 2.25 * np.eye(4))


def test_a_tie_is_half_a_win_each_way() -> None:
    ties = np.array([[0.0, 4.0], [4.0, 0.0]])
    tied, halves = posterior(np.zeros((2, 2)), ties=ties), posterior(ties / 2)
    np.testing.assert_allclose(tied.covariance, halves.covariance)


def test_a_pair_that_is_out_is_worth_less_and_moves_no_score() -> None:
    wins, out = votes(1, 5), np.zeros((5, 5))
    out[1, 3] = out[3, 1] = 3
    before, after = posterior(wins), posterior(wins, pending=out)
    np.testing.assert_allclose(after.mean, before.mean)
    less = gains(before) - gains(after)
    assert (less >= -1e-12).all()
    assert np.unravel_index(less.argmax(), less.shape) == (1, 3)


def test_expecting_votes_is_having_them_out() -> None:
    wins, out = votes(2, 4), np.zeros((4, 4))
    out[0, 2] = out[2, 0] = 2
    asked = np.array([[0, 2], [0, 2]])
    np.testing.assert_allclose(
        expecting(posterior(wins), asked).covariance, posterior(wins, pending=out).covariance, atol=1e-12
    )


def test_the_tree_is_the_cheapest_of_all() -> None:
    told = gains(posterior(votes(5, 4)))
    pairs = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    trees = [
        [pairs[k] for k in chosen]
        for chosen in np.ndindex(6, 6, 6)
        if len(set(chosen)) == 3 and connects([pairs[k] for k in chosen], 4)
    ]
    cheapest = min(sum(1 / told[i, j] for i, j in tree) for tree in trees)
    assert sum(1 / told[i, j] for i, j in spanning_tree(told)) == pytest.approx(cheapest)


def connects(pairs: object, n: int) -> bool:
    table = np.zeros((n, n))
    table[tuple(np.array(pairs).T)] = 1
    return int(connected_components(table, directed=False)[0]) == 1


@given(st.integers(0, 10_000), st.integers(2, 12))
@settings(max_examples=60, deadline=None)
def test_gains_are_symmetric_and_move_with_the_conditions(seed: int, n: int) -> None:
    wins, order = votes(seed, n), np.random.default_rng(seed + 1).permutation(n)
    told = gains(posterior(wins))
    assert np.array_equal(told, told.T)
    np.testing.assert_allclose(gains(posterior(wins[np.ix_(order, order)])), told[np.ix_(order, order)], rtol=1e-6)
    moved = {frozenset(order[pair].tolist()) for pair in spanning_tree(told[np.ix_(order, order)])}
    if len(np.unique(told[np.triu_indices(n, 1)])) == n * (n - 1) // 2:
        assert moved == {frozenset(pair.tolist()) for pair in spanning_tree(told)}


@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_each_tree_connects_all_and_tells_less_than_the_one_before(seed: int, n: int, size: int) -> None:
    batch = next_pairs(posterior(votes(seed, n)), size)
    assert size <= len(batch.pairs) < size + n - 1 or len(batch.pairs) == n - 1
    assert (batch.pairs[:, 0] < batch.pairs[:, 1]).all()
    trees = batch.gains.reshape(-1, n - 1)
    assert all(connects(tree, n) for tree in batch.pairs.reshape(-1, n - 1, 2))
    assert (np.diff(trees, axis=1) <= 1e-12).all(), "the most telling pair first"
    assert (np.diff(trees.max(axis=1)) <= 1e-9).all()


def test_a_second_tree_asks_what_the_first_one_leaves_open() -> None:
    even = posterior(3.0 * (np.ones((6, 6)) - np.eye(6)))
    first, second = next_pairs(even, 10).pairs.reshape(2, 5, 2)
    assert not {tuple(pair) for pair in first} & {tuple(pair) for pair in second}


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: posterior(np.array([[0.0]])), "at least 2"),
        (lambda: posterior(np.ones((2, 2))), "zeros on its diagonal"),
        (lambda: posterior(-votes(0, 3)), "counts of 0 or more"),
        (lambda: posterior(votes(0, 3), ties=votes(1, 3)), "ties must be symmetric"),
        (lambda: posterior(votes(0, 3), pending=np.zeros((2, 2))), "pending has shape"),
        (lambda: posterior(votes(0, 3), prior_sd=6.0), "prior_sd"),
        (lambda: information_gain(np.array([0.0]), np.array([-0.1])), "from 0 to 8"),
        (lambda: information_gain(np.array([0.0]), np.array([8.1])), "from 0 to 8"),
        (lambda: information_gain(np.array([np.nan]), np.array([1.0])), "finite"),
        (lambda: spanning_tree(np.zeros((3, 3))), "gain above 0"),
        (lambda: spanning_tree(votes(0, 3) + 1.0), "symmetric"),
        (lambda: next_pairs(posterior(votes(0, 3)), 0), "at least one pair"),
    ],
)
def test_what_makes_no_sense_is_refused(call: object, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        call()  # type: ignore[operator]
