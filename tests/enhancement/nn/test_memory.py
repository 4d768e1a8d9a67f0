"""Freed memory that is kept: seen from outside, by the pages that a process has to be given."""

import json
import platform
import subprocess
import sys

import pytest

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
