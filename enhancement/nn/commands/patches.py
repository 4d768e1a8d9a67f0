"""``python -m enhancement.nn patches``."""

import argparse
import sys
from pathlib import Path

from enhancement.nn.pairs.building import REPORT, SHEET
from enhancement.nn.pairs.copying import copy_published
from enhancement.nn.pairs.cutting import cut_patches
from enhancement.nn.pairs.manifest import Manifest, PatchesError, PatchSettings
from enhancement.nn.pairs.report import as_text, scene_rows
from enhancement.nn.pairs.split import HeldOutNames, HeldOutShare, Split
from enhancement.pipeline import cpus

DPED = PatchSettings()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said to it."""
    parser.add_argument("aligned", type=Path, nargs="?", help="the folder that `align` filled")
    parser.add_argument("--published", type=Path, metavar="FOLDER", help="take over DPED's published patches instead")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="STORE", help="the store that is made")
    windows = parser.add_argument_group("windows, of aligned pairs")
    windows.add_argument("--size", type=int, default=DPED.size_px, help="side in px (default: %(default)s)")
    windows.add_argument("--stride", type=int, help="px from one to the next (default: the size, so none overlap)")
    windows.add_argument(
        "--max-shift", type=int, default=DPED.max_shift_px, help="px that the input's may move (default: %(default)s)"
    )
    windows.add_argument(
        "--threshold", type=float, default=DPED.threshold, help="kept if they correlate more (default: %(default)s)"
    )
    split = parser.add_argument_group("split, always by scene")
    split.add_argument(
        "--held-out", action="append", metavar="SCENES", help="scenes for tests: a name, 001..010, 'test-*'; repeatable"
    )
    split.add_argument("--held-out-share", type=float, metavar="SHARE", help="or a random share of the scenes, 0 to 1")
    split.add_argument("--seed", type=int, default=0, help="of that share (default: %(default)s)")
    split.add_argument(
        "--train-first",
        type=int,
        metavar="K",
        help="of published patches in one folder: the first K train, the rest test",
    )
    parser.add_argument("--processes", type=int, default=cpus(), help="at once (default: the processors, %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Make the store, and print what each scene gave.

    Raises:
        ValueError: What was asked can't be done.
        OSError: The store can't be written.
    """
    if (options.aligned is None) == (options.published is None):
        raise PatchesError("Give the folder that `align` filled, or --published and a folder of patches.")
    manifest = copied(options) if options.published else cut(options)
    sys.stdout.write(f"{as_text(scene_rows(manifest))}\n{summary(options.output, manifest)}\n")
    return 0


def cut(options: argparse.Namespace) -> Manifest:
    """Cut aligned pairs."""
    if options.train_first is not None:
        raise PatchesError("--train-first is for --published; hold out scenes with --held-out or --held-out-share.")
    stride = options.size if options.stride is None else options.stride
    settings = PatchSettings(options.size, stride, options.max_shift, options.threshold)
    split = split_of(options)
    return cut_patches(options.aligned, options.output, settings=settings, split=split, processes=options.processes)


def copied(options: argparse.Namespace) -> Manifest:
    """Take published patches over."""
    if options.held_out or options.held_out_share is not None:
        raise PatchesError(
            "The scenes of published patches are unknown: they are split by their folders or --train-first."
        )
    return copy_published(
        options.published, options.output, train_first=options.train_first, processes=options.processes
    )


def split_of(options: argparse.Namespace) -> Split:
    """Which scenes are held out.

    Raises:
        PatchesError: It isn't said, or said twice.
    """
    if bool(options.held_out) == (options.held_out_share is not None):
        raise PatchesError("Say which scenes are held out for tests: --held-out, or --held-out-share (0 for none).")
    if options.held_out:
        return HeldOutNames(tuple(options.held_out))
    return HeldOutShare(options.held_out_share, options.seed)


def summary(store: Path, manifest: Manifest) -> str:
    """How many, and where to look."""
    return (
        f"{manifest.patches} patches of {manifest.size_px} px: {manifest.count('train')} train, "
        f"{manifest.count('test')} test, in {store}. Look at {store / SHEET}; the table is {store / REPORT}."
    )
