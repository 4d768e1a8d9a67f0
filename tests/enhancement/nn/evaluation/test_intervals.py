"""Intervals over scenes: what the textbook says of means, and how often they hold."""

import numpy as np
import pytest
from scipy import stats

from enhancement.nn.evaluation.intervals import over_scenes


def test_of_a_mean_it_is_the_textbook_s() -> None:
    values = np.array([3.0, 1.0, 4.0, 1.5, 9.0, 2.6])
    found = over_scenes(lambda which: values[which].mean(), np.arange(6), seed=1, replicates=20_000)
    low, high = stats.t.interval(0.95, 5, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.1)


def test_patches_of_a_scene_are_drawn_together() -> None:
    chance = np.random.default_rng(1)
    scene_of = np.repeat(np.arange(8), 30)
    values = chance.normal(size=8)[scene_of] + 0.01 * chance.normal(size=240)
    by_scene = over_scenes(lambda which: values[which].mean(), scene_of, seed=1)
    by_patch = over_scenes(lambda which: values[which].mean(), np.arange(240), seed=1)
    assert by_scene.high - by_scene.low > 4 * (by_patch.high - by_patch.low)


def test_it_holds_what_it_says_with_few_scenes() -> None:
    chance = np.random.default_rng(2)
    held = 0
    for study in range(400):
        values = chance.normal(size=6)
        found = over_scenes(lambda which: values[which].mean(), np.arange(6), seed=study, replicates=300)  # noqa: B023
        held += found.low < 0 < found.high
    assert 0.92 < held / 400 < 0.98


def test_one_scene_has_no_interval() -> None:
    found = over_scenes(lambda which: 1.0, np.zeros(5, dtype=int), seed=1)
    assert found.value == 1.0
    assert np.isnan([found.low, found.high]).all()
    assert not found.excludes_zero
