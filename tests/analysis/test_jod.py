"""Scores in JOD: what one JOD is, votes that all go one way, and many tables at once as each by itself."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import norm

from analysis.jod import SIGMA_JOD, _loss, _tables, jod_scores, log_preferred


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
