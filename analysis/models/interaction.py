"""Whether conditions rank otherwise on some contents: scores of their own per content against scores for all.

Two readings. The naive one takes votes as independent. The robust one takes observers as independent: under the
hypothesis each observer's push towards other scores on some content points either way as likely as not, so the sizes of
pushes are kept and their signs are drawn. That allows for observers with tastes, also with a taste of their own on one
content; and it doesn't need more observers than parameters, as a cluster-robust Wald test does.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.stats import chi2

from analysis.counts import count_showings
from analysis.models.fitting import ModelFit, fit_model
from analysis.models.likelihood import Problem, fisher_information, maximise
from analysis.models.newton import Floats, Ints
from analysis.models.outcomes import MODELS, Chances
from analysis.models.parts import Parts, fit_each
from analysis.models.ratio_tests import NAIVE, RatioTest, ratio_test
from analysis.wording import counted

OBSERVERS_NEEDED = 6  # with five the signs have 16 arrangements up to a turn, and no p below 1/16
CHUNK = 2_000
RANK_TOLERANCE = 1e-9
ROBUST = "observers are independent, and their signs are symmetric"


@dataclass(frozen=True)
class Interaction:
    """Evidence that scores differ between the parts.

    Attributes:
        by: The column that parts the votes.
        ratio: The likelihood-ratio test (naive); None where a part has no finite scores of its own.
        no_ratio: Why there is none, in words; None where there is.
        statistic: Rao's score statistic, from the pooled fit alone; near the ratio's where both exist.
        df: Its degrees of freedom.
        naive_p: P(χ² ≥ statistic), if votes are independent.
        robust_p: P(as large with signs drawn per observer); None with fewer than six observers.
        no_robust: Why there is none, in words.
        observers: How many.
        draws: Of signs.
        seed: Of the draws.
        assumes: What ``robust_p`` rests on; ``ratio`` and ``naive_p`` rest on what ``naive_assumes`` says.
    """

    by: str
    ratio: RatioTest | None
    no_ratio: str | None
    statistic: float
    df: int
    naive_p: float
    robust_p: float | None
    no_robust: str | None
    observers: int
    draws: int
    seed: int
    assumes: str = ROBUST
    naive_assumes: str = NAIVE


def interaction_test(votes: pd.DataFrame, by: str = "content", *, draws: int = 9_999, seed: int) -> Interaction:
    """Test whether the scores of conditions differ between contents.

    The model is Bradley-Terry, with ties Davidson; ν is one for all parts on both sides of the test.

    Args:
        votes: Columns ``observer``, ``left``, ``right``, ``vote`` (left, right or tie) and ``by``.
        by: The column that parts the votes.
        draws: Of signs; p is at least 1/(draws + 1).
        seed: Of the draws.
    Raises:
        NotConnectedError: The pooled votes have no finite scores.
        ValueError: No such column, one part only, or parts that share too little to differ.
    Source:
        Rao 1948, doi:10.1017/S0305004100023987 (score statistic); Kline and Santos 2012, doi:10.1515/2156-6674.1006
        (signs drawn per cluster of scores).
    Example:
        >>> rows = [(f"o{k}", c, "a", "b", "left" if (k < 6) == (c == "c") else "right")
        ...     for k in range(8) for c in ("c", "d")]
        >>> votes = pd.DataFrame(rows, columns=["observer", "content", "left", "right", "vote"])
        >>> test = interaction_test(votes, seed=1)
        >>> round(test.statistic, 2), test.df, round(test.ratio.statistic, 2)
        (4.0, 1, 4.19)
    """
    each = fit_each(votes, by)
    if len(each.parts) < 2:
        raise ValueError(f"all votes have one {by}: there is nothing to compare")
    pooled = fit_model(count_showings(votes))
    columns = _columns(votes, by, pooled)
    scores = _scores(votes, pooled, columns)
    weight, df = _metric(votes, pooled, columns)
    statistic = float(scores.sum(axis=0) @ weight @ scores.sum(axis=0))
    ratio, no_ratio = _ratio(votes, each, pooled, columns, df)
    robust, no_robust = _robust(scores, weight, draws, seed)
    return Interaction(
        by=by,
        ratio=ratio,
        no_ratio=no_ratio,
        statistic=statistic,
        df=df,
        naive_p=float(chi2.sf(statistic, df)),
        robust_p=robust,
        no_robust=no_robust,
        observers=len(scores),
        draws=draws,
        seed=seed,
    )


@dataclass(frozen=True)
class _Columns:
    """Which parameter each vote touches: one per part and condition compared in it, then log ν if ties were cast."""

    left: Ints  # shape (votes,)
    right: Ints
    outcome: Ints  # 0 left, 1 right, 2 tie
    part: Ints  # shape (scores,): whose part a parameter is
    condition: Ints  # shape (scores,)
    size: int


def _columns(votes: pd.DataFrame, by: str, pooled: ModelFit) -> _Columns:
    n, names = len(pooled.names), pd.Index(pooled.names)
    part = pd.factorize(votes[by], sort=True)[0]
    left, right = (part * n + names.get_indexer(pd.Index(votes[side])) for side in ("left", "right"))
    used, place = np.unique(np.concatenate([left, right]), return_inverse=True)
    outcome = pd.Index(["left", "right", "tie"]).get_indexer(pd.Index(votes["vote"]))
    left, right = np.split(place, 2)
    return _Columns(left, right, outcome, *np.divmod(used, n), size=len(used) + (pooled.tie is not None))


def _problem(votes: pd.DataFrame, pooled: ModelFit, columns: _Columns) -> Problem:
    """Scores per part, one ν; one row per vote."""
    rows, tied = len(votes), pooled.tie is not None
    at = np.arange(rows)
    signs = np.repeat([1.0, -1.0], rows)
    places = (np.tile(at, 2), np.concatenate([columns.left, columns.right]))
    parts = np.unique(columns.part)
    free = np.zeros((columns.size, len(parts)))
    free[: len(columns.part)] = columns.part[:, np.newaxis] == parts
    last = (np.ones(rows), (at, np.full(rows, columns.size - 1)))
    shape = (rows, columns.size)
    seen = np.zeros((3 if tied else 2, rows))
    seen[columns.outcome, at] = 1.0
    model = MODELS["davidson"]
    return Problem(
        outcomes=model.tied if tied and model.tied is not None else model.decided,
        design=csr_array((signs, places), shape=shape),
        tie_design=csr_array(last, shape=shape) if tied else csr_array(shape),
        seen=seen,
        squares=np.ones(rows),
        free=free / np.sqrt(np.maximum(free.sum(axis=0), 1.0)),
        precision=np.zeros(columns.size),
    )


def _pooled_at(pooled: ModelFit, columns: _Columns) -> Floats:
    beside = [] if pooled.tie is None else [pooled.tie.value]
    return np.concatenate([pooled.scores[columns.condition], beside])


def _scores(votes: pd.DataFrame, pooled: ModelFit, columns: _Columns) -> Floats:
    """Slope of each observer's log-likelihood at the pooled fit, shape (observers, parameters)."""
    chances = _chances(votes, pooled, columns)
    observer, observers = pd.factorize(votes["observer"], sort=True)
    at = np.arange(len(votes))
    by_x, by_t = chances.by_x[columns.outcome, at], chances.by_t[columns.outcome, at]
    slopes = np.zeros((len(observers), columns.size))
    np.add.at(slopes, (observer, columns.left), by_x)
    np.add.at(slopes, (observer, columns.right), -by_x)
    if pooled.tie is not None:
        np.add.at(slopes[:, columns.size - 1], observer, by_t)
    return slopes


def _chances(votes: pd.DataFrame, pooled: ModelFit, columns: _Columns) -> Chances:
    return _problem(votes, pooled, columns).chances(_pooled_at(pooled, columns))


def _metric(votes: pd.DataFrame, pooled: ModelFit, columns: _Columns) -> tuple[Floats, int]:
    """What weighs a slope, so that pooled scores and ν are projected out, and the rank of what is left."""
    problem = _problem(votes, pooled, columns).compact()
    chances = problem.chances(_pooled_at(pooled, columns))
    information = fisher_information(problem, chances, np.ones(len(votes)))
    shared = np.zeros((columns.size, len(pooled.names) + (pooled.tie is not None)))
    shared[np.arange(len(columns.condition)), columns.condition] = 1.0
    if pooled.tie is not None:
        shared[-1, -1] = 1.0
    larger, rank = _inverse(information)
    smaller, rank_pooled = _inverse(shared.T @ information @ shared)
    if rank == rank_pooled:
        raise ValueError("the parts share too few pairs for their scores to differ")
    return larger - shared @ smaller @ shared.T, rank - rank_pooled


def _inverse(matrix: Floats) -> tuple[Floats, int]:
    """Moore and Penrose's, and the rank."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > RANK_TOLERANCE * values[-1]
    return np.asarray((vectors[:, kept] / values[kept]) @ vectors[:, kept].T), int(kept.sum())


def _ratio(
    votes: pd.DataFrame, each: Parts, pooled: ModelFit, columns: _Columns, df: int
) -> tuple[RatioTest | None, str | None]:
    wanting = [part for part in each.parts if part.fitted is None]
    if wanting:
        first = wanting[0]
        return None, f"{len(wanting)} of {len(each.parts)} have no scores of their own. {first.name}: {first.withheld}"
    found = maximise(_problem(votes, pooled, columns), _pooled_at(pooled, columns))
    question = f"Do scores differ by {each.by}?"
    larger = f"{pooled.model}, scores per {each.by}"
    return ratio_test(question, pooled.model, larger, gained=found.log_likelihood - pooled.log_likelihood, df=df), None


def _robust(scores: Floats, weight: Floats, draws: int, seed: int) -> tuple[float | None, str | None]:
    observers = len(scores)
    if observers < OBSERVERS_NEEDED:
        return None, f"{counted(observers, 'observer')}: what holds for all of them takes {OBSERVERS_NEEDED} to be seen"
    between = scores @ weight @ scores.T
    seen = between.sum() * (1.0 - 1e-9)  # signs all alike give the statistic itself, but for rounding
    rng = np.random.default_rng(seed)
    beyond = 0
    for at in range(0, draws, CHUNK):
        signs = rng.choice([-1.0, 1.0], size=(min(CHUNK, draws - at), observers))
        beyond += int((np.einsum("ro,ro->r", signs @ between, signs) >= seen).sum())
    return (beyond + 1.0) / (draws + 1.0), None
