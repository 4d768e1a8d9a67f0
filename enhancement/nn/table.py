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
from enhancement.nn.architectures import Network
from enhancement.nn.checkpoint import load
from enhancement.nn.conversion import read_released
from enhancement.nn.inference import enhance_floats
from enhancement.pictures import Photo, decode

Floats = npt.NDArray[np.float32]

REFERENCE_FOLDERS = ("canon", "reference")
COLUMNS = ("psnr_batch50", "psnr_per_image", "ms_ssim", "ssim")


class PatchesError(ValueError):
    """The patches can't be scored on; the message says which and why."""


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
        Inputs and references, each of shape (N, H, W, 3), uint8, in the order of their names.

    Raises:
        PatchesError: The folders aren't two, their names differ, sizes differ, or there are fewer than 50 patches.
        PictureError: A picture can't be read.
    """
    folders = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    references = [path for path in folders if path.name in REFERENCE_FOLDERS]
    if len(folders) != 2 or len(references) != 1:
        raise PatchesError(
            f"{folder}: should hold two folders, one of them named {' or '.join(REFERENCE_FOLDERS)}; "
            f"it holds {[path.name for path in folders] or 'none'}."
        )
    return read_pairs(next(path for path in folders if path not in references), references[0])


def read_pairs(inputs: Path, references: Path) -> tuple[Photo, Photo]:
    """Read two folders of patches with the same names.

    Raises:
        PatchesError: Names or sizes differ, or there are fewer than 50 patches.
    """
    names = [sorted(path.name for path in side.iterdir() if path.is_file()) for side in (inputs, references)]
    unpaired = sorted(set(names[0]) ^ set(names[1]))
    if unpaired or len(names[0]) < DPED_BATCH:
        what = f"{unpaired[0]} has no partner" if unpaired else f"{len(names[0])} pairs, a batch takes {DPED_BATCH}"
        raise PatchesError(f"{inputs.parent}: {inputs.name} and {references.name} must hold the same names: {what}.")
    sides = [[decode(side / name, name=str(side / name)) for name in names[0]] for side in (inputs, references)]
    shapes = {patch.shape for side in sides for patch in side}
    if len(shapes) != 1:
        raise PatchesError(f"{inputs.parent}: patches must be of one size, these have the shapes {sorted(shapes)}.")
    return np.stack(sides[0]), np.stack(sides[1])


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
        yield path.stem, load(path).network if path.suffix == ".safetensors" else read_released(path)[0]


def score_network(name: str, network: Network, inputs: Photo, references: Photo, device: torch.device) -> Score:
    """Score a network on patches.

    Args:
        name: Of the row.
        network: Any network of ours.
        inputs: Shape (N, H, W, 3), uint8, N at least 50.
        references: Same shape.
        device: Where the network runs.
    """
    batches = range(0, len(inputs), DPED_BATCH)
    outputs = [
        enhance_floats(network, inputs[start : start + DPED_BATCH], device)
        for start in tqdm(batches, desc=name, unit="batch", disable=None)
    ]
    return score(name, np.concatenate(outputs), references)


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
