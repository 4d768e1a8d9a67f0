"""Practice: derived from the seed, of contents that nothing else shows."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.design.practice import after_practice, practice
from studyapp.design.schedule import ContentKey, Design, slot

KNOWN = [(2, 2, 1), (3, 1, 2), (2, 1, 0), (3, 2, 0)]


def keys(*names: str) -> tuple[ContentKey, ...]:
    return tuple(ContentKey(name, name) for name in names)


def test_a_known_answer() -> None:
    """Whatever version of this program: else sittings that were stored can't be derived again."""
    design = Design(keys("a", "b"), conditions=3, trials=3, seed=11)
    planned = practice(design, keys("p", "q"), trials=4, index=5)
    assert [(trial.content, trial.left, trial.right) for trial in planned] == KNOWN


@given(
    seed=st.integers(0, 2**63 - 1), conditions=st.integers(2, 7), apart=st.integers(1, 6), trials=st.integers(0, 30),
    index=st.integers(0, 1000),
)  # fmt: skip
def test_contents_are_used_equally_and_no_pair_twice(
    seed: int, conditions: int, apart: int, trials: int, index: int
) -> None:
    design = Design(keys("a", "b", "c"), conditions=conditions, trials=2, seed=seed)
    planned = practice(design, keys(*map(str, range(apart))), trials, index)
    pairs = conditions * (conditions - 1) // 2
    assert len(planned) == min(trials, apart * pairs)
    assert all(trial.kind == "practice" and 3 <= trial.content < 3 + apart for trial in planned)
    shown = Counter((trial.content, frozenset((trial.left, trial.right))) for trial in planned)
    assert max(shown.values(), default=1) == 1
    uses = Counter(trial.content for trial in planned)
    assert max(uses.values(), default=0) - min((uses[3 + n] for n in range(apart)), default=0) <= 1


def test_the_same_scene_does_not_come_twice_running() -> None:
    design = Design(keys("a"), conditions=4, trials=1, seed=3)
    photos = tuple(ContentKey(f"{scene}{camera}", scene) for scene in "xyz" for camera in "12")
    for index in range(50):
        scenes = [photos[trial.content - 1].scene for trial in practice(design, photos, trials=6, index=index)]
        assert all(one != other for one, other in itertools.pairwise(scenes))


def test_both_sides_occur() -> None:
    design = Design(keys("a"), conditions=2, trials=1, seed=3)
    lefts = Counter(practice(design, keys("p"), trials=1, index=index)[0].left for index in range(200))
    assert 70 < lefts[0] < 130


def test_what_counts_stays_as_it_was_and_repeats_point_to_it() -> None:
    design = Design(keys(*"abcdef"), conditions=3, trials=10, repeat=0.2, seed=5)
    for index in range(20):
        alone = slot(design, index)
        whole = after_practice(design, keys("p", "q"), 3, index, alone)
        assert [(one.content, one.left, one.right) for one in whole[3:]] == [
            (one.content, one.left, one.right) for one in alone
        ]
        for trial in whole[3:]:
            if trial.repeats is not None:
                first = whole[trial.repeats]
                assert (first.kind, first.content, first.left) == ("main", trial.content, trial.right)


@pytest.mark.parametrize("wrong", [{"trials": -1}, {"trials": 1, "contents": ()}, {"trials": 0, "index": -1}])
def test_what_cannot_be_drawn(wrong: dict[str, object]) -> None:
    design = Design(keys("a"), conditions=2, trials=1)
    with pytest.raises(ValueError, match="can't be drawn"):
        practice(design, **{"contents": keys("p"), "index": 0, **wrong})  # type: ignore[arg-type]
