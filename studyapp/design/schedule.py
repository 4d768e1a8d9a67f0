"""A study's schedule: an endless list of slots, each derivable alone from the design and its index."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal, TypeAlias

from studyapp.design.cells import Cell, cells, pair_count
from studyapp.design.randomness import Stream, permutation, raw
from studyapp.design.running_order import place_repeat, spread
from studyapp.design.strata import stratified_cells

VERSION = "balanced-1"
"""This policy. A change to any slot that it derives is a new version."""
STRATIFIED = "balanced-2"
"""As balanced, and each slot gets its share of each stratum: `studyapp.design.strata`."""
ADAPTIVE = "adaptive-1"
"""Part of a slot as here, part of it from a stored batch of pairs: `studyapp.design.adaptive`."""

Kind: TypeAlias = Literal["main", "gold", "same", "repeat", "practice"]
STRATA = ("", "camera", "scene")


@dataclass(frozen=True)
class ContentKey:
    """A content by name, the scene that it shows, and what it was shot with."""

    name: str
    scene: str
    camera: str = ""


@dataclass(frozen=True)
class Design:
    """Everything that a schedule depends on.

    Attributes:
        contents: At least one, in a fixed order, names different.
        conditions: How many conditions are compared, at least 2; their indices are 0 to conditions − 1.
        trials: Trials in a slot, of all kinds; fewer where a slot would otherwise show a pair of a content twice.
        gold: Share of gold trials, 0 to 1.
        repeat: Share of repeats with swapped sides, 0 to 1.
        same: Share of trials that show a condition beside itself, 0 to 1.
        seed: 0 to 2⁶³ − 1.
        version: The policy: `VERSION`, `ADAPTIVE`, or `STRATIFIED` where a balanced one has strata.
        gold_pairs: Indices of (worse, better), taken in turn. An index of ``conditions`` or more stands for a condition
            that is shown in gold trials only.
        strata: What each slot gets its share of: every ``camera``, or every ``scene``; nothing where empty.
    """

    contents: tuple[ContentKey, ...]
    conditions: int
    trials: int
    gold: float = 0.0
    repeat: float = 0.0
    same: float = 0.0
    seed: int = 0
    version: str = VERSION
    gold_pairs: tuple[tuple[int, int], ...] = ()
    strata: str = ""

    def __post_init__(self) -> None:
        problems = list(_problems(self))
        if problems:
            raise ValueError("this design can't be scheduled: " + "; ".join(problems))


@dataclass(frozen=True)
class Planned:
    """One trial as planned.

    Attributes:
        content: Index into the design's contents.
        left: Index of the condition on the left.
        right: Index of the condition on the right.
        kind: ``main``, ``gold``, ``same`` or ``repeat``; ``practice`` from `studyapp.design.practice` only.
        repeats: For a repeat the position in the slot, from 0, of the trial that it repeats with swapped sides.
        cell: For a main trial which of the cells it is that the sitting was given, from 0.
    """

    content: int
    left: int
    right: int
    kind: Kind
    repeats: int | None = None
    cell: int | None = None


@dataclass(frozen=True)
class Counts:
    """How many trials of each kind a slot of a design holds."""

    main: int
    gold: int
    same: int
    repeat: int


def counts(design: Design) -> Counts:
    """How many trials of each kind every slot holds.

    The shares are of all trials, rounded to the nearest; what remains is main. Where that is more than the cells there
    are (contents × pairs), the slot is the longest one that has no more.

    >>> two = (ContentKey("a", "a"), ContentKey("b", "b"))
    >>> counts(Design(two, conditions=5, trials=20, gold=0.1, repeat=0.1, same=0.05))
    Traceback (most recent call last):
    ValueError: this design can't be scheduled: a share of gold trials needs a gold pair
    >>> counts(Design(two, conditions=5, trials=20, repeat=0.1, same=0.05))
    Counts(main=17, gold=0, same=1, repeat=2)
    >>> counts(Design(two, conditions=2, trials=20))
    Counts(main=2, gold=0, same=0, repeat=0)
    """
    most = len(design.contents) * pair_count(design.conditions)
    rest = 1 - design.gold - design.same - design.repeat
    trials = min(design.trials, int((most + 2) / rest) + 1)
    return next(found for total in range(trials, 0, -1) if (found := _shared_out(design, total)).main <= most)


def slot(design: Design, index: int) -> tuple[Planned, ...]:
    """The trials of one slot, in the order in which they are shown.

    Args:
        design: The study's.
        index: The slot's place in the endless list, from 0.

    Returns:
        The main trials (`studyapp.design.cells` and `strata` say what is balanced), and gold, same and repeat trials.
        The same scene doesn't come twice running, nor a repeat within three positions, where that can be had.

    Raises:
        ValueError: A negative index.

    >>> photos = tuple(ContentKey(name, name) for name in "abcd")
    >>> [trial.kind for trial in slot(Design(photos, conditions=3, trials=5, repeat=0.2, seed=4), index=0)]
    ['main', 'main', 'main', 'repeat', 'main']
    """
    return sitting(design, index, places(design, index))


def places(design: Design, index: int) -> tuple[Cell, ...]:
    """The main trials of one slot in the order of the endless list: each a place that one sitting holds at a time.

    Raises:
        ValueError: A negative index.
    """
    if index < 0:
        raise ValueError(f"slots are counted from 0, there is none at {index}")
    return balanced_cells(design, index, counts(design).main)


def balanced_cells(design: Design, index: int, number: int) -> tuple[Cell, ...]:
    """The slot's cells in the endless list of slots that hold ``number`` each."""
    if design.strata:
        return stratified_cells(design.seed, strata_of(design), design.conditions, number, index)
    return cells(design.seed, len(design.contents), design.conditions, number, index)


def strata_of(design: Design) -> tuple[str, ...]:
    """The stratum of each content; all are in one where the design has no strata."""
    return tuple(str(getattr(content, design.strata)) if design.strata else "" for content in design.contents)


def policy_of(version: str, strata: str) -> str:
    """The balanced policy that goes with strata, or with none; any other policy stays.

    >>> policy_of(VERSION, "camera"), policy_of(STRATIFIED, "")
    ('balanced-2', 'balanced-1')
    """
    if version in (VERSION, STRATIFIED):
        return STRATIFIED if strata else VERSION
    return version


def sitting(design: Design, index: int, chosen: Sequence[Cell]) -> tuple[Planned, ...]:
    """The trials of a sitting that was given these cells, in the order in which they are shown.

    Args:
        design: The study's.
        index: Of the newest slot that the cells are from: what chance decides for this sitting follows from it.
        chosen: At least one cell, no pair of a content twice; in the order of the endless list.

    Returns:
        As `slot`, which is the sitting that was given the places of one slot.
    """
    planned = counts(design)
    trials = [Planned(cell.content, cell.left, cell.right, "main", cell=number) for number, cell in enumerate(chosen)]
    trials += _gold(design, index, planned.gold, chosen)
    trials += _same(design, index, planned.same, trials)
    return _in_order(design, index, trials, min(planned.repeat, len(chosen)))


def slots(design: Design, first: int = 0) -> Iterator[tuple[Planned, ...]]:
    """The endless list of slots, from ``first`` on."""
    return (slot(design, index) for index in count(first))


def _problems(design: Design) -> Iterator[str]:
    shares = (design.gold, design.repeat, design.same)
    if not design.contents or len({content.name for content in design.contents}) < len(design.contents):
        yield "it needs contents, each with a name of its own"
    if design.conditions < 2:
        yield f"it takes two conditions to compare, not {design.conditions}"
    if min(shares) < 0 or sum(shares) > 0.9:
        yield f"the shares of gold, repeat and same are 0 or more and leave a tenth for main trials, not {shares}"
    elif _shared_out(design, design.trials).main < 1:
        yield f"{design.trials} trials with shares of {shares} leave no main trial"
    if design.gold > 0 and not design.gold_pairs:
        yield "a share of gold trials needs a gold pair"
    if any(worse == better or min(worse, better) < 0 for worse, better in design.gold_pairs):
        yield f"a gold pair is two different conditions, (worse, better), not {design.gold_pairs}"
    if not 0 <= design.seed < 1 << 63:
        yield f"the seed is a number from 0 to 2⁶³ − 1, not {design.seed}"
    if design.version not in (VERSION, STRATIFIED, ADAPTIVE):
        known = ", ".join((VERSION, STRATIFIED, ADAPTIVE))
        yield f"this program derives schedules of the policies {known}, not {design.version}"
    if design.strata not in STRATA:
        yield f"strata are by camera or by scene, not by {design.strata}"
    elif design.version != policy_of(design.version, design.strata):
        yield f"slots {'with' if design.strata else 'without'} strata aren't of the policy {design.version}"


def _shared_out(design: Design, trials: int) -> Counts:
    gold, same, repeat = (int(trials * share + 0.5) for share in (design.gold, design.same, design.repeat))
    main = trials - gold - same - repeat
    return Counts(main, gold, same, min(repeat, main))


def _gold(design: Design, index: int, number: int, chosen: Sequence[Cell]) -> list[Planned]:
    """Gold pairs in turn, the better one left in every second; where it can be had, not what a main trial shows."""
    taken = {(cell.content, frozenset((cell.left, cell.right))) for cell in chosen}
    used = [cell.content for cell in chosen]
    start = int(raw(design.seed, Stream.GOLD_SIDES, index, 1)[0] % 2)
    trials = []
    for turn in range(number):
        worse, better = design.gold_pairs[(index * number + turn) % len(design.gold_pairs)]
        pair = frozenset((worse, better))
        avoided = {content for content, shown in taken if shown == pair}
        content = freshest(design, Stream.GOLD_CONTENTS, index, used, avoided)
        left, right = (worse, better) if (start + turn) % 2 else (better, worse)
        trials.append(Planned(content, left, right, "gold"))
        taken.add((content, pair))
        used.append(content)
    return trials


def _same(design: Design, index: int, number: int, others: list[Planned]) -> list[Planned]:
    """Conditions in turn beside themselves."""
    conditions = permutation(design.seed, Stream.SAME_CONDITIONS, index, design.conditions).tolist()
    used = [trial.content for trial in others]
    trials = []
    for turn in range(number):
        content = freshest(design, Stream.SAME_CONTENTS, index, used, set())
        condition = conditions[turn % len(conditions)]
        trials.append(Planned(content, condition, condition, "same"))
        used.append(content)
    return trials


def freshest(design: Design, stream: Stream, index: int, used: list[int], avoided: set[int]) -> int:
    """A content whose scene, and then itself, the slot shows least, by chance among equals; an avoided one at last.

    Where there are strata, it is of the one that the slot shows least for its size.
    """
    contents, scenes = Counter(used), Counter(design.contents[content].scene for content in used)
    strata = strata_of(design)
    sizes, of_stratum = Counter(strata), Counter(strata[content] for content in used)

    def shown(content: int) -> tuple[bool, float, int, int]:
        stratum = strata[content]
        share = of_stratum[stratum] / sizes[stratum] if design.strata else 0.0
        return content in avoided, share, scenes[design.contents[content].scene], contents[content]

    return int(min(permutation(design.seed, stream, index, len(design.contents)).tolist(), key=shown))


def _in_order(design: Design, index: int, trials: list[Planned], repeats: int) -> tuple[Planned, ...]:
    """The trials as shown, repeats among them."""
    draws = iter(raw(design.seed, Stream.RUNNING_ORDER, index, len(trials) + repeats).tolist())

    def draw(below: int) -> int:
        return int(next(draws) % below)

    def scene(entry: tuple[int, bool]) -> str:
        return design.contents[trials[entry[0]].content].scene

    ordered = spread([(number, False) for number in range(len(trials))], scene, draw)
    sources = [entry for entry in ordered if trials[entry[0]].kind == "main"]
    for _ in range(repeats):
        source, gap = place_repeat(ordered, sources, scene, draw)
        ordered.insert(gap, (source[0], True))
        sources.remove(source)
    firsts = {entry: place for place, entry in enumerate(ordered)}
    return tuple(_as_shown(trials[number], firsts[number, False], again) for number, again in ordered)


def _as_shown(trial: Planned, first: int, again: bool) -> Planned:
    if not again:
        return trial
    return replace(trial, left=trial.right, right=trial.left, kind="repeat", repeats=first, cell=None)
