"""How often the tests of content × condition call out where nothing is, and where something is.

    nice python -m benchmarks.interaction

Simulated observers with a taste of their own (sd per condition), and where said with one per content besides; a study
has every pair of conditions on every content once per observer. Printed: share of studies with p at or below .05.
"""

import argparse

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from analysis.models.connection import NotConnectedError
from analysis.models.interaction import interaction_test

CONDITIONS, CONTENTS = 4, 5
SETTINGS = [  # observers, sd of taste, sd of taste per content, sd of the contents' own effect
    (8, 0.0, 0.0, 0.0),
    (8, 0.5, 0.5, 0.0),
    (18, 0.5, 0.0, 0.0),
    (18, 0.5, 0.5, 0.0),
    (40, 0.5, 0.5, 0.0),
    (18, 0.5, 0.5, 0.5),
]


def study(rng: np.random.Generator, observers: int, taste: float, own: float, effect: float) -> pd.DataFrame:
    """Votes of one simulated study."""
    base = np.linspace(-0.5, 0.5, CONDITIONS) + effect * rng.normal(size=(CONTENTS, CONDITIONS))
    first, second = np.triu_indices(CONDITIONS, 1)
    rows = []
    for observer in range(observers):
        liking = base + taste * rng.normal(size=CONDITIONS) + own * rng.normal(size=(CONTENTS, CONDITIONS))
        chosen = rng.random((CONTENTS, len(first))) < 1.0 / (1.0 + np.exp(liking[:, second] - liking[:, first]))
        rows += [
            (f"o{observer}", f"c{content}", str(i), str(j), "left" if chosen[content, k] else "right")
            for content in range(CONTENTS)
            for k, (i, j) in enumerate(zip(first, second, strict=True))
        ]
    return pd.DataFrame(rows, columns=["observer", "content", "left", "right", "vote"])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--draws", type=int, default=199)
    given = parser.parse_args()
    rng = np.random.default_rng(1)
    print("  m  taste  per content  effect   naive  robust  no scores")
    for observers, taste, own, effect in SETTINGS:
        naive, robust, refused = [], [], 0
        for seed in range(given.studies):
            try:
                test = interaction_test(study(rng, observers, taste, own, effect), draws=given.draws, seed=seed)
            except NotConnectedError:
                refused += 1
                continue
            naive.append(test.naive_p <= 0.05)
            robust.append(test.robust_p is not None and test.robust_p <= 0.05)
        shares = f"{np.mean(naive):7.3f} {np.mean(robust):7.3f} {refused:10d}"
        print(f"{observers:3d} {taste:6.1f} {own:12.1f} {effect:7.1f} {shares}", flush=True)


if __name__ == "__main__":
    with threadpool_limits(limits=1, user_api="blas"):
        main()
