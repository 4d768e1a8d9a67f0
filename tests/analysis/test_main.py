"""``python -m analysis`` as a shell runs it, into a real pipe."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VOTES = "observer,session_id,scene,condition_A,condition_B,is_A_selected\n" + "".join(
    f"o{number % 6},1,c{number % 2},a,b,{0 if number % 3 else 1}\n" for number in range(36)
)


@pytest.fixture
def votes(tmp_path: Path) -> Path:
    file = tmp_path / "votes.csv"
    file.write_text(VOTES)
    return file


def start(*arguments: str | Path) -> "subprocess.Popen[bytes]":
    pipe, buffered = subprocess.PIPE, {**os.environ, "PYTHONUNBUFFERED": ""}
    command = [sys.executable, "-m", "analysis", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=buffered, stdout=pipe, stderr=pipe)


def test_it_works(votes: Path) -> None:
    said, complained = start("scale", votes, "--replicates", "100").communicate()
    assert b"36 votes by 6 observers on 2 contents" in said
    assert complained == b""


def test_a_reader_that_leaves_ends_it_quietly(votes: Path) -> None:
    for arguments in (("scale", votes, "--replicates", "100"), ("scale", votes, "--json"), ("--help",)):
        process = start(*arguments)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        with process.stderr as complained:
            assert complained.read() == b""
        assert process.wait() == 128 + signal.SIGPIPE
