"""Strips that wait."""

from collections.abc import Iterable

import torch

from enhancement.nn.whole.queues import AT_ONCE, Kept, Queue, Slots, kind_of

EIGHT = AT_ONCE["cpu"]


def strips_of(count: int, rows: int = 4) -> list[torch.Tensor]:
    return list(torch.arange(count * rows * 6.0).reshape(count, rows, 2, 3))


def free(slots: Slots, like: Kept) -> list[torch.Tensor]:
    return slots.free[kind_of(like.slot)]


def kept(slots: Slots, strip: torch.Tensor) -> Kept:
    place = slots.room_for(strip)
    place.strip.copy_(strip)
    return place


def filled(slots: Slots, strips: Iterable[torch.Tensor]) -> Queue:
    queue = Queue(slots)
    for strip in strips:
        queue.keep(strip)
    return queue


def test_what_waits_is_a_copy_and_comes_out_in_order() -> None:
    strips = strips_of(3)
    expected, queue = [strip.clone() for strip in strips], filled(Slots(), strips)
    for strip in strips:
        strip.zero_()
    for one, other in zip(queue.emptied(), expected, strict=True):
        assert torch.equal(one, other)
    assert not queue.strips


def test_a_strip_that_was_taken_up_makes_room_for_the_next() -> None:
    slots = Slots()
    first = filled(slots, strips_of(EIGHT))
    second = filled(slots, (2 * strip for strip in first.emptied()))
    assert len(second.strips) == EIGHT
    assert len(free(slots, second.strips[0])) == EIGHT, (
        "one more slot than strips is enough, and they come eight at once"
    )


def test_the_last_strip_may_be_longer() -> None:
    slots = Slots()
    all_kept = [kept(slots, strip) for strip in (*strips_of(2), torch.ones(5, 2, 3), torch.ones(50, 2, 3))]
    assert [len(one.strip) for one in all_kept] == [4, 4, 5, 50]
    assert all_kept[2].slot.shape == all_kept[0].slot.shape
    for one in all_kept:
        slots.let_go(one)
    assert kept(slots, torch.ones(40, 2, 3)).slot is all_kept[3].slot


def test_each_kind_has_slots_of_its_own_for_as_long_as_it_is_kept() -> None:
    slots = Slots()
    wide, narrow = (kept(slots, torch.ones(4, width, 3)) for width in (5, 2))
    slots.let_go(wide)
    assert kept(slots, torch.ones(4, 5, 3)).slot is wide.slot, "kinds that take turns keep theirs"
    slots.begin()
    slots.let_go(narrow)
    assert len(free(slots, narrow)) == EIGHT - 1, "nothing of that width is kept in this pass"
    slots.begin()
    assert not slots.free


def test_rows_are_taken_across_strips() -> None:
    slots, whole = Slots(), torch.cat(strips_of(3))
    queue = filled(slots, strips_of(3))
    taken = [[part.clone() for part in queue.taken(rows)] for rows in (3, 5, 1, 3)]
    assert [[len(part) for part in parts] for parts in taken] == [[3], [1, 4], [1], [3]]
    assert torch.equal(torch.cat([part for parts in taken for part in parts]), whole)
    assert not queue.strips
    assert len(free(slots, kept(slots, torch.ones(4, 2, 3)))) == EIGHT - 1
