"""Strips that wait."""

import torch

from enhancement.nn.whole.queues import AT_ONCE, Queue, Slots


def strips_of(count: int, rows: int = 4) -> list[torch.Tensor]:
    return list(torch.arange(count * rows * 6.0).reshape(count, rows, 2, 3))


def test_what_waits_is_a_copy_and_comes_out_in_order() -> None:
    strips, queue = strips_of(3), Queue(Slots())
    expected = [strip.clone() for strip in strips]
    for strip in queue.passing(strips):
        strip.zero_()
    for one, other in zip(queue.emptied(), expected, strict=True):
        assert torch.equal(one, other)
    assert not queue.strips


def test_a_strip_that_was_taken_up_makes_room_for_the_next() -> None:
    slots = Slots()
    first, second = Queue(slots), Queue(slots)
    list(first.passing(strips_of(AT_ONCE)))
    list(second.passing(2 * strip for strip in first.emptied()))
    assert len(second.strips) == AT_ONCE
    assert len(slots.free) == AT_ONCE, "one more slot than strips is enough, and they come eight at once"


def test_the_last_strip_may_be_longer() -> None:
    slots = Slots()
    kept = [slots.keep(strip) for strip in (*strips_of(2), torch.ones(5, 2, 3), torch.ones(50, 2, 3))]
    assert [len(one.strip) for one in kept] == [4, 4, 5, 50]
    assert kept[2].slot.shape == kept[0].slot.shape
    for one in kept:
        slots.let_go(one)
    assert slots.keep(torch.ones(40, 2, 3)).slot is kept[3].slot


def test_other_strips_have_other_slots() -> None:
    slots = Slots()
    wide, narrow = slots.keep(torch.ones(4, 5, 3)), slots.keep(torch.ones(4, 2, 3))
    slots.let_go(wide)
    assert all(slot.shape[1:] == (2, 3) for slot in slots.free), "nothing of that width is kept any more"
    slots.let_go(narrow)
    assert slots.free[-1] is narrow.slot


def test_rows_are_added_across_strips() -> None:
    slots = Slots()
    queue, whole = Queue(slots), torch.cat(strips_of(3))
    list(queue.passing(strips_of(3)))
    sums = []
    for rows in (3, 5, 1, 3):
        part = torch.ones(rows, 2, 3)
        queue.add_to(part)
        sums.append(part)
    assert torch.equal(torch.cat(sums), whole + 1)
    assert len(slots.free) == AT_ONCE
