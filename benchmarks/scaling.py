"""How fit and observer bootstrap grow with conditions and votes, beside choix, evalica and arenakit.

    pip download --no-deps --dest PEERS evalica==0.4.2 arenakit==0.1.1
    pip install --no-deps --target PEERS PEERS/*.whl
    python -m benchmarks.scaling --peers PEERS [--peer-replicates 20] [--conditions 100] [--votes 100000]

evalica and arenakit aren't dependencies of the product: they are read from the folder PEERS, and left out without it.
The resampling unit is the observer in all. choix, evalica and ours fit the very same resamples; arenakit draws its
own ones, by voter. choix stands twice: `ilsr_pairwise` on votes written out, the loop that its documentation shows,
and `ilsr_pairwise_dense` on added-up counts, its fastest form for this shape. A peer's time is that of so many
replicates, after a first one that isn't timed, scaled up to 1,000; the largest difference of its scores from ours
stands beside it. A peer that needs more than 2 s for one replicate has that one scaled up.
Where the votes are too few for an interval the line says so.
Ours is fit, 1,000 replicates, intervals of scores and of all differences, from counts; as for the peers, what turns
votes into their own form isn't timed. Processor
seconds (wall), since machines are shared; memory is the most that Python and NumPy held beyond the counts, by
tracemalloc, in a run of its own.
"""

import argparse
import importlib
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import choix
import numpy as np
import pandas as pd

from analysis.counts import PairCounts, count_votes
from analysis.inference.intervals import CONDITIONS_FOR_REFITS, Intervals, NoIntervalError, observer_intervals
from analysis.inference.replicates import bootstrap_scores, resamples
from analysis.models.bradley_terry import NotConnectedError, fit
from analysis.models.connection import square
from analysis.models.newton import Floats, Ints

REPLICATES, SEED = 1000, 7
CONDITIONS, VOTES = (5, 100, 1000), (1_000, 10_000, 100_000, 1_000_000)
LIMIT_S = 2.0  # for one replicate of a peer; a slower one isn't run again
NAMES = ("choix loop", "choix dense", "evalica", "arenakit")
Fitter = Callable[[Ints], Floats]


class Votes:
    """Simulated votes on random pairs, as arrays and as a table."""

    def __init__(self, n: int, total: int) -> None:
        rng = np.random.default_rng(SEED)
        scores, self.left = rng.normal(0.0, 0.7, n), rng.integers(0, n, total)
        self.right = (self.left + rng.integers(1, n, total)) % n
        self.left_won = rng.random(total) < 1.0 / (1.0 + np.exp(scores[self.right] - scores[self.left]))
        self.n, self.observers = n, int(np.clip(total // 500, 20, 500))
        self.observer = rng.integers(0, self.observers, total)

    def table(self) -> pd.DataFrame:
        """As a file of votes is read."""
        names = np.array([f"c{k:04d}" for k in range(self.n)])
        vote = np.where(self.left_won, "left", "right")
        observer = np.char.zfill(self.observer.astype(str), 4)
        return pd.DataFrame({"observer": observer, "left": names[self.left], "right": names[self.right], "vote": vote})


def ours(counts: PairCounts) -> Intervals:
    """Fit, replicates and intervals."""
    wins, _ = counts.matrices()
    return observer_intervals(counts, fit(wins, names=counts.names), replicates=REPLICATES, seed=SEED)


def choix_loop(votes: Votes) -> Fitter:
    """choix on votes written out as often as their observer was drawn."""
    winner = np.where(votes.left_won, votes.left, votes.right)
    loser = np.where(votes.left_won, votes.right, votes.left)

    def one(drawn: Ints) -> Floats:
        times = drawn[votes.observer]
        rows = np.stack([np.repeat(winner, times), np.repeat(loser, times)], axis=1).tolist()
        return np.asarray(choix.ilsr_pairwise(votes.n, rows, max_iter=10_000))

    return one


def choix_dense(counts: PairCounts) -> Fitter:
    """choix on counts added up."""

    def one(drawn: Ints) -> Floats:
        summed = counts.weighted(drawn[:, np.newaxis].astype(float))
        wins = square(summed.wins[:, 0], summed.losses[:, 0], counts.pairs, len(counts.names))
        return np.asarray(choix.ilsr_pairwise_dense(wins, max_iter=10_000))

    return one


def evalica_weights(votes: Votes) -> Fitter:
    """evalica on all votes, each weighted by how often its observer was drawn; conditions are indexed beforehand."""
    evalica = importlib.import_module("evalica")
    names = pd.Index(range(votes.n))
    left, right = votes.left.tolist(), votes.right.tolist()
    won = [evalica.Winner.X if left_won else evalica.Winner.Y for left_won in votes.left_won]

    def one(drawn: Ints) -> Floats:
        weights = drawn[votes.observer].astype(float).tolist()
        made = evalica.bradley_terry(left, right, won, index=names, weights=weights, tolerance=1e-8, limit=10_000)
        return np.asarray(np.log(made.scores.loc[names].to_numpy()))

    return one


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it returns, processor seconds, wall seconds."""
    processor, wall = time.process_time(), time.perf_counter()
    made = work()
    return made, time.process_time() - processor, time.perf_counter() - wall


def of_peer(one: Fitter, drawn: Ints, judged: Floats | None, replicates: int) -> tuple[float, str]:
    """Processor seconds for 1,000 replicates, and how it stands in the table."""
    first, seconds, _ = timed(lambda: one(drawn[0]))
    if not np.isfinite(first).all():
        return float("nan"), "no scores"
    if seconds > LIMIT_S:
        return seconds * REPLICATES, f"{seconds * REPLICATES:.0f} from one"
    made, processor, wall = timed(lambda: np.array([one(row) for row in drawn[1 : replicates + 1]]))
    scale = REPLICATES / replicates
    apart = ""
    if judged is not None:
        apart = f" {np.abs(made - made.mean(axis=1, keepdims=True) - judged[1 : replicates + 1]).max():.0e}"
    return processor * scale, f"{processor * scale:.1f} ({wall * scale:.1f}){apart}"


def of_arenakit(votes: Votes, replicates: int) -> tuple[float, str]:
    """arenakit's own bootstrap by voter, less its point estimate."""
    schema, boot = (importlib.import_module(f"arenakit.{part}") for part in ("schema", "boot"))
    winner = np.where(votes.left_won, "a", "b").tolist()
    rows = zip(votes.left.tolist(), votes.right.tolist(), winner, votes.observer.tolist(), strict=True)
    battles = [
        schema.Battle(model_a=f"{a}", model_b=f"{b}", winner=won, voter_id=f"{voter}") for a, b, won, voter in rows
    ]
    arena = schema.Arena(battles, models=[f"{k}" for k in range(votes.n)])

    def run(count: int) -> Any:
        return boot.bootstrap(arena, n_resamples=count, cluster="voter", seed=SEED)

    _, one, one_wall = timed(lambda: run(1))
    if one > 2 * LIMIT_S:  # the point estimate and one replicate
        return one * REPLICATES / 2, f"{one * REPLICATES / 2:.0f} from one"
    _, processor, wall = timed(lambda: run(replicates + 1))
    scale = REPLICATES / replicates
    return (processor - one) * scale, f"{(processor - one) * scale:.1f} ({(wall - one_wall) * scale:.1f})"


def memory_mb(counts: PairCounts) -> float:
    """The most held at once, MB."""
    tracemalloc.start()
    ours(counts)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def measured(n: int, total: int, peers: list[str], replicates: int) -> list[str]:
    """One line of the table."""
    votes = Votes(n, total)
    counts = count_votes(votes.table())
    size = [f"{n}", f"{total}", f"{votes.observers}"]
    try:
        _, processor, wall = timed(lambda: ours(counts))
    except (NotConnectedError, NoIntervalError) as error:
        return [*size, f"none: {type(error).__name__}"]
    fitted = fit(counts.matrices()[0], names=counts.names)
    judged = None
    if n <= CONDITIONS_FOR_REFITS:
        scores, degenerate = bootstrap_scores(counts, fitted, replicates=REPLICATES, seed=SEED)
        judged = None if degenerate else scores
    drawn = np.concatenate(list(resamples(votes.observers, REPLICATES, SEED, at_once=100))).astype(np.intp)
    fitters = {"choix loop": lambda: choix_loop(votes), "choix dense": lambda: choix_dense(counts)}
    fitters["evalica"] = lambda: evalica_weights(votes)
    cells = []
    for name in NAMES:
        if name not in peers:
            continue
        if name == "arenakit":
            seconds, told = of_arenakit(votes, replicates)
        else:
            seconds, told = of_peer(fitters[name](), drawn, judged, replicates)
        cells.append(told if np.isnan(seconds) else f"{told} {seconds / processor:.0f}×")
    return [*size, f"{processor:.2f} ({wall:.2f})", f"{memory_mb(counts):.0f}", *cells]


def main() -> None:
    """Print one line per size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, help="folder that evalica and arenakit were installed into")
    parser.add_argument("--peer-replicates", type=int, default=20)
    parser.add_argument("--conditions", type=int, nargs="+", default=CONDITIONS)
    parser.add_argument("--votes", type=int, nargs="+", default=VOTES)
    asked = parser.parse_args()
    if asked.peers is not None:
        sys.path.append(str(asked.peers.resolve()))
    peers = list(NAMES if asked.peers is not None else NAMES[:2])
    warnings.simplefilter("ignore")  # evalica warns where it stops at its limit; how far off it is stands in the table
    print(f"{REPLICATES} replicates of observers; processor seconds (wall); above {CONDITIONS_FOR_REFITS} conditions")
    print("ours are one-step updates. Peers: scaled up; largest difference of scores; how many times as long as ours")
    print(" | ".join(["conditions", "votes", "observers", "ours", "MB", *peers]))
    for n in asked.conditions:
        for total in asked.votes:
            print(" | ".join(measured(n, total, peers, asked.peer_replicates)), flush=True)


if __name__ == "__main__":
    main()
