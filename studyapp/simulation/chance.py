"""Chance for simulated observers: each use, each observer, each trial has a stream of its own.

So what one observer does depends on nothing that another does, nor on the order in which a server answers.
"""

import hashlib
from enum import IntEnum

import numpy as np


class Use(IntEnum):
    """What chance is for."""

    TRUTH = 0
    MANNER = 1
    TASTE = 2
    CONTENT = 3
    CHOICE = 4
    HABIT = 5
    LOOKING = 6
    DEVICE = 7


def stream(seed: int, use: Use, *keys: int) -> np.random.Generator:
    """A generator of its own for one use and its keys (observer, trial, …).

    Args:
        seed: Of the rehearsal, 0 or more.
        use: What it is for.
        keys: Whose, 0 or more each.

    >>> float(stream(1, Use.CHOICE, 0, 3).random()) == float(stream(1, Use.CHOICE, 0, 3).random())
    True
    >>> float(stream(1, Use.CHOICE, 0, 3).random()) == float(stream(1, Use.CHOICE, 3, 0).random())
    False
    """
    return np.random.default_rng([seed, int(use), len(keys), *keys])


def key_of(name: str) -> int:
    """A number for a name, the same on every machine.

    >>> key_of("photo-1") == key_of("photo-1") != key_of("photo-2")
    True
    """
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")
