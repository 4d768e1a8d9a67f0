"""A whole installation in a folder of its own: real database, real broker, real processes that can be killed."""

import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis

from studyapp.processes import commands
from tests.services import POSTGRESQL_URL, REDIS_URL, postgresql_url, redis_url

ROOT = Path(__file__).resolve().parents[1]


def wait_until(true: Callable[[], Any], what: str, timeout_s: float = 120) -> Any:
    """The first true answer; a test that waits longer fails by name."""
    end = time.monotonic() + timeout_s
    tick = threading.Event()
    while time.monotonic() < end:
        if answer := true():
            return answer
        tick.wait(0.05)
    raise AssertionError(f"{what} did not happen within {timeout_s:g} s")


def postgresql_or_skip() -> str:
    """Where PostgreSQL answers."""
    return postgresql_url() or pytest.skip(f"PostgreSQL doesn't answer at {POSTGRESQL_URL}")


def redis_or_skip() -> str:
    """Where Redis answers."""
    return redis_url() or pytest.skip(f"Redis doesn't answer at {REDIS_URL}")


class Shell:
    """A process of an installation that runs one piece of code after the other, each as if it were the first.

    To start Django takes longer than most pieces do.
    """

    LOOP = """
import json, os, sys, traceback
from django.db import connections
out, sys.stdout = os.fdopen(os.dup(1), "w"), sys.stderr
for line in sys.stdin:
    names, told = {}, {}
    try:
        exec(json.loads(line), names)
        told["answer"] = names["answer"]
    except BaseException:
        told["error"] = traceback.format_exc()
    connections.close_all()
    print(json.dumps(told), file=out, flush=True)
"""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.environment = dict(environment)
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "--no-imports", "-v", "0", "-c", self.LOOP],
            cwd=ROOT, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip

    def run(self, code: str) -> Any:
        """What the code leaves in ``answer``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(code).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the process ended; see {self._log.name}"
        told = json.loads(line)
        assert "error" not in told, told["error"]
        return told["answer"]

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
        self._log.close()


class Stack:
    """One installation: its environment, its processes, and a look into its database."""

    def __init__(self, folder: Path, database_url: str, broker_url: str) -> None:
        self.folder = folder
        self.database_url = database_url
        self.port = free_port()
        self.site = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"},
            "DATA_DIR": str(folder),
            "DATABASE_URL": database_url,
            "CELERY_BROKER_URL": broker_url,
            "JOB_HEARTBEAT_S": "0.5",
            "JOB_STALE_S": "4",
            "JOB_RESEND_S": "5",
            "OMP_NUM_THREADS": "1",
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._shell: Shell | None = None

    def manage(self, *arguments: str) -> str:
        """What `manage.py` prints; its words when it fails."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def python(self, code: str) -> Any:
        """What a piece of code, run in a process of the installation, leaves in ``answer``."""
        if self._shell is None or self._shell.environment != self.environment:
            self._close_shell()
            self._shell = Shell(self.environment, self.folder / "shell.log")
        return self._shell.run(code)

    def _close_shell(self) -> None:
        if self._shell is not None:
            self._shell.close()
            self._shell = None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query, straight from the database."""
        if self.database_url.startswith("sqlite"):
            with closing(sqlite3.connect(urlsplit(self.database_url).path, timeout=10)) as sqlite:
                return sqlite.execute(query).fetchall()
        with psycopg.connect(self.database_url) as postgresql:
            return postgresql.execute(query).fetchall()

    def start(self, *names: str) -> None:
        """Start processes as `manage.py serve` does; the web server is waited for until it answers."""
        for name in names:
            log = (self.folder / f"{name}.log").open("ab")
            command = commands("127.0.0.1", self.port)[name]
            self.processes[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        if "web" in names:
            wait_until(self.answers, "the web server's first answer")

    def answers(self) -> bool:
        """Whether the web server takes connections."""
        with socket.socket() as door:
            return door.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self, name: str) -> None:
        """SIGKILL to a process and its children, as the kernel does when memory runs out."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def signal(self, name: str, number: signal.Signals) -> None:
        """Any signal to a process and its children, as to stop it for a while."""
        os.killpg(self.processes[name].pid, number)

    def stop(self) -> None:
        """End whatever still runs."""
        self._close_shell()
        for name in list(self.processes):
            self.kill(name)

    def log(self, name: str) -> str:
        """What a process said."""
        return (self.folder / f"{name}.log").read_text()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@contextmanager
def new_stack(folder: Path, database: str, broker: str) -> Iterator[Stack]:
    """A migrated installation on the named database and broker, gone without a trace afterwards."""
    with _database(folder, database) as database_url:
        stack = Stack(folder, database_url, _broker(broker))
        if database == "sqlite":
            _sqlite(folder).write_bytes(_migrated())
        else:
            stack.manage("migrate", "-v", "0")
        try:
            yield stack
        finally:
            stack.stop()


@contextmanager
def _database(folder: Path, kind: str) -> Iterator[str]:
    if kind == "sqlite":
        folder.mkdir(parents=True, exist_ok=True)
        yield f"sqlite:///{_sqlite(folder)}"
        return
    server, name = postgresql_or_skip(), f"phoropter_test_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _sqlite(folder: Path) -> Path:
    return folder / "phoropter.sqlite3"


@cache
def _migrated() -> bytes:
    """A SQLite database without rows, made once in a process: to migrate takes seconds, to copy nothing."""
    with TemporaryDirectory() as name:
        place = _sqlite(Path(name))
        Stack(Path(name), f"sqlite:///{place}", "filesystem://").manage("migrate", "-v", "0")
        assert list(place.parent.glob("*.sqlite3-*")) == [], "a part of it would lie beside the file"
        return place.read_bytes()


def _broker(kind: str) -> str:
    if kind == "filesystem":
        return "filesystem://"
    url = redis_or_skip()
    connection = redis.Redis.from_url(url)
    strange = [
        key for key in connection.scan_iter() if not key.startswith((b"_kombu", b"unacked", b"gpu", b"cpu", b"celery"))
    ]
    assert not strange, f"{url} holds other data ({strange[0]!r}…): name an empty database in TEST_REDIS_URL"
    connection.flushdb()
    return url


STACKS: Sequence[tuple[str, str]] = (("sqlite", "filesystem"), ("postgresql", "redis"))
