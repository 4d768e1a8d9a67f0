"""Where work waits until it is whole: a folder that one process at a time works in, and what to say of a full disk."""

import errno
import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MB = 10**6
LOCK = "lock"


class WorkplaceError(ValueError):
    """Work can't go on; the message says what to do. What was done is kept."""


@contextmanager
def workplace(store: Path) -> Iterator[Path]:
    """A hidden folder beside a store, where its pieces wait; gone once the store is there.

    Raises:
        WorkplaceError: Another process is making this store.
    """
    folder = store.absolute().with_name(f".{store.name}.work")
    with alone_in(folder, store):
        yield folder
        shutil.rmtree(folder)


@contextmanager
def alone_in(folder: Path, result: Path) -> Iterator[None]:
    """A folder that no other process works in; what a killed one left half-written is removed.

    Args:
        folder: Made if it isn't there.
        result: What is being made, for the message.

    Raises:
        WorkplaceError: Another process does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WorkplaceError(f"{result}: another process is making it; wait for that one.") from error
        for half in folder.glob(".*"):
            half.unlink()
        yield


@contextmanager
def room_for(result: Path, needed: int, *, at_most: bool = False) -> Iterator[None]:
    """Say how much room is needed where the disk is full.

    Raises:
        WorkplaceError: It was.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise no_room(result, needed, at_most=at_most) from error
        raise


def no_room(result: Path, needed: int, *, at_most: bool = False) -> WorkplaceError:
    """What to say of a full disk."""
    free = shutil.disk_usage(result.absolute().parent).free
    much = f"{'at most ' if at_most else ''}{needed / MB:.1f} MB"
    return WorkplaceError(
        f"{result}: no room: {much} are needed, {free / MB:.1f} MB are free; "
        "make room and run again, it goes on from here."
    )
