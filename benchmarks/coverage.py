"""How often 95 % intervals hold the truth: what analysis/inference/intervals.py rests on.

    python -m benchmarks.coverage [--trials 1000] [--replicates 300]

Simulated studies: every observer and every content has a taste of its own around the common one (sd .7 and .5), and
an observer judges every pair of five conditions on four contents, drawn at random. Two of the five are equally good.
The truth *for these photos* is the fit to the votes expected of all observers on the contents that were drawn; *for
photos like these*, to those expected over contents too. Each is an integral, not a simulation. "naive" takes votes as
independent; "percentile" is the observer bootstrap's plain interval, "expanded" the same read at Student's t
(Hesterberg 2015); "robust t" the observer-cluster-robust error at m − 1 degrees of freedom; "pigeonhole" resamples
observers and contents (Owen 2007), expanded for the fewer of the two; "two-way" is Cameron, Gelbach and Miller's error
at the fewer's degrees of freedom; "these" the default for these photos held against the other question's truth;
"ours" the default. "ranks" is the share of studies whose rank intervals hold all true ranks at once, by ours and by
percentiles of ranks in the bootstrap; "false" the share where Holm calls the two equal ones different.
"""

import argparse
import time
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.sparse import csr_array
from scipy.special import expit, ndtr, stdtrit

from analysis.counts import PairCounts
from analysis.inference.comparisons import compare, ranks
from analysis.inference.covariance import cluster_covariance, crossed_covariance
from analysis.inference.crossed import CrossedCounts
from analysis.inference.intervals import (
    Intervals,
    NoIntervalError,
    content_intervals,
    naive_intervals,
    observer_intervals,
)
from analysis.inference.replicates import bootstrap_scores, resamples
from analysis.models.bradley_terry import BradleyTerryFit, NotConnectedError, fit
from analysis.models.connection import connected_replicates
from analysis.models.newton import Bools, Floats, Ints, solve

Limits = tuple[Floats, Floats]

COMMON = np.array([0.6, 0.3, 0.0, 0.0, -0.6])
EQUAL = (2, 3)
PAIRS = np.array([(i, j) for i in range(5) for j in range(i + 1, 5)])
TASTE_SD, CONTENT_SD, CONTENTS_EACH = 0.7, 0.5, 4
STUDIES = ((10, 15), (15, 15), (30, 15), (100, 15), (15, 6), (5, 15))
OTHERS_EVERY = 4  # other methods than ours are tried on every fourth study
THESE = ("naive", "percentile", "expanded", "robust t", "ours")
OTHERS = ("naive", "these", "pigeonhole", "two-way", "ours")
NODES, WEIGHTS = hermegauss(40)


@dataclass(frozen=True)
class Drawn:
    """One simulated study and what is true for its photos."""

    observers: PairCounts
    crossed: CrossedCounts
    truth: Floats


def drawn_study(m: int, contents: int, rng: np.random.Generator) -> Drawn:
    """m observers, each with every pair on four contents."""
    observer, pair, content, liked, photos = drawn_looks(m, contents, rng)
    rows = np.arange(len(content))
    won = rng.random(len(rows)) < expit(liked[rows, PAIRS[pair, 0]] - liked[rows, PAIRS[pair, 1]])
    crossed = crossed_counts(observer, content, pair, won, shape=(m, contents))
    return Drawn(crossed.by_observer(), crossed, expected_scores(COMMON + photos, TASTE_SD))


def drawn_looks(m: int, contents: int, rng: np.random.Generator) -> tuple[Ints, Ints, Ints, Floats, Floats]:
    """Who looks at what: m observers, each at every pair on four contents.

    Returns:
        Observer, pair and content of each vote to come; how its observer likes the five conditions on its content,
        shape (votes, 5); and the contents' own tastes, shape (contents, 5).
    """
    tastes, photos = rng.normal(0.0, TASTE_SD, (m, 5)), rng.normal(0.0, CONTENT_SD, (contents, 5))
    seen = np.argsort(rng.random((m, len(PAIRS), contents)), axis=2)[:, :, :CONTENTS_EACH]
    observer, pair, _ = (axis.ravel() for axis in np.indices(seen.shape))
    content = seen.ravel()
    return observer, pair, content, COMMON + tastes[observer] + photos[content], photos


def crossed_counts(observer: Ints, content: Ints, pair: Ints, won: Bools, *, shape: tuple[int, int]) -> CrossedCounts:
    """The votes added up by observer and content, of which there are ``shape``."""
    m, c = shape
    keys, cell = np.unique(observer * c + content, return_inverse=True)
    size = (len(keys), len(PAIRS))
    wins, losses = (csr_array((said.astype(float), (cell, pair)), shape=size) for said in (won, ~won))
    names = tuple(f"c{k}" for k in range(5))
    cells = PairCounts(names, tuple(str(key) for key in keys), PAIRS, wins, losses, csr_array(size))
    who, what = np.divmod(keys.astype(np.intp), c)
    return CrossedCounts(cells, who, what, m, c)


def expected_scores(liked: Floats, sd: float) -> Floats:
    """The fit to the votes that all people would cast on average on contents ``liked``, shape (contents, 5)."""
    apart = liked[:, PAIRS[:, 0]] - liked[:, PAIRS[:, 1]]
    spread = expit(apart[..., np.newaxis] + np.sqrt(2.0) * sd * NODES)
    shares = (spread @ (WEIGHTS / WEIGHTS.sum())).mean(axis=0)
    wins = np.zeros((5, 5))
    wins[PAIRS[:, 0], PAIRS[:, 1]], wins[PAIRS[:, 1], PAIRS[:, 0]] = 1000.0 * shares, 1000.0 * (1.0 - shares)
    return fit(wins).scores


def differences(scores: Floats) -> Floats:
    """All ten differences of the last axis."""
    return np.asarray(scores[..., PAIRS[:, 0]] - scores[..., PAIRS[:, 1]])


def of_intervals(made: Intervals) -> Limits:
    """Limits of the ten differences."""
    return made.difference_low[*PAIRS.T], made.difference_high[*PAIRS.T]


def around(fitted: BradleyTerryFit, covariance: Floats, freedom: float) -> Limits:
    """Limits by a covariance and Student's t."""
    own = np.diagonal(covariance)
    error = np.sqrt(np.maximum(own[:, np.newaxis] + own - 2.0 * covariance, 0.0))[*PAIRS.T]
    centre, reach = differences(fitted.scores), stdtrit(freedom, 0.975) * error
    return centre - reach, centre + reach


def percentiles(scores: Floats, units: int | None) -> Limits:
    """Percentiles of replicates' differences, expanded to Student's t of so many units if given."""
    stretch = 0.0 if units is None else np.sqrt(units / (units - 1.0)) * stdtrit(units - 1, 0.025)
    tail = 0.025 if units is None else float(ndtr(stretch))
    low, high = np.quantile(differences(scores), [tail, 1.0 - tail], axis=0)
    return low, high


def pigeonhole_scores(crossed: CrossedCounts, fitted: BradleyTerryFit, replicates: int, seed: int) -> Floats:
    """Scores of resampled observers on resampled contents."""
    (observers,) = resamples(crossed.observers, replicates, seed, at_once=replicates)
    (contents,) = resamples(crossed.contents, replicates, seed + 1, at_once=replicates)
    votes = crossed.weighted(observers.T, contents.T)
    votes = votes.take(connected_replicates(votes, PAIRS, 5))
    solution = solve(votes, PAIRS, 5, start=fitted.scores)
    return solution.scores[solution.converged]


def true_ranks(scores: Floats) -> tuple[Ints, Ints]:
    """Lowest and highest rank; equally good ones share both."""
    return ranks(scores[:, np.newaxis] - scores > 1e-9)


def holds(low: Ints, high: Ints, truth: Floats) -> float:
    """1 if rank intervals hold all true ranks, else 0."""
    true_low, true_high = true_ranks(truth)
    return float(np.all((low <= true_low) & (true_high <= high)))


def bootstrap_ranks(scores: Floats) -> tuple[Ints, Ints]:
    """Percentiles of ranks in the replicates."""
    places = np.argsort(np.argsort(-scores, axis=1), axis=1) + 1
    low, high = np.quantile(places, [0.025, 0.975], axis=0, method="nearest")
    return low, high


class Tally:
    """Shares covered and lengths, by name."""

    def __init__(self) -> None:
        self.seen: dict[str, list[float]] = {}
        self.length: dict[str, list[float]] = {}

    def add(self, name: str, limits: Limits, truth: Floats) -> None:
        """Hold limits of differences against the truth."""
        low, high = limits
        right = differences(truth)
        self.count(name, float(np.mean((low <= right) & (right <= high))))
        self.length.setdefault(name, []).append(float(np.mean(high - low)))

    def count(self, name: str, share: float) -> None:
        """One study's share."""
        self.seen.setdefault(name, []).append(share)

    def cell(self, name: str) -> str:
        """Share (median length)."""
        return f"{np.mean(self.seen[name]):.3f} ({np.median(self.length[name]):.2f})"

    def error(self) -> float:
        """The larger standard error of our two coverages."""
        ours = [self.seen[f"{question} ours"] for question in "12"]
        return max(float(np.std(shares) / np.sqrt(len(shares))) for shares in ours)


def try_once(tally: Tally, study: Drawn, everywhere: Floats, replicates: int, seed: int) -> None:
    """One simulated study, by every method."""
    fitted = fit(study.observers.matrices()[0], names=study.observers.names)
    these = observer_intervals(study.observers, fitted, replicates=replicates, seed=seed)
    others = content_intervals(study.crossed, fitted, these)
    naive = of_intervals(naive_intervals(study.observers, fitted))
    for_these, for_others = (
        {"naive": naive, "ours": of_intervals(these)},
        {"naive": naive, "ours": of_intervals(others)},
    )
    for_others["these"] = of_intervals(these)
    if seed % OTHERS_EVERY == 0:
        scores, _ = bootstrap_scores(study.observers, fitted, replicates=replicates, seed=seed)
        for_these |= by_observers(study, fitted, scores)
        for_others |= by_both(study, fitted, pigeonhole_scores(study.crossed, fitted, replicates, seed))
        for question, truth in (("1", study.truth), ("2", everywhere)):
            tally.count(f"{question} bootstrap ranks", holds(*bootstrap_ranks(scores), truth))
    for question, made, truth in (("1", for_these, study.truth), ("2", for_others, everywhere)):
        for name, limits in made.items():
            tally.add(f"{question} {name}", limits, truth)
    compared = compare(fitted.scores, these), compare(fitted.scores, others)
    for question, ranked, truth in zip("12", compared, (study.truth, everywhere), strict=True):
        tally.count(f"{question} ranks", holds(ranked.rank_low, ranked.rank_high, truth))
    tally.count("2 false", float(compared[1].p_holm[EQUAL] <= 0.05))


def by_observers(study: Drawn, fitted: BradleyTerryFit, scores: Floats) -> dict[str, Limits]:
    """Other intervals for these photos; ``scores`` are the observer bootstrap's."""
    m = study.crossed.observers
    return {
        "percentile": percentiles(scores, None),
        "expanded": percentiles(scores, m),
        "robust t": around(fitted, cluster_covariance(study.observers, fitted), m - 1),
    }


def by_both(study: Drawn, fitted: BradleyTerryFit, scores: Floats) -> dict[str, Limits]:
    """Other intervals for photos like these; ``scores`` are the pigeonhole bootstrap's."""
    fewer = min(study.crossed.observers, study.crossed.contents)
    return {
        "pigeonhole": percentiles(scores, fewer),
        "two-way": around(fitted, crossed_covariance(study.crossed, fitted).both, fewer - 1),
    }


def measured(m: int, contents: int, trials: int, replicates: int) -> tuple[Tally, int]:
    """All methods over the trials of one design, and how many studies had no interval."""
    rng, tally, refused = np.random.default_rng(1000 * m + contents), Tally(), 0
    everywhere = expected_scores(COMMON[np.newaxis], float(np.hypot(TASTE_SD, CONTENT_SD)))
    for trial in range(trials):
        try:
            try_once(tally, drawn_study(m, contents, rng), everywhere, replicates, trial)
        except (NotConnectedError, NoIntervalError):
            refused += 1
    return tally, refused


def main() -> None:
    """Print a table per question."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--replicates", type=int, default=300)
    asked = parser.parse_args()
    started = time.process_time()
    print("coverage (median length) of 95 % intervals for all differences; ranks: all at once (by bootstrap)")
    for m, c in STUDIES:
        tally, refused = measured(m, c, asked.trials, asked.replicates)
        false = np.mean(tally.seen["2 false"])
        print(f"{m} observers, {c} contents; standard error of ours {tally.error():.3f}; false {false:.3f}", end="")
        print(f"; {refused} studies without intervals" if refused else "")
        for question, told, names in (("1", "these photos", THESE), ("2", "like these", OTHERS)):
            cells = "  ".join(f"{name} {tally.cell(f'{question} {name}')}" for name in names)
            ours, plain = (np.mean(tally.seen[f"{question} {kind}"]) for kind in ("ranks", "bootstrap ranks"))
            print(f"  {told:<12}  {cells}  ranks {ours:.3f} ({plain:.3f})", flush=True)
    seconds = time.process_time() - started
    print(f"{asked.trials} studies a line, {asked.replicates} replicates, {seconds:.0f} s of processor time")


if __name__ == "__main__":
    main()
