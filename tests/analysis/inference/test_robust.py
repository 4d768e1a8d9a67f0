"""Robust covariances under any model, against slow readings and against what Bradley-Terry's counts give."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime

from analysis.counts import count_showings, count_votes
from analysis.inference.covariance import cluster_covariance, crossed_covariance
from analysis.inference.crossed import count_crossed
from analysis.inference.robust import clusters, jackknife_covariance
from analysis.models.bradley_terry import fit
from analysis.models.chosen import Fitting
from analysis.models.fitting import ModelFit
from analysis.models.jod import jod_scores
from analysis.models.newton import Floats
from analysis.models.outcomes import MODELS

CHOSEN = [
    Fitting(),
    Fitting("rao-kupper", position=True),
    Fitting("thurstone", position=True),
    Fitting("bradley-terry", ties="half"),
    Fitting(prior="gaussian", sd=0.7),
]


def drawn(observers: int = 7, contents: int = 3, *, ties: bool = True) -> pd.DataFrame:
    rng = np.random.default_rng(observers)
    total = 30 * observers
    left = rng.integers(0, 3, total)
    names = np.array(["a", "b", "c"])
    votes = {
        "observer": np.repeat(np.arange(observers), 30).astype(str),
        "content": rng.integers(0, contents, total).astype(str),
        "left": names[left],
        "right": names[(left + rng.integers(1, 3, total)) % 3],
        "vote": rng.choice(["left", "right", "tie"] if ties else ["left", "right"], total),
    }
    return pd.DataFrame(votes)


@pytest.mark.parametrize("ties", [True, False])
def test_davidson_s_are_those_of_the_counts(ties: bool) -> None:
    votes = drawn(ties=ties)
    counts = count_votes(votes)
    wins, drawn_ties = counts.matrices()
    fitted = fit(wins, ties=drawn_ties if ties else None, names=counts.names)
    found = clusters(votes, Fitting().fit(count_showings(votes)))
    np.testing.assert_allclose(found.by_observer()[:3, :3], cluster_covariance(counts, fitted), atol=1e-9)
    crossed = crossed_covariance(count_crossed(votes, counts.names), fitted)
    np.testing.assert_allclose(found.crossed(3).both, crossed.both, atol=1e-9)


@pytest.mark.parametrize("chosen", CHOSEN)
def test_slopes_are_those_of_each_vote_s_log_chance(chosen: Fitting) -> None:
    votes = drawn()
    fitted = chosen.fit(count_showings(votes))
    at = np.concatenate([fitted.scores, [part.value for part in (fitted.position, fitted.tie) if part is not None]])
    rows = clusters(votes, fitted).slopes.rows.toarray()
    for k in range(0, len(votes), 11):
        slope = approx_fprime(at, _log_chance, 1e-6, votes.iloc[k], fitted)
        np.testing.assert_allclose(rows[k], slope, atol=1e-4)


def _log_chance(at: Floats, vote: "pd.Series[str]", fitted: ModelFit) -> float:
    left, right = fitted.names.index(vote["left"]), fitted.names.index(vote["right"])
    x = at[left] - at[right] + (at[3] if fitted.position is not None else 0.0)
    model = next(row for row in MODELS.values() if row.name == fitted.model)
    outcomes = model.decided if fitted.tie is None or model.tied is None else model.tied
    log = outcomes(np.array([x]), at[-1:]).log[:, 0]
    if fitted.tie is None and vote["vote"] == "tie":
        return float(log[:2].mean())
    return float(log[["left", "right", "tie"].index(vote["vote"])])


def test_the_jackknife_leaves_out_each_observer_in_turn() -> None:
    votes = drawn()
    scores = []
    for observer in sorted(set(votes["observer"])):
        wins, ties = count_votes(votes[votes["observer"] != observer], ["a", "b", "c"]).matrices()
        scores.append(jod_scores((wins + ties / 2.0)[np.newaxis])[0])
    apart = np.array(scores) - np.mean(scores, axis=0)
    apart -= apart.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(jackknife_covariance(count_votes(votes)), 6 / 7 * apart.T @ apart, atol=1e-5)


def test_half_wins_keep_every_vote() -> None:
    counts = count_votes(drawn())
    halved = counts.half_wins()
    (wins, ties), (own, none) = counts.matrices(), halved.matrices()
    np.testing.assert_allclose(own, wins + ties / 2.0)
    assert not none.any()
    assert not halved.tied
