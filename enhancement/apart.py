"""Strangers' photos are read in a process of their own, which may run out of memory or time, or crash, at no cost.

One such process serves all reading of a process, is started when first needed and ends when it has nothing to do; one
that died is replaced. docs/decisions/photos-read-apart.md says why.
"""

import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TypeAlias

from enhancement.formats.refusals import PictureError
from enhancement.pictures import bytes_of, decode, format_of, unreadable

MEMORY_MB = 6144
"""Address space of the reading process: enough for the largest photo of every format, see docs/photos.md."""

TIME_S = 900
"""For one photo of the largest kind, on a busy machine; by the clock, so that waiting counts too."""

IDLE_S = 20
"""After which it ends by itself."""

LEAVE_OUT = "leave it out, or open it in a photo editor and save it again"

End: TypeAlias = Literal["crash", "memory", "time", "fault"]


@dataclass(frozen=True)
class Looked:
    """A photo that can be read.

    Attributes:
        width_px: Upright, as height_px.
        format: Its name in `FORMATS`, by its content.
        sha256: Of the bytes that were read.
    """

    width_px: int
    height_px: int
    format: str
    sha256: str


class ReadingEndedError(PictureError):
    """Reading the file ended otherwise than with a photo or a refusal; ``end`` says how."""

    def __init__(self, name: str, end: End, what: str) -> None:
        super().__init__(name, what, LEAVE_OUT)
        self.end = end


class Reader:
    """A process that reads photos, one after the other."""

    def __init__(self, *, memory_mb: int = MEMORY_MB, time_s: int = TIME_S, idle_s: float = IDLE_S) -> None:
        self.memory_mb, self.time_s, self.idle_s = memory_mb, time_s, idle_s
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None

    def look(self, path: Path, *, name: str) -> Looked:
        """Read a photo to the last pixel, and tell what it is.

        Raises:
            PictureError: It can't be read; a ReadingEndedError where the decoder didn't survive it.
        """
        try:
            path.open("rb").close()  # it is this process's right to read it that counts
        except OSError as error:
            raise unreadable(name, error) from error
        with self.lock:
            answer = self._ask(path, name)
            while answer is None and self._ended() == 0:  # it went to sleep just when it was asked
                answer = self._ask(path, name)
            if answer is None:
                raise self._obituary(name)
        if "end" in answer:
            raise ReadingEndedError(name, answer["end"], answer["what"])
        if "what" in answer:
            raise PictureError(name, answer["what"], answer["remedy"])
        return Looked(**answer)

    def close(self) -> None:
        """End the process, at once."""
        if self.process is not None:
            self.process.kill()
            self._ended()

    def _ask(self, path: Path, name: str) -> dict[str, Any] | None:
        """The process's answer; None where it ended instead."""
        process = self._running()
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
        try:
            process.stdin.write(json.dumps([str(path), name]).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            return None
        line = process.stdout.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is None or self.process.poll() is not None:
            self._ended()
            root = Path(__file__).resolve().parents[1]
            code = f"from enhancement.apart import answer; answer({self.memory_mb}, {self.time_s}, {self.idle_s})"
            inherited = {**os.environ}
            found = os.pathsep.join(filter(None, [str(root), inherited.get("PYTHONPATH")]))
            self.process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**inherited, "PYTHONPATH": found},
            )
        return self.process

    def _ended(self) -> int:
        """How it ended, as subprocess says it; 0 if it never ran."""
        if self.process is None:
            return 0
        process, self.process = self.process, None
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)
        self.code = code
        return code

    def _obituary(self, name: str) -> ReadingEndedError:
        if self.code == -signal.SIGALRM:
            return ReadingEndedError(name, "time", f"reading it took more than {self.time_s} seconds")
        if self.code == -signal.SIGKILL:
            return ReadingEndedError(name, "memory", "reading it took more memory than this machine has")
        return ReadingEndedError(name, "crash", f"reading it crashes the decoder (exit status {self.code})")


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except BrokenPipeError:  # a question was still in it
        return


def look(path: Path, *, name: str) -> Looked:
    """`Reader.look` of this process's own reader."""
    return _reader_of(os.getpid()).look(path, name=name)


@cache
def _reader_of(pid: int) -> Reader:
    """One per process: a forked child must not talk through its parent's pipes."""
    return Reader()


def answer(memory_mb: int, time_s: int, idle_s: float) -> None:
    """What the process does: for each line in, one line out, until nobody asks."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what decoders print is no answer
    _limit(memory_mb)
    while select.select([0], [], [], idle_s)[0] and (line := _line()):
        path, name = json.loads(line)
        signal.alarm(time_s)
        told = _look(Path(path), name)
        signal.alarm(0)
        answers.write(json.dumps(told) + "\n")
        answers.flush()
    os._exit(0)


def _line() -> bytes:
    """One question: they come one at a time, and nothing may wait unseen in a buffer."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(0, 65536)
        if not part:
            return b""
        line += part
    return line


def _limit(memory_mb: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb * 2**20, memory_mb * 2**20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    place = Path("/proc/self/oom_score_adj")
    if place.exists():  # where memory runs out, this process goes, and not the worker or the database
        place.write_text("1000")


def _look(path: Path, name: str) -> dict[str, Any]:
    try:
        data = bytes_of(path, name)
        height_px, width_px = decode(data, name=name).shape[:2]
        return asdict(Looked(width_px, height_px, format_of(data, name).name, sha256(data).hexdigest()))
    except MemoryError:
        return {"end": "memory", "what": "reading it takes more memory than a photo of its kind may take"}
    except PictureError as error:
        if isinstance(error.__cause__, MemoryError):
            return {"end": "memory", "what": error.what}
        return {"what": error.what, "remedy": error.remedy}
    except Exception as error:  # a defect of ours must not look like a photo, nor take the other files' report along
        return {"end": "fault", "what": f"reading it failed in an unexpected way ({error!r})"}
