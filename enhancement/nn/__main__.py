"""``python -m enhancement.nn``: what can be done with networks from the command line."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from enhancement.nn.inference import pick_device
from enhancement.nn.table import as_text, score_all


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit status, 2 where the input was wrong."""
    options = parser().parse_args(arguments)
    try:
        scores = score_all(options.weights, options.patches, pick_device(options.device))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps([asdict(row) for row in scores], indent=1) if options.json else as_text(scores))
    sys.stdout.write("\n")
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    whole = argparse.ArgumentParser(prog="python -m enhancement.nn", description=__doc__)
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    scoring = commands.add_parser("score", help="score checkpoints on aligned patches: PSNR, MS-SSIM, SSIM")
    scoring.add_argument(
        "--weights",
        type=Path,
        required=True,
        help="a checkpoint (.safetensors, or a released .index), or a folder of them",
    )
    scoring.add_argument(
        "--patches", type=Path, required=True, help="a folder with two folders of the same names: canon and the phone's"
    )
    scoring.add_argument("--device", default="auto", help="auto (default), cpu or cuda")
    scoring.add_argument("--json", action="store_true", help="print JSON")
    return whole


if __name__ == "__main__":
    sys.exit(main())
