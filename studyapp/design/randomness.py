"""Chance that a reviewer can derive again, in any version of numpy.

numpy promises the stream of a bit generator and of `SeedSequence` for good, but not what `Generator.permutation` or
`Generator.integers` make of it. So everything here is made from PCG64's raw 64-bit integers alone.
"""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

WORD = 1 << 32


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
    BATCH_CONTENTS = 20
    BATCH_SIDES = 21


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
