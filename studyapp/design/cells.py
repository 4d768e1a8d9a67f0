"""The endless list of cells (content × pair of conditions) that slots are cut from.

A *round* holds each cell once, in as many *blocks* as there are contents. A block holds each pair once, on contents
that move on by one from pair to pair; from block to block the contents are rotated, so that over a round each pair
meets each content. All sides change from block to block, and from round to round. So, after any number of cells,

- two pairs differ by at most 1 in how often they were shown, and two cells by at most 1;
- a cell's two orientations differ by at most 1, and within a period it changes sides each time it comes;
- a pair's two orientations over all contents differ by at most 1 within a period.

In each block, a condition is on the left in half of its showings (of an odd number, in one more or less).

A slot that crosses the end of a round must not hold a cell twice. Within a *period* all rounds therefore have the same
order: a window of a repeated list that is no longer than the list holds nothing twice. A period ends where the ends of
a slot and of a round fall together, after an even number of rounds; the next one has an order of its own. Any slot can
thus be derived alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import gcd, isqrt

from studyapp.design.randomness import Integers, Shuffled, Stream, permutation, raw


@dataclass(frozen=True)
class Cell:
    """One showing of two conditions of one content, by index, with their sides."""

    content: int
    left: int
    right: int


def pair_count(conditions: int) -> int:
    """How many unordered pairs there are.

    >>> pair_count(5)
    10
    """
    return conditions * (conditions - 1) // 2


def pair(number: int, conditions: int) -> tuple[int, int]:
    """The unordered pair of a number, in the order (0, 1), (0, 2), … (1, 2), ….

    >>> [pair(number, 3) for number in range(3)]
    [(0, 1), (0, 2), (1, 2)]
    """
    behind = pair_count(conditions) - 1 - number
    row = (isqrt(8 * behind + 1) - 1) // 2
    first = conditions - 2 - row
    return first, conditions - 1 - (behind - row * (row + 1) // 2)


def cells(seed: int, contents: int, conditions: int, per_slot: int, index: int) -> tuple[Cell, ...]:
    """The cells of one slot, in the list's order.

    Args:
        seed: The study's, non-negative.
        contents: How many contents, at least 1.
        conditions: How many conditions are compared, at least 2.
        per_slot: Cells in a slot, 1 to contents × pairs.
        index: The slot's place in the endless list, from 0.

    Returns:
        ``per_slot`` different cells.

    Raises:
        ValueError: A slot larger than a round.

    >>> len(set(cells(seed=1, contents=3, conditions=3, per_slot=9, index=5)))
    9
    """
    size = contents * pair_count(conditions)
    period, places = whereabouts(size, per_slot, index)
    return _order(seed, period, contents, conditions).cells(places)


def whereabouts(size: int, per_slot: int, index: int) -> tuple[int, list[tuple[int, int]]]:
    """The period of a slot, and the round in it and the place in that round of each of its cells.

    Raises:
        ValueError: A slot larger than a round.

    >>> whereabouts(size=6, per_slot=4, index=7)
    (1, [(0, 4), (0, 5), (1, 0), (1, 1)])
    """
    if not 1 <= per_slot <= size:
        raise ValueError(f"a slot takes 1 to {size} of the {size} cells of a round, not {per_slot}")
    period, within = divmod(index, slots_per_period(size, per_slot))
    first = within * per_slot
    return period, [divmod(place, size) for place in range(first, first + per_slot)]


def slots_per_period(size: int, per_slot: int) -> int:
    """How many slots until a slot's end and a round's fall together, twice over so that the rounds are even in number.

    >>> slots_per_period(size=6, per_slot=4)  # 12 cells are 3 slots and 2 rounds
    6
    """
    return 2 * size // gcd(size, per_slot)


@dataclass(frozen=True)
class Spot:
    """Where a place of a round leads: the rank of its pair, its content, and whether its block turns sides."""

    rank: int
    content: int
    turned: bool


@dataclass(frozen=True, eq=False)
class Order:
    """How the rounds of one period are laid out.

    Attributes:
        pairs: The pair at each rank.
        contents: Shape (contents,): the content at each place of the rotation.
        seats: Shape (conditions,): each condition's seat at the round table that decides sides.
    """

    pairs: Shuffled
    contents: Integers
    seats: Integers

    def spot(self, place: int) -> Spot:
        """Where a place of a round leads."""
        raise NotImplementedError

    def cells(self, places: Sequence[tuple[int, int]]) -> tuple[Cell, ...]:
        """The cells at some places, each a round and a place in it."""
        spots = [self.spot(place) for _, place in places]
        pairs = self.pairs.at([spot.rank for spot in spots])
        return tuple(
            self._cell(spot, number, turned=spot.turned ^ (round_number % 2 == 1))
            for spot, number, (round_number, _) in zip(spots, pairs, places, strict=True)
        )

    def _cell(self, spot: Spot, number: int, *, turned: bool) -> Cell:
        first, second = pair(number, len(self.seats))
        swapped = self._second_is_left(first, second) ^ turned
        return Cell(spot.content, second, first) if swapped else Cell(spot.content, first, second)

    def _second_is_left(self, first: int, second: int) -> bool:
        """At a round table each is left of the half that follows: of n − 1 others, (n − 1) / 2, or one more or less."""
        size = len(self.seats)
        seat, other = int(self.seats[first]), int(self.seats[second])
        ahead = (other - seat) % size
        return 2 * ahead > size or (2 * ahead == size and seat > other)


@dataclass(frozen=True, eq=False)
class Rotation(Order):
    """The layout described above.

    Attributes:
        shifts: Shape (contents,): the rank that each block begins with, lest slots always cut at the same pair.
        stride: How far the rotation goes from block to block: about a block's length, so that contents are used evenly.
    """

    shifts: Integers
    stride: int

    def spot(self, place: int) -> Spot:
        """Where a place of a round leads."""
        block, step = divmod(place, len(self.pairs.values))
        rank = (int(self.shifts[block]) + step) % len(self.pairs.values)
        content = int(self.contents[(block * self.stride + rank) % len(self.contents)])
        return Spot(rank, content, turned=block % 2 == 1)


@lru_cache(maxsize=8)
def _order(seed: int, period: int, contents: int, conditions: int) -> Rotation:
    pairs = pair_count(conditions)
    return Rotation(
        pairs=Shuffled.drawn(seed, Stream.PAIRS, period, pairs),
        contents=permutation(seed, Stream.CONTENTS, period, contents),
        seats=permutation(seed, Stream.SEATS, period, conditions),
        shifts=(raw(seed, Stream.SHIFTS, period, contents) % pairs).astype("int64"),
        stride=next(stride for stride in _from(pairs) if gcd(stride, contents) == 1),
    )


def _from(number: int) -> Iterator[int]:
    while True:
        yield number
        number += 1
