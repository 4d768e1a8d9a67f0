"""One function over many things in several processes: the same results as in one, in the same order."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import TypeVar

import cv2
from tqdm import tqdm

Task = TypeVar("Task")
Result = TypeVar("Result")


class ProcessesError(ValueError):
    """A process ended before its work did; the message says what to do."""


def over_all(
    work: Callable[[Task], Result], tasks: Sequence[Task], *, processes: int, title: str, unit: str
) -> list[Result]:
    """Apply a function to each task, with a progress bar; OpenCV has one thread in each process.

    Args:
        work: A function of a module, so that other processes find it.
        tasks: What can be pickled.
        processes: How many at once; 1 works in this process.
        title: Of the progress bar.
        unit: What the bar counts.

    Returns:
        Results in the order of the tasks.

    Raises:
        ProcessesError: A process was killed, or there are less than one.
        Exception: The first that ``work`` raises; what hasn't begun then never does.
    """
    if processes < 1:
        raise ProcessesError(f"{processes} processes can't work; give 1 or more.")
    if processes == 1:
        with one_thread():
            return [work(task) for task in tqdm(tasks, desc=title, unit=unit, disable=None)]
    pool = ProcessPoolExecutor(min(processes, len(tasks) or 1), mp_context=get_context("spawn"), initializer=begin)
    try:
        futures = [pool.submit(work, task) for task in tasks]
        for done in tqdm(as_completed(futures), desc=title, unit=unit, total=len(tasks), disable=None):
            done.result()
        return [future.result() for future in futures]
    except BrokenProcessPool as error:
        raise ProcessesError(
            "A process was killed, perhaps for want of memory; run again with fewer --processes: it goes on from here."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def begin() -> None:
    """What each process does first: Ctrl-C is its parent's to hear, and it never outlives that."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    """Wait for the parent's end, by whatever signal, and follow."""
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenCV with one thread, as in the other processes, so that results can't differ."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
