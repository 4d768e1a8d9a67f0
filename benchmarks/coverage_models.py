"""How often 95 % intervals of the other models hold the truth: what analysis/inference/robust.py rests on.

    python -m benchmarks.coverage_models [--trials 300]

Studies as in `benchmarks.coverage` (tastes of observers and contents, five conditions, each pair on four contents), but
every vote is drawn from the model that is fitted: with ties, with an advantage of the left side, with Thurstone's
normal. The truth is the model's fit to the votes expected of all observers, on the contents that were drawn and over
contents.
Davidson's model alone has the observer bootstrap; the others' intervals for these photos are observer-cluster-robust.
"""

import argparse
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.models.chosen import Fitting
from analysis.models.newton import Floats
from analysis.models.outcomes import MODELS
from analysis.models.showings import of_sides
from analysis.scale import scale_votes
from benchmarks.coverage import COMMON, CONTENT_SD, NODES, PAIRS, TASTE_SD, WEIGHTS, Tally, drawn_looks, of_intervals

NAMES = np.array([f"c{k}" for k in range(len(COMMON))])
ANSWERS = np.array(["left", "right", "tie"])
STUDIES = ((10, 15), (15, 15), (30, 15))


@dataclass(frozen=True)
class World:
    """What votes are drawn from, and fitted with.

    Attributes:
        fitting: With what they are fitted.
        tie: The model's tie parameter; None where nobody is offered a tie.
        left: Advantage of the left side, in the unit of the scores.
    """

    fitting: Fitting
    tie: float | None
    left: float = 0.0

    def chances(self, apart: Floats) -> Floats:
        """Of left, right and, where it is offered, tie: shape (2 or 3, …)."""
        model = MODELS[self.fitting.model]
        outcomes = model.decided if self.tie is None or model.tied is None else model.tied
        flat = apart.ravel() + self.left
        log = outcomes(flat, np.full_like(flat, self.tie or 0.0)).log
        return np.asarray(np.exp(log).reshape(-1, *apart.shape))

    def __str__(self) -> str:
        offered = "no ties" if self.tie is None else "ties"
        return f"{MODELS[self.fitting.model].name}, {offered}{', left side' if self.fitting.position else ''}"


WORLDS = (
    World(Fitting("davidson"), tie=-0.7),
    World(Fitting("davidson", position=True), tie=-0.7, left=0.3),
    World(Fitting("bradley-terry", position=True), tie=None, left=0.3),
    World(Fitting("rao-kupper"), tie=0.4),
    World(Fitting("thurstone"), tie=None),
    World(Fitting("thurstone"), tie=0.4),
)


def drawn_votes(world: World, m: int, contents: int, rng: np.random.Generator) -> tuple[pd.DataFrame, Floats]:
    """Votes of m observers, each with every pair on four contents, sides by a coin; and the contents' own tastes."""
    observer, pair, content, liked, photos = drawn_looks(m, contents, rng)
    rows = np.arange(len(content))
    left, right = np.where(rng.random(len(rows)) < 0.5, PAIRS[pair].T, PAIRS[pair].T[::-1])
    below = np.cumsum(world.chances(liked[rows, left] - liked[rows, right]), axis=0)
    answer = ANSWERS[np.minimum((rng.random(len(rows)) > below).sum(axis=0), len(below) - 1)]
    columns = {"observer": observer.astype(str), "content": content.astype(str)}
    return pd.DataFrame({**columns, "left": NAMES[left], "right": NAMES[right], "vote": answer}), photos


def expected_scores(world: World, liked: Floats, sd: float) -> Floats:
    """The fit to the votes that all people would cast on average on contents ``liked``, shape (contents, 5)."""
    apart = liked[:, :, np.newaxis] - liked[:, np.newaxis, :]
    spread = apart[..., np.newaxis] + np.sqrt(2.0) * sd * NODES
    shares = (world.chances(spread) @ (WEIGHTS / WEIGHTS.sum())).mean(axis=1)  # (answers, left, right)
    tables = 1000.0 * shares * (1.0 - np.eye(len(COMMON)))
    return world.fitting.fit(of_sides(tables[0], tables[1].T, tables[2] if len(tables) > 2 else None)).scores


def measured(world: World, m: int, contents: int, trials: int) -> tuple[Tally, int]:
    """Both questions' intervals over the trials of one design, and how many studies had none."""
    rng, tally, refused = np.random.default_rng(1000 * m + contents), Tally(), 0
    everywhere = expected_scores(world, COMMON[np.newaxis], float(np.hypot(TASTE_SD, CONTENT_SD)))
    for trial in range(trials):
        votes, photos = drawn_votes(world, m, contents, rng)
        made = scale_votes(
            votes, replicates=300, seed=trial, names=list(NAMES), fitting=world.fitting, naive=True, checks=False
        )
        if made.intervals is None or made.intervals_contents is None or made.naive is None:
            refused += 1
            continue
        these = expected_scores(world, COMMON + photos, TASTE_SD)
        for question, limits, truth in (("1", made.intervals, these), ("2", made.intervals_contents, everywhere)):
            tally.add(f"{question} ours", of_intervals(limits), truth)
            tally.add(f"{question} naive", of_intervals(made.naive), truth)
    return tally, refused


def main() -> None:
    """Print a line per model and question."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=300)
    trials = parser.parse_args().trials
    started = time.process_time()
    print("coverage (median length) of 95 % intervals for all differences")
    for m, contents in STUDIES:
        print(f"{m} observers, {contents} contents")
        for world in WORLDS:
            tally, refused = measured(world, m, contents, trials)
            cells = "   ".join(
                f"{told}: naive {tally.cell(f'{question} naive')}, ours {tally.cell(f'{question} ours')}"
                for question, told in (("1", "these photos"), ("2", "like these"))
            )
            without = f"; {refused} studies without intervals" if refused else ""
            print(f"  {world!s:32} {cells}   ± {tally.error():.3f}{without}", flush=True)
    print(f"{trials} studies a line, {time.process_time() - started:.0f} s of processor time")


if __name__ == "__main__":
    main()
