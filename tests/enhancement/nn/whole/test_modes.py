"""Which mode, by the memory there is; and what happens where there is less than that."""

import json
import logging
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from enhancement.nn.inference import enhance
from enhancement.nn.memory import left_bytes
from enhancement.nn.networks.chain import Chain, Layer, Norm
from enhancement.nn.networks.dong import Dong
from enhancement.nn.networks.generator import Generator
from enhancement.nn.whole import modes, queues
from enhancement.nn.whole.modes import ModeError, fast_bytes, kept_bytes, pick_mode
from enhancement.pictures import Photo

LIMITED = """
import json, logging, resource, sys
import numpy as np, torch
from torch import nn
from enhancement.nn.inference import enhance
from enhancement.nn.memory import kilobytes, left_bytes
from enhancement.nn.networks.chain import PICTURE, Chain, made_of
from enhancement.nn.networks.layers import InstanceNorm
from pathlib import Path

class Pointwise(nn.Module):
    # Much to keep and little to compute: 256 MB a megapixel.
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.norm, self.last = nn.Conv2d(3, 64, 1), InstanceNorm(64), nn.Conv2d(64, 3, 1)
    def chain(self):
        return Chain([made_of(self.first, self.norm), made_of(self.last, activation=PICTURE)])

torch.set_num_threads(1)
said = []
handler = logging.Handler()
handler.emit = lambda record: said.append(record.getMessage())
logging.getLogger("enhancement").addHandler(handler)
network, photo = Pointwise(), np.random.default_rng(0).integers(0, 256, (1000, 700, 3), dtype=np.uint8)
enhance(network, photo[:64], torch.device("cpu"), precision="float32", mode="lean")
limit = kilobytes(Path("/proc/self/status"), "VmSize") * 1024 + 100 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
left = left_bytes()
made = enhance(network, photo, torch.device("cpu"), precision="float32", mode=sys.argv[1])
print(json.dumps({"mode": made.mode, "said": said, "left": left, "sum": int(made.photo.sum())}))
"""


def limited(mode: str) -> dict[str, object]:
    """A photo whose map is 179 MB, in a process that has 100 MB left."""
    done = subprocess.run([sys.executable, "-c", LIMITED, mode], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory so")
def test_a_process_without_memory_falls_back_to_lean_says_so_and_finishes() -> None:
    forced, chosen, lean = limited("fast"), limited("auto"), limited("lean")
    assert forced["mode"] == chosen["mode"] == lean["mode"] == "lean"
    assert forced["sum"] == chosen["sum"] == lean["sum"]
    assert chosen["said"] == lean["said"] == []
    (words,) = forced["said"]  # type: ignore[misc]
    assert words.startswith("700×1000 px: memory ran out in the mode fast, so lean goes on (")
    assert 90 * 2**20 < chosen["left"] < 179 * 10**6  # type: ignore[operator]


def test_fast_where_its_memory_is_there() -> None:
    photo = torch.zeros(30, 40, 3, dtype=torch.uint8)
    assert pick_mode(Generator(blocks=1, channels=4).chain(), photo, torch.float32) == "fast"


def test_lean_where_it_is_not() -> None:
    """A picture that takes no memory itself, but whose maps would be more than any machine has."""
    photo = torch.zeros(1, dtype=torch.uint8).expand(2_000_000, 1_000_000, 3)
    assert pick_mode(Generator(blocks=1).chain(), photo, torch.float32) == "lean"
    assert pick_mode(Dong().chain(), photo, torch.float32) == "fast"
    assert kept_bytes(Dong().chain(), *photo.shape[:2], torch.float32) == 0


def test_the_log_says_why_it_is_lean(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    chain, photo = Generator(blocks=1).chain(), torch.zeros(1, dtype=torch.uint8).expand(3000, 4000, 3)
    needed = fast_bytes(chain, 3000, 4000, torch.float32, "cpu")
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(modes, "left_bytes", lambda: int(needed / 0.8) + 1)
    assert pick_mode(chain, photo, torch.float32) == "fast"
    monkeypatch.setattr(modes, "left_bytes", lambda: needed)
    assert pick_mode(chain, photo, torch.float32) == "lean"
    (said,) = caplog.messages
    assert said.startswith("4000×3000 px: lean, for fast would take 6.4")
    assert said.endswith(f"GB, which is more than 80 % of the {needed / 1e9:.2f} GB that are left")


def test_what_is_spare_in_slots_is_memory_on_a_gpu() -> None:
    chain = Generator(blocks=1).chain()
    kept = kept_bytes(chain, 3000, 4000, torch.float32)
    strips = 15 * 256 * 2**20
    assert fast_bytes(chain, 3000, 4000, torch.float32, "cuda") == 1.25 * kept + strips


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_fast_takes_no_more_of_a_gpu_than_it_says(precision: str) -> None:
    network, gpu = Generator(blocks=2), torch.device("cuda")
    photo = np.random.default_rng(0).integers(0, 256, (3000, 2000, 3), dtype=np.uint8)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    _ = enhance(network, photo, gpu, precision=precision, mode="fast").photo
    reckoned = fast_bytes(network.chain(), 3000, 2000, getattr(torch, precision), "cuda")
    assert torch.cuda.max_memory_allocated() <= reckoned + photo.nbytes * 2


def noise() -> Photo:
    return np.random.default_rng(0).integers(0, 256, (50, 40, 3), dtype=np.uint8)


def test_lean_takes_over_before_a_system_that_promises_more_than_it_has_kills(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where nothing limits a process its memory doesn't run out: Linux ends it."""
    network, cpu = Generator(blocks=2, channels=8), torch.device("cpu")
    fast = enhance(network, noise(), cpu, precision="float32", mode="fast")
    assert (fast.mode, caplog.messages) == ("fast", [])
    group = 8 * 63 * 40 * 8 * 4  # all 50 rows are one strip, and a quarter and one row more a slot
    monkeypatch.setattr(queues, "left_bytes", lambda: 2 * group - 1)
    for asked in ("fast", "lean"):
        made = enhance(network, noise(), cpu, precision="float32", mode=asked)
        assert (made.mode, np.array_equal(made.photo, fast.photo)) == ("lean", True)
    (said,) = caplog.messages
    assert said.startswith("40×50 px: memory ran out in the mode fast, so lean goes on (1 MB are left where 1 MB more")
    monkeypatch.setattr(queues, "left_bytes", lambda: 10 * group)
    assert enhance(network, noise(), cpu, precision="float32", mode="fast").mode == "fast"


def test_by_name() -> None:
    photo = torch.zeros(3, 4, 3, dtype=torch.uint8)
    assert [pick_mode(Dong().chain(), photo, torch.float32, mode) for mode in ("fast", "lean")] == ["fast", "lean"]
    with pytest.raises(ModeError, match="one of auto, fast, lean, not 'quick'"):
        pick_mode(Dong().chain(), photo, torch.float32, "quick")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much memory is left")
def test_what_is_left_is_known() -> None:
    assert (left_bytes() or 0) > 0


def test_a_skip_around_other_skips_is_kept_beside_them() -> None:
    """In bytes a pixel, of 8 channels in float32: two maps while one becomes the other, and whole skips beside them."""
    kernels = torch.zeros(8, 8, 3, 3)
    norm = Norm(torch.ones(8), torch.zeros(8))
    plain = Layer(kernels, torch.zeros(8), norm=norm)
    blocks = [plain, replace(plain, skip=2)] * 3
    head, tail = Layer(torch.zeros(8, 3, 3, 3), torch.zeros(8)), Layer(torch.zeros(3, 8, 3, 3), torch.zeros(3))
    short = kept_bytes(Chain([head, *blocks, tail]), 10, 10, torch.float32) / 100
    long = kept_bytes(Chain([head, *blocks[:-1], plain, replace(tail, skip=8)]), 10, 10, torch.float32) / 100
    both = kept_bytes(Chain([head, *blocks, replace(plain, skip=7), tail]), 10, 10, torch.float32) / 100
    assert (short, long, both) == (2 * 32, 2 * 32 + 12, 3 * 32)
