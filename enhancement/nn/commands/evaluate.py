"""``python -m enhancement.nn evaluate``."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from enhancement.nn.evaluation.comparison import Camera, compare, read_comparison, runs_of
from enhancement.nn.evaluation.crops import crops_sheet, spread_over_scenes
from enhancement.nn.evaluation.layout import as_csv, as_latex, as_text
from enhancement.nn.files import replace
from enhancement.nn.inference import pick_device
from enhancement.nn.pairs.store import open_patches
from enhancement.pictures import encode_png

FORMATS = {"text": as_text, "csv": as_csv, "latex": as_latex}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said to it."""
    parser.add_argument("comparison", type=Path, help="a TOML file: patches and checkpoints by camera")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: %(default)s")
    parser.add_argument("--crops", type=Path, metavar="FOLDER", help="write held-out patches there, side by side")
    parser.add_argument("--crops-each", type=int, default=6, help="patches of each camera (default: %(default)s)")
    parser.add_argument("--device", default="auto", help="auto (default), cpu or cuda")


def run(options: argparse.Namespace) -> int:
    """Print the table, and write crops where they are asked for.

    Raises:
        ValueError: The comparison, patches or a checkpoint can't be used.
        OSError: A file can't be read.
    """
    title, cameras = read_comparison(options.comparison)
    device = pick_device(options.device)
    comparison = compare(title, cameras, device)
    if options.crops:
        write_crops(options.crops, cameras, options.crops_each, device)
    sys.stdout.write(f"{FORMATS[options.format](comparison).rstrip()}\n")
    return 0


def write_crops(folder: Path, cameras: Sequence[Camera], each: int, device: torch.device) -> None:
    """A sheet for each camera, named by its place in the table and its name."""
    if each < 1:
        raise ValueError(f"--crops-each {each}: show one patch at least.")
    folder.mkdir(parents=True, exist_ok=True)
    for number, camera in enumerate(cameras, start=1):
        patches = open_patches(camera.patches, train_first=camera.train_first)
        runs = dict(runs_of(camera, patches, device))
        sheet = crops_sheet(patches, runs, spread_over_scenes(patches, each))
        replace(folder / f"{number}-{file_name(camera.name)}.png", encode_png(sheet))


def file_name(name: str) -> str:
    """What of a camera's name can stand in a file's.

    Example:
        >>> file_name("iPhone 3GS (DPED)")
        'iphone-3gs-dped'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "camera"
