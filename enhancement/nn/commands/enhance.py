"""``python -m enhancement.nn enhance``."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import torch
from tqdm import tqdm

from enhancement.nn.files import replace
from enhancement.nn.memory import peak_bytes, ran_out
from enhancement.nn.methods import load_onnx, way_of
from enhancement.nn.table import network_of
from enhancement.photo_files import files_by_name, matching_name
from enhancement.pictures import Photo, decode, encode_png
from enhancement.pipeline import IN_HAND, ONE_EACH, pipelined
from enhancement.subject import Enhanced, Subject

SOME_FAILED = 1


class InputsError(ValueError):
    """The photos that are named can't be enhanced together; the message says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said to it."""
    parser.add_argument("weights", type=Path, help="a checkpoint (.safetensors, or a released .index), or .onnx")
    parser.add_argument("inputs", type=Path, nargs="+", metavar="INPUT", help="photos, or folders of them")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the pictures, NAME.png each")
    parser.add_argument("--device", default="auto", help="auto (default), cpu or cuda")
    parser.add_argument(
        "--precision",
        default="auto",
        help="auto (default: bfloat16 where the device multiplies in it), float32, bfloat16",
    )
    parser.add_argument(
        "--mode", default="auto", help="auto (default: fast where its memory is there), fast, lean; docs/inference.md"
    )


def run(options: argparse.Namespace) -> int:
    """Enhance each photo; 1 where some could not be, and the reason of each on standard error.

    Raises:
        ValueError: The weights can't be used, a setting is unknown, or two photos would be one picture.
        OSError: The folder can't be made.
    """
    outputs = outputs_of(options.inputs, options.output)
    work = opened(options.weights, options.device, options.precision, options.mode)
    options.output.mkdir(parents=True, exist_ok=True)
    told = Told()
    with tqdm(total=len(outputs), unit="photo", disable=None) as bar:
        stations = read, partial(timed, work), partial(write, outputs)
        for done in pipelined(outputs, *stations, in_hand=in_hand_for(options.device)):
            if done.result is not None:
                told.count(done.result)
            elif done.error is not None:
                told.failed.append(done.task)
                bar.write(reason(done.task, done.error), file=sys.stderr)
            bar.set_postfix_str(f"{told.megapixels_per_second():.2f} MP/s")
            bar.update()
    sys.stderr.write(f"{told.summary()}\n")
    return SOME_FAILED if told.failed else 0


def outputs_of(inputs: Sequence[Path], folder: Path) -> dict[Path, Path]:
    """Each photo's picture.

    Raises:
        InputsError: Two would be one file, a picture would overwrite its photo, or there is no photo.
    """
    photos = [path for given in inputs for path in (photos_in(given) if given.is_dir() else [given])]
    names = Counter(matching_name(path.stem) for path in photos)
    twice = sorted(str(path) for path in photos if names[matching_name(path.stem)] > 1)
    if twice:
        raise InputsError(f"They would be one picture: {', '.join(twice)}. Enhance them into different folders.")
    if not photos:
        raise InputsError(f"No photos in {', '.join(map(str, inputs))}.")
    outputs = {path: folder / f"{path.stem}.png" for path in photos}
    for path, output in outputs.items():
        if output.exists() and path.exists() and output.samefile(path):
            raise InputsError(f"{path}: its picture would overwrite it. Give another folder to -o.")
    return outputs


def photos_in(folder: Path) -> list[Path]:
    """What lies in a folder and isn't hidden, by name."""
    return sorted(path for paths in files_by_name(folder).values() for path in paths)


def opened(weights: Path, device: str, precision: str, mode: str) -> Callable[[Photo], Enhanced]:
    """What enhances a photo by these weights.

    Raises:
        ValueError: They can't be used, or a setting is unknown.
    """
    settings = {"device": device, "precision": precision, "mode": mode}
    if weights.suffix == ".onnx":
        graph = load_onnx(settings, weights)
        return lambda photo: graph(Subject("", photo))
    return way_of(network_of(weights).chain(), settings)


def in_hand_for(device: str) -> int:
    """Photos that are begun at once: a processor takes longer over one than reading and writing do, a GPU may not."""
    return IN_HAND if device != "cpu" and torch.cuda.is_available() else ONE_EACH


def read(path: Path) -> Photo:
    """Decode."""
    return decode(path, name=str(path))


def timed(work: Callable[[Photo], Enhanced], photo: Photo) -> tuple[Enhanced, float]:
    """A picture, and what it took by the clock, in seconds."""
    begun_s = perf_counter()
    return work(photo), perf_counter() - begun_s


class Written(NamedTuple):
    """What is told of a picture.

    Attributes:
        pixels: How many.
        seconds: What the network took.
        device: On which.
        way: In which precision and mode.
    """

    pixels: int
    seconds: float
    device: str
    way: str


def write(outputs: dict[Path, Path], path: Path, worked: tuple[Enhanced, float]) -> Written:
    """Encode, and put the file in its place whole. Waits for a picture that is underway."""
    made, clock_s = worked
    photo = made.photo
    replace(outputs[path], encode_png(photo))
    way = ", ".join(filter(None, [made.dtype, made.mode]))
    return Written(photo.shape[0] * photo.shape[1], made.seconds(clock_s), made.device, way)


def reason(path: Path, error: Exception) -> str:
    """Why a photo could not be enhanced.

    Raises:
        Exception: What no photo can be blamed for, as it was raised.
    """
    if ran_out(error):
        return f"{path}: memory ran out ({error}); scale it down, or take a larger machine"
    if not isinstance(error, ValueError | OSError):
        raise error
    return str(error) if str(path) in str(error) else f"{path}: {error}"


@dataclass
class Told:
    """What is said at the end."""

    photos: int = 0
    pixels: int = 0
    network_s: float = 0.0
    begun_s: float = field(default_factory=perf_counter)
    device: str = ""
    ways: Counter[str] = field(default_factory=Counter)
    failed: list[Path] = field(default_factory=list)

    def count(self, written: Written) -> None:
        """A picture is written."""
        self.network_s += written.seconds
        self.photos += 1
        self.pixels += written.pixels
        self.ways[written.way] += 1
        self.device = written.device

    def megapixels_per_second(self) -> float:
        """So far."""
        return self.pixels / 1e6 / (perf_counter() - self.begun_s)

    def summary(self) -> str:
        """How much, how fast, how, and what it took."""
        seconds = perf_counter() - self.begun_s
        parts = [f"{self.photos} photo{'' if self.photos == 1 else 's'}, {self.pixels / 1e6:.1f} MP in {seconds:.1f} s"]
        if self.photos:
            ways = "; ".join(f"{way}: {count}" for way, count in self.ways.most_common())
            parts += [
                f"{self.megapixels_per_second():.2f} MP/s",
                f"{self.network_s / seconds:.0%} of the time in the network",
            ]
            parts += [f"on {self.device} ({ways})"]
        parts += [f"peak memory {peak_bytes() / 1e9:.2f} GB"]
        if torch.cuda.is_available():
            parts += [f"of the GPU {torch.cuda.max_memory_allocated() / 1e9:.2f} GB"]
        parts += [f"{len(self.failed)} failed"] if self.failed else []
        return ", ".join(parts) + "."
