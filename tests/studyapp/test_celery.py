"""The filesystem broker's own files survive a kill at any moment."""

from pathlib import Path

import pytest
from kombu import Connection, Queue

from studyapp.celery import QUEUES, write_exchange


@pytest.mark.parametrize("left", [None, "", '[["gp', "[]"], ids=["nothing", "empty", "half", "unbound"])
def test_whatever_a_killed_process_left_the_next_one_starts(tmp_path: Path, left: str | None) -> None:
    place = tmp_path / "gpu.exchange"
    if left is not None:
        place.write_text(left)
    write_exchange(place, "gpu")
    folders = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path), "control_folder": str(tmp_path)}
    with (
        Connection("filesystem://", transport_options=folders) as connection,
        connection.SimpleQueue(Queue("gpu", routing_key="gpu", exchange="gpu")) as queue,
    ):
        queue.put("a bell")
        assert queue.get(timeout=5).payload == "a bell"
    assert not list(tmp_path.glob("*.partial"))


def test_both_queues_are_written() -> None:
    assert QUEUES == ("gpu", "cpu")
