"""The processes of one machine: a web server, two workers, and the one that tends jobs."""

import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from shlex import join
from threading import Thread
from typing import Any

from honcho.manager import SYSTEM_PRINTER_NAME, Manager
from honcho.printer import Printer

PYTHON = sys.executable
WEB_WORKERS = min(1 + (os.cpu_count() or 1), 9)


class PortTakenError(Exception):
    """Another program listens where the web server should."""


def commands(host: str, port: int) -> dict[str, list[str]]:
    """What each process runs. The gpu worker is one process without forks, for CUDA doesn't survive them."""
    celery = [PYTHON, "-m", "celery", "--app", "studyapp.celery", "worker", "--loglevel", "WARNING", "--without-mingle"]
    return {
        "web": [
            PYTHON, "-m", "gunicorn", "studyapp.wsgi", "--bind", f"{host}:{port}", "--workers", f"{WEB_WORKERS}",
            "--threads", "4", "--worker-class", "gthread", "--preload", "--keep-alive", "75", "--log-level", "warning",
            "--logger-class", "studyapp.logs.GunicornLogger",
        ],
        "gpu": [*celery, "--queues", "gpu", "--pool", "solo", "--hostname", "gpu@%h"],
        "cpu": [*celery, "--queues", "cpu", "--pool", "prefork", "--concurrency", "1", "--hostname", "cpu@%h"],
        "tend": [PYTHON, "manage.py", "tend_jobs"],
    }  # fmt: skip


def kept_running(command: list[str]) -> str:
    """A shell line that starts a killed worker again, so that one photo too large for memory doesn't end a study."""
    again = 'echo "stopped with status $?; starting again"; sleep 1'
    return f"while :; do {join(command)} && break; {again}; done"


def refuse_taken_port(host: str, port: int) -> None:
    """Say so now, rather than in a web server's traceback.

    Raises:
        PortTakenError: Something listens there already.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise PortTakenError(
                f"Port {port} on {host} can't be had ({reason}); another Phoropter may be running. "
                f"Stop it, or choose another by adding PORT=8001 to the make command."
            ) from error


class LogFiles(Printer):  # type: ignore[misc]
    """Each process's words go to its own file; the terminal stays for what a person must read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(output=sys.stderr, prefix=False)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    def write(self, message: Any) -> None:
        """Append a line to the log of the process that said it; name a process that stops before the others do."""
        text = message.data.decode("utf-8", "replace") if isinstance(message.data, bytes) else message.data
        name = message.name or SYSTEM_PRINTER_NAME
        with (self.folder / f"{name}.log").open("a", encoding="utf-8") as log:
            log.write(f"{message.time:%Y-%m-%d %H:%M:%S} {text.rstrip()}\n")


def serve(host: str, port: int, *, base: Path, logs: Path, then: Callable[[], None]) -> int:
    """Run everything until Ctrl-C or until a process stops; ``then`` runs beside it once all are started.

    Returns:
        An exit status: 0 after Ctrl-C, else that of the process that stopped.
    """
    manager = Manager(LogFiles(logs))
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    for name, command in commands(host, port).items():
        line = f"exec {join(command)}" if name == "web" else kept_running(command)
        manager.add_process(name, line, cwd=str(base), env=environment)
    failed: list[BaseException] = []

    def beside() -> None:
        try:
            then()
        except BaseException as error:
            failed.append(error)
            manager.terminate()

    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))  # the terminal was closed
    Thread(target=beside, name="beside the processes", daemon=True).start()
    manager.loop()
    if failed:
        raise failed[0]
    return 0 if manager.returncode in (0, 130, 143) else int(manager.returncode or 1)
