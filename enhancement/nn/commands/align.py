"""``python -m enhancement.nn align``."""

import argparse
import json
import sys
from pathlib import Path

from enhancement.nn.files import replace
from enhancement.nn.pairs.aligning import Alignments, align_all
from enhancement.nn.pairs.report import alignment_rows, as_csv, as_text
from enhancement.nn.pairs.sources import Pairs, find_dped_pairs, find_pairs
from enhancement.pipeline import cpus

REPORT = "report.csv"
NOTHING_ALIGNED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said to it."""
    parser.add_argument(
        "inputs", type=Path, help="folder of the photos to be enhanced; or, with --phone, DPED's full-size photos"
    )
    parser.add_argument(
        "references", type=Path, nargs="?", help="folder of the better camera's photos, of the same names"
    )
    parser.add_argument("--phone", help="of DPED's full-size photos: whose folder stands beside canon/")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the alignments and report.csv")
    parser.add_argument(
        "--processes", type=int, default=cpus(), help="pairs at once (default: the processors, %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Align, and print what became of each pair; 1 where none could be aligned.

    Raises:
        ValueError: The photos can't be paired.
        OSError: The folder can't be written to.
    """
    alignments = align_all(pairs_of(options), options.output, processes=options.processes)
    rows = alignment_rows(alignments)
    replace(options.output / REPORT, as_csv(rows))
    sys.stdout.write(
        json.dumps(rows, indent=1, ensure_ascii=False) if options.json else as_text(rows) + summary(alignments)
    )
    sys.stdout.write("\n")
    return 0 if alignments.good else NOTHING_ALIGNED


def pairs_of(options: argparse.Namespace) -> Pairs:
    """The pairs that are meant.

    Raises:
        ValueError: Neither two folders nor a phone are named, or the photos can't be paired.
    """
    if (options.references is None) == (options.phone is None):
        raise ValueError("Give the folders of the inputs and of the references, or one of DPED's and --phone.")
    if options.phone is not None:
        return find_dped_pairs(options.inputs, options.phone)
    return find_pairs(options.inputs, options.references)


def summary(alignments: Alignments) -> str:
    """How many of how many."""
    return f"\n{len(alignments.good)} of {len(alignments.pairs) + len(alignments.alone)} aligned."
