"""An installation whose every process is watched, killed, and started again as a service manager would."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.kills.asker import METHODS, PHOTOS
from tests.kills.servers import OwnPostgreSQL, OwnRedis, children, own_servers
from tests.stack import ROOT, Stack, wait_until

PROCESSES = ("web", "gpu", "cpu", "tend")


class Installation:
    """A `Stack` under fire."""

    def __init__(self, stack: Stack, postgresql: OwnPostgreSQL | None, redis: OwnRedis | None) -> None:
        self.stack, self.postgresql, self.redis = stack, postgresql, redis
        self.died: list[str] = []
        self.packages: list[str] = []
        self.asker = subprocess.Popen(
            [sys.executable, "-m", "tests.kills.asker", str(stack.folder)],
            cwd=ROOT,
            env={**stack.environment, "DJANGO_SETTINGS_MODULE": "studyapp.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(stack.folder / "asker.log").open("wb"),
            text=True,
        )

    @property
    def victims(self) -> tuple[str, ...]:
        """What can be killed."""
        return (*PROCESSES, *(["postgresql"] if self.postgresql else []), *(["redis"] if self.redis else []))

    def ask(self) -> None:
        """Have more work asked for; returns at once."""
        name = f"package-{len(self.packages):03}"
        self.packages.append(name)
        self._tell(f"ask {name}")

    def asked(self) -> None:
        """Wait until the last work was asked for."""
        assert self._hear() == self.packages[-1]

    def verify(self) -> list[str]:
        """What `manage.py verify` complains of, run beside everything else."""
        self._tell("verify")
        return list(self._hear())

    def _tell(self, line: str) -> None:
        assert self.asker.stdin is not None
        self.asker.stdin.write(f"{line}\n")
        self.asker.stdin.flush()

    def _hear(self) -> Any:
        assert self.asker.stdout is not None
        line = self.asker.stdout.readline()
        assert line, self.stack.log("asker")
        return json.loads(line)

    def kill(self, victim: str, dice: random.Random) -> None:
        """SIGKILL: to all of a victim, or now and then to a part of it, which the rest must cope with."""
        part = dice.random() < 0.25
        if victim == "postgresql" and self.postgresql is not None:
            self.postgresql.kill(backends=not part)
        elif victim == "redis" and self.redis is not None:
            self.redis.kill()
        elif part and (forks := children(self.stack.processes[victim].pid)):
            os.kill(dice.choice(forks), signal.SIGKILL)
        else:
            self.stack.kill(victim)

    def bring_back(self, victims: Sequence[str]) -> None:
        """Start what was killed, the databases first, and anything else that ended meanwhile, which is noted."""
        if "postgresql" in victims and self.postgresql is not None:
            self.postgresql.start()
        if "redis" in victims and self.redis is not None:
            self.redis.start()
        for name in PROCESSES:
            process = self.stack.processes.get(name)
            if process is not None and process.poll() is not None:
                self.died.append(f"{name} ended by itself with status {process.returncode}")
                self.stack.processes.pop(name)
        self.stack.start(*(name for name in PROCESSES if name not in self.stack.processes))

    def open_first(self) -> str:
        """Make the study that is voted on; returns its code."""
        self.ask()
        self.asked()
        self.all_done()
        self.stack.manage("open_study", self.packages[0])
        return str(self.stack.rows("SELECT code FROM studyapp_study")[0][0])

    def open_jobs(self) -> int:
        """How many jobs are to be done."""
        return int(self.stack.rows("SELECT count(*) FROM enhancement_job WHERE state IN ('queued', 'running')")[0][0])

    def all_done(self) -> None:
        """Wait until no job is open."""
        wait_until(lambda: self.open_jobs() == 0, "the end of every job", 400)

    def wrong_jobs(self) -> list[str]:
        """Jobs that aren't done, and units that aren't there exactly once."""
        rows = self.stack.rows
        wrong = [f"{label} is {state}: {error}" for label, state, error in rows(
            "SELECT label, state, error FROM enhancement_job WHERE state <> 'done'")]  # fmt: skip
        contents, methods = len(self.packages) * PHOTOS, len(METHODS) + 1
        for table, expected in (
            ("enhancement_content", contents),
            ("enhancement_stimulus", contents * methods),
            ("enhancement_measurement", contents * methods),
            ("studyapp_raster", contents),
            ("studyapp_rendering", contents * methods),
        ):
            if rows(f"SELECT count(*) FROM {table}") != [(expected,)]:
                wrong.append(f"{table} has {rows(f'SELECT count(*) FROM {table}')[0][0]} rows, not {expected}")
        return wrong

    def jobs(self) -> tuple[int, int]:
        """How many jobs there are, and how many attempts beyond the first: each cost one unit at most."""
        count, attempts = self.stack.rows("SELECT count(*), coalesce(sum(attempt), 0) FROM enhancement_job")[0]
        return int(count), int(attempts) - int(count)

    def half_written(self) -> list[Path]:
        """What killed processes left unfinished among the pictures."""
        return list((self.stack.folder / "pictures").rglob("*.partial"))


@contextmanager
def installation(folder: Path, *, embedded: bool) -> Iterator[Installation]:
    """A migrated installation with everything running: on servers of its own, or on SQLite and folders."""
    if embedded:
        with _running(Stack(folder, f"sqlite:///{folder / 'phoropter.sqlite3'}", "filesystem://"), None, None) as made:
            yield made
        return
    with (
        own_servers() as (postgresql, redis),
        _running(Stack(folder, postgresql.url, redis.url), postgresql, redis) as made,
    ):
        yield made


@contextmanager
def _running(stack: Stack, postgresql: OwnPostgreSQL | None, redis: OwnRedis | None) -> Iterator[Installation]:
    stack.manage("migrate", "-v", "0")
    made = Installation(stack, postgresql, redis)
    try:
        stack.start(*PROCESSES)
        yield made
    finally:
        made.asker.kill()
        made.asker.wait()
        stack.stop()
