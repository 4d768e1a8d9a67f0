"""The endless list of cells where each slot gets its share of each stratum: of each camera, say.

As in `studyapp.design.cells` a round holds each cell (content × pair of conditions) once, a period's rounds are laid
out alike, a block holds each pair once, and sides change from block to block and from round to round. What differs is
how pairs and contents meet:

- Contents come in one fixed cycle that runs through all rounds without a jump. In it the strata alternate as evenly as
  their sizes allow, so every stretch of it, and so every slot, holds of each stratum its share.
- Pairs come in one cycle too, turned on by one from block to block as often as the two lengths have common measure
  g: pairs and strata would else keep step, and some pairs meet one camera for long. Over a round each pair meets each
  content once all the same: the contents that a pair meets in one turn of g are of g different kinds (by place, modulo
  g), and after each least common multiple the turns begin one further on.
- Where the number of blocks in a round is even, sides change from block to block in Thue and Morse's order (0110 1001
  …), for plain alternation would keep step with two cameras. It too is even after every second block.

So, after any number of cells, two pairs differ by at most 1 in how often they were shown, and so do two cells; a pair's
two orientations differ by at most 1 within a period, and so do a cell's. Those of a pair within one stratum are even
after every second round, and nearly so between.

With one stratum size, or two strata, a slot's number of a stratum is its share, rounded down or up. Where three or more
strata differ in size no cycle can promise that (Fraenkel's conjecture); the number is then less than 2 off the share.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import gcd

import numpy as np

from studyapp.design.cells import Cell, Order, Spot, pair_count, whereabouts
from studyapp.design.randomness import Integers, Shuffled, Stream, permutation, raw


def stratified_cells(
    seed: int, strata: tuple[Hashable, ...], conditions: int, per_slot: int, index: int
) -> tuple[Cell, ...]:
    """The cells of one slot, in the list's order.

    Args:
        seed: The study's, non-negative.
        strata: The stratum of each content, at least one.
        conditions: How many conditions are compared, at least 2.
        per_slot: Cells in a slot, 1 to contents × pairs.
        index: The slot's place in the endless list, from 0.

    Returns:
        ``per_slot`` different cells.

    Raises:
        ValueError: A slot larger than a round.

    >>> slot = stratified_cells(1, ("phone", "phone", "slr", "slr"), conditions=3, per_slot=6, index=5)
    >>> sorted(("phone", "phone", "slr", "slr")[cell.content] for cell in slot)
    ['phone', 'phone', 'phone', 'slr', 'slr', 'slr']
    """
    period, places = whereabouts(len(strata) * pair_count(conditions), per_slot, index)
    return _order(seed, period, strata, conditions).cells(places)


@dataclass(frozen=True, eq=False)
class Strata(Order):
    """The layout described above; ``contents`` is the cycle."""

    def spot(self, place: int) -> Spot:
        """Where a place of a round leads."""
        pairs, contents = len(self.pairs.values), len(self.contents)
        block, step = divmod(place, pairs)
        measure = gcd(pairs, contents)
        group, within = divmod(block, contents // measure)
        rank = (step + (group + within) % measure) % pairs
        turned = block.bit_count() % 2 if contents % 2 == 0 else block % 2
        return Spot(rank, int(self.contents[place % contents]), turned=turned == 1)


@lru_cache(maxsize=8)
def _order(seed: int, period: int, strata: tuple[Hashable, ...], conditions: int) -> Strata:
    return Strata(
        pairs=Shuffled.drawn(seed, Stream.PAIRS, period, pair_count(conditions)),
        contents=_cycle(seed, period, strata),
        seats=permutation(seed, Stream.SEATS, period, conditions),
    )


def _cycle(seed: int, period: int, strata: tuple[Hashable, ...]) -> Integers:
    """The contents, each stratum's in random order, the strata evenly among each other, begun anywhere."""
    waiting: dict[Hashable, list[int]] = {}
    for content in permutation(seed, Stream.CONTENTS, period, len(strata)).tolist():
        waiting.setdefault(strata[content], []).append(content)
    names = list(waiting)
    cycle = [waiting[names[place]].pop() for place in evenly([len(waiting[name]) for name in names])]
    begin = int(raw(seed, Stream.STRATA, period, 1)[0] % len(cycle))
    return np.array(cycle[begin:] + cycle[:begin], dtype=np.int64)


def evenly(sizes: Sequence[int]) -> list[int]:
    """Numbers 0 to len(sizes) − 1, each as often as its size, spread so that every stretch holds its share.

    Each place goes to whom the next is due first, of those who don't have their share yet: after any number of places
    nobody is one or more off.

    Args:
        sizes: At least one, 1 or more each.

    Source:
        Tijdeman 1980, doi:10.1016/0012-365X(80)90269-1 (the chairman assignment problem); earliest deadline first:
        Steiner and Yeomans 1993, doi:10.1287/mnsc.39.6.728.

    >>> evenly([4, 2])
    [0, 0, 1, 0, 0, 1]
    """
    total, had = sum(sizes), Counter[int]()
    spread = []
    for place in range(1, total + 1):
        wanting = [one for one, size in enumerate(sizes) if had[one] * total < place * size]
        chosen = min(wanting, key=lambda one: ((had[one] + 1) / sizes[one], one))
        had[chosen] += 1
        spread.append(chosen)
    return spread
