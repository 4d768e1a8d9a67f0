"""PSNR, SSIM and MS-SSIM against scikit-image and torchmetrics: `python -m benchmarks.metrics [PHOTO]`.

torchmetrics is no dependency: `pip install --no-deps --target FOLDER torchmetrics lightning-utilities`, then
`PYTHONPATH=FOLDER` (it needs neither torchvision nor the internet afterwards). Without it, its rows are left out and
said so. Seconds are those of the clock, and in brackets of the processors: on a busy machine those compare.
"""

import argparse
import importlib.util
import os
import platform
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from analysis.metrics import ms_ssim, ms_ssim_batch, psnr, ssim
from analysis.metrics.ms_ssim import SCALE_WEIGHTS
from enhancement.pictures import decode

Bytes = npt.NDArray[np.uint8]
Way = Callable[[Bytes, Bytes], float]

SIZES = {"3 MP": (1500, 2000), "12 MP": (3000, 4000)}
PATCHES, PATCH_PX = 50, 100
BAR = 3.0


def pair(photo: Path | None, height: int, width: int, seed: int = 0) -> tuple[Bytes, Bytes]:
    """A photo (made of smooth structure without one) and itself with noise, at a size."""
    rng = np.random.default_rng(seed)
    if photo is None:
        picture = Image.fromarray(rng.integers(0, 256, (height // 40 + 2, width // 40 + 2, 3), dtype=np.uint8))
    else:
        picture = Image.fromarray(decode(photo, name=photo.name))
    reference = np.array(picture.resize((width, height), Image.Resampling.BICUBIC))
    noisy = np.clip(reference + rng.normal(0, 8, reference.shape), 0, 255)
    return noisy.astype(np.uint8), reference


def judged_ssim(test: Bytes, reference: Bytes) -> float:
    return float(
        structural_similarity(
            test,
            reference,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=255,
            channel_axis=-1,
        )
    )


OURS: dict[str, Way] = {"PSNR": psnr, "SSIM": ssim, "MS-SSIM": ms_ssim}
JUDGES: dict[str, Way] = {
    "PSNR": lambda test, reference: float(peak_signal_noise_ratio(reference, test, data_range=255)),
    "SSIM": judged_ssim,
}


def each(way: Way) -> Way:
    """One patch after the other, averaged."""
    return lambda test, reference: float(np.mean([way(*sides) for sides in zip(test, reference, strict=True)]))


def torchmetrics_ways() -> dict[str, Way]:
    """Its functions on float32 tensors, conversion included: what somebody who has pictures waits for."""
    if importlib.util.find_spec("torchmetrics") is None:
        return {}
    import torchmetrics.functional.image as theirs  # noqa: PLC0415  # only where it is installed

    def tensor(pictures: Bytes) -> torch.Tensor:
        batch = pictures if pictures.ndim == 4 else pictures[np.newaxis]
        return torch.from_numpy(np.ascontiguousarray(np.moveaxis(batch, -1, 1))).float() / 255.0

    def way(metric: Callable[..., Any], **options: Any) -> Way:
        def ask(test: Bytes, reference: Bytes) -> float:
            with torch.inference_mode():
                return float(metric(tensor(test), tensor(reference), data_range=1.0, **options))

        return ask

    return {
        "PSNR": way(theirs.peak_signal_noise_ratio, reduction="elementwise_mean", dim=(1, 2, 3)),
        "SSIM": way(theirs.structural_similarity_index_measure, sigma=1.5),
        "MS-SSIM": way(theirs.multiscale_structural_similarity_index_measure, betas=SCALE_WEIGHTS),
    }


def best_of(runs: int, way: Way, sides: tuple[Bytes, Bytes]) -> tuple[float, float, float]:
    """Value, seconds by the clock, seconds of the processors; the least of some runs each."""
    clocks, processors, value = [], [], 0.0
    for _ in range(runs):
        clock, processor = perf_counter(), process_time()
        value = way(*sides)
        clocks.append(perf_counter() - clock)
        processors.append(process_time() - processor)
    return value, min(clocks), min(processors)


def compare(name: str, sides: tuple[Bytes, Bytes], runs: int, ways: dict[str, dict[str, Way]]) -> list[float]:
    """Print the rows of one kind of picture; the speed-ups over scikit-image by the clock."""
    gains = []
    for metric, by in ways.items():
        told = {who: best_of(runs, way, sides) for who, way in by.items()}
        ours = told["Phoropter"]
        for who, (value, clock, processor) in told.items():
            numbers = f"{value:16.10f}{value - ours[0]:11.1e}{clock:9.3f}({processor:7.3f})"
            times = f"{clock / ours[1]:6.1f} ×({processor / ours[2]:5.1f} ×)"
            print(f"{name:<16}{metric:<9}{who:<14}{numbers} {times}", flush=True)
        if "scikit-image" in told:
            gains.append(told["scikit-image"][1] / ours[1])
    return gains


def by_patches(options: argparse.Namespace, theirs: dict[str, Way]) -> list[float]:
    """A batch of DPED's size: PSNR and SSIM patch by patch, MS-SSIM pooled as in its table."""
    patches = [pair(options.photo, PATCH_PX, PATCH_PX, seed) for seed in range(PATCHES)]
    batch = np.stack([test for test, _ in patches]), np.stack([reference for _, reference in patches])
    ours = {"PSNR": each(psnr), "SSIM": each(ssim), "MS-SSIM": lambda *sides: ms_ssim_batch(*sides, size=PATCHES)}
    judges = {name: each(way) for name, way in JUDGES.items()}
    theirs = {name: way for name, way in theirs.items() if name != "MS-SSIM"}  # needs 160 px
    return compare(f"{PATCHES} of {PATCH_PX} px", batch, 10 * options.runs, beside(ours, judges, theirs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", nargs="?", type=Path)
    parser.add_argument("--sizes", nargs="*", choices=SIZES, default=list(SIZES))
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    theirs = torchmetrics_ways()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'':<39}{'value':>16}{'off ours':>11}{'seconds':>9}(of CPUs)  slower than ours")
    gains = by_patches(options, theirs)
    for name in options.sizes:
        gains += compare(name, pair(options.photo, *SIZES[name]), options.runs, beside(OURS, JUDGES, theirs))
    if not theirs:
        print("torchmetrics is not installed; see --help for how to have it beside.")
    print(
        f"bar: {BAR:g} × scikit-image at the same number: {'met' if min(gains) >= BAR else 'MISSED'} ({min(gains):.1f})"
    )


def beside(*peers: dict[str, Way]) -> dict[str, dict[str, Way]]:
    """By metric, then by whose it is."""
    names = ("Phoropter", "scikit-image", "torchmetrics")
    return {
        metric: {name: ways[metric] for name, ways in zip(names, peers, strict=True) if metric in ways}
        for metric in peers[0]
    }


if __name__ == "__main__":
    main()
