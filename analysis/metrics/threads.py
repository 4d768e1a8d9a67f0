"""Parts of a picture on two cores: numpy lets go of the interpreter's lock while it computes."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

THREADS = 2  # workers give way to the web server: a large machine isn't filled

Part = TypeVar("Part")
Result = TypeVar("Result")


def over_parts(work: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result]:
    """What ``work`` makes of each part, in order; a single part is worked on without a thread.

    Example:
        >>> over_parts(abs, [-1, 2, -3])
        [1, 2, 3]
    """
    if len(parts) < 2:
        return [work(part) for part in parts]
    # BLAS would start threads of its own within each of ours.
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, parts))


def in_parts(length: int, size: int) -> list[slice]:
    """``length`` places as consecutive slices of ``size``; the last one may be shorter.

    Example:
        >>> in_parts(5, 2)
        [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return [slice(start, min(start + size, length)) for start in range(0, length, size)]
