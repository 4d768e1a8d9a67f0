"""What follows a convolution, and a norm's statistics: `python -m benchmarks.finishing`.

A strip of 64 channels is finished (norm, ReLU, sum with a skip, rounding) and looked at (statistics, a copy): by torch
an operation at a time, by torch.compile, and by our kernels. Each way is a process of its own, started twice: at first
it finds nothing compiled, then what the first has left. Between the calls runs a 3×3 convolution, as it does in a
network, for what matters is what a way adds to that.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from time import perf_counter

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.inference import processor_name
from enhancement.nn.networks.chain import Layer
from enhancement.nn.whole.finishing import (
    Finishing,
    finish_by_torch,
    finish_compiled,
    look_by_torch,
    look_compiled,
)

WAYS = ("torch, an operation at a time", "torch.compile", "ours")
ROWS, COLUMNS, CHANNELS = 16, 4000, 64
MEGAPIXELS = ROWS * COLUMNS / 1e6


def strip_of(dtype: torch.dtype, rows: int = ROWS) -> Tensor:
    """Noise, (rows, COLUMNS, CHANNELS)."""
    return torch.randn(rows, COLUMNS, CHANNELS).to(dtype)


def steps_of(way: str, dtype: torch.dtype) -> tuple[Callable[[], object], Callable[[], object]]:
    """Finishing, and looking."""
    strip, added, places = (strip_of(dtype) for _ in range(3))
    layer = Layer(torch.zeros(CHANNELS, CHANNELS, 3, 3), torch.zeros(CHANNELS))
    then = Finishing(layer, (torch.rand(CHANNELS), torch.randn(CHANNELS)))
    finish, look = (finish_compiled, look_compiled) if way == "ours" else (finish_by_torch, look_by_torch)
    if way == "torch.compile":
        finish, look = torch.compile(finish, dynamic=True), torch.compile(look, dynamic=True)
    return lambda: finish(then, strip, added, places, 0), lambda: look(strip, places)


def measure(way: str, dtype: torch.dtype) -> dict[str, float]:
    """In this process: seconds until both have run once, then milliseconds a megapixel that each adds."""
    begun = perf_counter()
    with torch.inference_mode():
        steps = steps_of(way, dtype)
        for step in steps:
            step()
        told = {"start": perf_counter() - begun}
        rows = strip_of(dtype, ROWS + 2).permute(2, 0, 1)[None]
        kernels = torch.randn(CHANNELS, CHANNELS, 3, 3).to(dtype).contiguous(memory_format=torch.channels_last)
        for name, step in zip(("finish", "look"), steps, strict=True):
            told[name] = added_ms(lambda: F.conv2d(rows, kernels, padding=(0, 1)), step)
    return told


def added_ms(convolve: Callable[[], object], step: Callable[[], object], times: int = 40) -> float:
    """The median of a step's time, right after a convolution each, a megapixel."""
    seconds = []
    for _ in range(times):
        convolve()
        begun = perf_counter()
        step()
        seconds.append(perf_counter() - begun)
    return sorted(seconds)[times // 2] * 1e3 / MEGAPIXELS


def in_own_process(way: str, dtype: str, caches: str) -> dict[str, float]:
    """A way, with what is compiled kept in a folder."""
    command = [sys.executable, "-m", "benchmarks.finishing", "--dtype", dtype, "--way", way]
    environment = {**os.environ, "NUMBA_CACHE_DIR": caches, "TORCHINDUCTOR_CACHE_DIR": caches}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dtype", default="bfloat16", choices=("bfloat16", "float32"))
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure(options.way, getattr(torch, options.dtype))))
        return
    print(f"{processor_name()}, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}, {options.dtype}")
    print(f"{'':<32}{'first start':>12}{'later start':>12}{'finish':>14}{'look':>14}")
    for way in WAYS:
        with tempfile.TemporaryDirectory() as caches:
            first, later = (in_own_process(way, options.dtype, caches) for _ in range(2))
        starts = f"{first['start']:10.1f} s{later['start']:10.1f} s"
        print(f"{way:<32}{starts}{later['finish']:8.1f} ms/MP{later['look']:8.1f} ms/MP", flush=True)


if __name__ == "__main__":
    main()
