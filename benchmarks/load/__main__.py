"""`python -m benchmarks.load`: votes over HTTP on PostgreSQL, beside oTree and pyMUSHRA in the same run."""

import argparse
import json
import os
import platform
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit, urlunsplit

import psycopg

from benchmarks.load import peers
from benchmarks.load.client import Crowd, Measured, at_rate, flat_out, in_own_process
from benchmarks.load.walkers import PhoropterWalker, PyMushraWalker
from tests.services import POSTGRESQL_URL
from tests.stack import Stack, new_stack

TRIALS = 20
RATES = (25, 50, 100, 200)
AT_ONCE = 16
WARM_UP_S = 5.0
P99_BAR_MS = 50.0
STORED = (1_000, 1_000_000)


def main() -> int:
    """Run everything that was asked for; the status says whether a vote was lost."""
    wanted = arguments()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores shared by server, database and client")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        lost = ours(folder / "phoropter", wanted)
        if not wanted.without_peers:
            beside(folder, wanted)
    return int(lost > 0)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="how long each rate is held (default: 20)")
    parser.add_argument("--memory-minutes", type=float, default=5, help="how long memory is watched (default: 5)")
    parser.add_argument("--stored", type=int, default=STORED[1], help="votes stored for the second count of queries")
    parser.add_argument("--without-peers", action="store_true", help="Phoropter alone")
    parser.add_argument("--peers", type=Path, default=Path("var/peers"), help="where oTree and pyMUSHRA are installed")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def ours(folder: Path, wanted: argparse.Namespace) -> int:
    """Phoropter's own tables; returns how many acknowledged votes the database doesn't have."""
    folder.mkdir()
    with new_stack(folder, "postgresql", "filesystem") as stack:
        code = inside(stack, f"study_of({TRIALS})")
        stack.start("web")
        crowd = Crowd(PhoropterWalker, (f"{stack.site}/s/{code}/",))
        lost = at_rates(stack, crowd, wanted, "Phoropter, nothing else running")
        inside(stack, f"ask_for_a_long_job({str(folder)!r}, 400)")
        stack.start("gpu", "tend")
        lost += at_rates(stack, crowd, wanted, "Phoropter, while the gpu worker runs a network")
        made = stack.rows("SELECT count(*) FROM enhancement_stimulus WHERE job_id IS NOT NULL")[0][0]
        print(f"the job went on meanwhile: {made} stimuli in all")
        stack.kill("gpu")
        stack.kill("tend")
        lost += memory(stack, crowd, wanted)
        lost += stored_votes(stack, crowd, wanted)
    return lost


def inside(stack: Stack, call: str) -> object:
    """What a function of `benchmarks.load.stored` answers in a process of the installation."""
    name = call.split("(", maxsplit=1)[0]
    return stack.python(f"from benchmarks.load.stored import {name}\nanswer = {call}")


def at_rates(stack: Stack, crowd: Crowd, wanted: argparse.Namespace, title: str) -> int:
    heading(title)
    return sum(
        row(f"{rate} votes/s", in_own_process(at_rate, crowd, rate, wanted.seconds, wanted.seed), stack)
        for rate in RATES
    )


def heading(title: str) -> None:
    columns = f"{'votes/s':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'sessions':>10}{'errors':>8}{'lost':>6}"
    print(f"\n{title}\n{'':26}{columns}")


def row(name: str, measured: Measured, stack: Stack | None = None) -> int:
    """Print what was seen; returns how many acknowledged votes are missing, where there is a database to ask."""
    lost = missing(stack, measured) if stack else 0
    times = "".join(f"{measured.percentile_ms(percent):9.1f}" for percent in (50, 95, 99))
    shown = lost if stack else "-"
    print(
        f"{name:26}{measured.per_second:9.1f}{times}{measured.begun:10}{len(measured.errors):8}{shown:>6}", flush=True
    )
    for error in sorted(set(measured.errors))[:3]:
        print(f"    {error}")
    return lost


def missing(stack: Stack, measured: Measured) -> int:
    """Answers that the server said it had, and that the database doesn't have just so."""
    kept = dict(stack.rows("SELECT t.token, v.answer FROM studyapp_vote v JOIN studyapp_trial t ON v.trial_id = t.id"))
    return sum(kept.get(trial) != said for trial, said in measured.stored)


def memory(stack: Stack, crowd: Crowd, wanted: argparse.Namespace) -> int:
    """Whether the web processes grow under load."""
    if not wanted.memory_minutes:
        return 0
    heading(f"Phoropter, memory over {wanted.memory_minutes:g} minutes at 50 votes/s")
    with watched(stack.processes["web"].pid) as samples:
        lost = row("50 votes/s", in_own_process(at_rate, crowd, 50, wanted.memory_minutes * 60, wanted.seed), stack)
    shown = [samples[round(part * (len(samples) - 1) / 5)] for part in range(6)]
    print("web processes together, MB: " + ", ".join(f"{at:.0f} s {mb:.1f}" for at, mb in shown))
    return lost


@contextmanager
def watched(group: int, every_s: float = 5.0) -> Iterator[list[tuple[float, float]]]:
    """Seconds and megabytes (PSS) of a group of processes, sampled beside."""
    samples: list[tuple[float, float]] = []
    over = threading.Event()
    start = perf_counter()

    def sample() -> None:
        while not over.wait(every_s):
            samples.append((perf_counter() - start, pss_mb(group)))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    yield samples
    over.set()
    thread.join()


def pss_mb(group: int) -> float:
    """What the processes of a group hold, shared pages shared out."""
    total_kb = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(process.name)) == group:
                lines = (process / "smaps_rollup").read_text().splitlines()
                total_kb += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except OSError:  # it has just ended
            continue
    return total_kb / 1024


def stored_votes(stack: Stack, crowd: Crowd, wanted: argparse.Namespace) -> int:
    """The same work whatever is stored."""
    print("\nPhoropter, database queries by votes stored")
    for votes in (STORED[0], wanted.stored):
        there = inside(stack, f"fill({votes})")
        print(f"{there:>12,} votes: {json.dumps(inside(stack, 'queries()'))}", flush=True)
    heading(f"Phoropter, {wanted.stored:,} votes stored")
    return row("100 votes/s", in_own_process(at_rate, crowd, 100, wanted.seconds, wanted.seed), stack)


def beside(folder: Path, wanted: argparse.Namespace) -> None:
    """As many votes as each system takes, one after the other, and their times at the lowest rate."""
    heading(f"{AT_ONCE} who answer without looking, sessions of {TRIALS} pairs, after {WARM_UP_S:g} s of warming up")
    stack_folder = folder / "beside"
    stack_folder.mkdir()
    with new_stack(stack_folder, "postgresql", "filesystem") as stack:
        code = inside(stack, f"study_of({TRIALS})")
        stack.start("web")
        crowd = Crowd(PhoropterWalker, (f"{stack.site}/s/{code}/",))
        best = compared("Phoropter", crowd, wanted)
    programs = peers.installed(wanted.peers.resolve(), "otree", "otree", "psycopg2-binary")
    place = folder / "otree"
    place.mkdir()
    with database() as url, peers.otree(programs, place, url, trials=TRIALS, participants=1200) as crowd:
        theirs = compared(f"oTree {peers.version_of(programs, 'otree')}", crowd, wanted)
        print(f"    Phoropter takes {best / theirs:.1f} × the votes of oTree")
    programs = peers.installed(wanted.peers.resolve(), "pymushra", "pymushra", "gunicorn")
    place = folder / "pymushra"
    place.mkdir()
    with peers.pymushra(programs, place) as crowd:
        PyMushraWalker.trials = TRIALS
        theirs = compared(f"pyMUSHRA {peers.version_of(programs, 'pymushra')} *", crowd, wanted)
        print(f"    Phoropter takes {best / theirs:.1f} × the votes of pyMUSHRA")
    print("* stores nothing before the end of a session, then all of it at once: its times are of whole sessions")


def compared(name: str, crowd: Crowd, wanted: argparse.Namespace) -> float:
    """Votes per second once it is warm."""
    in_own_process(flat_out, crowd.part(0, 2), AT_ONCE, WARM_UP_S)
    measured = in_own_process(flat_out, crowd.part(1, 2), AT_ONCE, wanted.seconds)
    row(name, measured)
    return measured.per_second


@contextmanager
def database() -> Iterator[str]:
    """An empty PostgreSQL database, gone afterwards."""
    name = f"peer_{os.getpid()}"
    with psycopg.connect(POSTGRESQL_URL, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(POSTGRESQL_URL)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(POSTGRESQL_URL, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


if __name__ == "__main__":
    sys.exit(main())
