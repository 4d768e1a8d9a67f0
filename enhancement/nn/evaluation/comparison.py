"""Methods by camera on held-out patches: every number with its interval, and every pair of methods compared.

What is compared stands in a TOML file (docs/training.md shows one). Two rows are always there: the patches as they are,
and the best polynomial of colour (``colour_polynomial.py``), which a network has to beat.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from analysis.metrics.psnr import DPED_BATCH
from enhancement.nn.evaluation import colour_polynomial
from enhancement.nn.evaluation.intervals import Estimate, Indices, over_scenes
from enhancement.nn.evaluation.patch_scores import MEASURES, PatchScores, joined, score_patches
from enhancement.nn.inference import enhance_floats
from enhancement.nn.networks.architectures import Network
from enhancement.nn.pairs.store import PatchSet, open_patches
from enhancement.nn.table import find_networks

INPUT, POLYNOMIAL = "Input", "Colour polynomial"
SEED = 1


class ComparisonError(ValueError):
    """A comparison can't be made as it is written down; the message says where and what to do."""


@dataclass(frozen=True)
class Camera:
    """One row of the table: a camera, its patches, and the weights of each method for it.

    Attributes:
        name: As it is printed.
        patches: A store, or published patches.
        train_first: Of published patches in one folder, how many aren't held out.
        weights: Method → checkpoint (``.safetensors`` or released ``.index``).
    """

    name: str
    patches: Path
    train_first: int | None
    weights: Mapping[str, Path]


@dataclass(frozen=True)
class Cell:
    """What one method scores on one camera's held-out patches.

    Attributes:
        estimates: Measure → value and interval.
        patches: How many were scored.
        units: How many scenes the intervals are over; or patches, where scenes aren't known.
        scenes_known: Whether they are; else the intervals are too short.
    """

    camera: str
    method: str
    estimates: Mapping[str, Estimate]
    patches: int
    units: int
    scenes_known: bool


@dataclass(frozen=True)
class Difference:
    """How much more one method scores than another on the same patches, with its interval over the same scenes."""

    camera: str
    method: str
    other: str
    estimates: Mapping[str, Estimate]


@dataclass(frozen=True)
class Comparison:
    """The whole table; methods and cameras in the order that they were written down."""

    title: str
    cells: tuple[Cell, ...]
    differences: tuple[Difference, ...]

    @property
    def methods(self) -> tuple[str, ...]:
        """In order, each once."""
        return tuple(dict.fromkeys(cell.method for cell in self.cells))

    @property
    def cameras(self) -> tuple[str, ...]:
        """In order, each once."""
        return tuple(dict.fromkeys(cell.camera for cell in self.cells))

    def cell(self, camera: str, method: str) -> Cell | None:
        """What stands there."""
        return next((cell for cell in self.cells if (cell.camera, cell.method) == (camera, method)), None)


def compare(title: str, cameras: list[Camera], device: torch.device) -> Comparison:
    """Score every method on every camera's held-out patches, and compare each pair of methods there.

    Raises:
        PatchesError: Patches can't be used.
        CheckpointError: A checkpoint can't be used.
        ComparisonError: No patches are held out.
    """
    cells: list[Cell] = []
    differences: list[Difference] = []
    for camera in cameras:
        patches = open_patches(camera.patches, train_first=camera.train_first)
        if not len(patches.test):
            raise ComparisonError(f"{camera.patches}: no scene is held out; cut patches with --held-out.")
        known = patches.manifest.scenes_known
        units = patches.scene_of[patches.test] if known else np.arange(len(patches.test))
        scores = {name: scored(name, patches, run) for name, run in runs_of(camera, patches, device)}
        sizes = (len(patches.test), len(np.unique(units)), known)
        cells += [Cell(camera.name, name, estimates(one, units), *sizes) for name, one in scores.items()]
        for (name, one), (other, two) in combinations(scores.items(), 2):
            differences.append(Difference(camera.name, other, name, estimates(two, units, less=one)))
    return Comparison(title, tuple(cells), tuple(differences))


def runs_of(camera: Camera, patches: PatchSet, device: torch.device) -> Iterator[tuple[str, Any]]:
    """Each method's name and function, from photos in 8 bits to floats; input and polynomial first."""
    yield INPUT, lambda photos: np.asarray(photos / 255.0, dtype=np.float32)
    polynomial = colour_polynomial.fit(patches)
    yield POLYNOMIAL, lambda photos: colour_polynomial.apply(polynomial, photos)
    for method, weights in camera.weights.items():
        yield method, network_run(next(find_networks(weights))[1], device)


def network_run(network: Network, device: torch.device) -> Any:
    """A network as a function of photos."""
    return lambda photos: enhance_floats(network, photos, device)


def scored(name: str, patches: PatchSet, run: Any) -> PatchScores:
    """A method's scores of all held-out patches, fifty at a time."""
    pieces = [patches.test[at : at + DPED_BATCH] for at in range(0, len(patches.test), DPED_BATCH)]
    told = tqdm(pieces, desc=name, unit="batch", disable=None)
    return joined([score_patches(run(patches.inputs[which]), patches.references[which]) for which in told])


def estimates(scores: PatchScores, units: Indices, less: PatchScores | None = None) -> dict[str, Estimate]:
    """Every measure of a method, or of its difference from another, over the same draws of scenes."""

    def of(measure: str) -> Estimate:
        value = MEASURES[measure]
        if less is None:
            return over_scenes(lambda which: value(scores, which), units, seed=SEED)
        return over_scenes(lambda which: value(scores, which) - value(less, which), units, seed=SEED)

    return {measure: of(measure) for measure in MEASURES}


def read_comparison(path: Path) -> tuple[str, list[Camera]]:
    """Title and cameras from a TOML file; paths in it are taken from the file's own folder.

    Raises:
        ComparisonError: The file can't be read, or something in it is missing or unknown.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ComparisonError(f"{path}: {error}") from error
    problems = list(problems_of(told))
    if problems:
        raise ComparisonError("\n".join(f"{path}: {problem}" for problem in problems))
    return told.get("title", path.stem), [camera_of(path.parent, name, one) for name, one in told["cameras"].items()]


def camera_of(folder: Path, name: str, told: Mapping[str, Any]) -> Camera:
    """A camera as its table tells it."""
    weights = {method: folder / weights for method, weights in told.get("weights", {}).items()}
    return Camera(name, folder / told["patches"], told.get("train_first"), weights)


def problems_of(told: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the tables of a file."""
    yield from (
        f"{key!r} is not known; known are cameras and title." for key in told if key not in ("title", "cameras")
    )
    cameras = told.get("cameras")
    if not isinstance(cameras, dict) or not cameras:
        yield 'it needs a table [cameras."NAME"] with patches and weights for each camera.'
        return
    for name, one in cameras.items():
        if not isinstance(one, dict) or not isinstance(one.get("patches"), str):
            yield f"[cameras.{name}] needs patches: a store's folder."
            continue
        unknown = set(one) - {"patches", "train_first", "weights"}
        yield from (f"[cameras.{name}] {key!r} is not known." for key in sorted(unknown))
        if not isinstance(one.get("train_first", 1), int):
            yield f"[cameras.{name}] train_first must be a whole number."
        weights = one.get("weights", {})
        if not isinstance(weights, dict) or not all(isinstance(file, str) for file in weights.values()):
            yield f"[cameras.{name}.weights] must name a checkpoint for each method."
        elif taken := {INPUT, POLYNOMIAL} & set(weights):
            yield f"[cameras.{name}.weights] {', '.join(sorted(taken))} stands in every table; take another name."
