"""Votes added up with their sides and weights."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.counts import count_showings, count_votes
from analysis.models.fitting import fit_model


def _votes(seed: int, rows: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    left = rng.integers(0, 4, rows)
    return pd.DataFrame(
        {
            "observer": rng.integers(0, 9, rows).astype(str),
            "left": left.astype(str),
            "right": ((left + rng.integers(1, 4, rows)) % 4).astype(str),
            "vote": rng.choice(["left", "right", "tie"], rows),
        }
    )


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_sides_added_up_are_the_counts_of_pairs(seed: int) -> None:
    votes = _votes(seed)
    for ours, judge in zip(count_showings(votes).matrices(), count_votes(votes).matrices(), strict=True):
        np.testing.assert_array_equal(ours, judge)


def test_sides_are_counted_vote_by_vote() -> None:
    votes = _votes(3, rows=60)
    counted = count_showings(votes)
    for (i, j), left, right, ties, squares in zip(
        counted.cells, counted.left, counted.right, counted.ties, counted.squares, strict=True
    ):
        said = votes[(votes["left"] == counted.names[i]) & (votes["right"] == counted.names[j])]["vote"]
        assert (left, right, ties) == tuple((said == answer).sum() for answer in ("left", "right", "tie"))
        assert squares == len(said)


def test_whole_weights_fit_as_votes_cast_as_often() -> None:
    votes = _votes(4)
    times = np.random.default_rng(1).integers(0, 3, len(votes))
    weighted = fit_model(count_showings(votes, weights=times.astype(float)))
    repeated = fit_model(count_showings(votes.loc[votes.index.repeat(times)]))
    np.testing.assert_allclose(weighted.scores, repeated.scores, atol=1e-9)
    # But nobody was asked twice: the errors don't shrink as for repeated votes.
    assert (np.diagonal(weighted.covariance) > np.diagonal(repeated.covariance)).all()


@pytest.mark.parametrize("model", ["davidson", "rao-kupper", "thurstone"])
def test_all_votes_weighing_two_are_all_votes_weighing_one(model: str) -> None:
    votes = _votes(5)
    one = fit_model(count_showings(votes), model, position=True)
    two = fit_model(count_showings(votes, weights=dict.fromkeys(votes["observer"], 2.0)), model, position=True)
    np.testing.assert_allclose(two.scores, one.scores, atol=1e-8)
    np.testing.assert_allclose(two.joint, one.joint, atol=1e-8)
    assert (one.weights, two.weights) == ("every vote counts once", "per observer")


def test_errors_of_weighted_votes_are_those_seen_in_repeated_studies() -> None:
    """One pair, 100 votes of weight 1 and 100 of weight 5: the share's variance is pq Σw² / (Σw)²."""
    weights = np.repeat([1.0, 5.0], 100)
    share = np.random.default_rng(2).random((4_000, 200)) < 0.6
    seen = (share * weights).sum(axis=1) / weights.sum()
    spread = np.log(seen / (1 - seen)).std()
    votes = pd.DataFrame({"observer": "o", "left": "a", "right": "b", "vote": np.where(share[0], "left", "right")})
    error = fit_model(count_showings(votes, weights=weights)).difference("a", "b")[1]
    assert error == pytest.approx(spread, rel=0.06)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1.0], "1 weights for 20 votes"),
        ([-1.0] * 20, "finite and 0 or more"),
        ([float("nan")] * 20, "finite and 0 or more"),
        ({"0": 1.0}, "no weight is given for observer"),
    ],
)
def test_what_is_no_weight_is_refused(weights: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        count_showings(_votes(6, rows=20), weights=weights)
