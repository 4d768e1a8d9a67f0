"""Scores in JOD: what one JOD is, votes that all go one way, and many tables at once as each by itself."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import norm

from analysis.models.jod import SIGMA_JOD, _loss, _tables, distance_prior_fit, jod_scores, log_preferred


def test_one_jod_is_three_of_four() -> None:
    wins = np.array([[[0, 7500], [2500, 0]]])
    better, worse = jod_scores(wins)[0]
    assert better - worse == pytest.approx(norm.ppf(0.75) * SIGMA_JOD, abs=2e-3)
    assert np.exp(log_preferred(np.array([1.0, 0.0]), np.array([0]), np.array([1]))) == pytest.approx(0.75, abs=1e-4)


def test_votes_that_all_go_one_way_have_finite_scores_in_their_order() -> None:
    wins = np.array([[[0, 9, 9], [0, 0, 9], [0, 0, 0]]])
    scores = jod_scores(wins)[0]
    assert np.isfinite(scores).all()
    assert scores[0] > scores[1] > scores[2]
    assert scores[0] - scores[2] < 20


def test_the_slope_is_that_of_the_loss() -> None:
    rng = np.random.default_rng(3)
    tables = _tables(rng.integers(0, 4, (1, 4, 4)) * (1 - np.eye(4, dtype=int)))
    at = rng.normal(size=4)
    seen = approx_fprime(at, lambda scores: _loss(tables, scores[np.newaxis])[0][0], 1e-7)
    assert _loss(tables, at[np.newaxis])[1][0] == pytest.approx(seen, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_tables_at_once_are_tables_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wins = rng.integers(0, 9, (6, 5, 5)) * (1 - np.eye(5, dtype=int))
    at_once = jod_scores(wins)
    for table, scores in zip(wins, at_once, strict=True):
        assert jod_scores(table[np.newaxis])[0] == pytest.approx(scores, abs=2e-4)


def test_the_loss_is_pwcmps_read_pair_by_pair() -> None:
    """The likelihood of both orders of each pair, and each distance as likely as all pairs' votes make it, plus .1."""
    wins = np.array([[0, 5, 0], [2, 0, 3], [4, 1, 0]])
    scores = np.array([0.4, -0.3, 0.2])
    pairs = [(i, j) for i in range(3) for j in range(3) if i != j]
    value = 0.01 * scores.mean() ** 2 + 1e-4 * np.square(scores).sum()
    share = {pair: norm.cdf((scores[pair[0]] - scores[pair[1]]) / 1.4826) for pair in pairs}
    moved = {(i, j): 1 if wins[i, j] == 0 else wins[i, j] - (wins[j, i] == 0) for i, j in pairs}
    chance = {
        (votes, at): share[at] ** moved[votes] * (1 - share[at]) ** (wins[votes] + wins[votes[::-1]] - moved[votes])
        for votes in pairs
        for at in pairs
    }
    for at in pairs:
        value -= wins[at] * np.log(share[at]) + wins[at[::-1]] * np.log(1 - share[at])
        value -= np.log(0.1 + sum(chance[b, at] / sum(chance[b, other] for other in pairs) for b in pairs))
    assert _loss(_tables(wins[np.newaxis]), scores[np.newaxis])[0][0] == pytest.approx(value, rel=1e-12)


def test_the_covariance_under_the_prior_is_half_the_losss_curvature_turned() -> None:
    wins = np.array([[0, 9, 6], [4, 0, 8], [3, 2, 0]])
    scores, covariance = distance_prior_fit(wins)
    tables = _tables(wins[np.newaxis])

    def half_loss(at: np.ndarray) -> float:
        return float(_loss(tables, at[np.newaxis])[0][0]) / 2.0

    step, unit = 1e-3, np.eye(3)
    curvature = np.array([
        [(half_loss(scores + step * (a + b)) - half_loss(scores + step * (a - b)) - half_loss(scores - step * (a - b))
          + half_loss(scores - step * (a + b))) / (4 * step**2) for a in unit] for b in unit])  # fmt: skip
    contrast = np.array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]])
    basis = np.linalg.pinv(contrast)  # scores, summing to zero, by their two differences
    judged = np.linalg.inv(basis.T @ curvature @ basis)
    np.testing.assert_allclose(contrast @ covariance @ contrast.T, judged, rtol=1e-4)
