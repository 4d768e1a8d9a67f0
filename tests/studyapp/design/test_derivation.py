"""A schedule as JSON, and the sittings in it: known ones first, then what holds for every design."""

import json
from dataclasses import asdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from studyapp.design.adaptive import Batch, places
from studyapp.design.derivation import Shown, derive, design_from
from studyapp.design.practice import after_practice
from studyapp.design.schedule import ADAPTIVE, STRATIFIED, VERSION, ContentKey, Design, counts, sitting

KEPT = (ContentKey("p", "p", "x"), ContentKey("q", "q", "y"))


def keys(*names: str) -> tuple[ContentKey, ...]:
    return tuple(ContentKey(name, name, "xy"[number % 2]) for number, name in enumerate(names))


def as_json(design: Design, told: dict[str, Any], batches: list[dict[str, Any]], practice: int = 0) -> Any:
    whole = {
        "design": asdict(design),
        "conditions": [f"c{number}" for number in range(design.conditions + 1)],
        "practice": {"trials": practice, "contents": [asdict(one) for one in KEPT]},
        "batches": batches,
        "sittings": [{"session": 1, "observer": "o-1", "lane": "main", **told}],
    }
    return json.loads(json.dumps(whole))


def test_a_known_answer() -> None:
    """Two slots of a design of golden simplicity: the places of the second, then one that was given back."""
    design = Design(keys("a", "b"), conditions=2, trials=1, seed=11)
    told = {"slot": 1, "batch": None, "given": [{"slot": 1, "batch": None, "places": [0]}]}
    (only,) = derive(as_json(design, told, [], practice=1))
    assert (only.session, only.observer, only.lane, only.slot, only.batch) == (1, "o-1", "main", 1, None)
    (cell,) = places(design, 1)
    names = (f"c{cell.left}", f"c{cell.right}")
    assert only.trials[0].kind == "practice"
    assert only.trials[0].content in ("p", "q")
    assert only.trials[1:] == (Shown(2, "main", "ab"[cell.content], *names, None, 1, None, 0),)


@st.composite
def designs(draw: st.DrawFn) -> Design:
    version = draw(st.sampled_from([VERSION, STRATIFIED, ADAPTIVE]))
    return Design(
        contents=keys(*"abcdefg"[: draw(st.integers(4, 7))]),
        conditions=draw(st.integers(3, 5)),
        trials=draw(st.integers(4, 12)),
        gold=draw(st.sampled_from([0.0, 0.1])),
        repeat=draw(st.sampled_from([0.0, 0.2])),
        same=draw(st.sampled_from([0.0, 0.1])),
        seed=draw(st.integers(0, 2**63 - 1)),
        version=version,
        gold_pairs=((1, 0),),
        strata="camera" if version == STRATIFIED else "",
    )


@given(designs())
def test_a_design_is_read_as_it_was_written(design: Design) -> None:
    assert design_from(as_json(design, {}, [])) == design


@given(designs(), st.integers(0, 30), st.integers(0, 3), st.data())
@settings(max_examples=60, deadline=None)
def test_a_sitting_of_two_slots_is_what_the_design_makes_of_their_places(
    design: Design, first: int, practice: int, data: st.DataObject
) -> None:
    batch = Batch(2, ((0, 1), (2, 1))) if design.version == ADAPTIVE else None
    slots = {first: places(design, first), first + 1: places(design, first + 1, batch)}
    size = counts(design).main
    older = data.draw(st.integers(0, size - 1))
    chosen = [(first, place, slots[first][place]) for place in range(older)]
    seen = {(cell.content, frozenset((cell.left, cell.right))) for *_, cell in chosen}
    chosen += [
        (first + 1, place, cell)
        for place, cell in enumerate(slots[first + 1])
        if (cell.content, frozenset((cell.left, cell.right))) not in seen
    ][: size - older]
    number = None if batch is None else 2
    told = {
        "slot": first + 1,
        "batch": number,
        "given": [
            {
                "slot": slot,
                "batch": number if slot > first else None,
                "places": [place for of, place, _ in chosen if of == slot],
            }
            for slot in slots
        ],
    }
    batches = [{"lane": "main", "number": 2, "pairs": [[0, 1], [2, 1]]}]
    (only,) = derive(as_json(design, told, batches, practice))
    planned = after_practice(design, KEPT, practice, first + 1, sitting(design, first + 1, [one[2] for one in chosen]))
    names = [content.name for content in (*design.contents, *KEPT)]
    assert [(trial.kind, trial.content, trial.left, trial.right) for trial in only.trials] == [
        (one.kind, names[one.content], f"c{one.left}", f"c{one.right}") for one in planned
    ]
    held = {(trial.slot, trial.place) for trial in only.trials if trial.kind == "main"}
    assert held == {(slot, place) for slot, place, _ in chosen}
    for trial in only.trials:
        if trial.repeats is not None:
            again = only.trials[trial.repeats - 1]
            assert (again.content, again.left, again.right) == (trial.content, trial.right, trial.left)
