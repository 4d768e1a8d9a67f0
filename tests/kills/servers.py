"""A PostgreSQL cluster and a Redis of our own, which may be killed; the machine's shared ones are never touched."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import redis

from tests.stack import free_port, wait_until

BINARIES = [Path(place) for place in sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)]


def program(name: str) -> str | None:
    """Where a server program is, if it is installed."""
    places = [*BINARIES, *map(Path, os.get_exec_path())]
    return next((str(place / name) for place in places if (place / name).is_file()), None)


def lacking() -> list[str]:
    """The server programs that aren't installed here."""
    return [name for name in ("initdb", "postgres", "redis-server") if program(name) is None]


class OwnPostgreSQL:
    """One cluster in a folder of its own, durable as in earnest (``fsync=on``)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "cluster"
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        self.log = (folder / "postgresql.log").open("ab")
        self.user = _unprivileged()
        self.process: subprocess.Popen[bytes] | None = None
        self.folder.mkdir(mode=0o700)
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        self._run(
            "initdb", "-D", str(self.folder), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"
        ).wait()
        self.start()

    def _run(self, name: str, *arguments: str) -> "subprocess.Popen[bytes]":
        command = [str(program(name)), *arguments]
        group = None if self.user is None else pwd.getpwnam(self.user).pw_gid
        return subprocess.Popen(
            command, cwd=self.folder, stdout=self.log, stderr=self.log, start_new_session=True,
            user=self.user, group=group, extra_groups=None if self.user is None else [],
        )  # fmt: skip

    def start(self) -> None:
        """Start it, as often as the backends of a killed one still hold its memory."""
        wait_until(self._started, "PostgreSQL's answer")

    def _started(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            settings = ("listen_addresses=127.0.0.1", "fsync=on", "shared_buffers=32MB", "max_connections=60")
            options = [option for setting in settings for option in ("-c", setting)]
            self.process = self._run(
                "postgres", "-D", str(self.folder), "-p", str(self.port), "-k", str(self.folder), *options
            )
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill(self, *, backends: bool = True) -> None:
        """SIGKILL to the postmaster, and to its backends too: none of them says goodbye."""
        assert self.process is not None
        victims = [self.process.pid, *(children(self.process.pid) if backends else [])]
        for pid in victims:
            _kill(pid)
        self.process.wait()


class OwnRedis:
    """A Redis that keeps nothing: killed, it has forgotten every message."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, empty."""
        command = [str(program("redis-server")), "--port", str(self.port), "--save", "", "--appendonly", "no"]
        log = (self.folder / "redis.log").open("ab")
        self.process = subprocess.Popen(
            [*command, "--bind", "127.0.0.1"], cwd=self.folder, stdout=log, stderr=log, start_new_session=True
        )
        wait_until(self._answers, "Redis's answer")

    def _answers(self) -> bool:
        try:
            return bool(redis.Redis.from_url(self.url, socket_connect_timeout=2).ping())
        except redis.RedisError:
            return False

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        _kill(self.process.pid)
        self.process.wait()


@contextmanager
def own_servers() -> Iterator[tuple[OwnPostgreSQL, OwnRedis]]:
    """Both servers, gone without a trace afterwards."""
    # Not pytest's folder: PostgreSQL refuses to be root, and its own user may not enter there.
    folder = Path(tempfile.gettempdir(), f"phoropter-kills-{secrets.token_hex(6)}")
    folder.mkdir(mode=0o755)
    servers: list[OwnPostgreSQL | OwnRedis] = []
    try:
        postgresql, own_redis = OwnPostgreSQL(folder), OwnRedis(folder)
        servers += [postgresql, own_redis]
        yield postgresql, own_redis
    finally:
        for server in servers:
            if server.process is not None and server.process.poll() is None:
                server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def children(pid: int) -> list[int]:
    """The processes that a process started and that live."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if int(parent) == pid:
                found.append(int(entry.name))
    return found


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _unprivileged() -> str | None:
    """Who runs PostgreSQL, which refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)
