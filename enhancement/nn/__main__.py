"""``python -m enhancement.nn``: what can be done with photo pairs and networks from the command line."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from enhancement.nn.memory import ran_out

COMMANDS: Mapping[str, str] = {
    "align": "find how reference photos lie on input photos",
    "patches": "cut aligned patches from photo pairs, for training",
    "train": "train a network on aligned patches, or go on with a run",
    "enhance": "run a network on photos of any size",
    "export": "write a network as ONNX",
    "evaluate": "compare methods on held-out patches: the table of the paper, with intervals",
    "score": "score checkpoints on aligned patches: PSNR, MS-SSIM, SSIM",
}
"""Each is a module of `enhancement.nn.commands`, with ``add_arguments(parser)`` and ``run(options) -> int``."""

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit status, 2 where the input was wrong."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser(given[0] if given else "").parse_args(given)
    try:
        status: int = options.run(options)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
        sys.stderr.write(f"Memory ran out ({error}); give it smaller pictures or batches, or a larger machine.\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return INTERRUPTED
    return status


def parser(command: str) -> argparse.ArgumentParser:
    """The command line's grammar; only the given command's own module is loaded, as others load torch."""
    whole = argparse.ArgumentParser(prog="python -m enhancement.nn", description=__doc__)
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for name, purpose in COMMANDS.items():
        one = commands.add_parser(name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
        if name == command:
            module = import_module(f"enhancement.nn.commands.{name}")
            module.add_arguments(one)
            one.set_defaults(run=module.run)
    return whole


if __name__ == "__main__":
    sys.exit(main())
