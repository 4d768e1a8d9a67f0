"""Scores networks on aligned patches, as the table of the DPED paper does and per picture."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from analysis.metrics import ms_ssim_batch, psnr, psnr_batch, ssim
from analysis.metrics.psnr import DPED_BATCH
from enhancement.nn.checkpoint import load
from enhancement.nn.conversion import read_released
from enhancement.nn.inference import enhance_floats
from enhancement.nn.networks.architectures import Network
from enhancement.nn.pairs.manifest import PatchesError
from enhancement.nn.pairs.patch_set import DecodedPatches
from enhancement.nn.pairs.published import Part, paired, published, sides_of
from enhancement.pictures import Photo

Floats = npt.NDArray[np.float32]

COLUMNS = ("psnr_batch50", "psnr_per_image", "ms_ssim", "ssim")


@dataclass(frozen=True)
class Score:
    """What one network scores on a set of patches; averages over the set.

    Attributes:
        name: The checkpoint's, or ``input`` for the patches as they are.
        psnr_batch50: dB; squared error pooled over 50 consecutive patches, unclipped, as the DPED paper's table.
        psnr_per_image: dB; clipped to [0, 1], one value a patch, averaged over the patches that differ from their
            reference: an equal patch is at infinity.
        ms_ssim: Per batch of 50, unclipped; what the DPED paper's table calls SSIM.
        ssim: Single-scale, clipped, one value a patch.
        patches: How many were scored.
        equal: How many of them equal their reference, and so aren't in ``psnr_per_image``.
    """

    name: str
    psnr_batch50: float
    psnr_per_image: float
    ms_ssim: float
    ssim: float
    patches: int
    equal: int


def read_patches(folder: Path) -> tuple[Photo, Photo]:
    """Read aligned patches.

    Args:
        folder: Holds two folders of pictures with the same names and one size: ``canon`` or ``reference``, and another.

    Returns:
        Inputs and references, each of shape (N, H, W, 3), uint8, in natural order of their names.

    Raises:
        PatchesError: The folders aren't two, their names differ, sizes differ, or there are fewer than 50 patches.
        PictureError: A picture can't be read.
    """
    pairs = paired(*sides_of(folder))
    if len(pairs) < DPED_BATCH:
        raise PatchesError(f"{folder}: {len(pairs)} pairs, a batch takes {DPED_BATCH}.")
    found = published(folder, [Part("test", pairs)], {})
    inputs, references = (DecodedPatches([pair[role] for pair in pairs], found.size) for role in (0, 1))
    return inputs[:], references[:]


def find_networks(weights: Path) -> Iterator[tuple[str, Network]]:
    """Name and network of one checkpoint, or of every checkpoint in a folder, sorted by name.

    Args:
        weights: A checkpoint of ours (``.safetensors``) or a released one (``.index``), or a folder of them.

    Raises:
        PatchesError: There is none.
        CheckpointError: One of ours can't be loaded.
        TensorFlowCheckpointError: A released one can't be read.
        ConversionError: A released one is no layout that we know.
    """
    files = sorted(weights.iterdir()) if weights.is_dir() else [weights]
    files = [path for path in files if path.suffix in (".safetensors", ".index")]
    if not files:
        raise PatchesError(f"{weights}: no checkpoint (.safetensors or .index) here.")
    for path in files:
        yield path.stem, network_of(path)


def network_of(weights: Path) -> Network:
    """The network of one checkpoint.

    Args:
        weights: One of ours (``.safetensors``) or a released one (``.index``).

    Raises:
        CheckpointError: One of ours can't be loaded.
        TensorFlowCheckpointError: A released one can't be read.
        ConversionError: A released one is no layout that we know.
    """
    return read_released(weights)[0] if weights.suffix == ".index" else load(weights).network


def score_network(name: str, network: Network, inputs: Photo, references: Photo, device: torch.device) -> Score:
    """Score a network on patches.

    Args:
        name: Of the row.
        network: Any network of ours.
        inputs: Shape (N, H, W, 3), uint8, N at least 50.
        references: Same shape.
        device: Where the network runs.
    """
    return score(name, enhance_in_batches(network, inputs, device, title=name), references)


def enhance_in_batches(network: Network, inputs: Photo, device: torch.device, *, title: str = "") -> Floats:
    """What a network makes of patches, fifty at a time.

    Args:
        network: Any network of ours.
        inputs: Shape (N, H, W, 3), uint8.
        device: Where the network runs.
        title: Of the progress bar; no bar without one.

    Returns:
        Shape (N, H, W, 3), float32, not clipped.
    """
    starts = range(0, len(inputs), DPED_BATCH)
    told = tqdm(starts, desc=title, unit="batch", disable=None if title else True)
    return np.concatenate([enhance_floats(network, inputs[at : at + DPED_BATCH], device) for at in told])


def score(name: str, outputs: Floats, references: Photo) -> Score:
    """Score pictures against their references.

    Args:
        name: Of the row.
        outputs: Shape (N, H, W, 3), float on the scale 0 to 1, not clipped.
        references: Same shape, uint8.
    """
    targets = np.asarray(references / 255.0, dtype=np.float32)
    pairs = list(zip(outputs, targets, strict=True))
    decibels = np.array([psnr(output, target) for output, target in pairs])
    differing = decibels[np.isfinite(decibels)]
    return Score(
        name=name,
        psnr_batch50=psnr_batch(outputs, targets),
        psnr_per_image=float(differing.mean()) if differing.size else math.inf,
        ms_ssim=ms_ssim_batch(outputs, targets),
        ssim=float(np.mean([ssim(output, target) for output, target in pairs])),
        patches=len(pairs),
        equal=len(pairs) - differing.size,
    )


def score_all(weights: Path, patches: Path, device: torch.device) -> list[Score]:
    """Score the patches as they are, and every checkpoint.

    Raises:
        PatchesError: The patches can't be scored on, or there is no checkpoint.
    """
    inputs, references = read_patches(patches)
    scores = [score("input", np.asarray(inputs / 255.0, dtype=np.float32), references)]
    for name, network in find_networks(weights):
        scores.append(score_network(name, network, inputs, references, device))
    return scores


def as_text(scores: list[Score]) -> str:
    """Scores as a table for people; every column says which metric it is."""
    width = max(len(row.name) for row in scores)
    lines = [" ".join([" " * width, *(f"{column:>14}" for column in COLUMNS)])]
    for row in scores:
        decibels = f"{row.psnr_batch50:14.3f} {row.psnr_per_image:14.3f}"
        lines.append(f"{row.name:<{width}} {decibels} {row.ms_ssim:14.4f} {row.ssim:14.4f}")
    return "\n".join([*lines, *(footnote(row) for row in scores if row.equal)])


def footnote(row: Score) -> str:
    """What ``psnr_per_image`` leaves out; with the mean that tools print which cap an equal patch at 100 dB."""
    capped = (
        ((row.patches - row.equal) * row.psnr_per_image + row.equal * 100) / row.patches
        if row.equal < row.patches
        else 100.0
    )
    return (
        f"{row.name}: {row.equal} of {row.patches} patches equal their reference, so their PSNR is infinite and not in "
        f"psnr_per_image; counted as 100 dB each, the mean would be {capped:.3f}."
    )
