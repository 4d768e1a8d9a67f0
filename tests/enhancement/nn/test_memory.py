"""Freed memory that is kept: seen from outside, by the pages that a process has to be given."""

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from enhancement.nn import memory
from enhancement.nn.memory import groups_left

FAULTS = """
import resource, sys
import numpy as np
from enhancement.nn.memory import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
np.ones(2**23)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    np.ones(2**23)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    return int(subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_large_blocks_are_given_no_new_pages() -> None:
    assert faults("kept") < faults("given back") / 5


FREED = """
import json, resource
from pathlib import Path
import numpy as np
from enhancement.nn.memory import freed_bytes, keep_freed_memory, kilobytes, left_bytes
assert keep_freed_memory()
block = np.ones(2**24)
before = freed_bytes()
del block
limit = kilobytes(Path("/proc/self/status"), "VmSize") * 1024 + 2**26
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
print(json.dumps([before, freed_bytes(), left_bytes()]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_what_is_kept_can_still_be_had() -> None:
    done = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True)
    before, freed, left = json.loads(done.stdout)
    assert 0.99 * 2**27 < freed - before < 1.1 * 2**27
    assert freed < left < freed + 1.1 * 2**26


VERSIONS = {
    1: ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    2: ("", "memory.max", "memory.current", "inactive_file"),
}
OWN = {1: "9:cpu,cpuacct:/\n4:memory:", 2: "0::"}


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where control groups lie."""
    monkeypatch.setattr(memory, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "OWN_CGROUPS", tmp_path / "own")
    return tmp_path / "cgroup"


def limit(groups: Path, version: int, path: str, *, most: str, used: int, cached: int = 0) -> None:
    """A group's files, as the kernel writes them, and that the process is in it."""
    folder, most_file, now_file, cache = VERSIONS[version]
    place = groups / folder / path
    place.mkdir(parents=True, exist_ok=True)
    (place / most_file).write_text(f"{most}\n")
    (place / now_file).write_text(f"{used}\n")
    own_only = "inactive_file 1\n" if version == 1 else ""  # beside the sum over all groups within
    (place / "memory.stat").write_text(f"anon 7\n{own_only}{cache} {cached}\nactive_file 5\n")
    (groups.parent / "own").write_text(f"{OWN[version]}/{path}\n")


@pytest.mark.parametrize("version", VERSIONS)
def test_files_that_a_container_has_read_are_no_memory_in_use(groups: Path, version: int) -> None:
    limit(groups, version, "", most="1000", used=900, cached=600)
    assert list(groups_left()) == [700]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_group_within_groups_has_what_all_of_them_leave(groups: Path, version: int) -> None:
    assert list(groups_left()) == []
    limit(groups, version, "", most="9223372036854771712" if version == 1 else "max", used=5000)
    limit(groups, version, "jobs", most="1000", used=900, cached=100)
    limit(groups, version, "jobs/worker", most="800", used=300, cached=50)
    assert min(groups_left()) == 200
    limit(groups, version, "jobs/worker", most="800", used=750, cached=50)
    assert min(groups_left()) == 100
    limit(groups, version, "", most="600", used=500)
    (groups.parent / "own").write_text(f"{OWN[version]}/docker/outside\n")
    assert list(groups_left()) == [100], "a path that is another's is passed over"
