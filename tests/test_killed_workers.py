"""A worker killed in the middle of its work costs at most the pictures it had in hand."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.stack import STACKS, Stack, new_stack, wait_until

CONTENTS = 8


@pytest.mark.parametrize(("database", "broker"), STACKS, ids=["sqlite-filesystem", "postgresql-redis"])
def test_after_two_kills_every_stimulus_exists_exactly_once(tmp_path: Path, database: str, broker: str) -> None:
    with new_stack(tmp_path, database, broker) as stack:
        ask_for_slow_stimuli(stack)
        stack.start("tend", "gpu")
        for made in (2, 4):
            wait_until(lambda made=made: stimuli(stack) >= made and running(stack), f"{made} stimuli of a running job")
            stack.kill("gpu")
            assert stimuli(stack) < CONTENTS, "the kill came too late to prove anything"
            stack.start("gpu")
        wait_until(lambda: states(stack) == [("done",)], "the end of the job", 120)

        assert stimuli(stack) == CONTENTS
        assert stack.rows("SELECT count(DISTINCT content_id) FROM enhancement_stimulus") == [(CONTENTS,)]
        assert stack.rows("SELECT attempt FROM enhancement_job")[0][0] >= 3  # a starved heartbeat costs one more
        for name, sha256 in stack.rows("SELECT file, sha256 FROM enhancement_stimulus"):
            assert hashlib.sha256((tmp_path / "pictures" / name).read_bytes()).hexdigest() == sha256
        assert not list(tmp_path.rglob("*.partial")), "half-written files were left where pictures live"


def ask_for_slow_stimuli(stack: Stack) -> None:
    """Eight small photos, and a network of random weights, seen by nobody, that takes a good while for each."""
    photos = stack.folder / "photos"
    photos.mkdir()
    noise = np.random.default_rng(5)
    for number in range(CONTENTS):
        Image.fromarray(noise.integers(0, 256, (200, 300, 3), np.uint8)).save(photos / f"{number:02}.png")
    stack.python(f"""
from pathlib import Path
from enhancement.nn.checkpoint import Source, save
from enhancement.nn.networks.generator import Generator
from enhancement.services.methods import add_method
from enhancement.services.stimuli import request_stimuli
from enhancement.services.testsets import load_testset
place = Path({str(stack.folder)!r}, "random.safetensors")
save(place, Generator(), source=Source("random, for a test"), code_version="test")
request_stimuli(load_testset("noise", Path({str(photos)!r})), add_method("random", "dped", weights=place))
answer = True
""")


def stimuli(stack: Stack) -> int:
    return int(stack.rows("SELECT count(*) FROM enhancement_stimulus")[0][0])


def running(stack: Stack) -> bool:
    return ("running",) in states(stack)


def states(stack: Stack) -> list[tuple[str]]:
    return stack.rows("SELECT state FROM enhancement_job WHERE kind = 'stimuli'")
