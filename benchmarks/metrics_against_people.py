"""How often 95 % intervals of correlations and picks hold what other observers, as many, give on average.

    python -m benchmarks.metrics_against_people [--studies 60]

The photos and the metric stay, observers with tastes of their own come anew. A study's correlation is below the one of
endless votes, and grows with them: the intervals don't say what endless votes would give.
"""

import argparse
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.metrics_against_people.comparison import AgainstPeople, metrics_against_people
from analysis.models.newton import Floats

CONDITIONS, CONTENTS = "abcde", 8
TASTE_SD, SPREAD, ANSWERED = 0.4, 0.7, 0.6
NUMBERS = ("spearman", "kendall", "pearson_logistic", "picked")


def a_study(truth: Floats, observers: int, rng: np.random.Generator) -> pd.DataFrame:
    """Everybody answers six in ten of all pairs of all contents."""
    rows = []
    for number in range(observers):
        taste = rng.normal(0, TASTE_SD, len(CONDITIONS))
        for content in range(CONTENTS):
            for i, j in combinations(range(len(CONDITIONS)), 2):
                if rng.random() < ANSWERED:
                    gap = truth[content, i] - truth[content, j] + taste[i] - taste[j]
                    vote = "left" if rng.random() < expit(gap) else "right"
                    rows.append((f"o{number}", f"c{content}", CONDITIONS[i], CONDITIONS[j], vote))
    return pd.DataFrame(rows, columns=["observer", "content", "left", "right", "vote"])


def limits(found: AgainstPeople) -> list[list[tuple[float | None, float | None, float | None]]]:
    """Value, low and high of each number, pooled and within."""
    return [[(e.value, e.low, e.high) for e in (getattr(told, name) for name in NUMBERS)] for told in found.agreed[:2]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=60)
    studies = parser.parse_args().studies
    rng = np.random.default_rng(5)
    truth = rng.normal(0, SPREAD, (CONTENTS, len(CONDITIONS)))
    metric = truth + rng.normal(0, SPREAD, truth.shape)
    cells = [(f"c{c}", CONDITIONS[k], metric[c, k]) for c in range(CONTENTS) for k in range(len(CONDITIONS))]
    table = pd.DataFrame(cells, columns=["content", "condition", "metric"])
    for observers in (12, 25):
        told = [
            limits(metrics_against_people(a_study(truth, observers, rng), table, replicates=100, seed=seed))
            for seed in range(studies)
        ]
        value, low, high = np.moveaxis(np.array(told, dtype=float), -1, 0)
        mean = value.mean(axis=0)
        held = ((low <= mean) & (mean <= high)).mean(axis=0)
        for scope, row in zip(("pooled", "within"), range(2), strict=True):
            said = "  ".join(f"{n} {mean[row, k]:.2f}: {held[row, k]:.3f}" for k, n in enumerate(NUMBERS))
            print(f"{observers} observers, {scope}:  {said}")


if __name__ == "__main__":
    main()
