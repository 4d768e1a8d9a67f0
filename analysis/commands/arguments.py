"""What several commands ask for in the same words: the file of votes, replicates, seeds, levels and shares."""

import argparse
from pathlib import Path

from analysis.reporting.report import SEED
from analysis.votes import LAYOUTS, Sifted, VotesError, left_out_said


def add_votes(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """The file of votes, how it is laid out, whether simulated votes count, and ``--json``."""
    said = "CSV file: an export of a study, or another known layout"
    if optional:
        parser.add_argument("votes", type=Path, nargs="?", help=f"{said}; a pilot's, for its design effect")
    else:
        parser.add_argument("votes", type=Path, help=said)
    parser.add_argument("--layout", choices=list(LAYOUTS), help="how the file is laid out (default: by its header)")
    parser.add_argument("--include-simulated", action="store_true", help="count simulated votes too; stamps the result")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def simulated_said(rows: int) -> str:
    """Simulated votes that were left out, and how they are counted.

    >>> simulated_said(720)
    '720 simulated votes (--include-simulated counts them)'
    """
    return f"{left_out_said('simulated', rows)} (--include-simulated counts {'it' if rows == 1 else 'them'})"


def require_real(path: Path, sifted: Sifted) -> None:
    """Raise where no vote counts because those that would are simulated."""
    simulated = sifted.left_out.get("simulated", 0)
    if sifted.fitted.empty and simulated:
        raise VotesError(f"{path}: no vote counts; left out: {simulated_said(simulated)}")


def add_bootstrap(parser: argparse.ArgumentParser) -> None:
    """Replicates and seed of the observer bootstrap."""
    parser.add_argument("--replicates", type=replicates, default=1000, help="bootstrap replicates (default: 1000)")
    parser.add_argument("--seed", type=seed, default=SEED, help=f"of all that is drawn (default: {SEED})")


def replicates(said: str) -> int:
    """A whole number of 100 or more."""
    return _whole(said, at_least=100)


def seed(said: str) -> int:
    """A whole number of 0 or more."""
    return _whole(said, at_least=0)


def conditions(said: str) -> int:
    """How many conditions: a whole number of 2 or more."""
    return _whole(said, at_least=2)


def share(said: str) -> float:
    """A share between 0 and 1, as ``0.6`` or as ``60%``.

    >>> share("60%"), share("0.6")
    (0.6, 0.6)
    """
    number = _share(said)
    if not 0.0 < number < 1.0:
        raise argparse.ArgumentTypeError(f"{said!r}: give a share between 0 and 1, as 0.6 or 60%")
    return number


def lost(said: str) -> float:
    """A share that may be nothing but not everything, as ``0.1`` or as ``10%``.

    >>> lost("10%"), lost("0")
    (0.1, 0.0)
    """
    number = _share(said)
    if not 0.0 <= number < 1.0:
        raise argparse.ArgumentTypeError(f"{said!r}: give a share from 0 to below 1, as 0.1 or 10%")
    return number


def at_least_one(said: str) -> float:
    """A number of 1 or more, as a design effect is."""
    number = _number(said)
    if not 1.0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{said!r}: give a number of 1 or more")
    return number


def above_zero(said: str) -> float:
    """A number above 0, as a standard deviation is."""
    number = _number(said)
    if not 0.0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{said!r}: give a number above 0")
    return number


def _whole(said: str, *, at_least: int) -> int:
    if not said.isdecimal() or int(said) < at_least:
        raise argparse.ArgumentTypeError(f"{said!r}: give a whole number of {at_least} or more")
    return int(said)


def _share(said: str) -> float:
    return _number(said.removesuffix("%")) / (100.0 if said.endswith("%") else 1.0)


def _number(said: str) -> float:
    try:
        return float(said)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{said!r}: give a number") from None
