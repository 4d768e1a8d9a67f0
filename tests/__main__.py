"""`make test`: every test, on SQLite; then those that touch the database again, on PostgreSQL where one answers."""

import os
import sys

import pytest

from tests.services import postgresql_url

DATABASE_TESTS = ["tests/enhancement", "tests/studyapp", "-m", "django_db"]
# On two cores: many tests wait for a browser or a kill. They come first (conftest.py), or all would wait at the end.
SIDE_BY_SIDE = ["--numprocesses=3", "--dist=loadfile", "--no-loadscope-reorder"]


def main(options: list[str]) -> int:
    """The worst of both runs' exit statuses."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the processes fill the cores; threads only get in the way
    first = int(pytest.main([*options, *SIDE_BY_SIDE, "--durations=8"]))
    url = postgresql_url()
    if url is None:
        print("\nPostgreSQL doesn't answer (TEST_POSTGRESQL_URL): the database tests ran on SQLite only.")
        return first or int("--nothing-skipped" in options)
    print("\nThe same database tests on PostgreSQL:")
    return first or second_run(options, url)


def second_run(options: list[str], url: str) -> int:
    """Django reads its database once, so the second run is a process of its own."""
    os.environ["DATABASE_URL"] = url
    command = [sys.executable, "-m", "pytest", *options, *SIDE_BY_SIDE, *DATABASE_TESTS]
    return os.spawnv(os.P_WAIT, sys.executable, command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
