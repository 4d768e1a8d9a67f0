"""The split: whole scenes, those that were meant, and no photo on both sides."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enhancement.nn.pairs.aligning import Aligned
from enhancement.nn.pairs.alignment import Alignment
from enhancement.nn.pairs.manifest import PatchesError
from enhancement.nn.pairs.split import HeldOutNames, HeldOutShare, sides_of

STILL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
LYING = Alignment(STILL, 100, 100, 1.0, (0, 0, 600, 400), (0.0, 0.0), (600, 400))
SCENES = ["001", "002", "009", "010", "011", "a-1", "test-3", "1..5"]


def pair(scene: str, photo: str = "", reference: str = "") -> Aligned:
    path = Path(f"{scene}.jpg")
    return Aligned(scene, path, path, photo or f"photo {scene}", reference or f"reference {scene}", LYING)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (["001"], {"001"}),
        (["002..10"], {"002", "009", "010"}),
        (["009..010", "a-1"], {"009", "010", "a-1"}),
        (["test-*"], {"test-3"}),
        (["1..5"], {"1..5"}),
        (["0?1"], {"001", "011"}),
    ],
)
def test_names_patterns_and_ranges(chosen: list[str], expected: set[str]) -> None:
    assert HeldOutNames(tuple(chosen)).of(SCENES) == expected


@pytest.mark.parametrize("chosen", ["7", "3..8", "x*", ".."])
def test_what_holds_out_nothing_is_refused(chosen: str) -> None:
    with pytest.raises(PatchesError, match="no scene to hold out; there are 001 to"):
        HeldOutNames((chosen,)).of(SCENES)


@given(
    st.sets(st.integers(0, 500), min_size=1).map(lambda numbers: [str(number) for number in sorted(numbers)]),
    st.floats(0, 1),
    st.integers(0, 2**32),
)
def test_a_share_is_that_share_and_the_seed_decides(scenes: list[str], share: float, seed: int) -> None:
    held_out = HeldOutShare(share, seed).of(scenes)
    assert held_out == HeldOutShare(share, seed).of(scenes)
    assert held_out <= set(scenes)
    assert abs(len(held_out) - share * len(scenes)) <= 0.5 or len(held_out) == 1
    assert bool(held_out) == (share > 0)


def test_another_seed_holds_out_others() -> None:
    scenes = [str(number) for number in range(100)]
    assert HeldOutShare(0.5, 1).of(scenes) != HeldOutShare(0.5, 2).of(scenes)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_no_share_is_refused(share: float) -> None:
    with pytest.raises(PatchesError, match="from 0 to 1"):
        HeldOutShare(share, 0).of(SCENES)


@given(st.lists(st.integers(0, 30), min_size=1), st.floats(0, 1), st.integers(0, 99))
def test_every_scene_has_one_side_in_whatever_order_pairs_come(numbers: list[int], share: float, seed: int) -> None:
    pairs = [pair(str(number)) for number in numbers]
    sides = sides_of(pairs, HeldOutShare(share, seed))
    assert sides.keys() == {one.scene for one in pairs}
    assert sides == sides_of(pairs[::-1], HeldOutShare(share, seed))


def test_one_photo_on_both_sides_is_refused() -> None:
    pairs = [pair("1", reference="same"), pair("2"), pair("3", reference="same")]
    with pytest.raises(PatchesError, match="scenes 1 and 3 hold the same photo"):
        sides_of(pairs, HeldOutNames(("3",)))
    assert sides_of(pairs, HeldOutNames(("1", "3")))["2"] == "train"
    unused = replace(pairs[2], alignment=None)
    assert sides_of([*pairs[:2], unused], HeldOutNames(("3",)))["1"] == "train"
