"""How long one slot takes to derive: 1,000 conditions × 100 contents, by policy, first slot of a period and later ones.

    python -m benchmarks.schedule [--slots 40] [--profile]

A seat is given while the observer waits, so the bar is 50 ms for any slot, of the large design too. Wall and processor
milliseconds are printed: on a busy machine the second are the ones to compare. ``--profile`` says what limits.
"""

import argparse
import cProfile
import platform
import pstats
import time
from dataclasses import replace

import numpy as np

from studyapp.design import cells, strata
from studyapp.design.schedule import STRATIFIED, ContentKey, Design, slot

BAR_MS = 50.0


def study(conditions: int, contents: int, trials: int = 40) -> Design:
    """A design with all kinds of trials."""
    photos = tuple(ContentKey(f"photo {k}", f"scene {k // 3}", f"camera {k % 3}") for k in range(contents))
    shares = {"gold": 0.05, "repeat": 0.05, "same": 0.05}
    return Design(photos, conditions, trials, **shares, seed=2017, gold_pairs=((conditions, 0),))  # type: ignore[arg-type]


def stratified(design: Design) -> Design:
    return replace(design, strata="camera", version=STRATIFIED)


DESIGNS = {
    "5 × 12": study(5, 12),
    "30 × 100": study(30, 100),
    "1,000 × 100": study(1000, 100),
    "1,000 × 100, 120 trials": study(1000, 100, 120),
    "1,000 × 100, strata": stratified(study(1000, 100)),
}


def milliseconds(design: Design, index: int) -> tuple[float, float]:
    """Wall and processor time of one slot."""
    wall, processor = time.perf_counter(), time.process_time()
    slot(design, index)
    return (time.perf_counter() - wall) * 1e3, (time.process_time() - processor) * 1e3


def forget() -> None:
    """As a process that has derived nothing yet."""
    cells._order.cache_clear()
    strata._order.cache_clear()


def measured(design: Design, slots: int) -> list[str]:
    """Median and largest milliseconds of slots derived by a fresh process, and by one that has the period's order."""
    parts = []
    for fresh in (True, False):
        times = []
        for number in range(slots):
            if fresh:
                forget()
            times.append(milliseconds(design, 977 * number if fresh else number))
        for wall, processor in (np.median(times, axis=0), np.max(times, axis=0)):
            parts.append(f"{wall:7.1f} ({processor:5.1f})")
    return parts


def profile(design: Design, slots: int) -> None:
    """What most of the time goes to, in fresh processes."""
    seen = cProfile.Profile()
    for number in range(slots):
        forget()
        seen.runcall(slot, design, 977 * number)
    pstats.Stats(seen).strip_dirs().sort_stats("tottime").print_stats(8)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots", type=int, default=40)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    print(f"Python {platform.python_version()}, numpy {np.__version__}; {asked.slots} slots, ms wall (processor)")
    head = ("fresh: median", "largest", "later: median", "largest")
    print(f"{'conditions × contents':<26}" + "  ".join(f"{name:>15}" for name in head))
    for name, design in DESIGNS.items():
        print(f"{name:<26}" + "  ".join(f"{part:>15}" for part in measured(design, asked.slots)), flush=True)
    print(f"bar: {BAR_MS:.0f} ms")
    if asked.profile:
        profile(DESIGNS["1,000 × 100"], asked.slots)


if __name__ == "__main__":
    main()
