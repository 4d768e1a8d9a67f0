"""Whether observers fall into two camps, as those who like it sharp and those who like it smooth.

A mixture of two Bradley-Terry models is held against one. The likelihood ratio of a mixture has no χ² (under one camp a
camp's share lies on the border and its scores mean nothing), so its distribution is drawn: votes of the one-camp fit,
on the pairs that were judged, fitted both ways again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from threadpoolctl import threadpool_limits

from analysis.counts import PairCounts, count_votes
from analysis.models.newton import Floats
from analysis.quality.mixture import Mixture, Votes, design_of, mixture
from analysis.wording import counted

OBSERVERS_NEEDED = 10
VOTES_PER_PARAMETER = 5
REPLICATES, STARTS = 199, 6
CHUNK_NUMBERS = 4_000_000
WARNING = (
    "A mixture always finds something: tastes that differ by degrees, or a few observers who click by chance, also fit "
    "two camps better than one. Take camps for real if the memberships are clear, the camps differ in a way that was "
    "expected, and other observers show the same."
)


@dataclass(frozen=True)
class Camps:
    """Two camps against one; numbers are None where nothing is said.

    Attributes:
        said: Whether there were observers and votes enough to ask.
        found: Whether two camps fit better, at the level.
        likelihood_ratio: Twice the log-likelihood gained by the second camp.
        p_value: By the bootstrap, a multiple of 1/(replicates + 1).
        bic_one: Bayes's information criterion of one camp, with observers as the sample; less is better.
        bic_two: The same of two.
        shares: Of the observers in each camp, the larger first.
        scores: By camp: each condition's score, natural log-odds, mean zero, under the prior of ``mixture``.
        memberships: By observer: the chance of being in the first camp.
        replicates: Of the bootstrap.
        seed: Of starts and bootstrap.
        level: Of the test.
        words: What it comes to, with the warning.
    """

    said: bool
    found: bool
    likelihood_ratio: float | None
    p_value: float | None
    bic_one: float | None
    bic_two: float | None
    shares: tuple[float, ...]
    scores: tuple[Mapping[str, float], ...]
    memberships: Mapping[str, float]
    replicates: int
    seed: int
    level: float
    words: str

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, text and None."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return told | {"shares": list(self.shares), "scores": [dict(camp) for camp in self.scores]}


def find_camps(
    votes: pd.DataFrame, *, seed: int, replicates: int = REPLICATES, starts: int = STARTS, level: float = 0.05
) -> Camps:
    """Ask whether two camps fit better than one.

    Args:
        votes: Rows that count (``votes.sift(…).fitted``); ties prefer nobody and are passed over.
        seed: Of starts and bootstrap; the same seed gives the same answer.
        replicates: Of the bootstrap.
        starts: Of each fit: one parts observers by where they differ most, the others by chance.
        level: Of the test.
    Source:
        McLachlan 1987, doi:10.2307/2347790 (the bootstrap of the likelihood ratio); Schwarz 1978,
        doi:10.1214/aos/1176344136 (BIC).
    Example:
        >>> rows = pd.DataFrame([("o", "a", "b", "left")], columns=["observer", "left", "right", "vote"])
        >>> find_camps(rows, seed=1).words
        'Nothing is said of camps: 1 observer with decided votes, and 10 are needed.'
    """
    counts = count_votes(votes[votes["vote"].isin(("left", "right"))])
    why = _too_little(counts)
    if why is not None:
        words = f"Nothing is said of camps: {why}."
        return Camps(False, False, None, None, None, None, (), (), {}, 0, seed, level, words)
    rng = np.random.default_rng(seed)
    seen = _votes(counts)
    with threadpool_limits(limits=1, user_api="blas"):
        one, two = _both(seen, starts, rng)
        ratio = 2 * float(two.log_likelihood[0] - one.log_likelihood[0])
        drawn = _drawn_ratios(seen, one, replicates, starts, rng)
    p_value = float((1 + np.sum(drawn >= ratio)) / (replicates + 1))
    return _told(counts, one, two, ratio=ratio, p_value=p_value, replicates=replicates, seed=seed, level=level)


def _too_little(counts: PairCounts) -> str | None:
    observers, n = len(counts.observers), len(counts.names)
    if observers < OBSERVERS_NEEDED:
        return f"{counted(observers, 'observer')} with decided votes, and {OBSERVERS_NEEDED} are needed"
    needed = VOTES_PER_PARAMETER * (2 * n - 1)
    decided = int(counts.wins.sum() + counts.losses.sum())
    if decided < needed:
        return f"{counted(decided, 'decided vote')}, and {needed} are needed for {n} conditions"
    if not (np.asarray((counts.wins + counts.losses).sum(axis=1)).ravel() >= 2).any():
        return "nobody gave two votes, so that nothing shows who keeps to a taste"
    return None


def _votes(counts: PairCounts) -> Votes:
    wins, losses = counts.wins.toarray(), counts.losses.toarray()
    return Votes(wins[np.newaxis], wins + losses, design_of(counts.pairs, len(counts.names)))


def _both(votes: Votes, starts: int, rng: np.random.Generator) -> tuple[Mixture, Mixture]:
    """One camp and two, for every data set."""
    sets, observers, _ = votes.wins.shape
    one = mixture(votes, np.ones((sets, 1, observers, 1)))
    first = np.zeros((sets, starts, observers))
    first[:, 0] = _by_direction(votes, one)
    first[:, 1:] = rng.random((sets, starts - 1, observers)) < 0.5
    first = 0.1 + 0.8 * first
    return one, mixture(votes, np.stack([first, 1 - first], axis=3))


def _by_direction(votes: Votes, one: Mixture) -> Floats:
    """Who is on which side of the direction in which observers differ most; shape (sets, observers)."""
    expected = votes.total * expit(one.scores @ votes.design.T)
    apart = (votes.wins - expected) @ votes.design
    return np.asarray(np.linalg.svd(apart, full_matrices=False)[0][:, :, 0] > 0, dtype=np.float64)


def _drawn_ratios(seen: Votes, one: Mixture, replicates: int, starts: int, rng: np.random.Generator) -> Floats:
    """Likelihood ratios where there is one camp; shape (replicates,)."""
    chance = expit(seen.design @ one.scores[0, 0])
    observers, pairs = seen.total.shape
    size = max(1, CHUNK_NUMBERS // (observers * (pairs + 4 * starts)))
    parts = []
    for at in range(0, replicates, size):
        shape = (min(size, replicates - at), observers, pairs)
        wins = rng.binomial(seen.total.astype(np.int64), chance, size=shape).astype(np.float64)
        alone, parted = _both(Votes(wins, seen.total, seen.design), starts, rng)
        parts.append(2 * (parted.log_likelihood - alone.log_likelihood))
    return np.concatenate(parts)


def _told(
    counts: PairCounts,
    one: Mixture,
    two: Mixture,
    *,
    ratio: float,
    p_value: float,
    replicates: int,
    seed: int,
    level: float,
) -> Camps:
    n, observers = len(counts.names), len(counts.observers)
    order = np.argsort(-two.shares[0], kind="stable")
    scores = two.scores[0, order] - two.scores[0, order].mean(axis=1, keepdims=True)
    first = two.memberships[0, :, order[0]]
    found = p_value <= level
    return Camps(
        said=True,
        found=found,
        likelihood_ratio=ratio,
        p_value=p_value,
        bic_one=float(-2 * one.log_likelihood[0] + (n - 1) * np.log(observers)),
        bic_two=float(-2 * two.log_likelihood[0] + (2 * n - 1) * np.log(observers)),
        shares=tuple(float(share) for share in two.shares[0, order]),
        scores=tuple({name: float(score) for name, score in zip(counts.names, camp, strict=True)} for camp in scores),
        memberships={name: float(chance) for name, chance in zip(counts.observers, first, strict=True)},
        replicates=replicates,
        seed=seed,
        level=level,
        words=_words(found, p_value, two.shares[0, order], first),
    )


def _words(found: bool, p_value: float, shares: Floats, first: Floats) -> str:
    if not found:
        return (
            f"Two camps don't fit better than one (p = {p_value:.3g}, by bootstrap). That doesn't show that all "
            "observers have one taste."
        )
    clear = float(np.mean(np.maximum(first, 1 - first) >= 0.9))
    return (
        f"Two camps, of {shares[0]:.0%} and {shares[1]:.0%}, fit better than one (p = {p_value:.3g}, by bootstrap); "
        f"{clear:.0%} of the observers belong to one of them with a chance of .9 or more. {WARNING}"
    )
