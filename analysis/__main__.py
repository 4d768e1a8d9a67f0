"""``python -m analysis COMMAND``: from votes to scores in a terminal. Each command stands in its own file."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from types import ModuleType

from analysis.commands import compare, plan, reproduce, scale, screen

BAD_INPUT = 2
COMMANDS: dict[str, ModuleType] = {
    "scale": scale,
    "screen": screen,
    "plan": plan,
    "compare": compare,
    "reproduce": reproduce,
}
"""Each has ``HELP``, ``add_arguments(parser)`` and ``run(asked)``, which returns what is printed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it went well, 2 for input that can't be used."""
    asked = _parser().parse_args(arguments)
    try:
        said = COMMANDS[asked.command].run(asked)
    except ValueError as error:  # VotesError, or a condition that was voted on and not named
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    print(said)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m analysis", description="From votes to scores.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name, help=command.HELP, description=f"{command.HELP}."))
    return parser


def _in_the_shell() -> int:
    """`main`, ended by a closed pipe as other tools are: quietly (docs.python.org/3/library/signal.html, SIGPIPE)."""
    try:
        try:
            return main()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes stdout once more as it exits; that must have somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


if __name__ == "__main__":
    sys.exit(_in_the_shell())
