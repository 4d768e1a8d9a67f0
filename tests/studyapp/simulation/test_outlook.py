"""Studies foretold as numbers: the same people as a rehearsal's, on the schedule itself."""

from collections import Counter
from dataclasses import astuple

import numpy as np
import pytest

from analysis.planning import log_odds, power_of, standard_error
from studyapp.design.cells import pair
from studyapp.design.schedule import ContentKey, Design, slot
from studyapp.simulation.choice import chances
from studyapp.simulation.outlook import Showings, Supposed, expect, many_chances, same_trials, showings


def schedule(observers: int, *, contents: int = 8, conditions: int = 4, trials: int = 30, **shares: float) -> Showings:
    photos = tuple(ContentKey(f"photo-{n}", f"scene-{n}") for n in range(contents))
    design = Design(photos, conditions, trials, seed=5, **shares)  # type: ignore[arg-type]
    return showings([slot(design, index) for index in range(observers)], conditions, contents)


@pytest.mark.parametrize("nu", [0.0, 0.4])
def test_the_choice_model_is_the_rehearsal_s(nu: float) -> None:
    gaps = np.array([-800.0, -3.0, -0.1, 0.0, 0.7, 5.0, 900.0])
    many = np.stack(many_chances(gaps, nu=nu), axis=1)
    one = [chances(gap, 0.0, nu=nu) for gap in gaps.tolist()]
    np.testing.assert_allclose(many, [(seen.left, seen.right, seen.tie) for seen in one], atol=1e-12)


def test_the_pairs_are_numbered_as_the_design_numbers_them() -> None:
    shown = schedule(5, conditions=5)
    named = [pair(number, 5) for number in shown.pair.tolist()]
    assert named == [tuple(sorted(sides)) for sides in zip(shown.left.tolist(), shown.right.tolist(), strict=True)]


def test_only_main_trials_are_counted() -> None:
    shown = schedule(4, repeat=0.2)
    assert Counter(shown.observer.tolist()) == dict.fromkeys(range(4), 24)
    assert len(shown.of_first(2).pair) == 48


def test_votes_count_for_whom_they_were_given() -> None:
    shown = Showings(3, 1, *(np.array(column) for column in ([0, 0, 1], [0, 0, 0], [0, 2, 2], [1, 0, 1])))
    read = same_trials(shown, np.array([[1, 1, 0], [-1, -1, -1]], dtype=np.int8), 2)
    assert (read.conditions, read.observers, read.observer.tolist()) == (3, 2, [0, 0, 1])
    assert list(zip(read.first.tolist(), read.second.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 2)]
    assert read.said.tolist() == [[1, -1, 0], [-1, 1, 1]]


@pytest.mark.parametrize(
    ("shown", "supposed", "seed", "known"),
    [
        (
            {"observers": 6}, Supposed(0.4, nu=0.3), 1,
            [(4, 120, 2.591959496993448, 0.05, 0.0, 0.0), (6, 180, 1.750804284503465, 0.1, 0.0, 0.0)],
        ),
        (
            {"observers": 24, "conditions": 5}, Supposed(0.405465, observer_sd=0.5), 3,
            [(6, 180, 1.995858769057292, 0.06, 2 / 75, 0.0), (24, 720, 0.803950234539225, 0.31, 0.04, 0.0)],
        ),
        (
            {"observers": 12, "conditions": 9, "trials": 6}, Supposed(0.6, nu=0.05), 2,
            [(3, 18, 19.838049096476578, 0.0, 0.0, 0.8), (12, 72, 3.4940586679463124, 7 / 120, 19 / 840, 0.0)],
        ),
    ],
    ids=["few, ties", "many", "hardly connected"],
)  # fmt: skip
def test_known_numbers(
    shown: dict[str, int], supposed: Supposed, seed: int, known: list[tuple[int, int, float, float, float, float]]
) -> None:
    """As they were when each study was fitted by itself: a plan that was sent on says the same again."""
    studies = {1: 20, 3: 25, 2: 30}[seed]
    read = expect(schedule(**shown), [row[0] for row in known], supposed, studies=studies, seed=seed)
    assert [astuple(one) for one in read] == [pytest.approx(row, rel=1e-12) for row in known]


def test_observers_alike_meet_the_formula() -> None:
    """No taste of their own and large numbers: what is simulated is what the textbook says."""
    shown = schedule(60, conditions=3, trials=24)
    share = 0.58
    (seen,) = expect(shown, [60], Supposed(log_odds(share), observer_sd=0.0), studies=150)
    error = standard_error(seen.votes / 3, 3, share=share)
    assert seen.width == pytest.approx(2 * 1.96 * error, rel=0.05)
    assert seen.power == pytest.approx(power_of(log_odds(share), error), abs=0.06)
    assert seen.false_alarms == pytest.approx(0.05, abs=0.04)


def test_tastes_that_differ_and_ties_make_intervals_wider() -> None:
    shown = schedule(20)
    alike, different, tied = (
        expect(shown, [20], supposed, studies=40)[0]
        for supposed in (
            Supposed(0.4, observer_sd=0.0), Supposed(0.4, observer_sd=0.8), Supposed(0.4, nu=0.6, observer_sd=0.0)
        )
    )  # fmt: skip
    assert alike.width is not None
    assert different.width is not None
    assert tied.width is not None
    assert different.width > 1.15 * alike.width
    assert tied.width > 1.05 * alike.width


def test_more_observers_see_more_and_the_same_seed_sees_the_same() -> None:
    shown = schedule(40)
    seen = expect(shown, [5, 10, 40], Supposed(0.5), studies=30)
    assert seen == expect(shown, [5, 10, 40], Supposed(0.5), studies=30)
    assert seen != expect(shown, [5, 10, 40], Supposed(0.5), studies=30, seed=2)
    widths = [one.width or np.inf for one in seen]
    assert widths == sorted(widths, reverse=True)
    assert seen[0].power < seen[-1].power


def test_studies_without_scores_are_counted_and_find_nothing() -> None:
    shown = schedule(2, conditions=6, trials=4)
    (seen,) = expect(shown, [2], Supposed(1.0), studies=10)
    assert (seen.width, seen.power, seen.without_scores) == (None, 0.0, 1.0)


def test_two_conditions_have_no_equals() -> None:
    (seen,) = expect(schedule(10, conditions=2, trials=8), [10], Supposed(0.5), studies=10)
    assert seen.false_alarms is None
