"""Scores of every stimulus, content by content, and again for resampled observers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from analysis.counts import PairCounts, count_votes
from analysis.models.bradley_terry import BradleyTerryFit, NotConnectedError, fit
from analysis.models.connection import connected_replicates
from analysis.models.newton import Floats, PairVotes, solve

HALF_VOTE = 0.5
CHUNK_NUMBERS = 400_000


@dataclass(frozen=True)
class Stimuli:
    """Scores of the conditions on each content that has finite ones.

    Attributes:
        content: Shape (stimuli,): each one's content, in the order of their names.
        condition: Shape (stimuli,): each one's condition.
        scores: Shape (1 + replicates, stimuli): natural log-odds, mean zero on each content; row 0 is of all observers
            as they are.
        withheld: Contents without finite scores, and why.
        propped: Of all (replicate, content), the share without finite scores, where half a vote each way was added to
            each pair of the content.
    """

    content: tuple[str, ...]
    condition: tuple[str, ...]
    scores: Floats
    withheld: Mapping[str, str]
    propped: float


def multiplicities(observers: int, replicates: int, seed: int) -> Floats:
    """How often each observer counts, shape (observers, 1 + replicates); once in the first column.

    >>> multiplicities(3, 2, seed=1).sum(axis=0).tolist()
    [3.0, 3.0, 3.0]
    """
    drawn = np.random.default_rng(seed).multinomial(observers, np.full(observers, 1 / observers), size=replicates)
    return np.concatenate([np.ones((observers, 1)), drawn.T], axis=1).astype(np.float64)


def stimulus_scores(votes: pd.DataFrame, weights: Floats) -> Stimuli:
    """Bradley-Terry scores per content, with Davidson's ν where ties were cast on it.

    Args:
        votes: Rows that count (``votes.sift(…).fitted``).
        weights: Of each observer, in the order of their codes; shape (observers, 1 + replicates), ones first.
    Example:
        >>> rows = pd.DataFrame([("o", "c", "a", "b", vote) for vote in ("left", "left", "right")],
        ...     columns=["observer", "content", "left", "right", "vote"])
        >>> stimulus_scores(rows, np.ones((1, 1))).scores.round(4).tolist()
        [[0.3466, -0.3466]]
    """
    everybody = pd.Index(sorted(set(votes["observer"].astype(str))))
    content: list[str] = []
    condition: list[str] = []
    parts: list[Floats] = []
    withheld: dict[str, str] = {}
    propped: list[float] = []
    for name, rows in votes.groupby("content", sort=True):
        counts = count_votes(rows)
        try:
            wins, ties = counts.matrices()
            fitted = fit(wins, ties=ties if counts.tied else None, names=counts.names)
        except NotConnectedError as error:
            withheld[str(name)] = str(error)
            continue
        scores, share = _resampled(counts, fitted, weights[everybody.get_indexer(pd.Index(counts.observers))])
        content += [str(name)] * len(counts.names)
        condition += counts.names
        parts.append(scores)
        propped.append(share)
    together = np.concatenate(parts, axis=1) if parts else np.zeros((weights.shape[1], 0))
    return Stimuli(tuple(content), tuple(condition), together, withheld, float(np.mean(propped)) if propped else 0.0)


def _resampled(counts: PairCounts, fitted: BradleyTerryFit, weights: Floats) -> tuple[Floats, float]:
    """Scores, shape (columns of weights, n), and the share of columns that were propped."""
    n = len(counts.names)
    size = max(1, CHUNK_NUMBERS // (len(counts.pairs) + n**2))
    scores, propped = [fitted.scores[np.newaxis]], 0
    with threadpool_limits(limits=1, user_api="blas"):
        for at in range(1, weights.shape[1], size):
            votes = counts.weighted(weights[:, at : at + size])
            loose = ~connected_replicates(votes, counts.pairs, n)
            propped += int(loose.sum())
            held = PairVotes(votes.wins + HALF_VOTE * loose, votes.losses + HALF_VOTE * loose, votes.ties)
            log_nu = float(np.log(fitted.nu)) if fitted.nu else 0.0
            scores.append(solve(held, counts.pairs, n, start=fitted.scores, log_nu=log_nu).scores)
    return np.concatenate(scores), propped / max(weights.shape[1] - 1, 1)
