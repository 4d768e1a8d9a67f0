"""Chance that a reviewer can derive again, in any version of numpy.

numpy promises the stream of a bit generator and of `SeedSequence` for good, but not what `Generator.permutation` or
`Generator.integers` make of it. So everything here is made from PCG64's raw 64-bit integers alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

WORD = 1 << 32
MANY = 20_000
"""A permutation longer than this isn't sorted whole for the few places of it that a slot asks for."""


class Stream(IntEnum):
    """What chance is for. Each use has a stream of its own, so that none depends on how much another has drawn."""

    PAIRS = 0
    CONTENTS = 1
    SEATS = 2
    SHIFTS = 3
    RUNNING_ORDER = 4
    GOLD_CONTENTS = 5
    GOLD_SIDES = 6
    SAME_CONTENTS = 7
    SAME_CONDITIONS = 8
    PRACTICE_CONTENTS = 20
    PRACTICE_PAIRS = 21
    PRACTICE_SIDES = 22
    PRACTICE_ORDER = 23
    BATCH_CONTENTS = 24
    BATCH_SIDES = 25
    STRATA = 30


def raw(seed: int, stream: Stream, index: int, count: int) -> npt.NDArray[np.uint64]:
    """Random 64-bit integers from PCG64, of one stream at one index.

    The generator's state is numpy's `SeedSequence` of four 32-bit words: the seed's lower and upper half, stream,
    index. Four fill its pool, so that no two combinations can be padded into one another.

    Args:
        seed: The study's, 0 to 2⁶³ − 1.
        stream: What they are for.
        index: Of the slot or period, 0 to 2³² − 1.
        count: How many.

    Returns:
        Shape (count,), uint64.

    Raises:
        ValueError: A seed or index out of range.

    >>> raw(7, Stream.PAIRS, 0, 2)
    array([11530976094092348043, 16550673365885938325], dtype=uint64)
    """
    if not (0 <= seed < 1 << 63 and 0 <= index < WORD):
        raise ValueError(
            f"chance needs a seed from 0 to 2⁶³ − 1 and an index from 0 to 2³² − 1, not {seed} and {index}"
        )
    words = [seed % WORD, seed // WORD, int(stream), index]
    return np.random.PCG64(np.random.SeedSequence(words)).random_raw(count)


def permutation(seed: int, stream: Stream, index: int, length: int) -> Integers:
    """The numbers 0 to length − 1 in random order: the order that sorts as many random integers.

    Args:
        seed: The study's, 0 to 2⁶³ − 1.
        stream: What it is for.
        index: Of the slot or period, 0 to 2³² − 1.
        length: At least 0.

    Returns:
        Shape (length,), int64.

    Raises:
        ValueError: A seed or index out of range.

    >>> sorted(permutation(7, Stream.CONTENTS, 0, 5).tolist())
    [0, 1, 2, 3, 4]
    """
    return np.argsort(raw(seed, stream, index, length), kind="stable")


@dataclass(frozen=True, eq=False)
class Shuffled:
    """A `permutation` of which only some places are wanted.

    Attributes:
        values: Shape (length,): the random integers that the permutation sorts.
    """

    values: npt.NDArray[np.uint64]

    @classmethod
    def drawn(cls, seed: int, stream: Stream, index: int, length: int) -> "Shuffled":
        """The permutation of the same arguments."""
        return cls(raw(seed, stream, index, length))

    def at(self, places: Sequence[int]) -> list[int]:
        """What the permutation has at some places, each from 0 to length − 1.

        >>> Shuffled.drawn(7, Stream.PAIRS, 0, 5).at([4, 0]) == permutation(7, Stream.PAIRS, 0, 5)[[4, 0]].tolist()
        True
        """
        asked = np.array(places, dtype=np.int64)
        if len(self.values) <= MANY:
            return _numbers(np.argsort(self.values, kind="stable")[asked])
        # With their neighbours: where two of these are equal, only a stable sort says which comes first.
        known = np.unique(np.clip(np.concatenate([asked - 1, asked, asked + 1]), 0, len(self.values) - 1))
        order = np.argpartition(self.values, known)
        found = self.values[order[known]]
        if (found[1:] == found[:-1]).any():
            order = np.argsort(self.values, kind="stable")
        return _numbers(order[asked])


def _numbers(values: Integers) -> list[int]:
    return [int(value) for value in values]
