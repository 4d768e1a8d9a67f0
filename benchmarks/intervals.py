"""How fast the observer bootstrap is: ours against a loop over choix on the very same resamples.

    python benchmarks/intervals.py [--peer-replicates 20]

The resampling unit is the observer in both. choix gets dense aggregated counts (its fastest form for this shape) for
a few replicates, which is scaled up; the scores of those replicates must agree. Wall and processor seconds.
"""

import argparse
import time
from collections.abc import Callable
from typing import TypeVar

import choix
import numpy as np
import pandas as pd

from analysis.bradley_terry import fit
from analysis.connection import square
from analysis.counts import PairCounts, count_votes
from analysis.intervals import bootstrap_scores, observer_intervals
from analysis.newton import Floats

T = TypeVar("T")

REPLICATES, SEED = 1000, 7
WIDTHS = (4, 9, 11, 6, 15, 15, 17, 17, 19)
SIZES = ((7, 1_200, 18, 0.0), (25, 27_000, 30, 0.0), (100, 100_000, 200, 0.0), (100, 100_000, 200, 0.15))


def votes(n: int, total: int, observers: int, ties: float) -> pd.DataFrame:
    """Simulated votes on random pairs."""
    rng = np.random.default_rng(SEED)
    scores, left = rng.normal(0.0, 1.0, n), rng.integers(0, n, total)
    right = (left + rng.integers(1, n, total)) % n
    vote = np.where(rng.random(total) < 1.0 / (1.0 + np.exp(scores[right] - scores[left])), "left", "right")
    vote = np.where(rng.random(total) < ties, "tie", vote)
    names = np.array([f"c{k:03d}" for k in range(n)])
    observer = rng.integers(0, observers, total).astype(str)
    return pd.DataFrame({"observer": observer, "left": names[left], "right": names[right], "vote": vote})


def timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """What it returns, wall seconds, processor seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    made = work()
    return made, time.perf_counter() - wall, time.process_time() - processor


def choix_loop(counts: PairCounts, replicates: int) -> Floats:
    """The same resamples of observers, fitted one by one."""
    observers, n = len(counts.observers), len(counts.names)
    drawn = np.random.default_rng(SEED).multinomial(observers, np.full(observers, 1.0 / observers), size=REPLICATES)
    fits = []
    for row in drawn[:replicates]:
        summed = counts.weighted(row[:, np.newaxis].astype(float))
        wins = square(summed.wins[:, 0], summed.losses[:, 0], counts.pairs, n)
        fits.append(choix.ilsr_pairwise_dense(wins, max_iter=10_000))
    return np.asarray(fits) - np.mean(fits, axis=1, keepdims=True)


def measured(size: tuple[int, int, int, float], peers: int) -> list[str]:
    """One line of the table."""
    n, total, observers, ties = size
    table = votes(n, total, observers, ties)
    counts, *counting = timed(lambda: count_votes(table))
    wins, drawn = counts.matrices()
    fitted, *fitting = timed(lambda: fit(wins, ties=drawn if counts.tied else None, names=counts.names))
    _, *ours = timed(lambda: observer_intervals(counts, fitted, replicates=REPLICATES, seed=SEED))
    peer, agree = [float("nan")] * 2, "choix has no ties"
    if not counts.tied:
        judged, *spent = timed(lambda: choix_loop(counts, peers))
        peer = [seconds * REPLICATES / peers for seconds in spent]
        own, _ = bootstrap_scores(counts, fitted, replicates=REPLICATES, seed=SEED)
        agree = f"{np.abs(own[:peers] - judged).max():.0e}"
    spans = [f"{wall:.2f} ({cpu:.2f})" for wall, cpu in (counting, fitting, ours, peer)]
    return [str(n), str(total), str(observers), f"{ties:.2f}", *spans, agree]


def main() -> None:
    """Print one line per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-replicates", type=int, default=20)
    peers = parser.parse_args().peer_replicates
    print(f"{REPLICATES} observer-bootstrap replicates, seconds wall (processor)")
    header = ["n", "votes", "observers", "ties", "count", "fit", "intervals", "choix loop", "agree to"]
    print("".join(cell.rjust(width) for cell, width in zip(header, WIDTHS, strict=True)))
    for size in SIZES:
        cells = measured(size, peers)
        print("".join(cell.rjust(width) for cell, width in zip(cells, WIDTHS, strict=True)), flush=True)


if __name__ == "__main__":
    main()
