"""The schedule: known slots first, then what holds for every study, then what is refused."""

import json
from collections import Counter
from itertools import combinations, islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studyapp.design.cells import cells, pair, pair_count, slots_per_period
from studyapp.design.randomness import MANY, Shuffled, Stream, permutation
from studyapp.design.running_order import REPEAT_DISTANCE, place_repeat, spread
from studyapp.design.schedule import ContentKey, Design, Planned, counts, slot, slots
from tests.studyapp.design.goldens import FOLDER, derived, design_in
from tests.studyapp.design.goldens import GOLDEN as GOLDEN_DESIGNS

GOLDEN = Path(__file__).parent / "golden" / "five_conditions.json"


def photos(number: int, per_scene: int = 1) -> tuple[ContentKey, ...]:
    return tuple(ContentKey(f"photo {place}", f"scene {place // per_scene}") for place in range(number))


def a_study(**changes: object) -> Design:
    study = {
        "contents": photos(12, per_scene=2),
        "conditions": 5,
        "trials": 20,
        "gold": 0.1,
        "repeat": 0.1,
        "same": 0.05,
        "seed": 2017,
        "gold_pairs": ((5, 0),),
    }
    return Design(**{**study, **changes})  # type: ignore[arg-type]


@st.composite
def studies(draw: st.DrawFn) -> Design:
    contents = draw(st.integers(1, 12))
    return Design(
        contents=photos(contents, draw(st.integers(1, 3))),
        conditions=draw(st.integers(2, 7)),
        trials=draw(st.integers(4, 30)),
        gold=draw(st.sampled_from([0.0, 0.1, 0.2])),
        repeat=draw(st.sampled_from([0.0, 0.1, 0.25])),
        same=draw(st.sampled_from([0.0, 0.05, 0.1])),
        seed=draw(st.integers(0, 2**63 - 1)),
        gold_pairs=((9, 0), (1, 0)),
    )


def mains(trials: tuple[Planned, ...]) -> list[Planned]:
    return [trial for trial in trials if trial.kind == "main"]


def cell(trial: Planned) -> tuple[int, frozenset[int]]:
    return trial.content, frozenset((trial.left, trial.right))


def test_the_golden_slots_are_derived_again() -> None:
    golden = json.loads(GOLDEN.read_text())
    study = a_study()
    derived = {
        str(index): [
            [trial.content, trial.left, trial.right, trial.kind, trial.repeats] for trial in slot(study, index)
        ]
        for index in map(int, golden["slots"])
    }
    assert derived == golden["slots"], "a schedule that studies rest on has changed: it needs a new version"


@pytest.mark.parametrize("name", GOLDEN_DESIGNS)
def test_golden_slots_of_many_designs_are_derived_again(name: str) -> None:
    golden = json.loads((FOLDER / f"{name}.json").read_text())
    again = derived(design_in(golden["design"]), [int(number) for number in golden["slots"]])
    assert again == golden["slots"], "a schedule that studies rest on has changed: it needs a new version"


def test_every_golden_design_is_the_one_of_its_file() -> None:
    for name, design in GOLDEN_DESIGNS.items():
        assert design_in(json.loads((FOLDER / f"{name}.json").read_text())["design"]) == design


def test_a_slot_holds_its_shares() -> None:
    kinds = Counter(trial.kind for trial in slot(a_study(), 3))
    assert kinds == {"main": 15, "gold": 2, "repeat": 2, "same": 1}


def test_two_conditions_of_one_content_are_one_trial_that_changes_sides() -> None:
    study = Design(photos(1), conditions=2, trials=20, seed=5)
    shown = [slot(study, index) for index in range(4)]
    assert [len(trials) for trials in shown] == [1, 1, 1, 1]
    assert all(before[0].left != after[0].left for before, after in pairwise(shown[:2]))
    assert Counter(trials[0].left for trials in shown) == {0: 2, 1: 2}


def test_pairs_are_numbered_as_combinations_are() -> None:
    for conditions in (2, 3, 8, 41):
        numbered = [pair(number, conditions) for number in range(pair_count(conditions))]
        assert numbered == list(combinations(range(conditions), 2))
    assert pair(pair_count(1000) - 1, 1000) == (998, 999)


@given(studies())
@settings(max_examples=300, deadline=None)
def test_exposures_of_two_pairs_and_of_two_cells_differ_by_at_most_one(study: Design) -> None:
    pairs: Counter[frozenset[int]] = Counter()
    shown: Counter[tuple[int, frozenset[int]]] = Counter()
    all_pairs = pair_count(study.conditions)
    for trials in islice(slots(study), 12):
        pairs.update(frozenset((trial.left, trial.right)) for trial in mains(trials))
        shown.update(cell(trial) for trial in mains(trials))
        # A slot may end anywhere in a block, so the bound holds after every single slot.
        assert max(pairs.values()) - (min(pairs.values()) if len(pairs) == all_pairs else 0) <= 1
        assert max(shown.values()) - (min(shown.values()) if len(shown) == all_pairs * len(study.contents) else 0) <= 1


@given(studies())
@settings(max_examples=40, deadline=None)
def test_no_slot_shows_a_pair_of_a_content_twice_and_a_period_shows_all_alike(study: Design) -> None:
    size = len(study.contents) * pair_count(study.conditions)
    for per_slot in {1, min(7, size), size}:
        period = slots_per_period(size, per_slot)
        # Two slots before the end of the first period, two after.
        for index in range(max(0, period - 2), period + 2):
            taken = cells(study.seed, len(study.contents), study.conditions, per_slot, index)
            assert len({(one.content, frozenset((one.left, one.right))) for one in taken}) == per_slot


@given(st.integers(1, 5), st.integers(2, 5), st.integers(1, 12), st.integers(0, 2**63 - 1))
@settings(max_examples=40, deadline=None)
def test_over_a_period_every_cell_is_shown_equally_often_either_way(
    contents: int, conditions: int, per_slot: int, seed: int
) -> None:
    size = contents * pair_count(conditions)
    per_slot = min(per_slot, size)
    ways: Counter[tuple[int, int, int]] = Counter()
    for index in range(slots_per_period(size, per_slot)):
        ways.update((one.content, one.left, one.right) for one in cells(seed, contents, conditions, per_slot, index))
        assert all(abs(count - ways[content, right, left]) <= 1 for (content, left, right), count in list(ways.items()))
    assert len(ways) == 2 * size
    assert len(set(ways.values())) == 1


@given(st.integers(1, 6), st.integers(2, 8), st.integers(0, 2**63 - 1))
@settings(max_examples=40, deadline=None)
def test_in_a_block_each_condition_is_left_in_half_of_its_showings(contents: int, conditions: int, seed: int) -> None:
    pairs = pair_count(conditions)
    for index in range(3 * contents):
        block = cells(seed, contents, conditions, pairs, index)
        assert len({frozenset((one.left, one.right)) for one in block}) == pairs
        left = Counter(one.left for one in block)
        assert all(abs(2 * left[condition] - (conditions - 1)) <= 1 for condition in range(conditions))


@given(st.integers(1, 9), st.integers(2, 6), st.integers(0, 2**63 - 1))
@settings(max_examples=40, deadline=None)
def test_a_pair_is_shown_either_way_equally_often_over_contents(contents: int, conditions: int, seed: int) -> None:
    ways: Counter[tuple[int, int]] = Counter()
    for index in range(2 * contents):
        ways.update((one.left, one.right) for one in cells(seed, contents, conditions, pair_count(conditions), index))
        assert all(abs(ways[first, second] - ways[second, first]) <= 1 for first, second in list(ways))


@given(studies(), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_a_slot_derived_alone_is_the_one_in_the_list(study: Design, far: int) -> None:
    assert list(islice(slots(study, far), 2)) == [slot(study, far), slot(study, far + 1)]
    assert slot(study, far) == slot(study, far)


@given(studies(), st.integers(0, 500))
@settings(max_examples=500, deadline=None)
def test_repeats_swap_sides_and_keep_their_distance(study: Design, index: int) -> None:
    trials = slot(study, index)
    repeated = [(place, trial) for place, trial in enumerate(trials) if trial.kind == "repeat"]
    firsts = [trial.repeats for _, trial in repeated]
    assert len(set(firsts)) == len(firsts) == counts(study).repeat
    for place, trial in repeated:
        assert trial.repeats is not None
        first = trials[trial.repeats]
        assert (first.kind, first.content, first.left, first.right) == ("main", trial.content, trial.right, trial.left)
        assert place - trial.repeats >= 1
        if len(trials) > 2 * (REPEAT_DISTANCE + len(repeated)):
            assert place - trial.repeats >= REPEAT_DISTANCE


@given(studies(), st.integers(0, 500))
@settings(max_examples=500, deadline=None)
def test_gold_and_same_trials_are_what_they_say(study: Design, index: int) -> None:
    trials = slot(study, index)
    gold = [trial for trial in trials if trial.kind == "gold"]
    better_left = sum(trial.left == 0 for trial in gold)
    assert all({trial.left, trial.right} in ({9, 0}, {1, 0}) for trial in gold)
    assert abs(2 * better_left - len(gold)) <= 1
    assert all((trial.left == trial.right) == (trial.kind == "same") for trial in trials)
    assert sum(trial.kind == "same" for trial in trials) == counts(study).same


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_no_order_has_fewer_neighbours_of_one_scene(scenes: list[int], chance) -> None:  # type: ignore[no-untyped-def]
    ordered = spread(list(enumerate(scenes)), lambda item: str(item[1]), chance.randrange)
    assert sorted(ordered) == list(enumerate(scenes))
    most = max(Counter(scenes).values())
    unavoidable = max(0, most - (len(scenes) - most) - 1)
    assert sum(before[1] == after[1] for before, after in pairwise(ordered)) == unavoidable


@given(studies(), st.integers(0, 500))
@settings(max_examples=500, deadline=None)
def test_the_same_scene_never_comes_twice_running_where_there_are_enough(study: Design, index: int) -> None:
    """A repeat keeps its distance first of all: in a short slot that can cost it a neighbour of its scene."""
    trials = slot(study, index)
    shown = [study.contents[trial.content].scene for trial in trials]
    roomy = len(trials) > 4 * REPEAT_DISTANCE or all(trial.repeats is None for trial in trials)
    if roomy and 3 * max(Counter(shown).values()) <= len(shown):
        assert all(before != after for before, after in pairwise(shown))


def test_a_repeat_without_room_stands_as_far_as_it_can() -> None:
    assert place_repeat(["a", "b"], ["a"], str, lambda _: 0) == ("a", 2)


@pytest.mark.parametrize("length", [5, MANY, MANY + 1, 60_000])
def test_a_few_places_of_a_permutation_are_those_of_all_of_it(length: int) -> None:
    places = [0, length - 1, *range(length // 2, length // 2 + 3), length // 3, 0]
    whole = permutation(5, Stream.PAIRS, 2, length)
    assert Shuffled.drawn(5, Stream.PAIRS, 2, length).at(places) == whole[places].tolist()


def test_equal_random_numbers_keep_their_order_among_many() -> None:
    values = np.repeat(np.arange(MANY, dtype=np.uint64)[::-1], 2)
    places = [0, 1, 2, 3, 2 * MANY - 1]
    assert Shuffled(values).at(places) == np.argsort(values, kind="stable")[places].tolist()


def test_a_thousand_conditions_are_derived_lazily() -> None:
    study = Design(photos(100), conditions=1000, trials=40, seed=1)
    trials = slot(study, 7)
    assert len({cell(trial) for trial in trials}) == 40


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"contents": ()}, "contents"),
        ({"contents": (ContentKey("a", "x"), ContentKey("a", "y"))}, "name of its own"),
        ({"conditions": 1}, "two conditions"),
        ({"trials": 0}, "no main trial"),
        ({"trials": 1, "gold": 0.6}, "no main trial"),
        ({"gold": -0.1}, "shares"),
        ({"gold": 0.5, "repeat": 0.5}, "shares"),
        ({"gold_pairs": ()}, "gold pair"),
        ({"gold_pairs": ((2, 2),)}, "two different"),
        ({"seed": -1}, "seed"),
        ({"version": "another"}, "balanced-1"),
    ],
)
def test_a_design_that_makes_no_sense_is_refused(changes: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        a_study(**changes)


def test_there_is_no_slot_before_the_first() -> None:
    with pytest.raises(ValueError, match="none at -1"):
        slot(a_study(), -1)


def test_a_slot_larger_than_a_round_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 3"):
        cells(seed=1, contents=1, conditions=3, per_slot=4, index=0)
