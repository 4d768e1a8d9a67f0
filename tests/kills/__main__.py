"""`python -m tests.kills --rounds 50 --seed 1`: kill everything, again and again, and miss nothing afterwards."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tqdm import tqdm

from tests.kills.rounds import Round, run, table
from tests.kills.servers import lacking


def main() -> int:
    """1 where anything that was promised didn't hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--embedded", action="store_true", help="SQLite and folders instead of PostgreSQL and Redis")
    parser.add_argument("--keep", type=Path, help="work in this empty folder and leave it, with all logs")
    options = parser.parse_args()
    if not options.embedded and (names := lacking()):
        sys.exit(f"not installed here: {', '.join(names)}; --embedded needs none of them")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left behind
    with tempfile.TemporaryDirectory(prefix="phoropter-kills-") as made:
        folder = options.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        with tqdm(total=options.rounds, unit="round") as bar:

            def told(one: Round) -> None:
                bar.update()
                bar.write(
                    f"{'+'.join(one.victims):40} {one.votes:4} votes, {one.missing} missing, {one.jobs} jobs, "
                    f"serving {one.serving_s:.1f} s, done {one.working_s:.1f} s {' '.join(one.wrong)}",
                    file=sys.stdout,
                )

            done = run(folder, rounds=options.rounds, seed=options.seed, embedded=options.embedded, told=told)
    print(f"\n{table(done)}")
    for words in [*done.died, *done.wrong]:
        print(words)
    return 1 if done.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
