"""Memory: how much is left, how it is told that there is none, and how it is kept for the next step."""

import ctypes
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Names of ``mallopt`` in glibc's ``malloc.h``."""

MOST = 2**31 - 1


SAID = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "bad_alloc",
    "could not create a memory",
    "can't start new thread",
    "ALLOC_FAILED",
    "ALLOCATION_FAILED",
)
"""What a plain RuntimeError says where memory ran out: on a GPU, on Linux, on Windows, in C++, in oneDNN, in Python, in
CUDA's libraries.
"""

CGROUPS, OWN_CGROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
CGROUP_FILES = {
    "": ("", "memory.max", "memory.current", "inactive_file"),
    "memory": ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
"""Version 2 and version 1 of control groups, as a line of ``OWN_CGROUPS`` names them: where they lie, what a group may
use and uses, and what its ``memory.stat`` calls files that lie in memory and weren't used lately.
"""


def ran_out(error: Exception) -> bool:
    """Whether an error means that there was no memory left; on a processor torch has no class for it.

    Example:
        >>> ran_out(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"))
        True
        >>> ran_out(RuntimeError("shapes differ"))
        False
    """
    said = isinstance(error, RuntimeError) and any(words in str(error) for words in SAID)
    return said or isinstance(error, MemoryError)


def left_bytes() -> int | None:
    """How much memory this process can still get; None where nobody says.

    On Linux the least of what the system has available, and of what the limits of this process and of the control
    groups around it leave; and what this process has freed, and its C library keeps for it.
    """
    left = min(limits_left(), default=None)
    return None if left is None else left + freed_bytes()


def limits_left() -> Iterator[int]:
    """What each of them that is there leaves."""
    meminfo, status = Path("/proc/meminfo"), Path("/proc/self/status")
    if meminfo.exists():
        yield kilobytes(meminfo, "MemAvailable") * 1024
    if status.exists():
        used = {resource.RLIMIT_AS: "VmSize", resource.RLIMIT_DATA: "VmData"}
        for limit, line in used.items():
            soft = resource.getrlimit(limit)[0]
            if soft != resource.RLIM_INFINITY:
                yield max(0, soft - kilobytes(status, line) * 1024)
    yield from groups_left()


def groups_left() -> Iterator[int]:
    """What each control group leaves that has a limit: the process's own, and all that this one lies in.

    A container may see its own group as the root, and yet be told the path outside; what isn't there is passed over.
    """
    lines = OWN_CGROUPS.read_text().splitlines() if OWN_CGROUPS.exists() else []
    own = {name: path for line in lines for _, names, path in [line.split(":", 2)] for name in names.split(",")}
    for version, (folder, most, now, cache) in CGROUP_FILES.items():
        root = CGROUPS / folder
        group = root / own.get(version, "").lstrip("/")
        for place in (group, *group.parents):
            if (place / most).exists() and (allowed := (place / most).read_text().strip()) != "max":
                stat = place / "memory.stat"
                cached = number(stat, cache) if stat.exists() else 0
                yield max(0, int(allowed) - max(0, int((place / now).read_text()) - cached))
            if place == root:
                break


def kilobytes(path: Path, name: str) -> int:
    """A line ``name:   n kB`` of a file of the kernel's."""
    return number(path, f"{name}:")


def number(path: Path, name: str) -> int:
    """A line ``name n`` of a file of the kernel's; 0 where there is none."""
    lines = (line.split() for line in path.read_text().splitlines())
    return next((int(words[1]) for words in lines if words[0] == name), 0)


MALLINFO = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")


class Mallinfo(ctypes.Structure):
    """``struct mallinfo2`` of glibc."""

    _fields_ = [(name, ctypes.c_size_t) for name in MALLINFO]


def freed_bytes() -> int:
    """What glibc keeps of freed memory for this process; 0 where another C library, or an old one, doesn't say."""
    asked = getattr(ctypes.CDLL(None), "mallinfo2", None) if is_glibc() else None
    if asked is None:
        return 0
    asked.restype = Mallinfo
    return int(asked().fordblks)


def peak_bytes() -> int:
    """The most memory that this process has had in use so far."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def keep_freed_memory() -> bool:
    """Tell glibc to keep what is freed; for the rest of this process.

    Glibc maps each large block anew and unmaps it when it is freed, so every feature map of every step is written onto
    pages that the system must first find and clear. A step frees what the next one needs again. What it costs: the
    process keeps its highest use of memory until it ends, so it is for a process that does nothing but train.

    Returns:
        Whether it could be said; False where the C library is another than glibc.
    """
    if not is_glibc():
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all(mallopt(name, value) == 1 for name, value in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, MOST)))


def is_glibc() -> bool:
    """Whether this process runs on glibc."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (ValueError, OSError):
        return False
