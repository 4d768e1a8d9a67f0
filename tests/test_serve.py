"""`manage.py serve` as a person runs it: links that answer, workers that come back, nothing left behind."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.stack import ROOT, Stack, new_stack, wait_until


def test_serve_brings_killed_workers_back_and_ctrl_c_ends_it_all(tmp_path: Path) -> None:
    with new_stack(tmp_path, "sqlite", "filesystem") as stack:
        command = [sys.executable, "manage.py", "serve", "--port", str(stack.port)]
        log = (tmp_path / "serve.log").open("wb")
        serve = subprocess.Popen(
            command, cwd=ROOT, env=stack.environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_until(lambda: b"runs at" in (tmp_path / "serve.log").read_bytes(), "the word that it runs")
            wait_until(stack.answers, "the web server's answer")
            with urllib.request.urlopen(f"{stack.site}/login/") as page:
                assert page.status == 200
            first = wait_until(lambda: worker(stack), "the gpu worker")
            wait_until(lambda: niceness(first) > niceness(serve.pid), "the worker to give way to the web server")
            os.kill(first, signal.SIGKILL)
            wait_until(lambda: worker(stack) not in (None, first), "another gpu worker")
        finally:
            os.killpg(serve.pid, signal.SIGINT)
            status = serve.wait(timeout=60)
        assert status == 0, (tmp_path / "serve.log").read_text()
        wait_until(lambda: not processes(stack), "the end of every process")


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with new_stack(tmp_path, "sqlite", "filesystem") as stack:
        stack.start("web")
        command = [sys.executable, "manage.py", "serve", "--port", str(stack.port)]
        done = subprocess.run(command, cwd=ROOT, env=stack.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().startswith(f"CommandError: Port {stack.port} on 127.0.0.1 can't be had")


def niceness(pid: int) -> int:
    """How readily a process gives the cores to others."""
    return os.getpriority(os.PRIO_PROCESS, pid)


def worker(stack: Stack) -> int | None:
    """The process of the gpu worker."""
    return next((pid for pid, command in processes(stack).items() if "--queues\0gpu" in command), None)


def processes(stack: Stack) -> dict[int, str]:
    """Every Python process that runs on this installation's data."""
    mine = f"DATA_DIR={stack.folder}".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            try:
                if mine in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().decode()
            except OSError:
                continue
    return {pid: command for pid, command in found.items() if "python" in command.split("\0")[0]}
