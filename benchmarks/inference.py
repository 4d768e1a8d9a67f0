"""Whole photos: seconds a megapixel, memory, dB from float32: `python -m benchmarks.inference WEIGHTS PHOTO`.

Every line is a process of its own, so that its peak memory is its own. Beside our two modes stand the plain torch
graph, as somebody who has the weights would run it, the same with glibc told to keep freed memory, and onnxruntime
with the file that `export` writes. Seconds are those of the clock, and in brackets of the processors: on a busy machine
those compare.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from enhancement.nn.export import as_onnx
from enhancement.nn.graph import open_graph, run_planes, to_planes
from enhancement.nn.inference import name_of, pick_device, to_whole
from enhancement.nn.memory import peak_bytes
from enhancement.nn.networks.architectures import Network
from enhancement.nn.table import network_of
from enhancement.nn.whole.passes import output_strips
from enhancement.nn.whole.precision import DTYPES, full_float32, multiplies_bfloat16
from enhancement.pictures import Photo, decode

Floats = npt.NDArray[np.float32]
TUNED = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "100000000000"}
LINES = {
    "plain float32": {},
    "plain float32, allocator tuned": TUNED,
    "plain bfloat16": {},
    "fast float32": {},
    "lean float32": {},
    "fast bfloat16": {},
    "lean bfloat16": {},
    "onnxruntime float32": {},
}
"""What each process has in its environment. The first is what the others are compared with."""

PLAIN = next(iter(LINES))

MATRIX = 2048


def photo_of(path: Path, megapixels: float) -> Photo:
    """The photo, scaled to a size."""
    photo = Image.fromarray(decode(path, name=path.name))
    factor = (megapixels * 1e6 / (photo.width * photo.height)) ** 0.5
    return np.array(photo.resize((round(photo.width * factor), round(photo.height * factor)), Image.Resampling.BICUBIC))


def way_of(line: str, network: Network, photo: Photo, device: torch.device) -> Callable[[], Iterator[Floats]]:
    """What a line measures: pixels in, rows out as they are made, (h, W, 3) float32."""
    way, precision = line.split(",", maxsplit=1)[0].split()
    if way == "onnxruntime":
        graph = open_graph(as_onnx(network.chain()).SerializeToString(), device=device.type)
        return lambda: iter([run_planes(graph, to_planes(photo[np.newaxis]))[0].transpose(1, 2, 0)])
    if way == "plain":
        network.eval().to(device)

        def plain() -> Iterator[Floats]:
            planes = torch.from_numpy(photo).permute(2, 0, 1)[None].to(device).float().contiguous() / 255
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16"):
                yield network(planes)[0].permute(1, 2, 0).float().cpu().numpy()

        return plain

    def ours() -> Iterator[Floats]:
        chain = network.chain().on(device)
        whole = to_whole(photo, chain.step_px, device)
        for strip in output_strips(chain, whole, DTYPES[precision], way):  # type: ignore[arg-type]
            yield strip[:, : photo.shape[1]].cpu().numpy()

    return ours


def measure(options: argparse.Namespace) -> dict[str, float]:
    """One line, in this process. Its output goes to a file at once, so that the peak is what computing it takes."""
    device = pick_device(options.device)
    network, photo = network_of(options.weights), photo_of(options.photo, options.megapixels[0])
    way, clocks, processors = way_of(options.line, network, photo, device), [], []
    place = options.truth.with_suffix(".made")
    with torch.inference_mode(), full_float32():
        for _ in range(options.repeats):
            clock, processor = perf_counter(), process_time()
            with place.open("wb") as file:
                for rows in way():
                    file.write(np.ascontiguousarray(rows).data)
            clocks.append(perf_counter() - clock)
            processors.append(process_time() - processor)
    pixels = photo.shape[0] * photo.shape[1] / 1e6
    told = {"clock": min(clocks) / pixels, "processor": min(processors) / pixels, "peak": peak_bytes() / 1e9}
    if options.line == PLAIN:
        place.rename(options.truth)
    elif options.truth.exists():
        truth, output = (np.fromfile(one, np.float32)[: photo.size] for one in (options.truth, place))
        error = float(np.square(output.astype(float) - truth).mean())
        codes = [np.rint(np.clip(one, 0, 1) * 255) for one in (output, truth)]
        told |= {"db": -10 * float(np.log10(max(error, 1e-30))), "codes": float(np.abs(codes[0] - codes[1]).max())}
    return told


def matrix_peak(device: torch.device, dtype: torch.dtype) -> float:
    """Multiply-adds a second of a large matrix product, in 10⁹: of the processors' seconds, or a GPU's by the clock."""
    left, right = (torch.randn(MATRIX, MATRIX, device=device).to(dtype) for _ in range(2))
    best, now = float("inf"), process_time if device.type == "cpu" else perf_counter
    for _ in range(5):
        begun = now()
        (left @ right)[0, 0].item()
        best = min(best, now() - begun)
    return MATRIX**3 / best / 1e9


def multiply_adds(network: Network, photo: Photo) -> float:
    """Of a pass over a photo, a pixel."""
    height, width = sides = photo.shape[:2]
    total = 0
    for layer in network.chain().layers:
        sides = tuple(map(layer.side_after, sides))
        total += layer.weight.numel() * sides[0] * sides[1]
    return total / (height * width)


def in_own_process(line: str, megapixels: float, truth: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One line."""
    command = [sys.executable, "-m", "benchmarks.inference", str(options.weights), str(options.photo)]
    command += ["--line", line, "--truth", str(truth), "--megapixels", str(megapixels)]
    command += ["--repeats", str(options.repeats), "--device", options.device]
    done = subprocess.run(command, env={**os.environ, **LINES[line]}, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        return {"failed": said[-1][:90] if said else f"ended with {done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def processor_name() -> str:
    """As the system calls it."""
    about = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in about.read_text().splitlines() if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads"


def show(line: str, told: dict[str, Any], work: float, peak: float, seconds: str) -> None:
    """A row of the table."""
    if "failed" in told:
        print(f"{line:<32}{told['failed']}", flush=True)
        return
    share = work / told[seconds] / peak / 1e3
    numbers = f"{told['clock']:9.2f}({told['processor']:7.2f}){told['peak']:8.2f}{share:9.0%}"
    apart = f"{told['db']:9.1f}{told['codes']:7.0f}" if "db" in told else f"{'–':>9}{'–':>7}"
    print(f"{line:<32}{numbers}{apart}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path, help="a checkpoint (.safetensors, or a released .index)")
    parser.add_argument("photo", type=Path)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[0.5, 3.0, 12.0, 20.0])
    parser.add_argument("--lines", nargs="+", choices=LINES, help="default: all that make sense on this device")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--line", choices=LINES, help=argparse.SUPPRESS)
    parser.add_argument("--truth", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.line:
        print(json.dumps(measure(options)))
        return
    device, network = pick_device(options.device), network_of(options.weights)
    lines = options.lines or [line for line in LINES if "bfloat16" not in line or multiplies_bfloat16(device)]
    lines = list(dict.fromkeys([PLAIN, *lines]))
    peaks = {name: matrix_peak(device, DTYPES[name]) for name in {line.split(",")[0].split()[1] for line in lines}}
    print(f"{name_of(device)}: {processor_name()}, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}")
    print("matrix product: " + ", ".join(f"{name} {peak:.0f}·10⁹ multiply-adds/s" for name, peak in peaks.items()))
    seconds = "processor" if device.type == "cpu" else "clock"
    for megapixels in options.megapixels:
        work = multiply_adds(network, photo_of(options.photo, megapixels))
        print(f"\n{f'{megapixels:g} MP':<32}{'s/MP':>9}(of CPUs){'GB':>7}{'of peak':>9}{'dB':>9}{'codes':>7}")
        with tempfile.TemporaryDirectory() as folder:
            for line in lines:
                told = in_own_process(line, megapixels, Path(folder, "truth"), options)
                show(line, told, work, peaks[line.split(",")[0].split()[1]], seconds)


if __name__ == "__main__":
    main()
