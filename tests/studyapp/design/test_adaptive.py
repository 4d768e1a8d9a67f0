"""Slots that draw on a batch: known ones first, then what holds for every study, then what is refused."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studyapp.design import schedule
from studyapp.design.adaptive import Batch, slot
from studyapp.design.cells import Cell, pair, pair_count
from studyapp.design.schedule import ADAPTIVE, Design, Planned, balanced_cells, counts
from tests.studyapp.design.test_schedule import a_study, cell, mains, photos

GOLDEN = Path(__file__).parent / "golden" / "adaptive.json"
CHAIN = Batch(2, ((0, 1), (3, 2), (1, 2), (3, 4), (2, 1)))


@st.composite
def drawn(draw: st.DrawFn) -> tuple[Design, Batch]:
    conditions = draw(st.integers(2, 7))
    design = Design(
        contents=photos(draw(st.integers(1, 12)), draw(st.integers(1, 3))),
        conditions=conditions,
        trials=draw(st.integers(4, 30)),
        repeat=draw(st.sampled_from([0.0, 0.1, 0.25])),
        same=draw(st.sampled_from([0.0, 0.05, 0.1])),
        seed=draw(st.integers(0, 2**63 - 1)),
        version=ADAPTIVE,
    )
    numbers = draw(st.lists(st.integers(0, pair_count(conditions) - 1), min_size=1, max_size=40))
    return design, Batch(draw(st.integers(0, 9)), tuple(pair(number, conditions) for number in numbers))


def test_the_golden_slots_are_derived_again() -> None:
    golden = json.loads(GOLDEN.read_text())
    study = a_study(version=ADAPTIVE)
    derived = {
        index: [
            [trial.content, trial.left, trial.right, trial.kind, trial.repeats]
            for trial in slot(study, int(index), CHAIN)
        ]
        for index in golden["slots"]
    }
    assert derived == golden["slots"], "a schedule that studies rest on has changed: it needs a new version"


@given(drawn(), st.integers(0, 500))
@settings(max_examples=60, deadline=None)
def test_without_a_batch_a_slot_is_the_balanced_one(study: tuple[Design, Batch], index: int) -> None:
    assert slot(study[0], index) == schedule.slot(study[0], index)


@given(drawn(), st.integers(0, 500))
@settings(max_examples=150, deadline=None)
def test_half_and_more_is_balanced_and_no_pair_of_a_content_comes_twice(
    study: tuple[Design, Batch], index: int
) -> None:
    design, batch = study
    trials = slot(design, index, batch)
    number = counts(design).main
    shown = [cell(trial) for trial in mains(trials)]
    assert len(shown) == len(set(shown)) == number
    balanced = {(one.content, frozenset((one.left, one.right))) for one in half_of(design, index)}
    assert balanced <= set(shown)
    others = [pair for content, pair in shown if (content, pair) not in balanced]
    room = len(design.contents) * len({frozenset(pair) for pair in batch.pairs}) >= number
    if len(design.contents) >= number and room:
        assert set(others) <= {frozenset(pair) for pair in batch.pairs}


def half_of(design: Design, index: int) -> tuple[Cell, ...]:
    number = counts(design).main
    return balanced_cells(design, index, number - number // 2)


def from_batch(design: Design, batch: Batch, slots: int) -> list[Planned]:
    """What the slots show beside their balanced half."""
    return [
        trial
        for index in range(slots)
        for balanced in [{(one.content, frozenset((one.left, one.right))) for one in half_of(design, index)}]
        for trial in mains(slot(design, index, batch))
        if cell(trial) not in balanced
    ]


def test_slots_one_after_the_other_use_a_batch_up_evenly_and_swap_sides() -> None:
    design = Design(photos(40), conditions=5, trials=10, seed=11, version=ADAPTIVE)
    shown = from_batch(design, CHAIN, slots=6)  # 30 trials: six laps of five pairs
    pairs = Counter(frozenset((trial.left, trial.right)) for trial in shown)
    assert pairs == {frozenset((0, 1)): 6, frozenset((2, 3)): 6, frozenset((1, 2)): 12, frozenset((3, 4)): 6}
    ways = Counter((trial.left, trial.right) for trial in shown)
    assert all(ways[one, other] == ways[other, one] for one, other in ways)


def test_the_batch_decides_and_so_does_its_number() -> None:
    study = a_study(version=ADAPTIVE)
    assert slot(study, 3, CHAIN) == slot(study, 3, CHAIN)
    assert slot(study, 3, CHAIN) != slot(study, 3)
    assert any(slot(study, 3, Batch(number, CHAIN.pairs)) != slot(study, 3, CHAIN) for number in range(5))


def test_contents_are_used_evenly() -> None:
    design = Design(photos(12), conditions=30, trials=24, seed=1, version=ADAPTIVE)
    shown = Counter(trial.content for trial in slot(design, 0, Batch(0, ((7, 8),))))
    assert sum(shown.values()) == 24
    assert max(shown.values()) <= 3


def test_gold_same_and_repeats_are_there_as_in_any_slot() -> None:
    study = a_study(version=ADAPTIVE)
    trials = slot(study, 3, CHAIN)
    assert Counter(trial.kind for trial in trials) == {"main": 15, "gold": 2, "repeat": 2, "same": 1}
    scenes = [study.contents[trial.content].scene for trial in trials]
    assert all(before != after for before, after in pairwise(scenes))


def test_a_large_study_is_derived_lazily() -> None:
    design = Design(photos(100), conditions=1000, trials=40, seed=1, version=ADAPTIVE)
    trials = slot(design, 7, Batch(0, tuple((place, place + 1) for place in range(999))))
    assert len({cell(trial) for trial in trials}) == 40


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: Batch(0, ()), "at least one"),
        (lambda: Batch(0, ((1, 1),)), "two different"),
        (lambda: slot(a_study(version=ADAPTIVE), 0, Batch(0, ((0, 5),))), "beyond the 5"),
        (lambda: slot(a_study(), 0, CHAIN), "balanced-1 draw from no batch"),
        (lambda: slot(a_study(version=ADAPTIVE), -1, CHAIN), "none at -1"),
    ],
)
def test_what_makes_no_sense_is_refused(call: object, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        call()  # type: ignore[operator]
