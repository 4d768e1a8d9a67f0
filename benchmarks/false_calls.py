"""How often some pair of equally good conditions is called different: `python -m benchmarks.false_calls`.

Conditions have no order of their own; observers and contents have tastes, drawn anew for each study, so every call is
a false one. Holm's adjustment promises one in twenty studies at most, also with few observers and few contents.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.sparse import csr_array
from scipy.special import expit

from analysis.counts import PairCounts
from analysis.inference.comparisons import compare
from analysis.inference.crossed import CrossedCounts
from analysis.inference.intervals import content_intervals, observer_intervals
from analysis.models.bradley_terry import NotConnectedError, fit
from analysis.models.newton import Floats


@dataclass(frozen=True)
class Setting:
    """What is simulated: each observer judges each pair once on each content."""

    observers: int
    conditions: int
    contents: int
    observers_sd: float = 0.7
    contents_sd: float = 0.5


FEW_OBSERVERS = [Setting(m, n, 10, contents_sd=0.0) for m, n in ((2, 10), (3, 10), (4, 10), (5, 10), (3, 20), (12, 10))]
FEW_CONTENTS = [Setting(m, n, c) for m, n, c in ((30, 10, 2), (30, 10, 3), (30, 10, 4), (30, 10, 6), (100, 5, 3))]


def drawn(setting: Setting, rng: np.random.Generator) -> CrossedCounts:
    """The votes of one study."""
    m, n, c = setting.observers, setting.conditions, setting.contents
    pairs = np.array(list(combinations(range(n), 2)))
    tastes = rng.normal(0.0, setting.observers_sd, (m, 1, n)) + rng.normal(0.0, setting.contents_sd, (1, c, n))
    liked: Floats = tastes.reshape(m * c, n)
    won = (rng.random((m * c, len(pairs))) < expit(liked[:, pairs[:, 0]] - liked[:, pairs[:, 1]])).astype(float)
    names, cells = tuple(f"c{k:02}" for k in range(n)), tuple(str(k) for k in range(m * c))
    counts = PairCounts(names, cells, pairs, csr_array(won), csr_array(1.0 - won), csr_array(won.shape))
    return CrossedCounts(counts, np.repeat(np.arange(m), c), np.tile(np.arange(c), m), m, c)


def by_observer(crossed: CrossedCounts) -> PairCounts:
    """The same votes, added up over contents."""
    adding = csr_array((np.ones(len(crossed.observer)), (crossed.observer, np.arange(len(crossed.observer)))))
    cells = crossed.cells
    tables = (csr_array(adding @ table) for table in (cells.wins, cells.losses, cells.ties))
    return PairCounts(cells.names, tuple(str(k) for k in range(crossed.observers)), cells.pairs, *tables)


def calls(setting: Setting, studies: int) -> Iterator[tuple[bool, bool]]:
    """Of each study that has scores, whether some pair is called different: for these photos, for photos like these."""
    rng = np.random.default_rng(1)
    for _ in range(studies):
        crossed = drawn(setting, rng)
        counts = by_observer(crossed)
        try:
            fitted = fit(counts.matrices()[0], names=counts.names)
        except NotConnectedError:
            continue
        these = observer_intervals(counts, fitted, seed=1)
        like_these = content_intervals(crossed, fitted, these)
        yield tuple(bool(compare(fitted.scores, one).above.any()) for one in (these, like_these))  # type: ignore[misc]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=250)
    options = parser.parse_args()
    print("equally good conditions; studies in which Holm at 5 % calls some pair different")
    print(f"{'observers':>9}{'conditions':>12}{'contents':>10}{'these photos':>14}{'like these':>12}{'studies':>9}")
    for setting in FEW_OBSERVERS + FEW_CONTENTS:
        found = np.array(list(calls(setting, options.studies)))
        these = "–" if setting.contents_sd else f"{found[:, 0].mean():.3f}"
        sizes = f"{setting.observers:>9}{setting.conditions:>12}{setting.contents:>10}"
        print(f"{sizes}{these:>14}{found[:, 1].mean():>12.3f}{len(found):>9}", flush=True)
    print("for these photos only where contents have no taste of their own: there they are no sample")


if __name__ == "__main__":
    main()
