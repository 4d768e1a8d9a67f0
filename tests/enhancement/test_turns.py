"""Large pictures are decoded one at a time."""

import fcntl
from threading import Event, Thread

import pytest
from django.core.files.storage import default_storage
from pytest_django import Settings

from enhancement.services import turns
from enhancement.services.files import keep
from enhancement.services.turns import in_turn, lock_file


@pytest.fixture(autouse=True)
def own_data(settings: Settings, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DATA_DIR = tmp_path_factory.mktemp("data")
    monkeypatch.setattr(turns, "LARGE_BYTES", 100)


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


def test_one_that_is_gone_is_for_its_reader_to_tell() -> None:
    with in_turn("photos/none.png"):
        pass
