"""Many studies read at once: each as the report reads one."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.counts import PairCounts, count_votes
from analysis.inference import contrasts as many
from analysis.inference.contrasts import SameTrials, contrasts
from analysis.inference.covariance import cluster_covariance, unequal
from analysis.inference.intervals import cluster_intervals, observer_intervals
from analysis.models.bradley_terry import fit
from analysis.models.connection import NotConnectedError


def drawn(studies: int, observers: int, *, ties: float = 0.0, each: int = 3, conditions: int = 4) -> SameTrials:
    """Votes of observers whose tastes differ, each pair ``each`` times."""
    rng = np.random.default_rng(observers)
    first, second = (np.tile(np.repeat(of, each), observers) for of in np.triu_indices(conditions, 1))
    observer = np.repeat(np.arange(observers), len(first) // observers)
    taste = 0.3 * np.arange(conditions) + rng.normal(scale=0.5, size=(studies, observers, conditions))
    share = 1 / (1 + np.exp(taste[:, observer, second] - taste[:, observer, first]))
    said = np.where(rng.random(share.shape) < share, 1, -1)
    said[rng.random(share.shape) < ties] = 0
    return SameTrials(conditions, observers, observer, first, second, said.astype(np.int8))


def counted(trials: SameTrials, study: int) -> PairCounts:
    """One study as the report counts it; the first of a pair stood on the left."""
    told = {1: "left", -1: "right", 0: "tie"}
    rows = {
        "observer": [f"{observer:04}" for observer in trials.observer],
        "left": [str(first) for first in trials.first],
        "right": [str(second) for second in trials.second],
        "vote": [told[said] for said in trials.said[study].tolist()],
    }
    return count_votes(pd.DataFrame(rows), [str(name) for name in range(trials.conditions)])


def of_some_trials(trials: SameTrials, kept: np.ndarray) -> SameTrials:
    columns = (column[kept] for column in (trials.observer, trials.first, trials.second))
    return SameTrials(trials.conditions, trials.observers, *columns, trials.said[:, kept])


@pytest.mark.parametrize("ties", [0.0, 0.2])
def test_few_observers_have_the_report_s_own_intervals(ties: float) -> None:
    trials = drawn(5, 6, ties=ties)
    read = contrasts(trials)
    assert read.has_scores.tolist() == [1.0] * 5
    for study in range(5):
        counts = counted(trials, study)
        wins, tied = counts.matrices()
        fitted = fit(wins, ties=tied if counts.tied else None, names=counts.names)
        intervals = observer_intervals(counts, fitted, seed=1)
        np.testing.assert_allclose(read.differences[study][0], fitted.scores[0] - fitted.scores, atol=1e-6)
        width = intervals.difference_high - intervals.difference_low
        np.testing.assert_allclose(2 * read.reach[study], width, atol=1e-6)


def test_many_observers_have_intervals_as_long_as_the_report_s() -> None:
    """The report's come from a bootstrap there; on average over studies both have one length."""
    trials = drawn(12, 24)
    read = contrasts(trials)
    lengths = []
    for study in range(12):
        counts = counted(trials, study)
        wins, _ = counts.matrices()
        intervals = observer_intervals(counts, fit(wins, names=counts.names), seed=1)
        lengths.append(intervals.difference_high - intervals.difference_low)
    above = np.triu_indices(4, 1)
    planned = (2 * read.reach)[:, *above].mean()
    assert planned == pytest.approx(np.mean([length[above] for length in lengths]), rel=0.05)


@given(
    observers=st.integers(10, 14), conditions=st.integers(2, 6), ties=st.sampled_from([0.0, 0.02, 0.4]),
    share=st.floats(0.3, 1.0), chunk=st.integers(1, 2000),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_each_study_is_read_as_it_would_be_alone(
    observers: int, conditions: int, ties: float, share: float, chunk: int
) -> None:
    """Scores by the report's fit, errors by its cluster-robust covariance, however the studies are taken together."""
    whole = drawn(4, observers, ties=ties, each=1, conditions=conditions)
    kept = np.random.default_rng(conditions).random(len(whole.observer)) < share
    kept[np.arange(0, len(kept), len(kept) // observers)] = True  # everybody looked at something
    trials = of_some_trials(whole, kept)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(many, "CHUNK_NUMBERS", chunk)
        read = contrasts(trials)
    rows = iter(zip(read.differences, read.reach, strict=True))
    for study, has_scores in enumerate(read.has_scores):
        counts = counted(trials, study)
        wins, tied = counts.matrices()
        try:
            fitted = fit(wins, ties=tied if counts.tied else None, names=counts.names)
        except NotConnectedError:
            assert not has_scores
            continue
        difference, reach = next(rows)
        np.testing.assert_allclose(difference, fitted.scores[:, np.newaxis] - fitted.scores, atol=1e-6)
        robust = cluster_covariance(counts, fitted)
        alone = cluster_intervals(robust, fitted, unequal(counts, fitted), observers=len(counts.observers), seed=1)
        np.testing.assert_allclose(2 * reach, alone.difference_high - alone.difference_low, atol=1e-4, rtol=1e-4)


def test_votes_that_have_no_scores_are_said() -> None:
    one_way = SameTrials(
        3, 2, np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([1, 2, 1, 2]), np.ones((1, 4), np.int8)
    )
    read = contrasts(one_way)
    assert read.has_scores.tolist() == [0.0]
    assert len(read.differences) == len(read.reach) == 0
