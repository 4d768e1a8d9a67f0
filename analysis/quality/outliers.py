"""How far each observer stands from the others: pwcmp's ``dist_L``, and a test that the distance is more than chance.

An observer's votes are held against scores of everybody else's votes. Nothing here knows what the conditions are: to
rename them changes nothing.

Source:
    ``dist_L``: Pérez-Ortiz and Mantiuk 2017, arXiv:1712.03686, section 9, and pwcmp's ``pw_outlier_analysis``.
    The test by simulated answers: Drasgow, Levine and Williams 1985, doi:10.1111/j.2044-8317.1985.tb00817.x, with
    lapses as in Wichmann and Hill 2001, doi:10.3758/BF03194544.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.counts import count_votes
from analysis.models.bradley_terry import NotConnectedError, fit
from analysis.models.connection import connected_replicates
from analysis.models.jod import jod_scores, log_preferred
from analysis.models.newton import Floats, Ints, solve
from analysis.votes import by_code

BY_CONTENT = "scores per content (Thurstone, in JOD), as pwcmp's"
POOLED = "scores over all contents (Bradley-Terry)"

VOTES_PER_PAIR = 5.0
"""Scores are made per content where each of its pairs has so many votes on average, over all contents together."""
CONDITIONS_PER_CONTENT = 12
"""And where so many conditions stand there at most: pwcmp's prior holds each pair against each other pair."""
OBSERVERS_FOR_QUARTILES = 5
DRAWS = 1_999
LAPSES = 0.05
"""Share of answers that anybody may give by chance: without it one slip, where all others agree, proves too much."""


@dataclass(frozen=True)
class Outlyingness:
    """Distances of all observers.

    Attributes:
        observers: Who cast a vote, sorted.
        log_likelihood: Mean natural log-likelihood per vote under the others' scores; NaN where they have no scores.
        distance: ``dist_L``: interquartile ranges below the lower quartile (Hazen's), 0 above it; NaN as before, and
            with fewer than five observers.
        p_value: How often somebody who finds what the others find gives votes as unlikely as these; NaN where the
            distance is zero or isn't known.
        scaled: ``BY_CONTENT`` or ``POOLED``.
    """

    observers: tuple[str, ...]
    log_likelihood: Floats
    distance: Floats
    p_value: Floats
    scaled: str


def outlyingness(votes: pd.DataFrame, *, seed: int = 1) -> Outlyingness:
    """How far each observer stands from the others.

    Args:
        votes: Rows that count (``votes.sift(…).fitted``); ties say nothing about who is preferred and are passed over.
        seed: Of the simulated answers; p-values are multiples of 1/2,000.
    Example:
        >>> import pandas as pd
        >>> rows = [(f"o{k}", "c", *pair, "left") for k in range(9) for pair in ("ab", "bc", "ac", "cb")[: k % 4 + 1]]
        >>> rows += [("odd", "c", *pair, "right") for pair in ("ab", "ac", "bc")]
        >>> table = pd.DataFrame(rows, columns=["observer", "content", "left", "right", "vote"])
        >>> outlyingness(table).distance.round(1).tolist()
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 9.0]
    """
    votes = by_code(votes)
    decided = votes[votes["vote"].isin(("left", "right"))]
    observers = tuple(sorted(set(votes["observer"])))
    scaled = _scaling(decided)
    likelihood = np.full(len(decided), np.nan)
    for rows, log_chosen in (_by_content if scaled == BY_CONTENT else _pooled)(decided):
        likelihood[rows] = log_chosen
    who = pd.Index(observers).get_indexer(pd.Index(decided["observer"]))
    parts = [likelihood[(who == k) & np.isfinite(likelihood)] for k in range(len(observers))]
    mean = np.array([part.mean() if len(part) else np.nan for part in parts])
    distance = _distances(mean)
    rng = np.random.default_rng(seed)
    p_values = [_p_value(part, rng) if far > 0 else np.nan for part, far in zip(parts, distance, strict=True)]
    return Outlyingness(observers, mean, distance, np.array(p_values), scaled)


def _scaling(votes: pd.DataFrame) -> str:
    names = set(votes["left"]) | set(votes["right"])
    cells = votes["content"].nunique() * len(names) * (len(names) - 1) / 2
    dense = cells > 0 and len(votes) / cells >= VOTES_PER_PAIR
    return BY_CONTENT if dense and len(names) <= CONDITIONS_PER_CONTENT else POOLED


def _by_content(votes: pd.DataFrame) -> Iterator[tuple[Ints, Floats]]:
    """Rows of one content after the other, and the log-likelihood of each vote under the others' scores."""
    names = sorted(set(votes["left"]) | set(votes["right"]))
    better, worse = _chosen(votes, names)
    content, observer = pd.factorize(votes["content"])[0], pd.factorize(votes["observer"])[0]
    for place in range(content.max() + 1):
        rows = np.flatnonzero(content == place)
        people, who = np.unique(observer[rows], return_inverse=True)
        if len(people) == 1:
            continue  # there are no others
        wins = np.zeros((len(people), len(names), len(names)))
        np.add.at(wins, (who, better[rows], worse[rows]), 1.0)
        everybody = wins.sum(axis=0)
        scores = jod_scores(everybody - wins, start=jod_scores(everybody[np.newaxis])[0])
        for person in range(len(people)):
            own = rows[who == person]
            yield own, log_preferred(scores[person], better[own], worse[own])


def _pooled(votes: pd.DataFrame) -> Iterator[tuple[Ints, Floats]]:
    """The same for all contents at once; observers without whom there are no scores are passed over."""
    if votes.empty:
        return
    counts = count_votes(votes)
    n = len(counts.names)
    try:
        start = fit(counts.matrices()[0], names=counts.names).scores
    except NotConnectedError:
        return
    others = counts.weighted(1.0 - np.eye(len(counts.observers)))
    known = np.flatnonzero(connected_replicates(others, counts.pairs, n))
    solution = solve(others.take(known), counts.pairs, n, start=start)
    better, worse = _chosen(votes, counts.names)
    who = pd.Index(counts.observers).get_indexer(pd.Index(votes["observer"]))
    for place, person in enumerate(known):
        rows = np.flatnonzero(who == person)
        gap = solution.scores[place][better[rows]] - solution.scores[place][worse[rows]]
        yield rows, -np.logaddexp(0.0, -gap)


def _chosen(votes: pd.DataFrame, names: list[str] | tuple[str, ...]) -> tuple[Ints, Ints]:
    left, right = (pd.Index(names).get_indexer(pd.Index(votes[side])).astype(np.intp) for side in ("left", "right"))
    first = votes["vote"].to_numpy(dtype=str) == "left"
    return np.where(first, left, right), np.where(first, right, left)


def _distances(mean: Floats) -> Floats:
    known = mean[np.isfinite(mean)]
    if len(known) < OBSERVERS_FOR_QUARTILES:
        return np.full(len(mean), np.nan)
    low, high = np.quantile(known, [0.25, 0.75], method="hazen")
    if high == low:
        return np.full(len(mean), np.nan)
    return np.where(np.isfinite(mean), np.maximum(low - mean, 0.0) / (high - low), np.nan)


def _p_value(log_chosen: Floats, rng: np.random.Generator) -> float:
    """The share of simulated answers to the same pairs that are as unlikely; the real ones count among them."""
    chosen = (1.0 - LAPSES) * np.exp(log_chosen) + LAPSES / 2.0
    drawn = rng.random((DRAWS, len(chosen))) < chosen
    totals = np.where(drawn, np.log(chosen), np.log1p(-chosen)).sum(axis=1)
    # A hair above, lest equal answers count as likelier by rounding.
    return float((1 + np.sum(totals <= np.log(chosen).sum() + 1e-9)) / (DRAWS + 1))
