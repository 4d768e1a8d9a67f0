"""How often 95 % intervals hold the truth, by number of observers: what the choice in analysis/intervals.py rests on.

    python benchmarks/coverage.py [--trials 300]

Simulated studies: every observer has a taste of their own around the common one, and votes several times on every
pair. Truth is the fit of 40,000 such observers. "percentile" is the plain bootstrap interval, "expanded" the same
read at Student's t, "bootstrap-t" studentised by the cluster-robust error, "robust t" the cluster-robust error alone
with m − 1 degrees of freedom, "naive" takes votes as independent, "ours" is what ``observer_intervals`` returns.
"""

import argparse
import time
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.special import expit
from scipy.stats import t as student_t

from analysis.bradley_terry import BradleyTerryFit, NotConnectedError, fit
from analysis.connection import connected_replicates
from analysis.counts import PairCounts
from analysis.intervals import cluster_covariance, expanded_tail, observer_intervals
from analysis.newton import Floats, incidence, information, moments, solve

METHODS = ("naive", "percentile", "expanded", "bootstrap-t", "robust t", "ours")


@dataclass(frozen=True)
class Study:
    """One simulated design."""

    observers: int
    conditions: int
    votes_per_pair: int
    taste_sd: float


STUDIES = (
    *(Study(observers, 5, 3, 0.5) for observers in (3, 5, 8, 10, 15, 25)),
    Study(12, 2, 10, 0.5),
    Study(12, 8, 1, 0.3),
    Study(12, 5, 1, 1.0),
)


def counted(study: Study, observers: int, rng: np.random.Generator) -> PairCounts:
    """The votes of one simulated study."""
    n = study.conditions
    pairs = np.array([(i, j) for i in range(n) for j in range(i + 1, n)])
    tastes = np.linspace(-0.8, 0.8, n) + rng.normal(0.0, study.taste_sd, (observers, n))
    shares = expit(tastes[:, pairs[:, 0]] - tastes[:, pairs[:, 1]])
    wins = rng.binomial(study.votes_per_pair, shares).astype(float)
    tables = (csr_array(wins), csr_array(study.votes_per_pair - wins), csr_array(wins.shape))
    return PairCounts(tuple(f"c{k}" for k in range(n)), tuple(str(k) for k in range(observers)), pairs, *tables)


def contrasts(n: int) -> Floats:
    """Rows that give all scores, then all pairwise differences."""
    pairs = np.array([(i, j) for i in range(n) for j in range(i + 1, n)])
    return np.concatenate([np.eye(n), incidence(pairs, n).toarray()])


def studentised(counts: PairCounts, fitted: BradleyTerryFit, drawn: Floats) -> tuple[Floats, Floats]:
    """Replicates' contrasts and their cluster-robust standard errors, shape (replicates, contrasts) each."""
    n, rows = len(counts.names), contrasts(len(counts.names))
    votes = counts.weighted(drawn)
    kept = connected_replicates(votes, counts.pairs, n)
    votes, drawn = votes.take(kept), drawn[:, kept]
    solution = solve(votes, counts.pairs, n, start=fitted.scores)
    at = moments(solution.scores, solution.log_nu, counts.pairs)
    slopes = observer_slopes(counts, at.mean)
    influence = slopes @ np.linalg.inv(information(votes, counts.pairs, n, at)) @ rows.T
    return solution.scores @ rows.T, np.sqrt(np.einsum("or,roc->rc", drawn, influence**2))


def observer_slopes(counts: PairCounts, mean: Floats) -> Floats:
    """Score vectors of every observer in every replicate, shape (replicates, observers, n)."""
    difference, total = (counts.wins - counts.losses).toarray(), (counts.wins + counts.losses).toarray()
    rest = difference[np.newaxis] - total[np.newaxis] * mean.T[:, np.newaxis]
    return np.asarray(rest @ incidence(counts.pairs, len(counts.names)).toarray() / 2.0)


def all_intervals(counts: PairCounts, replicates: int, seed: int) -> dict[str, tuple[Floats, Floats]]:
    """Limits by every method for all contrasts."""
    wins, _ = counts.matrices()
    fitted, n, m = fit(wins), len(counts.names), len(counts.observers)
    rows, reach = contrasts(n), student_t.ppf(0.975, m - 1)
    centre = rows @ fitted.scores
    drawn = np.random.default_rng(seed).multinomial(m, np.full(m, 1 / m), replicates).T.astype(float)
    values, errors = studentised(counts, fitted, drawn)
    own_error = np.sqrt(np.einsum("ck,kl,cl->c", rows, cluster_covariance(counts, fitted), rows))
    naive = 1.96 * np.sqrt(np.einsum("ck,kl,cl->c", rows, fitted.covariance, rows))
    ratios = (values - centre) / np.maximum(errors, 1e-9)
    spread = np.quantile(ratios, [0.975, 0.025], axis=0) * own_error * np.sqrt((m - 1) / m)
    ours = observer_intervals(counts, fitted, replicates=replicates, seed=seed)
    tail, upper = expanded_tail(m, 0.95), np.triu_indices(n, 1)
    return {
        "naive": (centre - naive, centre + naive),
        "percentile": tuple(np.quantile(values, [0.025, 0.975], axis=0)),
        "expanded": tuple(np.quantile(values, [tail, 1.0 - tail], axis=0)),
        "bootstrap-t": (centre - spread[0], centre - spread[1]),
        "robust t": (centre - reach * own_error, centre + reach * own_error),
        "ours": (
            np.concatenate([ours.low, ours.difference_low[upper]]),
            np.concatenate([ours.high, ours.difference_high[upper]]),
        ),
    }


def coverage(study: Study, trials: int, replicates: int, seed: int) -> tuple[dict[str, list[float]], int]:
    """Share of contrasts covered and median length by method; and the trials without an interval."""
    rng = np.random.default_rng(seed)
    truth = contrasts(study.conditions) @ fit(counted(study, 40_000, rng).matrices()[0]).scores
    held: dict[str, list[float]] = {name: [] for name in METHODS}
    lengths: dict[str, list[float]] = {name: [] for name in METHODS}
    refused = 0
    for trial in range(trials):
        try:
            made = all_intervals(counted(study, study.observers, rng), replicates, trial)
        except (NotConnectedError, ValueError):
            refused += 1
            continue
        for name, (low, high) in made.items():
            held[name].append(float(np.mean((low <= truth) & (truth <= high))))
            lengths[name].append(float(np.mean(high - low)))
    return {name: [float(np.mean(held[name])), float(np.median(lengths[name]))] for name in METHODS}, refused


def main() -> None:
    """Print one line per simulated design."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--replicates", type=int, default=500)
    asked = parser.parse_args()
    started = time.perf_counter()
    print("coverage of 95 % intervals (median length); m observers, n conditions, v votes per pair, sd of taste")
    print(f"{'m':>3} {'n':>3} {'v':>3} {'sd':>4}  " + "  ".join(f"{name:>13}" for name in METHODS) + "  refused")
    for study in STUDIES:
        shown, refused = coverage(study, asked.trials, asked.replicates, seed=study.observers)
        cells = "  ".join(f"{shown[name][0]:>5.3f} ({shown[name][1]:>5.2f})" for name in METHODS)
        design = f"{study.observers:>3} {study.conditions:>3} {study.votes_per_pair:>3} {study.taste_sd:>4.1f}"
        print(f"{design}  {cells}  {refused:>7}", flush=True)
    print(f"{asked.trials} trials each, {asked.replicates} replicates, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
