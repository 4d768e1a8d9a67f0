"""``python -m analysis scale VOTES.csv``: scores with intervals, as a table or as JSON."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from analysis.report import SEED, SIMULATED_STAMP, Report, report
from analysis.scale import ranked
from analysis.votes import LAYOUTS, LEFT_OUT, read_votes

BAD_INPUT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it went well, 2 for input that can't be used."""
    asked = _parser().parse_args(arguments)
    try:
        votes = read_votes(asked.votes, asked.layout)
        made = report(
            votes,
            conditions=asked.conditions,
            replicates=asked.replicates,
            seed=asked.seed,
            include_simulated=asked.include_simulated,
        )
    except ValueError as error:  # VotesError, or a condition that was voted on and not named
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    print(made.to_json() if asked.json else as_text(made))
    return 0


def as_text(made: Report) -> str:
    """The report as aligned tables for a terminal."""
    parts = [_counted(made), _scored(made), _preferred(made), "\n".join(f"· {note}" for note in made.notes)]
    if made.simulated:
        parts.insert(0, f"*** {SIMULATED_STAMP} ***")
    return "\n\n".join(part for part in parts if part)


def _counted(made: Report) -> str:
    lines = [f"{made.votes} votes by {made.observers} observers on {made.contents} contents"]
    lines += [f"  left out: {rows} {LEFT_OUT[reason]}" for reason, rows in made.left_out.items()]
    if made.answers["tie"]:
        lines.append(f"  {made.answers['tie']} of the votes are ties")
    if made.position is not None:
        effect = made.position
        share = made.answers["left"] / (made.answers["left"] + made.answers["right"])
        tested = f"log-odds {effect.log_odds:+.3f}, p = {effect.p_value:.3g} as if votes were independent"
        lines.append(f"  left side chosen {share:.1%}: {tested}")
    return "\n".join(lines)


def _scored(made: Report) -> str:
    fitted, intervals = made.scale.fitted, made.scale.intervals
    if fitted is None:
        return ""
    header = ["condition", "score"] + ([f"{made.level:.0%} low", "high"] if intervals else [])
    rows = [
        [fitted.names[k], f"{fitted.scores[k]:+.3f}"]
        + ([f"{intervals.low[k]:+.3f}", f"{intervals.high[k]:+.3f}"] if intervals else [])
        for k in ranked(fitted)
    ]
    said = f"Scores (natural log-odds, mean zero{'' if fitted.nu is None else f'; Davidson, ν = {fitted.nu:.3f}'})"
    how = f"\nIntervals: {intervals.method}; seed {intervals.seed}" if intervals else ""
    if intervals and intervals.replicates:
        how += f", {intervals.replicates} replicates, {intervals.degenerate} degenerate"
    return f"{said}\n{_aligned([header, *rows])}{how}"


def _preferred(made: Report) -> str:
    header = ["one", "other", "for one", "tie", "for other", "votes", "observers"]
    rows = [
        [pair.one, pair.other, *(f"{share:.1%}" for share in pair.shares), str(pair.votes), str(pair.observers)]
        for pair in made.pairs
    ]
    return f"Preferences\n{_aligned([header, *rows], text=2)}" if rows else ""


def _aligned(rows: Sequence[Sequence[str]], text: int = 1) -> str:
    """Columns as wide as their widest cell: the first ``text`` of them flush left, the numbers flush right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    flush = [str.ljust if k < text else str.rjust for k in range(len(widths))]
    return "\n".join(
        "  " + "  ".join(put(cell, width) for put, cell, width in zip(flush, row, widths, strict=True)) for row in rows
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m analysis", description="From votes to scores.")
    commands = parser.add_subparsers(dest="command", required=True)
    scale = commands.add_parser("scale", help="scores with observer intervals, and preferences pair by pair")
    scale.add_argument("votes", type=Path, help="CSV file: an export of a study, or another known layout")
    scale.add_argument("--layout", choices=list(LAYOUTS), help="how the file is laid out (default: by its header)")
    scale.add_argument(
        "--conditions", nargs="+", metavar="NAME", help="all that were compared (default: those that were voted on)"
    )
    scale.add_argument("--json", action="store_true", help="print the whole report as JSON")
    scale.add_argument("--replicates", type=_replicates, default=1000, help="bootstrap replicates (default: 1000)")
    scale.add_argument("--seed", type=_seed, default=SEED, help=f"of the bootstrap (default: {SEED})")
    scale.add_argument("--include-simulated", action="store_true", help="count simulated votes too; stamps the report")
    return parser


def _replicates(said: str) -> int:
    if not said.isdigit() or int(said) < 100:
        raise argparse.ArgumentTypeError(f"{said!r}: give a whole number of 100 or more")
    return int(said)


def _seed(said: str) -> int:
    if not said.isdigit():
        raise argparse.ArgumentTypeError(f"{said!r}: give a whole number of 0 or more")
    return int(said)


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
