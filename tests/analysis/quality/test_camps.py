"""Camps of observers: planted ones are found, absent ones aren't cried, and little data says nothing."""

import json
import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from analysis.counts import count_votes
from analysis.quality.camps import WARNING, find_camps
from analysis.quality.mixture import PRIOR_SD, Votes, design_of, mixture

TASTE = np.array([-0.8, -0.3, 0.3, 0.8])


def a_study(seed: int, observers: int, others: int, votes_each: int = 30) -> pd.DataFrame:
    """The first ``others`` of the observers like what the rest dislike."""
    rng, rows = np.random.default_rng(seed), []
    pairs = list(combinations(range(4), 2))
    for number in range(observers):
        taste = -TASTE if number < others else TASTE
        for shown in range(votes_each):
            i, j = pairs[shown % 6]
            vote = "left" if rng.random() < expit(taste[i] - taste[j]) else "right"
            rows.append((f"o{number:02}", "abcd"[i], "abcd"[j], vote))
    return pd.DataFrame(rows, columns=["observer", "left", "right", "vote"])


def test_planted_camps_are_found_with_who_is_in_them() -> None:
    found = find_camps(a_study(1, 20, others=8), seed=1, replicates=59)
    assert found.found
    assert found.p_value == pytest.approx(1 / 60)
    assert found.bic_two is not None
    assert found.bic_one is not None
    assert found.bic_two < found.bic_one
    assert found.shares == pytest.approx((0.6, 0.4), abs=0.02)
    assert [chance < 0.5 for chance in found.memberships.values()] == [True] * 8 + [False] * 12
    first, second = found.scores
    assert first["d"] - first["a"] == pytest.approx(1.6, abs=0.4)
    assert second["d"] - second["a"] == pytest.approx(-1.6, abs=0.4)
    assert WARNING in found.words
    assert json.loads(json.dumps(found.as_json(), allow_nan=False))["found"]
    assert find_camps(a_study(1, 20, others=8), seed=1, replicates=59) == found


def test_where_there_are_no_camps_none_are_cried() -> None:
    p_values = [find_camps(a_study(100 + s, 15, 0, 18), seed=s, replicates=39, starts=4).p_value for s in range(8)]
    told = [p for p in p_values if p is not None]
    assert len(told) == 8
    assert sum(p <= 0.05 for p in told) <= 1
    assert max(told) > 0.5


def test_the_fit_is_as_good_as_a_general_optimiser_s() -> None:
    counts = count_votes(a_study(3, 12, others=4, votes_each=12))
    wins, total = counts.wins.toarray(), (counts.wins + counts.losses).toarray()
    votes = Votes(wins[np.newaxis], total, design_of(counts.pairs, 4))
    start = np.random.default_rng(1).random((1, 8, 12, 1)) * 0.8 + 0.1
    found = mixture(votes, np.concatenate([start, 1 - start], axis=3))

    def plain(scores: np.ndarray, share: float) -> float:
        told = []
        for row, number in zip(wins, total, strict=True):
            camps = [np.sum(row * (votes.design @ s) - number * np.logaddexp(0, votes.design @ s)) for s in scores]
            told.append(np.logaddexp(np.log(share) + camps[0], np.log1p(-share) + camps[1]))
        return float(np.sum(told))

    def loss(x: np.ndarray) -> float:
        scores = x[:8].reshape(2, 4)
        return -plain(scores, expit(x[8])) + float(np.sum(np.square(scores))) / (2 * PRIOR_SD**2)

    assert found.log_likelihood[0] == pytest.approx(plain(found.scores[0], found.shares[0, 0]), abs=2e-2)
    ours = np.r_[found.scores[0].ravel(), np.log(found.shares[0, 0] / found.shares[0, 1])]
    best = min(minimize(loss, begin).fun for begin in (ours, np.r_[TASTE, -TASTE, 1.0], np.r_[-TASTE, TASTE, 1.0]))
    assert loss(ours) == pytest.approx(best, abs=2e-2)


def test_a_second_camp_never_loses() -> None:
    found = find_camps(a_study(5, 12, others=0), seed=2, replicates=19)
    assert found.likelihood_ratio is not None
    assert found.likelihood_ratio > -0.1
    if not found.found:
        assert "doesn't show that all observers have one taste" in found.words


@pytest.mark.parametrize(
    ("votes", "said"),
    [
        (a_study(1, 9, 4), "9 observers with decided votes, and 10 are needed"),
        (a_study(1, 10, 4, votes_each=3), "30 decided votes, and 35 are needed for 4 conditions"),
        (a_study(1, 60, 30, votes_each=1), "nobody gave two votes|and .* are needed"),
        (a_study(1, 20, 8).assign(vote="tie"), "0 observers"),
    ],
)
def test_of_too_little_nothing_is_said(votes: pd.DataFrame, said: str) -> None:
    found = find_camps(votes, seed=1)
    assert (found.said, found.found, found.p_value) == (False, False, None)
    assert re.search(said, found.words)
