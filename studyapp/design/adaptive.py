"""Slots of which a part is drawn from a batch of pairs that was stored beforehand: the policy `adaptive-1`.

Of a slot's main trials half, rounded up, are cells of the balanced list, drawn as `balanced-1` draws them for slots of
that size. The others are taken from the batch, as one endless list of its pairs again and again, from which every slot
takes its window. Gold, same and repeat trials, and the order, are made as in any slot. A slot laid out before there
was a batch is the slot of `balanced-1`.

Which pairs a batch holds is not derived here, as it depends on votes: `analysis.adaptive` chose them, and they were
stored. From (study, seed, slot, policy version, stored batch) a slot can be derived again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from studyapp.design import schedule
from studyapp.design.cells import Cell
from studyapp.design.randomness import Stream, raw
from studyapp.design.schedule import ADAPTIVE, Design, Planned, counts, freshest


@dataclass(frozen=True)
class Batch:
    """A stored batch.

    Attributes:
        number: Its place among the batches, 0 to 2³² − 1; chance depends on it.
        pairs: At least one, each two different conditions by index, in the order in which they are worth asking. A pair
            that stands in it again is asked again, on another content.
    """

    number: int
    pairs: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if not self.pairs or any(one == other or min(one, other) < 0 for one, other in self.pairs):
            raise ValueError(f"a batch holds pairs of two different conditions, at least one, not {self.pairs}")


def slot(design: Design, index: int, batch: Batch | None = None) -> tuple[Planned, ...]:
    """The trials of one slot of either policy, in the order in which they are shown.

    Args:
        design: The study's.
        index: The slot's place in the endless list, from 0.
        batch: What the slot draws from; none where it was laid out before there was one, or the policy has none.

    Returns:
        The slot; with a batch, at least half of its main trials are balanced.

    Raises:
        ValueError: A negative index, or a batch that isn't this design's.

    >>> from studyapp.design.schedule import ContentKey
    >>> photos = tuple(ContentKey(name, name) for name in "abcd")
    >>> told = Design(photos, conditions=9, trials=6, seed=5, version="adaptive-1")
    >>> sorted({trial.left, trial.right} == {7, 8} for trial in slot(told, 0, Batch(0, ((7, 8),))))
    [False, False, False, True, True, True]
    """
    return schedule.sitting(design, index, places(design, index, batch))


def places(design: Design, index: int, batch: Batch | None = None) -> tuple[Cell, ...]:
    """The main trials of one slot of either policy: each a place that one sitting holds at a time.

    Raises:
        ValueError: A negative index, or a batch that isn't this design's.
    """
    if batch is None:
        return schedule.places(design, index)
    if index < 0:
        raise ValueError(f"slots are counted from 0, there is none at {index}")
    if design.version != ADAPTIVE:
        raise ValueError(f"slots of the policy {design.version} draw from no batch")
    if max(map(max, batch.pairs)) >= design.conditions:
        raise ValueError(f"batch {batch.number} names conditions beyond the {design.conditions} of the design")
    main = counts(design).main
    chosen = list(schedule.balanced_cells(design, index, main - main // 2))
    chosen += _drawn(design, index, batch, main // 2, chosen)
    chosen += _missing(design, index, chosen)
    return tuple(chosen)


def _drawn(design: Design, index: int, batch: Batch, number: int, balanced: list[Cell]) -> list[Cell]:
    """The slot's window of the batch, on contents that the slot shows least; a pair that has none left is passed by."""
    taken = {_key(cell) for cell in balanced}
    used = [cell.content for cell in balanced]
    drawn: list[Cell] = []
    for left, right in _window(design, index * number, batch, number):
        if len(drawn) == number:
            break
        pair = frozenset((left, right))
        avoided = {content for content, shown in taken if shown == pair}
        content = freshest(design, Stream.BATCH_CONTENTS, index, used, avoided)
        if content not in avoided:
            drawn.append(Cell(content, left, right))
            taken.add((content, pair))
            used.append(content)
    return drawn


def _window(design: Design, first: int, batch: Batch, number: int) -> Iterator[tuple[int, int]]:
    """Pairs with their sides from a place of the endless list on: the slot's own, and a lap more to pass some by.

    Each time that a pair comes it changes sides; which side is first is chance.
    """
    seen: dict[frozenset[int], int] = {}
    turns = [_count(seen, frozenset(pair)) for pair in batch.pairs]
    starts = raw(design.seed, Stream.BATCH_SIDES, batch.number, len(batch.pairs)) % 2
    start = dict(zip(map(frozenset, reversed(batch.pairs)), reversed(starts.tolist()), strict=True))
    for place in range(first, first + number + len(batch.pairs)):
        lap, entry = divmod(place, len(batch.pairs))
        low, high = sorted(batch.pairs[entry])
        pair = frozenset((low, high))
        swapped = (start[pair] + turns[entry] + lap * seen[pair]) % 2
        yield (high, low) if swapped else (low, high)


def _count(seen: dict[frozenset[int], int], pair: frozenset[int]) -> int:
    """How often the pair came before."""
    seen[pair] = seen.get(pair, 0) + 1
    return seen[pair] - 1


def _missing(design: Design, index: int, chosen: list[Cell]) -> list[Cell]:
    """Balanced cells in the place of pairs that had no content left: of a slot's whole window enough are free."""
    main, taken = counts(design).main, {_key(cell) for cell in chosen}
    free = [cell for cell in schedule.balanced_cells(design, index, main) if _key(cell) not in taken]
    return free[: main - len(chosen)]


def _key(cell: Cell) -> tuple[int, frozenset[int]]:
    return cell.content, frozenset((cell.left, cell.right))
