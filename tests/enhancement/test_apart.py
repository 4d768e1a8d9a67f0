"""Reading apart: a decoder may crash, hang or eat all memory, and the file is named."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from PIL import Image

from enhancement.apart import Looked, Reader, ReadingEndedError, look
from enhancement.pictures import PictureError
from tests.enhancement.test_pictures import a_photo, saved
from tests.stack import wait_until


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    path.write_bytes(saved(a_photo(), "PNG"))
    return path


@contextmanager
def reader(**limits: float) -> Iterator[Reader]:
    made = Reader(**limits)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[Path]:
    """A file that whoever reads it waits for: a pipe that stays open and empty."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDWR)
    yield pipe
    os.close(held)


def test_it_tells_what_a_photo_is(photo: Path) -> None:
    looked = look(photo, name="a.png")
    assert (looked.width_px, looked.height_px, looked.format) == (61, 43, "PNG")
    assert len(looked.sha256) == 64


def test_a_refusal_is_the_same_as_in_this_process(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no")
    with pytest.raises(PictureError, match=r"^x: this is not a JPEG, HEIC") as refused:
        look(tmp_path / "a.png", name="x")
    assert not isinstance(refused.value, ReadingEndedError)


def test_too_much_memory_is_a_refusal_and_the_next_photo_is_read(tmp_path: Path, photo: Path) -> None:
    Image.fromarray(np.zeros((8_000, 8_000, 3), np.uint8)).save(tmp_path / "large.png", compress_level=1)
    with reader(memory_mb=600) as small:
        with pytest.raises(ReadingEndedError, match="memory") as ended:
            small.look(tmp_path / "large.png", name="large.png")
        assert ended.value.end == "memory"
        assert small.look(photo, name="a.png").width_px == 61


def test_too_much_time_is_named_and_the_next_photo_is_read(endless: Path, photo: Path) -> None:
    with reader(time_s=1) as hasty:
        with pytest.raises(ReadingEndedError, match="took more than 1 seconds; leave it out") as ended:
            hasty.look(endless, name="a.png")
        assert ended.value.end == "time"
        hasty.time_s = 60
        assert hasty.look(photo, name="a.png").width_px == 61


@pytest.mark.parametrize(
    ("fatal", "end", "words"),
    [(signal.SIGSEGV, "crash", "crashes the decoder"), (signal.SIGKILL, "memory", "more memory than this machine has")],
)
def test_a_crash_is_named_and_the_next_photo_is_read(
    endless: Path, photo: Path, fatal: signal.Signals, end: str, words: str
) -> None:
    with reader() as sturdy:
        sturdy.look(photo, name="a.png")
        assert sturdy.process is not None
        Thread(target=kill_who_reads, args=(endless, sturdy.process.pid, fatal)).start()
        with pytest.raises(ReadingEndedError, match=words) as ended:
            sturdy.look(endless, name="a.png")
        assert ended.value.end == end
        assert sturdy.look(photo, name="a.png").width_px == 61


def kill_who_reads(path: Path, process: int, fatal: signal.Signals) -> None:
    """Not before it reads: one that is dead when it is asked is only replaced."""
    wait_until(lambda: str(path) in _opened(process), "the reading of the file")
    os.kill(process, fatal)


def _opened(process: int) -> list[str]:
    opened = []
    for one in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed again meanwhile
            opened.append(str(one.readlink()))
    return opened


def test_it_goes_to_sleep_and_wakes(photo: Path) -> None:
    with reader(idle_s=0.1) as drowsy:
        first = drowsy.look(photo, name="a.png")
        process = drowsy.process
        assert process is not None
        wait_until(lambda: process.poll() == 0, "the reader's end")
        assert drowsy.look(photo, name="a.png") == first


def test_many_threads_get_their_own_answers(tmp_path: Path) -> None:
    for width in range(20, 32):
        (tmp_path / str(width)).write_bytes(saved(a_photo(width, 9), "PNG"))
    with ThreadPoolExecutor(4) as pool:
        looked: list[Looked] = list(pool.map(lambda width: look(tmp_path / str(width), name="a"), range(20, 32)))
    assert [one.width_px for one in looked] == list(range(20, 32))


def test_names_of_any_kind_reach_it(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9\n.png")
    path.write_bytes(saved(a_photo(), "PNG"))
    assert look(path, name="a").width_px == 61


def test_nothing_outlives_who_asked(tmp_path: Path, photo: Path) -> None:
    """A worker that is killed leaves no reading process behind."""
    code = (
        "import sys; from pathlib import Path; from enhancement.apart import Reader; reader = Reader(); "
        f"reader.look(Path({str(photo)!r}), name='a'); print(reader.process.pid, flush=True); input()"
    )
    asker = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert asker.stdout is not None
    child = int(asker.stdout.readline())
    asker.kill()
    asker.wait()
    wait_until(lambda: not _alive(child), "the end of the reading process")


def _alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
