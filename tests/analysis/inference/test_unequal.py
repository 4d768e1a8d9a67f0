"""Unequal clusters: the correction by matrices, one contrast at a time; who tells a difference alone."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.counts import PairCounts, count_votes
from analysis.inference.covariance import slopes, unequal
from analysis.inference.intervals import observer_intervals
from analysis.inference.unequal import DESIGN_EFFECT, Unequal
from analysis.models.bradley_terry import BradleyTerryFit, fit


def fitted_to(votes: pd.DataFrame) -> tuple[PairCounts, BradleyTerryFit]:
    counts = count_votes(votes)
    wins, ties = counts.matrices()
    return counts, fit(wins, ties=ties if counts.tied else None, names=counts.names)


def drawn(each: list[int], *, conditions: int = 4, ties: float = 0.0) -> pd.DataFrame:
    """Votes of observers who cast so many each."""
    rng = np.random.default_rng(len(each))
    observer = np.repeat(np.arange(len(each)), each)
    left = rng.integers(0, conditions, len(observer))
    right = (left + rng.integers(1, conditions, len(observer))) % conditions
    vote = np.where(rng.random(len(observer)) < ties, "tie", rng.choice(["left", "right"], len(observer)))
    names = np.array([f"c{k}" for k in range(conditions)])
    return pd.DataFrame({"observer": observer.astype(str), "left": names[left], "right": names[right], "vote": vote})


@given(st.lists(st.floats(0.01, 1.0), min_size=2, max_size=9))
@settings(max_examples=40, deadline=None)
def test_factor_and_freedom_are_those_of_the_matrix_of_residuals(told: list[float]) -> None:
    share, g = np.array(told) / sum(told), len(told)
    around = np.eye(g) - np.outer(share, np.ones(g))
    with_tastes = share * (1 + (DESIGN_EFFECT - 1) * g * share)
    alone, tastes = (around @ np.diag(spread) @ around.T for spread in (share, with_tastes))
    read = Unequal.of(np.array(told)[:, np.newaxis], g)
    freedom = np.trace(alone) ** 2 / np.trace(alone @ alone)
    assert read.factor[0] == pytest.approx((g - 1) / g * with_tastes.sum() / np.trace(tastes))
    assert read.freedom[0] == pytest.approx(min(max(freedom, 1), g - 1))


@pytest.mark.parametrize("ties", [0.0, 0.3])
def test_what_an_observer_tells_is_the_variance_of_their_pull(ties: float) -> None:
    """By the definition: what one observer's votes move a difference by, if votes are independent, summed and read."""
    counts, fitted = fitted_to(drawn([40, 30, 20, 10, 5], ties=ties))
    bread = slopes(counts, fitted).bread[:4]
    apart = fitted.scores[counts.pairs[:, 0]] - fitted.scores[counts.pairs[:, 1]]
    weights = np.stack([np.exp(apart / 2), np.exp(-apart / 2), np.full(len(apart), fitted.nu or 0.0)])
    win, loss, _ = weights / weights.sum(axis=0)
    variance = (win + loss - (win - loss) ** 2) / 4
    cast = (counts.wins + counts.losses + counts.ties).toarray()
    told = np.zeros((5, 4, 4))
    for observer in range(5):
        for one in range(4):
            for other in range(4):
                moved = bread[:, one] - (bread[:, other] if one != other else 0)
                pulls = moved[counts.pairs[:, 0]] - moved[counts.pairs[:, 1]]
                told[observer, one, other] = np.sum(cast[observer] * variance * pulls**2)
    by_hand, made = Unequal.of(told, 5), unequal(counts, fitted)
    np.testing.assert_allclose(made.factor, by_hand.factor, rtol=1e-6)
    np.testing.assert_allclose(made.freedom, by_hand.freedom, rtol=1e-6)


def test_a_difference_that_one_observer_tells_alone_is_no_longer_than_its_votes_make_it() -> None:
    """Nothing is seen of how observers differ there: no factor of infinity, and the votes' own interval."""
    both = [("o", "a", "b"), ("p", "a", "b"), ("q", "a", "b")] * 6 + [("o", "c", "a")] * 8 + [("o", "c", "b")] * 8
    rows = [(*row, "left" if place % 3 else "right") for place, row in enumerate(both)]
    counts, fitted = fitted_to(pd.DataFrame(rows, columns=["observer", "left", "right", "vote"]))
    made = observer_intervals(counts, fitted, seed=1)
    assert np.isfinite(made.difference_high).all()
    assert (made.spreads[0].freedom >= 1).all()
