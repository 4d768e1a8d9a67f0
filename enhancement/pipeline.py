"""Work in three stations, so that the middle one never waits: read the next, work on one, write the last."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

Task = TypeVar("Task")
Read = TypeVar("Read")
Made = TypeVar("Made")
Written = TypeVar("Written")


def cpus() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


IN_HAND = min(cpus() + 1, 8)
"""Tasks at once: one is worked on, the others are read or written, and each may hold several copies of a photo."""

ONE_EACH = 3
"""Tasks at once, where working on one takes longer than reading the next and writing the last."""


@dataclass(frozen=True)
class Done(Generic[Task, Written]):
    """What became of a task.

    Attributes:
        task: The task.
        result: What writing gave; None where something went wrong.
        error: What went wrong.
    """

    task: Task
    result: Written | None = None
    error: Exception | None = None


def pipelined(
    tasks: Iterable[Task],
    read: Callable[[Task], Read],
    work: Callable[[Read], Made],
    write: Callable[[Task, Made], Written],
    *,
    in_hand: int = IN_HAND,
) -> Generator[Done[Task, Written], None, None]:
    """Do each task in three steps, each in a thread of its own kind; whoever iterates only waits.

    Tasks are read and written several at once, and worked on one after the other, always in the same thread.

    Args:
        tasks: In the order in which they are worked on, and in which what became of them is told.
        read: The first step.
        work: The second.
        write: The third.
        in_hand: How many tasks are begun and not yet told of, at most; with three, one is read and one written while
            one is worked on. The default leaves no core idle.

    Yields:
        What became of each task, as soon as it is known. An ``Exception`` of one of its steps ends that task alone.

    Example:
        >>> [done.result or done.error for done in pipelined([1, 0, 2], lambda n: 2 * n, lambda n: 8 // n, max)]
        [4, ZeroDivisionError('integer division or modulo by zero'), 2]
    """
    todo = iter(tasks)
    begun: deque[tuple[Task, Future[Written]]] = deque()
    pools = [ThreadPoolExecutor(count, name) for count, name in ((in_hand, "read"), (1, "work"), (in_hand, "write"))]
    reading, working, writing = pools

    def begin(task: Task) -> Future[Written]:
        was_read = reading.submit(read, task)
        was_made = working.submit(lambda: work(was_read.result()))
        return writing.submit(lambda: write(task, was_made.result()))

    try:
        while True:
            begun.extend((task, begin(task)) for task in islice(todo, in_hand - len(begun)))
            if not begun:
                return
            task, future = begun.popleft()
            try:
                done = Done(task, future.result())
            except Exception as error:
                done = Done(task, error=error)
            yield done
    finally:
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in pools:
            pool.shutdown()
