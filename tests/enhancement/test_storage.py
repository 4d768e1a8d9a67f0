"""A stored file is whole under its name or not there, and a killed writer leaves nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from enhancement.storage import WholeFileStorage

WRITER = """
import sys, time
from django.conf import settings
settings.configure()
from django.core.files.base import ContentFile
from enhancement.storage import WholeFileStorage

class Slow(ContentFile):
    def chunks(self, chunk_size=None):
        yield b"the first half"
        print("half", flush=True)
        time.sleep(600)

WholeFileStorage(location=sys.argv[1]).save("folder/name.png", Slow(b""))
"""


def test_it_works(tmp_path: Path) -> None:
    storage = WholeFileStorage(location=tmp_path, file_permissions_mode=0o444)
    assert storage.save("folder/name.png", ContentFile(b"pixels")) == "folder/name.png"
    assert (tmp_path / "folder/name.png").read_bytes() == b"pixels"
    assert (tmp_path / "folder/name.png").stat().st_mode & 0o777 == 0o444
    assert [place.name for place in (tmp_path / "folder").iterdir()] == ["name.png"]


def test_where_files_need_a_name_it_works_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "O_TMPFILE")
    storage = WholeFileStorage(location=tmp_path, file_permissions_mode=0o444)
    storage.save("folder/name.png", ContentFile(b"pixels"))
    assert (tmp_path / "folder/name.png").read_bytes() == b"pixels"
    assert [place.name for place in (tmp_path / "folder").iterdir()] == ["name.png"]


def test_the_first_of_two_writers_stands(tmp_path: Path) -> None:
    storage = WholeFileStorage(location=tmp_path)
    for data in (b"first", b"second"):
        storage._save("name.png", ContentFile(data))
    assert (tmp_path / "name.png").read_bytes() == b"first"


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="only Linux has files without a name")
def test_a_killed_writer_leaves_nothing(tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"half\n"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert list((tmp_path / "folder").iterdir()) == []
