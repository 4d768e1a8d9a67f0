"""Every sitting's trials again, from a bundle's ``schedule.json`` alone: without a database, without a framework.

What follows from seed and policy: what each place of each slot shows and on which side, and of each sitting practice,
gold, same-against-same and repeat trials, and the order of all. What is only recorded, for it follows from people:
which places a sitting was given (it depends on who came before and left), and of an adaptive study which pairs a batch
holds (it depends on the votes of its time).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from studyapp.design.adaptive import Batch, places
from studyapp.design.cells import Cell
from studyapp.design.practice import after_practice
from studyapp.design.schedule import ContentKey, Design, Kind, Planned, sitting

PARTS = ("design", "conditions", "practice", "batches", "sittings")
Batches = Mapping[tuple[str, int], Batch]
Told = Mapping[str, Any]


class Held(NamedTuple):
    """A place that a sitting was given."""

    slot: int
    batch: int | None
    place: int
    cell: Cell


class ScheduleError(ValueError):
    """A schedule that can't be read, or that exposures don't follow from."""


@dataclass(frozen=True)
class Shown:
    """One trial of a sitting, by names.

    Attributes:
        position: From 1.
        repeats: Of a repeat the position of the trial that it shows again with sides swapped.
        slot: Of a main trial that whose place it holds or held.
        batch: The batch that this slot draws on.
        place: Which place of the slot, from 0.
    """

    position: int
    kind: Kind
    content: str
    left: str
    right: str
    repeats: int | None = None
    slot: int | None = None
    batch: int | None = None
    place: int | None = None


@dataclass(frozen=True)
class Sitting:
    """One sitting, with all trials that it was laid out with, painted or not.

    Attributes:
        session: Its number, as in the exposures.
        observer: The random code of who sat, as in the exposures.
        lane: ``main``, ``pilot`` or ``simulated``: each has slots of its own.
        slot: The newest that it has places of; what chance decides for this sitting follows from its number.
        batch: The batch that this slot draws on.
        trials: In the order in which they are shown.
    """

    session: int
    observer: str
    lane: str
    slot: int
    batch: int | None
    trials: tuple[Shown, ...]


def derive(schedule: Told) -> Iterator[Sitting]:
    """The sittings of a schedule, each with its trials in order.

    Args:
        schedule: What ``schedule.json`` holds, as `json.load` gives it.

    Raises:
        ScheduleError: It isn't such a file, or a sitting has a place or a batch that isn't there; names it.

    >>> design = {"contents": [{"name": "a", "scene": "a"}], "conditions": 2, "trials": 1, "seed": 4}
    >>> given = [{"slot": 0, "batch": None, "places": [0]}]
    >>> told = {"session": 1, "observer": "o-1", "lane": "main", "slot": 0, "batch": None, "given": given}
    >>> practice = {"trials": 1, "contents": [{"name": "p", "scene": "p"}]}
    >>> schedule = {"design": design, "conditions": ["x", "y"], "practice": practice, "batches": []}
    >>> (only,) = derive({**schedule, "sittings": [told]})
    >>> [(trial.position, trial.kind, trial.content) for trial in only.trials]
    [(1, 'practice', 'p'), (2, 'main', 'a')]
    """
    if lacking := [name for name in PARTS if name not in schedule]:
        raise ScheduleError(f"the schedule lacks {', '.join(lacking)}: it is of a version that didn't write them")
    try:
        design, kept = design_from(schedule), _contents(schedule["practice"]["contents"])
        batches = {(one["lane"], one["number"]): _batch(one) for one in schedule["batches"]}
    except (KeyError, TypeError, ValueError) as error:
        raise ScheduleError(f"the schedule can't be read ({error})") from error
    for told in schedule["sittings"]:
        try:
            yield _sitting(schedule, design, kept, batches, told)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ScheduleError(f"sitting {told.get('session')}: its trials can't be derived ({error!r})") from error


def design_from(schedule: Told) -> Design:
    """The design in a schedule; what JSON has as lists and objects is as `Design` wants it."""
    told = dict(schedule["design"])
    told["contents"] = _contents(told["contents"])
    told["gold_pairs"] = tuple((worse, better) for worse, better in told.get("gold_pairs", ()))
    return Design(**told)


def _contents(told: Iterable[Told]) -> tuple[ContentKey, ...]:
    return tuple(ContentKey(**one) for one in told)


def _batch(told: Told) -> Batch:
    return Batch(told["number"], tuple((one, other) for one, other in told["pairs"]))


def _sitting(schedule: Told, design: Design, kept: tuple[ContentKey, ...], batches: Batches, told: Told) -> Sitting:
    held = list(_held(design, batches, told))
    after = sitting(design, told["slot"], [one.cell for one in held])
    plan = after_practice(design, kept, schedule["practice"]["trials"], told["slot"], after)
    names = [content.name for content in (*design.contents, *kept)]
    trials = (_shown(one, names, schedule["conditions"], held, position) for position, one in enumerate(plan, start=1))
    return Sitting(told["session"], told["observer"], told["lane"], told["slot"], told["batch"], tuple(trials))


def _held(design: Design, batches: Batches, told: Told) -> Iterator[Held]:
    for given in told["given"]:
        slot, number = given["slot"], given["batch"]
        cells = places(design, slot, None if number is None else batches[told["lane"], number])
        yield from (Held(slot, number, place, cells[place]) for place in given["places"])


def _shown(
    planned: Planned, contents: Sequence[str], conditions: Sequence[str], held: Sequence[Held], position: int
) -> Shown:
    holds = () if planned.cell is None else held[planned.cell][:3]
    return Shown(
        position,
        planned.kind,
        contents[planned.content],
        conditions[planned.left],
        conditions[planned.right],
        None if planned.repeats is None else planned.repeats + 1,
        *holds,
    )


def differences(sittings: Iterable[Sitting], exposures: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Where exposures aren't what was derived, in words.

    Args:
        sittings: As `derive` gives them.
        exposures: Rows of ``exposures.csv`` by the names of its columns: the trials that were painted.
    """
    planned = {sitting.session: sitting for sitting in sittings}
    for row in exposures:
        where = f"session {row['session']}, position {row['position']}"
        found = planned.get(int(row["session"]))
        if found is None:
            yield f"{where}: the schedule has no such sitting"
        elif not 1 <= int(row["position"]) <= len(found.trials):
            yield f"{where}: its sitting has {len(found.trials)} trials"
        else:
            derived = _as_row(found, found.trials[int(row["position"]) - 1])
            apart = [f"{name} {value!r}, not {row[name]!r}" for name, value in derived.items() if value != row[name]]
            if apart:
                yield f"{where}: derived {', '.join(apart)}"


def _as_row(sitting: Sitting, trial: Shown) -> dict[str, str]:
    """What the exposures have of a derived trial. Slot and batch of a trial that isn't main are its sitting's."""
    return {
        "observer": sitting.observer,
        "kind": trial.kind,
        "content": trial.content,
        "left": trial.left,
        "right": trial.right,
        "slot": str(sitting.slot if trial.slot is None else trial.slot),
        "batch": _cell(sitting.batch if trial.slot is None else trial.batch),
        "place": _cell(trial.place),
        "pilot": str(sitting.lane == "pilot").lower(),
        "simulated": str(sitting.lane == "simulated").lower(),
    }


def _cell(number: int | None) -> str:
    return "" if number is None else str(number)
