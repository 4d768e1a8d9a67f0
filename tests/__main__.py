"""`make test`: every test, on SQLite; then those that touch the database again, on PostgreSQL where one answers."""

import json
import os
import sys
from pathlib import Path

from tests.services import postgresql_url

DATABASE_TESTS = ["tests/enhancement", "tests/studyapp", "-m", "django_db"]
# On two cores: many tests wait for a browser or a kill. They come first (conftest.py), or all would wait at the end.
SIDE_BY_SIDE = ["--numprocesses=3", "--dist=loadfile", "--no-loadscope-reorder"]
FAILED = Path(".pytest_cache/v/cache/lastfailed")
FEW = 5
"""So many failures are run again by themselves: more is no matter of three browsers at once on two cores."""


def main(options: list[str]) -> int:
    """The worst of both runs' exit statuses."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the processes fill the cores; threads only get in the way
    first = run([*options, "--durations=8"], [])
    url = postgresql_url()
    if url is None:
        print("\nPostgreSQL doesn't answer (TEST_POSTGRESQL_URL): the database tests ran on SQLite only.")
        return first or int("--nothing-skipped" in options)
    print("\nThe same database tests on PostgreSQL:", flush=True)
    os.environ["DATABASE_URL"] = url
    return run(options, DATABASE_TESTS) or first


def run(options: list[str], chosen: list[str]) -> int:
    """The exit status of tests side by side. The few that failed are run again by themselves, and named either way."""
    FAILED.unlink(missing_ok=True)
    status = pytest([*options, *SIDE_BY_SIDE, *chosen])
    failed = [*json.loads(FAILED.read_text())] if FAILED.exists() else []
    if status != 1 or not 0 < len(failed) <= FEW:
        return status
    print(f"\nBy themselves, {len(failed)} that failed beside others:", flush=True)
    status = pytest([*(option for option in options if option.startswith("--")), *failed])
    if status == 0:
        print("UNSTEADY, each a defect of the test or of what it tries:", *failed, sep="\n  ", flush=True)
    return status


def pytest(arguments: list[str]) -> int:
    """Django reads its database once, so each run is a process of its own."""
    return os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-m", "pytest", *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
