"""Strata: each slot its share of each camera, and all that is balanced elsewhere is balanced here."""

from collections import Counter
from itertools import islice, pairwise
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studyapp.design.cells import pair_count, slots_per_period
from studyapp.design.schedule import STRATIFIED, VERSION, ContentKey, Design, counts, policy_of, slot, slots
from studyapp.design.strata import evenly, stratified_cells

SEEDS = st.integers(0, 2**63 - 1)
INDICES = st.integers(0, 2000)


@st.composite
def strata(draw: st.DrawFn) -> tuple[str, ...]:
    """The camera of each content, one to four cameras in no order."""
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    return tuple(draw(st.permutations([f"camera {number}" for number, size in enumerate(sizes) for _ in range(size)])))


def a_study(cameras: tuple[str, ...], **changes: object) -> Design:
    contents = tuple(ContentKey(f"photo {k}", f"scene {k // 2}", camera) for k, camera in enumerate(cameras))
    told = {"conditions": 4, "trials": 12, "seed": 7, "strata": "camera", "version": STRATIFIED, **changes}
    return Design(contents, **told)  # type: ignore[arg-type]


def shares(design: Design, index: int) -> list[tuple[int, float]]:
    """Per stratum: how many main trials of a slot are of it, and what its share would be."""
    cameras = [content.camera for content in design.contents]
    found = Counter(cameras[trial.content] for trial in slot(design, index) if trial.kind == "main")
    number = counts(design).main
    return [(found[camera], number * size / len(cameras)) for camera, size in Counter(cameras).items()]


def test_a_known_slot() -> None:
    known = [(cell.content, cell.left, cell.right) for cell in stratified_cells(1, ("a", "b", "a", "b"), 3, 6, 2)]
    assert sorted(content % 2 for content, _, _ in known) == [0, 0, 0, 1, 1, 1]
    assert len({(content, frozenset(sides)) for content, *sides in known}) == 6
    assert Counter(frozenset(sides) for _, *sides in known) == dict.fromkeys(
        map(frozenset, [(0, 1), (0, 2), (1, 2)]), 2
    )


@given(
    st.tuples(st.integers(1, 3), st.integers(1, 6)), st.integers(2, 6), st.integers(1, 30), SEEDS, st.integers(0, 2000)
)
@settings(max_examples=300, deadline=None)
def test_strata_of_one_size_get_their_share_in_every_slot(
    sizes: tuple[int, int], conditions: int, trials: int, seed: int, index: int
) -> None:
    number, size = sizes
    cameras = tuple(f"camera {k % number}" for k in range(number * size))
    for found, share in shares(a_study(cameras, conditions=conditions, trials=trials, seed=seed), index):
        assert floor(share) <= found <= ceil(share)


@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(2, 6), st.integers(1, 30), SEEDS, st.integers(0, 2000)
)
@settings(max_examples=300, deadline=None)
def test_two_strata_get_their_share_in_every_slot(
    sizes: tuple[int, int], conditions: int, trials: int, seed: int, index: int
) -> None:
    design = a_study(("one",) * sizes[0] + ("other",) * sizes[1], conditions=conditions, trials=trials, seed=seed)
    for found, share in shares(design, index):
        assert floor(share) <= found <= ceil(share)


@given(strata(), st.integers(2, 6), st.integers(1, 30), SEEDS, INDICES)
@settings(max_examples=300, deadline=None)
def test_any_strata_are_less_than_two_off_their_share(
    cameras: tuple[str, ...], conditions: int, trials: int, seed: int, index: int
) -> None:
    design = a_study(cameras, conditions=conditions, trials=trials, seed=seed)
    assert all(abs(found - share) < 2 for found, share in shares(design, index))


@given(strata(), st.integers(2, 6), st.integers(1, 30), SEEDS)
@settings(max_examples=300, deadline=None)
def test_pairs_and_cells_differ_by_at_most_one_after_every_slot(
    cameras: tuple[str, ...], conditions: int, trials: int, seed: int
) -> None:
    design = a_study(cameras, conditions=conditions, trials=trials, seed=seed)
    pairs: Counter[frozenset[int]] = Counter()
    cells: Counter[tuple[int, frozenset[int]]] = Counter()
    all_pairs = pair_count(conditions)
    for trials_shown in islice(slots(design), 12):
        shown = [(trial.content, frozenset((trial.left, trial.right))) for trial in trials_shown]
        assert len(set(shown)) == len(shown)
        pairs.update(pair for _, pair in shown)
        cells.update(shown)
        assert max(pairs.values()) - (min(pairs.values()) if len(pairs) == all_pairs else 0) <= 1
        assert max(cells.values()) - (min(cells.values()) if len(cells) == all_pairs * len(cameras) else 0) <= 1


@given(strata(), st.integers(2, 5), st.integers(1, 12), SEEDS)
@settings(max_examples=100, deadline=None)
def test_over_a_period_every_cell_is_shown_equally_often_either_way(
    cameras: tuple[str, ...], conditions: int, per_slot: int, seed: int
) -> None:
    size = len(cameras) * pair_count(conditions)
    per_slot = min(per_slot, size)
    ways: Counter[tuple[int, int, int]] = Counter()
    sides: Counter[tuple[int, int]] = Counter()
    for index in range(slots_per_period(size, per_slot)):
        for cell in stratified_cells(seed, cameras, conditions, per_slot, index):
            ways[cell.content, cell.left, cell.right] += 1
            sides[cell.left, cell.right] += 1
            assert abs(ways[cell.content, cell.left, cell.right] - ways[cell.content, cell.right, cell.left]) <= 1
            assert abs(sides[cell.left, cell.right] - sides[cell.right, cell.left]) <= 1
    assert len(ways) == 2 * size
    assert len(set(ways.values())) == 1


@given(st.sampled_from([6, 12, 18, 24]), st.integers(2, 4), SEEDS)
@settings(max_examples=60, deadline=None)
def test_pairs_and_cameras_do_not_keep_step(per_slot: int, cameras: int, seed: int) -> None:
    """With 48 photos and 6 pairs the lengths have common measures with each other and with 2, 3 or 4 cameras."""
    strata = tuple(f"camera {k % cameras}" for k in range(48))
    met: Counter[tuple[str, frozenset[int]]] = Counter()
    for index in range(8):
        for cell in stratified_cells(seed, strata, 4, per_slot, index):
            met[strata[cell.content], frozenset((cell.left, cell.right))] += 1
        everything = [met[camera, pair] for camera in set(strata) for _, pair in met]
        assert max(everything) - min(everything) <= 3


@given(strata(), st.integers(0, 10_000), SEEDS)
@settings(max_examples=60, deadline=None)
def test_gold_and_same_trials_are_spread_over_strata_too(cameras: tuple[str, ...], index: int, seed: int) -> None:
    changes = {"trials": 20, "gold": 0.2, "repeat": 0.1, "same": 0.1, "gold_pairs": ((4, 0),), "seed": seed}
    design = a_study(cameras, **changes)
    trials = slot(design, index)
    assert Counter(trial.kind for trial in trials) == {
        kind: number for kind, number in vars(counts(design)).items() if number
    }
    sizes, found = Counter(cameras), Counter(cameras[trial.content] for trial in trials if trial.kind != "repeat")
    assert all(abs(found[camera] - found.total() * size / len(cameras)) < 3 for camera, size in sizes.items())
    assert slot(design, index) == trials


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_nobody_is_one_off_after_any_number_of_places(sizes: list[int]) -> None:
    had: Counter[int] = Counter()
    for place, chosen in enumerate(evenly(sizes), start=1):
        had[chosen] += 1
        assert all(abs(had[one] - place * size / sum(sizes)) < 1 for one, size in enumerate(sizes))
    assert had == dict(enumerate(sizes))


def test_scenes_can_be_strata() -> None:
    design = a_study(("camera",) * 8, strata="scene", trials=8)
    scenes = Counter(design.contents[trial.content].scene for trial in slot(design, 3))
    assert scenes == {f"scene {k}": 2 for k in range(4)}
    ordered = [design.contents[trial.content].scene for trial in slot(design, 3)]
    assert all(before != after for before, after in pairwise(ordered))


def test_strata_have_a_policy_of_their_own() -> None:
    assert policy_of(VERSION, "camera") == policy_of(STRATIFIED, "scene") == STRATIFIED
    assert policy_of(VERSION, "") == policy_of(STRATIFIED, "") == VERSION
    assert policy_of("another", "camera") == "another"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"version": VERSION}, "slots with strata aren't of the policy balanced-1"),
        ({"strata": ""}, "slots without strata aren't of the policy balanced-2"),
        ({"strata": "weather"}, "by camera or by scene"),
    ],
)
def test_strata_that_make_no_sense_are_refused(changes: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        a_study(("a", "b"), **changes)
