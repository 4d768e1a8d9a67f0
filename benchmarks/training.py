"""Patches per second of training, against the plain eager loop: `python -m benchmarks.training`.

Both begin with the same weights and learn from the same batches, in processes of their own that take turns. Medians
over the rounds, by the clock and by the processors' seconds (user + system): on a busy machine the latter compare. The
peak is that of a matrix product or a convolution of the same type in the same run, whichever is higher.
"""

import argparse
import os
import platform
import resource
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.plain_training import Pairs, PlainLoop
from enhancement.nn.memory import keep_freed_memory
from enhancement.nn.pairs.store import open_patches
from enhancement.nn.training.backbone import Backbone, load_backbone
from enhancement.nn.training.backbone_files import Weights, places
from enhancement.nn.training.batches import FOR_DISCRIMINATOR, FOR_NETWORK, Batch, Draws
from enhancement.nn.training.learner import Learner
from enhancement.nn.training.recipe import make_recipe
from enhancement.nn.training.team import Team

SHARED = Path(__file__).parents[2] / "shared" / "data"
CPU = torch.device("cpu")
SIZES = {"released": (4, 64), "small": (2, 32)}
WAYS = {"plain eager loop": None, "Phoropter": "float32", "Phoropter, bfloat16": "bfloat16"}
BAR = 1.5

Told = dict[str, float]
Step = Callable[[], Told]


def backbone() -> Backbone:
    """VGG-16 to relu5_3 where its weights are here; else random weights of VGG-19's shape to relu5_4."""
    path = SHARED / "backbones" / "vgg16_fp16.safetensors"
    if path.exists():
        return load_backbone(path, "relu5_3")
    chance, channels, convolutions = torch.Generator().manual_seed(0), 3, []
    for stage, _ in places("vgg19"):
        outputs = min(64 * 2 ** (stage - 1), 512)
        spread = (2 / (9 * channels)) ** 0.5
        kernel = torch.randn(outputs, channels, 3, 3, generator=chance) * spread
        convolutions.append((kernel, torch.zeros(outputs)))
        channels = outputs
    return Backbone(Weights("vgg19", convolutions, (255.0,) * 3, (123.68, 116.779, 103.939), ""), "relu5_4")


def pairs(batch: int, seed: int) -> Pairs:
    """Smooth random pictures; what they show makes no difference to the speed."""
    chance = torch.Generator().manual_seed(seed)
    coarse = torch.rand(2 * batch, 3, 13, 13, generator=chance)
    inputs, references = torch.nn.functional.interpolate(coarse, (100, 100), mode="bilinear").split(batch)
    return inputs, references, torch.arange(batch) % 2 == 0


def step_of(way: str, size: str, batch: int) -> Step:
    """One whole step of the network and the discriminator, by that way."""
    blocks, channels = SIZES[size]
    network = {"architecture": "dped", "blocks": blocks, "channels": channels}
    told = {
        "name": size,
        "patches": "-",
        "batch": batch,
        "network": network,
        "backbone": {"weights": "-", "layer": "-"},
    }
    recipe = make_recipe(told | {"precision": WAYS[way] or "float32"}, size)
    learner = Learner(recipe, Team(CPU), backbone())
    first, second = pairs(batch, 1), pairs(batch, 2)
    if WAYS[way] is None:
        loop = PlainLoop(learner, blocks, channels)
        return lambda: loop.step(first, second)
    ours = [
        Batch(*(one.contiguous(memory_format=torch.channels_last) for one in (inputs, references)), is_reference)
        for inputs, references, is_reference in (first, second)
    ]
    return lambda: learner.learn(ours[0]) | learner.learn_to_tell(ours[1])


def work(pipe: Connection, way: str, options: argparse.Namespace, size: str) -> None:
    """A process of its own: a step whenever it is asked for one."""
    torch.set_num_threads(options.threads)
    if WAYS[way]:
        keep_freed_memory()
    step = step_of(way, size, options.batch)
    with FlopCounterMode(display=False) as counter:
        told = step()
    pipe.send((told, counter.get_total_flops()))
    while pipe.recv():
        pipe.send(timed(step)[:2])
    if options.profile:
        with profile(activities=[ProfilerActivity.CPU]) as profiled:
            step()
        table = profiled.key_averages().table(sort_by="self_cpu_time_total", row_limit=12, max_name_column_width=40)
        print(f"{size}, {way}\n" + "\n".join(line[:100] for line in table.splitlines()), flush=True)


def timed(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds by the clock, seconds of the processors, and what came out."""
    clock, processors = perf_counter(), cpu_s()
    out = call()
    return perf_counter() - clock, cpu_s() - processors, out


def cpu_s() -> float:
    """User and system seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak(dtype: torch.dtype, runs: int = 5) -> dict[str, float]:
    """Operations per CPU second of a matrix product and of a convolution at its best, the best of some runs.

    The math library under torch may know less of a processor than the one for convolutions: each is told, and the
    higher one is the peak.
    """
    left, right = (torch.rand(2048, 2048).to(dtype) for _ in range(2))
    maps = torch.rand(8, 64, 100, 100).to(dtype).contiguous(memory_format=torch.channels_last)
    kernels = torch.rand(64, 64, 3, 3).to(dtype).contiguous(memory_format=torch.channels_last)
    products = {
        "matrix product": (2 * 2048**3, lambda: left @ right),
        "3 × 3 convolution": (
            2 * maps.numel() * kernels[0].numel(),
            lambda: torch.nn.functional.conv2d(maps, kernels, padding=1),
        ),
    }
    return {what: count / min(timed(call)[1] for _ in range(runs + 1)) for what, (count, call) in products.items()}


def compare(size: str, options: argparse.Namespace) -> float:
    """Print the rows of one recipe; how many times faster than the plain loop by the processors' seconds."""
    context = get_context("spawn")
    pipes: dict[str, Connection] = {}
    processes = []
    for way in WAYS:
        pipes[way], its = context.Pipe()
        processes.append(context.Process(target=work, args=(its, way, options, size)))
        processes[-1].start()
        its.close()
    begun = {way: pipe.recv() for way, pipe in pipes.items()}
    times: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _ in range(options.rounds):
        for way, pipe in pipes.items():
            pipe.send(True)
            times[way].append(pipe.recv())
    for pipe, process in zip(pipes.values(), processes, strict=True):
        pipe.send(False)
        process.join()
    return told(size, options.batch, begun, times)


def told(size: str, batch: int, begun: dict[str, Any], times: dict[str, list[tuple[float, float]]]) -> float:
    """The rows; how many times faster ours is."""
    plain, _ = begun["plain eager loop"]
    medians = {way: [median(column) for column in zip(*rows, strict=True)] for way, rows in times.items()}
    slowest = medians["plain eager loop"]
    for way, (clock, processors) in medians.items():
        losses, flops = begun[way]
        top = max(peak(torch.bfloat16 if WAYS[way] == "bfloat16" else torch.float32).values())
        off = max(abs(losses[name] / value - 1) for name, value in plain.items())
        print(
            f"{size:<9}{way:<20}{batch / clock:9.2f}{processors / batch:11.3f}{slowest[0] / clock:8.2f} ×"
            f"{slowest[1] / processors:8.2f} ×{flops / batch / 1e9:9.1f}{flops / processors / top:9.0%}{off:11.1e}",
            flush=True,
        )
    return slowest[1] / medians["Phoropter"][1]


def reading(options: argparse.Namespace) -> None:
    """What it takes to read a step's patches, decoded from files: the slowest way that there is."""
    folder = SHARED / "dped" / "patches"
    if not folder.exists():
        print("reading: no patches here to measure it with")
        return
    draws = Draws(open_patches(folder, train_first=240), 1, options.batch, CPU)
    rounds = [
        timed(lambda: [draws.of_step(number, stream) for stream in (FOR_NETWORK, FOR_DISCRIMINATOR)])[1]  # noqa: B023
        for number in range(5)
    ]
    print(f"reading both batches of a step, decoded from JPEG: {median(rounds) / options.batch:.4f} CPU s per patch")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--sizes", nargs="*", choices=SIZES, default=list(SIZES))
    parser.add_argument("--profile", action="store_true", help="which operations take the time of a step")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{machine}; torch {torch.__version__}, {options.threads} threads, batch {options.batch}")
    for dtype in (torch.float32, torch.bfloat16):
        rates = ", ".join(f"{what} {rate / 1e9:.0f}" for what, rate in peak(dtype).items())
        print(f"{dtype}, GFLOP per CPU second: {rates}; the higher is the peak")
    titles = (
        f"{'patches/s':>9}{'CPU s each':>11}{'faster by clock, CPU':>21}{'GFLOP':>8}{'of peak':>9}{'off plain':>11}"
    )
    print(f"{'':<29}{titles}")
    gains = [compare(size, options) for size in options.sizes]
    reading(options)
    print(f"bar: {BAR:g} × the plain eager loop: {'met' if min(gains) >= BAR else 'MISSED'} ({min(gains):.2f}, by CPU)")


if __name__ == "__main__":
    main()
