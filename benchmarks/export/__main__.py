"""`python -m benchmarks.export`: a study's exposures written in each format, beside the naive ways, in one run.

Every line is a process of its own, so that its highest memory is its own.
"""

import argparse
import os
import platform
import tempfile
from pathlib import Path

from tests.stack import Stack, new_stack

TRIALS = 40
SIZES = (10_000, 100_000, 1_000_000)
# ours, and beside each the naive way: benchmarks/export/inside.py
WAYS = (
    "csv", "csv, models in a list", "csv, pandas.read_sql", "jsonl", "jsonl, pandas.read_sql", "parquet",
    "parquet, pandas.read_sql",
)  # fmt: skip


def main() -> None:
    """Print the table."""
    wanted = arguments()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores shared with PostgreSQL")
    with tempfile.TemporaryDirectory() as scratch, new_stack(Path(scratch), "postgresql", "filesystem") as stack:
        inside(stack, "load.stored", f"study_of({TRIALS})")
        print(f"{'rows':>9}  {'way':26} {'seconds':>8} {'its CPU':>8} {'rows/s':>8} {'peak MB':>8} {'file MB':>8}")
        for size in wanted.rows:
            stored = inside(stack, "load.stored", f"fill({size})")
            for way in wanted.ways:
                told = inside(stack, "export.inside", f"measure({way!r}, {scratch!r})")
                print(
                    f"{stored:>9}  {way:26} {told['seconds']:8.1f} {told['cpu']:8.1f} {stored / told['seconds']:8.0f} "
                    f"{told['rss_mb']:8.0f} {told['file_mb']:8.1f}",
                    flush=True,
                )
                if wanted.profile:
                    print(inside(stack, "export.inside", f"profile({way!r}, {scratch!r})"))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.export", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=SIZES)
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=WAYS)
    parser.add_argument("--profile", action="store_true", help="where the time goes, for each line")
    return parser.parse_args()


def inside(stack: Stack, module: str, call: str):
    """What a function of a benchmark answers in a process of the installation."""
    name = call.split("(", maxsplit=1)[0]
    return stack.python(f"from benchmarks.{module} import {name}\nanswer = {call}")


if __name__ == "__main__":
    main()
