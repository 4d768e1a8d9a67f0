"""Scores from pairwise votes: Bradley-Terry by maximum likelihood, Davidson where ties were cast."""

from collections.abc import Sequence
from dataclasses import dataclass

import choix
import numpy as np
from scipy.special import xlogy

from analysis.models.connection import NotConnectedError, require_connected
from analysis.models.newton import Floats, Ints, Moments, PairVotes, chances, information, moments, solve
from analysis.wording import counted

__all__ = ["BradleyTerryFit", "FitsDisagreeError", "NotConnectedError", "fit"]

AGREEMENT = 1e-6


class FitsDisagreeError(ArithmeticError):
    """choix and our Newton fit give different scores: a defect, not a property of the votes."""


@dataclass(frozen=True)
class BradleyTerryFit:
    """Maximum-likelihood scores.

    Attributes:
        names: The n conditions.
        scores: Shape (n,), natural log-odds, summing to zero: P(i over j | no tie) = 1 / (1 + exp(θj − θi)).
        covariance: Shape (n, n), of the sum-zero scores, as if all votes were independent ("naive").
        deviance: Twice the log-likelihood lost against the saturated model, which gives each pair its own shares.
        df: Degrees of freedom of the deviance.
        nu: Davidson's ν, 0 if ties could be but none was cast; None if ties aren't modelled.
    """

    names: tuple[str, ...]
    scores: Floats
    covariance: Floats
    deviance: float
    df: int
    nu: float | None = None

    def difference(self, one: str, other: str) -> tuple[float, float]:
        """Score of ``one`` minus score of ``other``, and its naive standard error."""
        i, j = self.names.index(one), self.names.index(other)
        variance = self.covariance[i, i] + self.covariance[j, j] - 2.0 * self.covariance[i, j]
        return float(self.scores[i] - self.scores[j]), float(np.sqrt(variance))


def fit(wins: Floats, *, ties: Floats | None = None, names: Sequence[str] | None = None) -> BradleyTerryFit:
    """Fit scores by maximum likelihood.

    Without ties the fit is choix's (``ilsr_pairwise_dense``), started from our Newton solution of the aggregated
    counts: were the two maxima not the same, it would walk away, and that is an error. With ties it is Davidson's
    model, scores and ν together, by Newton.

    Args:
        wins: Shape (n, n); ``wins[i, j]`` counts the votes for i over j; the diagonal is zero.
        ties: Shape (n, n), symmetric; ``ties[i, j]`` counts the ties between i and j, each once.
        names: One per condition; "0", "1", … if not given.
    Returns:
        Scores in natural log-odds, summing to zero, with their covariance.
    Raises:
        NotConnectedError: No finite maximum exists (Ford 1957); names the conditions.
        ValueError: Arrays that aren't counts, or of another shape.
    Source:
        Bradley and Terry 1952, doi:10.2307/2334029; Davidson 1970, doi:10.1080/01621459.1970.10481082;
        Maystre and Grossglauser 2015 (I-LSR, choix).
    Example:
        >>> import numpy as np
        >>> result = fit(np.array([[0.0, 3.0], [1.0, 0.0]]), names=["new", "old"])
        >>> [round(float(score), 4) for score in result.scores]
        [0.5493, -0.5493]
    """
    listed = tuple(names) if names is not None else tuple(str(k) for k in range(len(wins)))
    drawn = np.zeros_like(wins, dtype=np.float64) if ties is None else np.asarray(ties, dtype=np.float64)
    _require_counts(wins, drawn, listed)
    require_connected(wins, drawn, listed)
    pairs = np.argwhere(np.triu(wins + wins.T + drawn) > 0)
    votes = _pair_votes(wins, drawn, pairs)
    solution = solve(votes, pairs, len(listed), start=np.zeros(len(listed)))
    if not solution.converged[0]:
        raise ArithmeticError("Newton did not converge although the votes are connected; please report these votes")
    scores = solution.scores[0] if votes.ties is not None else _by_choix(wins, solution.scores[0])
    at = moments(solution.scores, solution.log_nu, pairs)
    outcomes = 2 if votes.ties is None else 3
    return BradleyTerryFit(
        names=listed,
        scores=scores,
        covariance=_covariance(votes, pairs, len(listed), at),
        deviance=_deviance(votes, chances(solution.scores, solution.log_nu, pairs)),
        df=len(pairs) * (outcomes - 1) - (len(listed) - 1) - (outcomes - 2),
        nu=None if ties is None else float(np.exp(solution.log_nu[0])),
    )


def _by_choix(wins: Floats, newton: Floats) -> Floats:
    scores = np.asarray(choix.ilsr_pairwise_dense(wins, initial_params=newton, max_iter=10_000), dtype=np.float64)
    scores -= scores.mean()
    apart = float(np.abs(scores - newton).max())
    if apart > AGREEMENT:
        raise FitsDisagreeError(
            f"choix and Newton differ by {apart:.2g} log-odds on the same votes; please report them"
        )
    return scores


def _covariance(votes: PairVotes, pairs: Ints, n: int, at: Moments) -> Floats:
    inverse = np.linalg.inv(information(votes, pairs, n, at)[0])[:n, :n]
    centre = np.eye(n) - 1.0 / n
    return np.asarray(centre @ inverse @ centre, dtype=np.float64)


def _deviance(votes: PairVotes, expected_shares: tuple[Floats, Floats, Floats]) -> float:
    ties = np.zeros_like(votes.wins) if votes.ties is None else votes.ties
    total = votes.wins + votes.losses + ties
    expected = [total * share for share in expected_shares]
    seen = [votes.wins, votes.losses, ties]
    # Where nothing was seen the term is 0 whatever was expected; xlogy says so, given a ratio that exists.
    ratios = [np.divide(s, e, out=np.ones_like(s), where=s > 0) for s, e in zip(seen, expected, strict=True)]
    return float(2.0 * sum(np.sum(xlogy(s, r)) for s, r in zip(seen, ratios, strict=True)))


def _pair_votes(wins: Floats, ties: Floats, pairs: Ints) -> PairVotes:
    first, second = pairs.T
    drawn = ties[first, second][:, np.newaxis] if ties.any() else None
    forward, backward = (
        table[:, np.newaxis].astype(np.float64) for table in (wins[first, second], wins[second, first])
    )
    return PairVotes(forward, backward, drawn)


def _require_counts(wins: Floats, ties: Floats, names: tuple[str, ...]) -> None:
    n = len(names)
    if n < 2:
        raise ValueError(f"{counted(n, 'condition')}: at least two are needed to compare")
    for role, table in (("wins", wins), ("ties", ties)):
        if table.shape != (n, n):
            raise ValueError(f"{role} has shape {table.shape}; with {n} names it must be ({n}, {n})")
        if not np.isfinite(table).all() or (table < 0).any() or np.diagonal(table).any():
            raise ValueError(f"{role} must hold finite counts of 0 or more, and zeros on its diagonal")
    if not np.array_equal(ties, ties.T):
        raise ValueError("ties must be symmetric: ties[i, j] and ties[j, i] are the same ties")
