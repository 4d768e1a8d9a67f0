"""``python -m enhancement.nn score``."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from enhancement.nn.inference import pick_device
from enhancement.nn.table import as_text, score_all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said to it."""
    parser.add_argument(
        "--weights",
        type=Path,
        required=True,
        help="a checkpoint (.safetensors, or a released .index), or a folder of them",
    )
    parser.add_argument(
        "--patches", type=Path, required=True, help="a folder with two folders of the same names: canon and the phone's"
    )
    parser.add_argument("--device", default="auto", help="auto (default), cpu or cuda")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Print the table.

    Raises:
        ValueError: The patches or a checkpoint can't be used.
        OSError: They can't be read.
    """
    scores = score_all(options.weights, options.patches, pick_device(options.device))
    sys.stdout.write(json.dumps([asdict(row) for row in scores], indent=1) if options.json else as_text(scores))
    sys.stdout.write("\n")
    return 0
