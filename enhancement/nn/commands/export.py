"""``python -m enhancement.nn export``."""

import argparse
import sys
from pathlib import Path

from enhancement.nn.export import export
from enhancement.nn.table import network_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said to it."""
    parser.add_argument("weights", type=Path, help="a checkpoint (.safetensors, or a released .index)")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.onnx", help="the file to write")


def run(options: argparse.Namespace) -> int:
    """Write the graph, and say how near its answer is.

    Raises:
        ValueError: The checkpoint can't be used.
        OSError: The file can't be written.
    """
    difference = export(network_of(options.weights), options.output)
    sys.stderr.write(f"{options.output}: onnxruntime's answer is within {difference:.1e} of the network's.\n")
    return 0
