"""How a simulated observer chooses: Bradley and Terry's model with Davidson's ties and a taste for the left side.

The parametrisation is that of `analysis`: scores are natural log-odds, and

    left : right : tie  =  e^d : e^−d : ν,   d = (θ_left − θ_right + δ) / 2

with Davidson's ν (0: never a tie) and the left side's advantage δ in log-odds.

Source:
    Davidson 1970, doi:10.1080/01621459.1970.10481082; Davidson and Beaver 1977, doi:10.2307/2529467.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp, sqrt

import numpy as np

from analysis.models.bradley_terry import fit
from studyapp.simulation.chance import Use, key_of, stream

GOLD_GAP = 4.0
"""How far below its better one a condition of gold pairs stands where the truth doesn't say, in log-odds (98 %)."""

NODES = 32


@dataclass(frozen=True)
class Chances:
    """What one look at one pair leads to; the three sum to 1."""

    left: float
    right: float
    tie: float


@dataclass(frozen=True)
class Truth:
    """What simulated observers find, on average and from one to the next.

    Attributes:
        scores: Condition → natural log-odds; only differences matter.
        nu: Davidson's ν, 0 or more; 0 where the study takes no ties.
        side_bias: Advantage δ of the left side, natural log-odds.
        observer_sd: Each observer's scores differ from ``scores`` by normal deviates of this standard deviation.
        content_sd: So do each content's, the same for every observer.
        seed: Of the contents' deviates, 0 or more.
    """

    scores: Mapping[str, float]
    nu: float = 0.0
    side_bias: float = 0.0
    observer_sd: float = 0.0
    content_sd: float = 0.0
    seed: int = 1

    def on(self, content: str, condition: str) -> float:
        """The score of a condition on one content, natural log-odds."""
        if not self.content_sd:
            return self.scores[condition]
        drawn = stream(self.seed, Use.CONTENT, key_of(content), key_of(condition)).normal()
        return self.scores[condition] + self.content_sd * float(drawn)


def chances(left: float, right: float, *, nu: float = 0.0, side_bias: float = 0.0) -> Chances:
    """How likely each answer is.

    Args:
        left: Score of what stands on the left, natural log-odds.
        right: Score of what stands on the right.
        nu: Davidson's ν, 0 or more.
        side_bias: Advantage of the left side, natural log-odds.

    >>> even = chances(0.0, 0.0, nu=1.0)
    >>> round(even.left, 3), round(even.right, 3), round(even.tie, 3)
    (0.333, 0.333, 0.333)
    >>> round(chances(1.0986122886681098, 0.0).left, 3)
    0.75
    """
    half = (left - right + side_bias) / 2
    # Divided by the largest of the two, so that no gap overflows.
    weights = (exp(half - abs(half)), exp(-half - abs(half)), nu * exp(-abs(half)))
    total = sum(weights)
    return Chances(*(weight / total for weight in weights))


def choose(given: Chances, drawn: float) -> str:
    """The answer that a uniform number in [0, 1) leads to: ``left``, ``tie`` or ``right``.

    >>> choose(Chances(left=0.5, right=0.3, tie=0.2), 0.6)
    'tie'
    """
    if drawn < given.left:
        return "left"
    return "tie" if drawn < given.left + given.tie else "right"


def expected_scores(
    truth: Truth,
    names: Sequence[str],
    contents: Sequence[str],
    *,
    always_left: float = 0.0,
    at_random: float = 0.0,
    not_sure: float = 0.0,
) -> dict[str, float]:
    """The scores that a fit of pooled votes tends to, with ever more of these observers on these contents.

    Tastes that differ, a favoured side and people who don't look pull pooled scores towards each other; this is not an
    error of the fit but what its model makes of such people. Each content shows each pair equally often, either way
    round. Observers' deviates are integrated by Gauss-Hermite quadrature, and the expected shares are fitted as votes.

    Args:
        truth: What the observers find.
        names: The conditions compared, at least 2.
        contents: Names of the contents shown, at least 1.
        always_left: Share of observers who answer "left" whatever they see, 0 to 1.
        at_random: Share of observers who answer by chance, 0 to 1.
        not_sure: Share of the others' answers that aren't fitted, 0 to 1.

    Returns:
        Condition → natural log-odds, mean zero.

    >>> flat = expected_scores(Truth({"a": 0.0, "b": 1.0}), ["a", "b"], ["photo"])
    >>> round(flat["b"] - flat["a"], 9)
    1.0
    """
    wins, ties = np.zeros((len(names), len(names))), np.zeros((len(names), len(names)))
    looking = (1 - always_left - at_random) * (1 - not_sure)
    careless = _careless(truth.nu > 0, always_left, at_random)
    for i, j in combinations(range(len(names)), 2):
        for content in contents:
            seen = _on_average(truth, truth.on(content, names[i]) - truth.on(content, names[j]))
            wins[i, j] += looking * seen.left + careless.left
            wins[j, i] += looking * seen.right + careless.right
            ties[i, j] += looking * seen.tie + careless.tie
            ties[j, i] = ties[i, j]
    found = fit(wins, ties=ties if truth.nu > 0 else None, names=names)
    return dict(zip(names, found.scores.tolist(), strict=True))


def _careless(takes_ties: bool, always_left: float, at_random: float) -> Chances:
    """What people who don't look add to a pair that is shown both ways round; "left" and "right" are its two sides."""
    tie = at_random / 3 if takes_ties else 0.0
    each = (always_left + at_random - tie) / 2
    return Chances(each, each, tie)


def _on_average(truth: Truth, gap: float) -> Chances:
    """Shares for the one, for the other and for a tie over all observers and both ways round."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    spread = truth.observer_sd * sqrt(2)
    one = other = tie = 0.0
    for node, weight in zip(nodes.tolist(), (weights / weights.sum()).tolist(), strict=True):
        for bias in (truth.side_bias, -truth.side_bias):
            seen = chances(gap + spread * node, 0.0, nu=truth.nu, side_bias=bias)
            one, other, tie = (
                total + weight * share / 2
                for total, share in zip((one, other, tie), (seen.left, seen.right, seen.tie), strict=True)
            )
    return Chances(one, other, tie)


def spread_evenly(names: Sequence[str], seed: int, *, width: float = 2.0) -> dict[str, float]:
    """A truth where none is given: scores evenly spaced over ``width`` log-odds, in an order drawn from the seed.

    >>> sorted(spread_evenly(["a", "b", "c"], seed=1).values())
    [-1.0, 0.0, 1.0]
    """
    order = stream(seed, Use.TRUTH).permutation(len(names)).tolist()
    steps = np.linspace(-width / 2, width / 2, len(names)).round(6).tolist()
    return {name: steps[place] for name, place in zip(names, order, strict=True)}
