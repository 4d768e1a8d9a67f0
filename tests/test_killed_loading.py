"""Loading killed half-way: photos are in the store, the database knows nothing of them, and loading again completes."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from tests.stack import ROOT, Stack, new_stack, wait_until

PHOTOS = 6


def test_half_a_load_leaves_nothing_that_counts(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    noise = np.random.default_rng(3)
    for number in range(PHOTOS):
        Image.fromarray(noise.integers(0, 256, (30, 40, 3), np.uint8)).save(photos / f"{number}.png")
    with new_stack(tmp_path, "sqlite", "filesystem") as stack:
        kill_once_files_are_there(stack, photos)
        assert len(stored(stack)) == PHOTOS
        assert stack.rows("SELECT count(*) FROM enhancement_testset") == [(0,)]
        assert stack.rows("SELECT count(*) FROM enhancement_content") == [(0,)]

        assert f"mine: {PHOTOS} contents" in stack.manage("load_testset", "mine", str(photos))
        assert {name for (name,) in stack.rows("SELECT input_file FROM enhancement_content")} == stored(stack)
        for name, digest in stack.rows("SELECT input_file, input_sha256 FROM enhancement_content"):
            assert sha256((stack.folder / "pictures" / name).read_bytes()).hexdigest() == digest


def kill_once_files_are_there(stack: Stack, photos: Path) -> None:
    """With the database's one writer held, a load comes as far as its files, and not to its rows."""
    command = [sys.executable, "manage.py", "load_testset", "mine", str(photos)]
    with closing(sqlite3.connect(urlsplit(stack.database_url).path, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        load = subprocess.Popen(
            command, cwd=ROOT, env=stack.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: len(stored(stack)) == PHOTOS, "the last photo in the store")
        load.kill()
        load.wait()
        database.execute("ROLLBACK")


def stored(stack: Stack) -> set[str]:
    place = stack.folder / "pictures"
    return {str(path.relative_to(place)) for path in place.rglob("*.png")}
