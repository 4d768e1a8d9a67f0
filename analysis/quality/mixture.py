"""Mixtures of Bradley-Terry models over observers, many data sets and many starts at once, by generalised EM.

An observer belongs to one camp with all of their votes. Each iteration takes expected memberships and then one Newton
step for every camp's scores (Lange 1995, doi:10.1111/j.2517-6161.1995.tb02037.x), all data sets, starts and camps in
one product. Scores have a normal prior of ``PRIOR_SD`` log-odds around zero, in one camp and in two alike, so that a
camp whose votes all go one way has finite scores.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logsumexp

from analysis.models.newton import Floats, Ints

PRIOR_SD = 2.0
STEP_LIMIT = 1.0
SHORT_RUN = 12  # iterations of every start; the best one goes on
ITERATIONS_LIMIT = 300
TOLERANCE = 1e-3  # of the log-likelihood, in one iteration
LEAST_SHARE = 1e-3


@dataclass(frozen=True)
class Votes:
    """Votes of every observer on every pair, in one or many data sets of the same design.

    Attributes:
        wins: Shape (sets, observers, pairs): for the first of the pair.
        total: Shape (observers, pairs): decided votes.
        design: Shape (pairs, n): 1 at the first condition, −1 at the second.
    """

    wins: Floats
    total: Floats
    design: Floats

    def take(self, sets: Ints) -> "Votes":
        """Some of the data sets."""
        return Votes(self.wins[sets], self.total, self.design)


@dataclass(frozen=True)
class Mixture:
    """The best start of every data set.

    Attributes:
        log_likelihood: Shape (sets,), without the prior.
        shares: Shape (sets, camps).
        scores: Shape (sets, camps, n), mean zero.
        memberships: Shape (sets, observers, camps), summing to 1.
    """

    log_likelihood: Floats
    shares: Floats
    scores: Floats
    memberships: Floats


def mixture(votes: Votes, memberships: Floats) -> Mixture:
    """Fit from several starts.

    Args:
        votes: The data sets.
        memberships: Shape (sets, starts, observers, camps), where each start begins; summing to 1 over camps.
    Example:
        >>> votes = Votes(np.array([[[3.0], [3.0]]]), np.full((2, 1), 4.0), np.array([[1.0, -1.0]]))
        >>> one = mixture(votes, np.ones((1, 1, 2, 1)))
        >>> round(float(one.scores[0, 0, 0] - one.scores[0, 0, 1]), 2)  # ln 3, drawn in by the prior
        1.02
    """
    sets, starts, _, camps = memberships.shape
    at = _At(memberships, np.zeros((sets, starts, camps, votes.design.shape[1])), np.full((sets, starts), -np.inf))
    for _ in range(SHORT_RUN):
        at = _improved(votes, at)
    at = at.best()
    moving = np.arange(sets)
    for _ in range(ITERATIONS_LIMIT):
        after = _improved(votes.take(moving), at.take(moving))
        gained = (after.log_likelihood - at.log_likelihood[moving])[:, 0]
        at.put(moving, after)
        moving = moving[np.abs(gained) >= TOLERANCE]
        if not len(moving):
            break
    return Mixture(at.log_likelihood[:, 0], at.member[:, 0].mean(axis=1), at.scores[:, 0], at.member[:, 0])


@dataclass(frozen=True)
class _At:
    """Where the fits stand: shapes (sets, starts, observers, camps), (sets, starts, camps, n) and (sets, starts)."""

    member: Floats
    scores: Floats
    log_likelihood: Floats

    def best(self) -> "_At":
        """The start of each set that is best by likelihood and prior."""
        judged = self.log_likelihood - np.sum(np.square(self.scores), axis=(2, 3)) / (2 * PRIOR_SD**2)
        place = np.arange(len(judged)), judged.argmax(axis=1)
        return _At(*(part[place][:, np.newaxis] for part in (self.member, self.scores, self.log_likelihood)))

    def take(self, sets: Ints) -> "_At":
        return _At(self.member[sets], self.scores[sets], self.log_likelihood[sets])

    def put(self, sets: Ints, other: "_At") -> None:
        self.member[sets], self.scores[sets] = other.member, other.scores
        self.log_likelihood[sets] = other.log_likelihood


def _improved(votes: Votes, at: _At) -> _At:
    """One iteration: a Newton step of the scores, then memberships."""
    share = np.maximum(at.member.mean(axis=2), LEAST_SHARE)
    share /= share.sum(axis=2, keepdims=True)
    scores = at.scores + _newton_step(votes, at.member, at.scores)
    told = _log_likelihoods(votes, scores) + np.log(share)[:, :, np.newaxis]
    every = logsumexp(told, axis=3)
    return _At(np.exp(told - every[..., np.newaxis]), scores, every.sum(axis=2))


def _log_likelihoods(votes: Votes, scores: Floats) -> Floats:
    """Of each observer's votes under each camp; shape (sets, starts, observers, camps)."""
    gap = scores @ votes.design.T
    sets, starts, camps, pairs = gap.shape
    flat = gap.reshape(sets, starts * camps, pairs)
    # log P = wins · gap − total · log(1 + exp(gap))
    told = votes.wins @ flat.transpose(0, 2, 1) - votes.total @ np.logaddexp(0.0, flat).transpose(0, 2, 1)
    return told.reshape(sets, -1, starts, camps).transpose(0, 2, 1, 3)


def _newton_step(votes: Votes, member: Floats, scores: Floats) -> Floats:
    """One step of every camp's scores towards the maximum for these memberships."""
    sets, starts, observers, camps = member.shape
    weight = member.transpose(0, 1, 3, 2).reshape(sets, starts * camps, observers)
    wins, total = ((weight @ part).reshape(sets, starts, camps, -1) for part in (votes.wins, votes.total))
    chance = expit(scores @ votes.design.T)
    slope = (wins - total * chance) @ votes.design - scores / PRIOR_SD**2
    spread = total * chance * (1 - chance)
    n = votes.design.shape[1]
    outer = (votes.design[:, :, np.newaxis] * votes.design[:, np.newaxis, :]).reshape(-1, n * n)
    curvature = (spread @ outer).reshape(sets, starts, camps, n, n) + np.eye(n) / PRIOR_SD**2
    step = np.linalg.solve(curvature, slope[..., np.newaxis])[..., 0]
    farthest = np.abs(step).max(axis=-1, keepdims=True)
    return np.asarray(step * np.minimum(1.0, STEP_LIMIT / np.maximum(farthest, 1e-300)))


def design_of(pairs: Ints, n: int) -> Floats:
    """Shape (pairs, n): 1 at the first condition of a pair, −1 at the second.

    >>> design_of(np.array([[0, 2]]), 3).tolist()
    [[1.0, 0.0, -1.0]]
    """
    design = np.zeros((len(pairs), n))
    design[np.arange(len(pairs)), pairs[:, 0]] = 1.0
    design[np.arange(len(pairs)), pairs[:, 1]] = -1.0
    return design
