"""Work in three stations, so that the middle one never waits: read the next ones, work on one, write the last ones."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

Task = TypeVar("Task")
Read = TypeVar("Read")
Made = TypeVar("Made")
Written = TypeVar("Written")


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
    ahead: int = 2,
) -> Iterator[Done[Task, Written]]:
    """Do each task in three steps: reading and writing in threads, the work in the thread of whoever iterates.

    At most ``ahead`` tasks are read before their turn, and as many wait to be written.

    Args:
        tasks: In the order in which they are worked on, and in which what became of them is told.
        read: Runs in a thread.
        work: Runs in this one.
        write: Runs in a thread.
        ahead: How many.

    Yields:
        What became of each task. An ``Exception`` of one of its steps ends that task alone.

    Example:
        >>> [done.result or done.error for done in pipelined([1, 0, 2], lambda n: 2 * n, lambda n: 8 // n, max)]
        [4, ZeroDivisionError('integer division or modulo by zero'), 2]
    """
    todo = iter(tasks)
    coming: deque[tuple[Task, Future[Read]]] = deque()
    going: deque[tuple[Task, Future[Written]]] = deque()
    with ThreadPoolExecutor(ahead, "reader") as readers, ThreadPoolExecutor(ahead, "writer") as writers:
        try:
            while True:
                while len(coming) < ahead and (task := next(todo, _END)) is not _END:
                    coming.append((task, readers.submit(read, task)))  # type: ignore[arg-type]
                if not coming:
                    break
                task, future = coming.popleft()
                try:
                    made = work(future.result())
                except Exception as error:
                    yield from _written(going, leaving=0)
                    yield Done(task, error=error)
                    continue
                going.append((task, writers.submit(write, task, made)))
                del made, future
                yield from _written(going, leaving=ahead)
            yield from _written(going, leaving=0)
        finally:
            readers.shutdown(wait=False, cancel_futures=True)
            writers.shutdown(wait=False, cancel_futures=True)


_END = object()


def _written(going: "deque[tuple[Task, Future[Written]]]", *, leaving: int) -> Iterator[Done[Task, Written]]:
    """What has been written, from the front; waits where more than so many are left."""
    while going and (len(going) > leaving or going[0][1].done()):
        task, future = going.popleft()
        try:
            yield Done(task, future.result())
        except Exception as error:
            yield Done(task, error=error)
