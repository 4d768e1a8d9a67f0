"""Large pictures are decoded one at a time."""

import fcntl
from collections.abc import Callable
from threading import Event, Thread

import numpy as np
import pytest
from django.core.files.storage import default_storage
from pytest_django import Settings

from enhancement.models import Stimulus
from enhancement.pictures import Photo, encode_png
from enhancement.services import turns
from enhancement.services.files import keep
from enhancement.services.thumbnails import thumbnail
from enhancement.services.turns import in_turn, lock_file
from studyapp.services.picture_tiles import Seen, tile_of


@pytest.fixture(autouse=True)
def own_data(settings: Settings, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DATA_DIR = tmp_path_factory.mktemp("data")
    monkeypatch.setattr(turns, "LARGE_BYTES", 100)


def small_jpeg(photo: Photo) -> bytes:
    name, sha256 = keep("photos", encode_png(photo), ".png")
    return thumbnail(Stimulus(file=name).file, sha256)


def first_tile(photo: Photo) -> bytes:
    name, sha256 = keep("photos", encode_png(photo), ".png")
    return tile_of(Seen(name, sha256, photo.shape[1::-1]), 0, 0, 0)


def test_a_large_one_waits_for_another_and_a_small_one_does_not() -> None:
    small, large = (keep("photos", bytes(size), ".png")[0] for size in (99, 100))
    inside = Event()

    def decode() -> None:
        with in_turn(large):
            inside.set()

    with lock_file().open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with in_turn(small):
            assert default_storage.exists(small)
        waiting = Thread(target=decode)
        waiting.start()
        assert not inside.wait(0.2)
    assert inside.wait(60), "the other's turn is over"
    waiting.join()


@pytest.mark.parametrize("look", [small_jpeg, first_tile])
def test_a_small_one_does_not_wait_behind_a_large_one_that_waits(
    monkeypatch: pytest.MonkeyPatch, look: Callable[[Photo], bytes]
) -> None:
    """Of one web process, while another decodes a large one."""
    noise = np.random.default_rng()  # other pictures each time: what was made once is there
    small, large = (noise.integers(0, 256, (side, side, 3), np.uint8) for side in (4, 40))
    monkeypatch.setattr(turns, "LARGE_BYTES", 1000)
    comes, is_made = Event(), Event()
    monkeypatch.setattr(turns, "lock_file", lambda: comes.set() or lock_file())
    with lock_file().open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        threads = [Thread(target=look, args=(large,)), Thread(target=lambda: look(small) and is_made.set())]
        threads[0].start()
        assert comes.wait(60)
        threads[1].start()
        assert is_made.wait(20)
    for thread in threads:
        thread.join()


def test_one_that_is_gone_is_for_its_reader_to_tell() -> None:
    with in_turn("photos/none.png"):
        pass
