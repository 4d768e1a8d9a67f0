"""Strips that wait, in memory that is used again and again.

A strip that waits is copied into a slot, and when it has been taken up, the next one is. Left to an allocator, strips
lie between the short-lived blocks of every operation, and half as much memory again is lost between them.
"""

from collections import deque
from collections.abc import Iterator
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

from enhancement.nn.memory import left_bytes

AT_ONCE = {"cpu": 8, "cuda": 1}
"""Slots that are asked for together. On the CPU more than the 32 MB from which on glibc takes a block from the system
itself, and what is never written to is no memory yet; on a GPU all that is asked for is taken."""

SPARE = 1.25
"""Rows of a slot, for each of the strip that it is asked for: the first strips are shorter."""

GROUPS_LEFT = 2
"""Of slots, that must still fit where one is taken: it, and as much again for all else that happens meanwhile."""

Kind = tuple[int, int, torch.dtype]


class Kept(NamedTuple):
    """A strip in its slot.

    Attributes:
        strip: Shape (h, W, C).
        slot: The memory, of h rows or more.
    """

    strip: Tensor
    slot: Tensor


class Slots:
    """Memory for strips: each width, number of channels and type has its own.

    Args:
        is_watched: Refuse to take the last of a processor's memory. Linux promises more than there is, and kills who
            writes to it.

    Example:
        >>> slots, strip = Slots(), torch.ones(4, 5, 3)
        >>> first = slots.room_for(strip)
        >>> slots.let_go(first)
        >>> slots.room_for(strip[:2]).slot is first.slot
        True
    """

    def __init__(self, *, is_watched: bool = False) -> None:
        self.is_watched = is_watched
        self.free: dict[Kind, list[Tensor]] = {}
        self.kinds: set[Kind] = set()

    def begin(self) -> None:
        """Another pass begins: kinds of strips that the last one didn't keep have had their time."""
        self.free = {kind: free for kind, free in self.free.items() if kind in self.kinds}
        self.kinds = set()

    def room_for(self, strip: Tensor) -> Kept:
        """A slot for (h, W, C), which isn't copied yet.

        Raises:
            MemoryError: There is hardly any left, and it is watched.
        """
        kind = kind_of(strip)
        self.kinds.add(kind)
        free = self.free.setdefault(kind, [])
        place = next((at for at in reversed(range(len(free))) if len(free[at]) >= len(strip)), None)
        if place is None:
            group = AT_ONCE[strip.device.type], int(SPARE * len(strip)) + 1, *strip.shape[1:]
            if self.is_watched and strip.device.type == "cpu":
                check_left(prod(group) * strip.itemsize)
            free[:0] = strip.new_empty(group)  # taken last: they are no memory yet
            place = group[0] - 1
        slot = free.pop(place)
        return Kept(slot[: len(strip)], slot)

    def let_go(self, kept: Kept) -> None:
        """Its slot is free, where strips of its kind are kept in this pass."""
        kind = kind_of(kept.slot)
        if kind in self.kinds:
            self.free.setdefault(kind, []).append(kept.slot)


def check_left(group_bytes: int) -> None:
    """Refuse to take slots where the system would soon have no memory for them.

    Raises:
        MemoryError: Says what is left.
    """
    left = left_bytes()
    if left is not None and left < GROUPS_LEFT * group_bytes:
        raise MemoryError(f"{left / 1e6:.0f} MB are left where {group_bytes / 1e6:.0f} MB more are to be kept")


def kind_of(strip: Tensor) -> Kind:
    """Width, channels and type of (h, W, C)."""
    return strip.shape[1], strip.shape[2], strip.dtype


class Queue:
    """Strips that wait to be taken up again, first in, first out."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.strips: deque[Kept] = deque()
        self.begun = 0  # rows of the first strip that have been taken

    def room_for(self, strip: Tensor) -> Tensor:
        """The next place, for a copy of (h, W, C)."""
        self.strips.append(self.slots.room_for(strip))
        return self.strips[-1].strip

    def keep(self, strip: Tensor) -> None:
        """A copy of (h, W, C) waits from now on."""
        self.room_for(strip).copy_(strip)

    def emptied(self) -> Iterator[Tensor]:
        """All that waits; each strip is let go when the next one is asked for."""
        while self.strips:
            kept = self.strips.popleft()
            yield kept.strip
            self.slots.let_go(kept)

    def taken(self, rows: int) -> Iterator[Tensor]:
        """The next rows, as they lie in one strip each; they are let go when the next ones are asked for."""
        while rows > 0:
            first = self.strips[0].strip
            some = min(len(first) - self.begun, rows)
            yield first[self.begun : self.begun + some]
            rows, self.begun = rows - some, self.begun + some
            if self.begun == len(first):
                self.slots.let_go(self.strips.popleft())
                self.begun = 0
