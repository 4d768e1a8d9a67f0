"""What adaptive selection saves and what it costs, by simulation; and how fast a batch is found.

    python -m benchmarks.adaptive [--studies 30] [--truth-sd 1.0] [--speed]

A study is simulated vote by vote: slots are derived by the product's own schedule, one observer after the other,
a batch is found from the votes so far as a worker finds it, and answers follow Bradley and Terry. "pure" is what the
product doesn't offer: once a first batch can be found, every pair is from a batch and none is balanced.

- error: root mean square over conditions of reported score minus truth, both summing to zero;
- shrunk: the same of the posterior's mode under a prior that knows the true spread, as if that were reported;
- saved: how many votes fewer than balanced give what balanced has on that line, of the column before it;
- covers: share of plain 95 % intervals (score difference ± 1.96 naive standard errors) that hold the truth.

Error and coverage are over the studies, "of" so many, that have finite scores under all three policies.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from scipy.special import expit
from scipy.stats import norm
from threadpoolctl import threadpool_limits

from analysis.adaptive import gains, next_pairs, posterior, spanning_tree
from analysis.models.bradley_terry import NotConnectedError, fit
from analysis.models.newton import Floats, Ints
from studyapp.design.adaptive import Batch, slot
from studyapp.design.schedule import ADAPTIVE, ContentKey, Design

TRIALS, CONTENTS = 40, 20
CONDITIONS, CHECKPOINTS = (10, 30, 100), (20, 40, 80, 160)  # votes in which a condition takes part
POLICIES = ("balanced", "half", "pure")


@dataclass
class Study:
    """One simulated study under way."""

    truth: Floats
    spread: float
    rng: np.random.Generator
    wins: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.wins = np.zeros((len(self.truth), len(self.truth)))

    def ask(self, one: int, other: int) -> None:
        """One vote."""
        won = self.rng.random() < expit(self.truth[one] - self.truth[other])
        self.wins[(one, other) if won else (other, one)] += 1

    def batch(self) -> Ints:
        """As the worker finds it."""
        return next_pairs(posterior(self.wins), max(len(self.truth) - 1, 2 * TRIALS)).pairs


def by_slots(study: Study, *, adaptive: bool, seed: int) -> Iterator[tuple[int, int]]:
    """Pairs as sittings show them; with ``adaptive`` the policy adaptive-1, else balanced-1."""
    contents = tuple(ContentKey(f"photo {k}", f"scene {k}") for k in range(CONTENTS))
    design = Design(contents, len(study.truth), TRIALS, seed=seed, version=ADAPTIVE)
    batch, since, number = None, 0, 0
    for index in range(1_000_000):
        for trial in slot(design, index, batch):
            yield trial.left, trial.right
        since += TRIALS
        if adaptive and since >= max(len(study.truth) - 1, 2 * TRIALS):
            pairs = tuple((int(one), int(other)) for one, other in study.batch())
            batch, since, number = Batch(number, pairs), 0, number + 1


def by_batches(study: Study, *, seed: int) -> Iterator[tuple[int, int]]:
    """Balanced for as long as adaptive-1 is, then batches alone."""
    start = by_slots(study, adaptive=False, seed=seed)
    yield from (next(start) for _ in range(max(len(study.truth) - 1, 2 * TRIALS)))
    while True:
        yield from ((int(one), int(other)) for one, other in study.batch())


SOURCES: dict[str, Callable[[Study, int], Iterator[tuple[int, int]]]] = {
    "balanced": lambda study, seed: by_slots(study, adaptive=False, seed=seed),
    "half": lambda study, seed: by_slots(study, adaptive=True, seed=seed),
    "pure": lambda study, seed: by_batches(study, seed=seed),
}


def outcome(study: Study) -> tuple[float, float, float]:
    """Squared error of the shrunk and of the reported scores, coverage; the last two are NaN without finite scores."""
    first, second = np.triu_indices(len(study.truth), 1)
    apart = study.truth[first] - study.truth[second]
    shrunk = float(np.mean(np.square(posterior(study.wins, prior_sd=study.spread).mean - study.truth)))
    try:
        fitted = fit(study.wins)
    except NotConnectedError:
        return shrunk, float("nan"), float("nan")
    spread = np.diagonal(fitted.covariance)
    errors = np.sqrt(spread[first] + spread[second] - 2 * fitted.covariance[first, second])
    off = np.abs(fitted.scores[first] - fitted.scores[second] - apart)
    squared = float(np.mean(np.square(fitted.scores - study.truth)))
    return shrunk, squared, float(np.mean(off <= norm.ppf(0.975) * errors))


def simulated(n: int, policy: str, seed: int, truth_sd: float) -> list[tuple[float, float, float]]:
    """The outcome at each checkpoint of one study; all policies meet the same truth."""
    truth = np.random.default_rng([seed, n]).normal(0.0, truth_sd, n)
    study = Study(truth - truth.mean(), truth_sd, np.random.default_rng([seed, n, POLICIES.index(policy)]))
    source, asked, told = SOURCES[policy](study, seed), 0, []
    for per_condition in CHECKPOINTS:
        while asked < per_condition * n // 2:
            study.ask(*next(source))
            asked += 1
        told.append(outcome(study))
    return told


def compared(n: int, studies: int, truth_sd: float) -> None:
    """Print the table of one number of conditions."""
    shown = np.array([[simulated(n, policy, seed, truth_sd) for policy in POLICIES] for seed in range(studies)])
    whole = np.isfinite(shown[..., 1]).all(axis=1)  # studies × checkpoints
    shrunk = np.sqrt(shown[..., 0].mean(axis=0))
    error, covers = np.full_like(shrunk, np.nan), np.full_like(shrunk, np.nan)
    for k in np.flatnonzero(whole.any(axis=0)):
        finite = shown[whole[:, k], :, k]
        error[:, k], covers[:, k] = np.sqrt(finite[..., 1].mean(axis=0)), finite[..., 2].mean(axis=0)
    votes = np.array(CHECKPOINTS) * n // 2
    for k, total in enumerate(votes):
        cells = [
            f"{error[p, k]:>6.3f} {saved(error, votes, p, k):>5} {shrunk[p, k]:>6.3f} {saved(shrunk, votes, p, k):>5} "
            f"{covers[p, k]:>6.3f}"
            for p in range(len(POLICIES))
        ]
        print(f"{n:>4} {total:>6} {whole[:, k].sum():>4}  " + "   ".join(cells), flush=True)


def saved(figures: Floats, votes: Ints, policy: int, at: int) -> str:
    """Share of votes that a policy needs less than balanced for the figure that balanced has at a checkpoint."""
    known = np.isfinite(figures[policy])
    goal, ours = figures[0, at], figures[policy][known][::-1]
    if policy == 0 or not len(ours) or not ours[0] <= goal <= ours[-1]:
        return "" if policy == 0 else "–"
    needed = np.exp(np.interp(np.log(goal), np.log(ours), np.log(votes[known][::-1])))
    return f"{1 - needed / votes[at]:+.0%}"


def speed() -> None:
    """Print what a batch costs, part by part: the fastest of five, one BLAS thread."""
    print("milliseconds wall (processor): posterior, look-up of all gains, spanning tree")
    for n in (10, 100, 1000):
        wins = np.random.default_rng(n).poisson(50 / n, (n, n)).astype(float)
        np.fill_diagonal(wins, 0.0)
        at = posterior(wins)
        told = gains(at)
        parts = (partial(posterior, wins), partial(gains, at), partial(spanning_tree, told))
        with threadpool_limits(limits=1, user_api="blas"):
            spans = [fastest(part) for part in parts]
        print(f"{n:>5}  " + "  ".join(f"{wall:>8.2f} ({processor:>8.2f})" for wall, processor in spans), flush=True)


def fastest(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor milliseconds, the least of five runs each."""
    walls, processors = [], []
    for _ in range(5):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        walls.append(1000 * (time.perf_counter() - wall))
        processors.append(1000 * (time.process_time() - processor))
    return min(walls), min(processors)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=30)
    parser.add_argument("--truth-sd", type=float, default=1.0, help="spread of the true scores, log-odds")
    parser.add_argument("--speed", action="store_true", help="only how fast a batch is found")
    asked = parser.parse_args()
    if asked.speed:
        speed()
        return
    started = time.perf_counter()
    print(f"{asked.studies} studies a line, true scores of sd {asked.truth_sd}, {TRIALS} trials a sitting")
    print(" " * 18 + "   ".join(f"{name:^33}" for name in POLICIES))
    print("   n  votes   of  " + "   ".join(" error saved shrunk saved  covers" for _ in POLICIES))
    for n in CONDITIONS:
        compared(n, asked.studies, asked.truth_sd)
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
