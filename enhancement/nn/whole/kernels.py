"""What is done to a strip's numbers one by one, and its channels' statistics: each in one pass over memory.

In torch each operation is a pass of its own, and where the processor multiplies in bfloat16 a dozen of them take half
as long as the convolution between them. These are compiled by numba for the processor that is there when they are
first used, which takes some seconds, and kept beside this file, or in the user's cache. numba knows no bfloat16: it is
seen here as the upper half of a float32, in uint16.
"""

import fcntl
import logging
import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import pairwise, product
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from numba import njit, types
from numba.extending import overload
from torch import Tensor

from enhancement.pipeline import cpus

P = ParamSpec("P")
R = TypeVar("R")
Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]

BLOCK_PX, CHUNK_PX = 64, 8192
"""Pixels whose statistics are taken together, and those that one thread works on; however many threads there are."""

BLOCK_FLOATS = 1024
"""That are finished together: 4 KB, so that all they need stays in the processor's first cache."""

FEWEST_FLOATS = 2**16
"""That are worth a thread."""

log = logging.getLogger(__name__)


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """A function compiled when it is first called with arguments of some types, without Python's lock."""
    try:
        made: Callable[P, R] = njit(cache=True, nogil=True)(function)
    except RuntimeError as error:  # neither this folder nor the user's is one that can be written to
        log.info("%s is compiled anew by each process: %s", function.__name__, error)
        made = njit(nogil=True)(function)
    return made


def widened(number: Any) -> Any:
    """A float32, from itself or from a bfloat16."""
    raise NotImplementedError


@overload(widened)  # type: ignore[untyped-decorator]
def _widened(number: Any) -> Any:
    def same(number: Any) -> Any:
        return number

    def wide(number: Any) -> Any:
        return np.uint32(np.uint32(number) << np.uint32(16)).view(np.float32)

    return wide if isinstance(number, types.Integer) else same


def narrowed(number: Any, places: Any) -> Any:
    """A float32 as it is stored in an array: itself, or the nearest bfloat16, ties to even."""
    raise NotImplementedError


@overload(narrowed)  # type: ignore[untyped-decorator]
def _narrowed(number: Any, places: Any) -> Any:
    def same(number: Any, places: Any) -> Any:
        return number

    def nearest(number: Any, places: Any) -> Any:
        bits = np.float32(number).view(np.uint32)
        up = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)
        return np.uint16(0x7FC0) if np.isnan(number) else np.uint16(up)

    return nearest if isinstance(places.dtype, types.Integer) else same


LEAKY, TANH, SIGMOID, CLIP, AFFINE = range(5)
CODES = {"leaky": LEAKY, "tanh": TANH, "sigmoid": SIGMOID, "clip": CLIP, "affine": AFFINE}
"""By the names of ``Step``; ``relu`` clips, at 0 and infinity."""


@compiled
def do_steps(floats: Floats, codes: Array, numbers: Floats) -> None:
    """Overwrite numbers by what steps make of them; where they aren't numbers, they stay so."""
    for place in range(len(codes)):
        code, first, second = codes[place], numbers[place, 0], numbers[place, 1]
        if code == LEAKY:
            for at in range(len(floats)):
                floats[at] = floats[at] * first if floats[at] < 0 else floats[at]
        elif code == TANH:
            for at in range(len(floats)):
                floats[at] = math.tanh(floats[at])
        elif code == SIGMOID:
            for at in range(len(floats)):
                floats[at] = np.float32(1) / (np.float32(1) + math.exp(-floats[at]))
        elif code == CLIP:
            for at in range(len(floats)):
                low = first if floats[at] < first else floats[at]
                floats[at] = second if low > second else low
        else:
            for at in range(len(floats)):
                floats[at] = floats[at] * first + second


@compiled
def finish_rows(  # noqa: PLR0917  (numba knows no arguments by keyword only)
    rows: Array,
    added: Array,
    places: Array,
    begin_at: int,
    scale: Floats,
    shift: Floats,
    codes: Array,
    numbers: Floats,
    codes_after: Array,
    numbers_after: Floats,
) -> None:
    """What follows a convolution: norm, steps, sum, steps.

    Args:
        rows: What the convolution made: (h, W · C), float32 or bfloat16, as are ``added`` and ``places``.
        added: What is added to them, (h, W · C), or nothing, (0, W · C).
        places: Where to, (h, at least begin_at + W · C).
        begin_at: In each row.
        scale: What the norm multiplies by, (C,); ones where there is none.
        shift: What it then adds, (C,).
        codes: Of the steps that follow, (n,).
        numbers: Of each, (n, 2), float32.
        codes_after: Of the steps after the sum.
        numbers_after: Of each.
    """
    block = max(1, BLOCK_FLOATS // len(scale)) * len(scale)
    scales, shifts, floats = np.empty(block, np.float32), np.empty(block, np.float32), np.empty(block, np.float32)
    for at in range(block):
        scales[at], shifts[at] = scale[at % len(scale)], shift[at % len(scale)]
    for row in range(len(rows)):
        for begin in range(0, rows.shape[1], block):
            end = min(begin + block, rows.shape[1])
            source, made = rows[row, begin:end], floats[: end - begin]
            for at in range(len(made)):
                made[at] = widened(source[at]) * scales[at] + shifts[at]
            do_steps(made, codes, numbers)
            if len(added):
                other = added[row, begin:end]
                for at in range(len(made)):
                    made[at] += widened(other[at])
            do_steps(made, codes_after, numbers_after)
            place = places[row, begin_at + begin : begin_at + end]
            for at in range(len(made)):
                place[at] = narrowed(made[at], places)


@compiled
def look_at(pixels: Array, slot: Array, counts: Array, means: Array, squares: Array) -> None:
    """The statistics of pixels' channels, a chunk of ``CHUNK_PX`` at a time, and a copy.

    Within a block of ``BLOCK_PX`` sums are float32; blocks are joined in float64.

    Args:
        pixels: Shape (n, C), float32 or bfloat16.
        slot: Where the copy goes, (n, C), or nothing, (0, C).
        counts: Is filled in: pixels of each chunk, (chunks,).
        means: Is filled in, (chunks, C), float64.
        squares: Is filled in: the sum of what deviates from the mean, squared, (chunks, C), float64.
    """
    channels = pixels.shape[1]
    sums, around, errors = (
        np.empty(channels, np.float32),
        np.empty(channels, np.float32),
        np.empty(channels, np.float32),
    )
    for chunk in range(len(counts)):
        mean, square, count = means[chunk], squares[chunk], 0
        mean[:] = 0
        square[:] = 0
        last = min(len(pixels), (chunk + 1) * CHUNK_PX)
        for begin in range(chunk * CHUNK_PX, last, BLOCK_PX):
            block = pixels[begin : min(begin + BLOCK_PX, last)]
            sums[:] = 0
            for pixel in range(len(block)):
                for channel in range(channels):
                    sums[channel] += widened(block[pixel, channel])
            for channel in range(channels):
                around[channel] = sums[channel] / np.float32(len(block))
            sums[:] = 0
            errors[:] = 0
            for pixel in range(len(block)):
                for channel in range(channels):
                    apart = widened(block[pixel, channel]) - around[channel]
                    errors[channel] += apart
                    sums[channel] += apart * apart
            if len(slot):
                copy = slot[begin : begin + len(block)]
                for pixel in range(len(block)):
                    for channel in range(channels):
                        copy[pixel, channel] = block[pixel, channel]
            total = count + len(block)
            for channel in range(channels):
                error = np.float64(errors[channel]) / len(block)  # of a sum in float32, where the mean is far from 0
                away = around[channel] + error - mean[channel]
                mean[channel] += away * len(block) / total
                square[channel] += sums[channel] - error * error * len(block)
                square[channel] += away * away * count * len(block) / total
            count = total
        counts[chunk] = count


def array_of(rows: Tensor) -> Array:
    """The memory of (h, …), contiguous, as (h, numbers of each)."""
    numbers = rows.view(torch.uint16) if rows.dtype == torch.bfloat16 else rows
    return numbers.view(len(rows), math.prod(rows.shape[1:])).numpy()


def share(work: Callable[[int, int], None], parts: int, floats: int) -> None:
    """Have torch's number of threads work on parts, from one to before another each, and wait for them all."""
    threads = max(1, min(parts, torch.get_num_threads(), floats // FEWEST_FLOATS))
    ends = [parts * place // threads for place in range(threads + 1)]
    others = [pool().submit(work, begin, end) for begin, end in pairwise(ends[1:])]
    try:
        work(0, ends[1])
    finally:
        wait(others)
    while others:
        others.pop().result()  # no name is left that would keep an error, its frames and what lies there


@cache
def pool() -> ThreadPoolExecutor:
    """The threads; those of one process."""
    return ThreadPoolExecutor(cpus(), thread_name_prefix="strips")


os.register_at_fork(after_in_child=pool.cache_clear)


@cache
def ready(dtype: torch.dtype) -> None:
    """Compile what a precision needs, or load it: once memory is short, LLVM ends the process without an error.

    One process at a time: two that keep something at once could leave the code of one under the name of the other.
    """
    floats, doubles = types.float32, types.float64
    stored = [floats[:, ::1]] if dtype == torch.float32 else [floats[:, ::1], types.uint16[:, ::1]]
    steps = types.int64[::1], floats[:, ::1]
    with one_process_at_a_time():
        for rows, added, places in product(stored, repeat=3):
            make(finish_rows, (rows, added, places, types.int64, floats[::1], floats[::1], *steps, *steps))
        for pixels in stored:
            make(look_at, (pixels, pixels, doubles[::1], doubles[:, ::1], doubles[:, ::1]))


def make(function: Any, takes: tuple[Any, ...]) -> None:
    """Compile or load a function for arguments of these types; where it can't be kept, it is there all the same."""
    try:
        function.compile(takes)
    except OSError as error:
        log.warning("What was compiled can't be kept: %s", error)
        function.compile(takes)


@contextmanager
def one_process_at_a_time() -> Iterator[None]:
    """While others wait; nobody does where there is no place to keep anything."""
    folder = finish_rows.stats.cache_path  # type: ignore[attr-defined]
    with ExitStack() as stack:
        try:
            if folder is not None:
                lock = stack.enter_context(Path(folder, "phoropter.lock").open("w"))
                fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            log.warning("%s can't be locked: %s", folder, error)
        yield
