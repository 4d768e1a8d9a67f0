"""How often intervals hold where few observers cast most of the votes: what analysis/inference/unequal.py rests on.

    python -m benchmarks.unequal [--studies 20000]

Observers who cast so many votes each on two equally good conditions, and whose tastes spread (standard deviation in
log-odds). Coverage of nominal 95 % intervals and their median half length: "alike" reads the cluster-robust error at
m − 1 degrees of freedom, as if all cast as many; "independent" corrects it as for independent votes; "ours" reckons its
size with tastes and its degrees of freedom without; "tastes" reckons both with. None is shorter than for independent
votes, as in a report.
"""

import argparse

import numpy as np
from scipy.special import expit, stdtrit

from analysis.inference.unequal import DESIGN_EFFECT, Unequal
from analysis.models.newton import Floats, Ints

STUDIES = ([20] * 10 + [5] * 10, [40] + [10] * 11, [60, 60] + [10] * 8, [50] + [10] * 5, [110] + [10] * 11)
TASTES = (0.0, 0.3, 0.6, 1.0)


def read(each: Ints, design_effect: float) -> tuple[float, float]:
    """Factor and degrees of freedom under a design effect."""
    found = Unequal.of(each[:, np.newaxis].astype(float), len(each), design_effect=design_effect)
    return float(found.factor[0]), float(found.freedom[0])


def freedom_with_tastes(each: Ints) -> float:
    """Degrees of freedom if the spread of a cluster's pull is that with tastes."""
    share, m = each / each.sum(), len(each)
    around = np.eye(m) - np.outer(share, np.ones(m))
    left = around @ np.diag(share * (1.0 + (DESIGN_EFFECT - 1.0) * m * share)) @ around.T
    return float(np.trace(left) ** 2 / np.trace(left @ left))


def drawn(each: Ints, taste: float, studies: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Estimates, cluster-robust errors and those of independent votes; shape (studies,) each."""
    m, votes = len(each), each.sum()
    won = rng.binomial(each, expit(rng.normal(0.0, taste, (studies, m))))
    share = np.clip(won.sum(axis=1) / votes, 0.5 / votes, 1.0 - 0.5 / votes)
    information = votes * share * (1.0 - share)
    pulls = (won - each * share[:, np.newaxis]) / information[:, np.newaxis]
    robust = np.sqrt(np.square(pulls).sum(axis=1) * m / (m - 1.0))
    return np.log(share / (1.0 - share)), robust, 1.0 / np.sqrt(information)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=20_000)
    studies = parser.parse_args().studies
    rng, ways = np.random.default_rng(1), ("alike", "independent", "ours", "tastes")
    print(f"{'votes of each observer':<26}{'taste':>6}" + "".join(f"{way:>16}" for way in ways))
    for cast in STUDIES:
        each = np.array(cast)
        (independent, freedom), (factor, _) = read(each, 1.0), read(each, DESIGN_EFFECT)
        readings = (
            (1.0, len(each) - 1.0),
            (independent, freedom),
            (factor, freedom),
            (factor, freedom_with_tastes(each)),
        )
        told = ", ".join(f"{cast.count(votes)} × {votes}" for votes in dict.fromkeys(cast))
        for taste in TASTES:
            apart, robust, naive = drawn(each, taste, studies, rng)
            line = f"{told:<26}{taste:>6}"
            for times, df in readings:
                reach = np.maximum(stdtrit(df, 0.975) * robust * np.sqrt(times), stdtrit(1e9, 0.975) * naive)
                line += f"{np.mean(np.abs(apart) < reach):10.3f} ({np.median(reach):.2f})"
            print(line)


if __name__ == "__main__":
    main()
