"""What each model says of one vote: the chance of left, right and tie, and how it moves with the scores.

x is the score difference left − right in the model's unit, with the advantage of the left side where that is fitted; t
is the tie parameter: log ν of Davidson's model, log θ of Rao and Kupper's, Glenn and David's threshold in JOD. All
log-likelihoods are concave in (x, t), so a maximum is the maximum.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit, log_ndtr, logsumexp

from analysis.models.jod import SIGMA_JOD
from analysis.models.newton import Floats

LOG_ODDS, JOD = "natural log-odds, mean zero", "JOD (1 JOD is 75 %), mean zero"


@dataclass(frozen=True)
class Chances:
    """Shape (outcomes, cells) each; outcomes are left, right and, where they are modelled, tie."""

    log: Floats  # log of the chance
    by_x: Floats  # its slope by x
    by_t: Floats  # its slope by t


Outcomes = Callable[[Floats, Floats], Chances]


@dataclass(frozen=True)
class Model:
    """A row of ``MODELS``.

    Attributes:
        name: As reports print it.
        unit: Of its scores.
        decided: Chances where ties aren't modelled.
        tied: Chances where they are; None if the model has no ties.
        tie: What t is called; None if the model has no ties.
        start: Where t starts.
    """

    name: str
    unit: str
    decided: Outcomes
    tied: Outcomes | None
    tie: str | None
    start: float


def logistic(x: Floats, t: Floats) -> Chances:
    """Bradley and Terry 1952, doi:10.2307/2334029: P(left) = 1 / (1 + exp(−x)).

    Example:
        >>> np.exp(logistic(np.array([np.log(3.0)]), np.zeros(1)).log).round(4).ravel().tolist()
        [0.75, 0.25]
    """
    log = np.stack([log_expit(x), log_expit(-x)])
    return Chances(log, np.stack([expit(-x), -expit(x)]), np.zeros_like(log))


def davidson(x: Floats, t: Floats) -> Chances:
    """Davidson 1970, doi:10.1080/01621459.1970.10481082: left, right and tie weigh exp(x/2), exp(−x/2) and ν.

    Example:
        >>> np.exp(davidson(np.zeros(1), np.log([2.0])).log).round(4).ravel().tolist()
        [0.25, 0.25, 0.5]
    """
    weights = np.stack([x / 2.0, -x / 2.0, t])
    log = np.asarray(weights - logsumexp(weights, axis=0), dtype=np.float64)
    chance = np.exp(log)
    mean = chance[0] - chance[1]
    by_x = np.stack([1.0 - mean, -1.0 - mean, -mean]) / 2.0
    return Chances(log, by_x, np.stack([-chance[2], -chance[2], 1.0 - chance[2]]))


def rao_kupper(x: Floats, t: Floats) -> Chances:
    """Rao and Kupper 1967, doi:10.1080/01621459.1967.10482901: P(left) = 1 / (1 + θ exp(−x)), θ = exp(t) > 1.

    A tie is what is left: its chance is P(left) · P(right) · (θ² − 1).

    Example:
        >>> np.exp(rao_kupper(np.zeros(1), np.log([2.0])).log).round(4).ravel().tolist()
        [0.3333, 0.3333, 0.3333]
    """
    win, loss = x - t, -x - t
    tie = log_expit(win) + log_expit(loss) + np.log(np.expm1(2.0 * t))
    rest, other = expit(-win), expit(-loss)
    by_t = np.stack([-rest, -other, 2.0 / -np.expm1(-2.0 * t) - rest - other])
    return Chances(np.stack([log_expit(win), log_expit(loss), tie]), np.stack([rest, -other, rest - other]), by_t)


def normal(x: Floats, t: Floats) -> Chances:
    """Thurstone 1927, doi:10.1037/h0070288, case V: P(left) = Φ(x / 1.4826), x in JOD.

    Example:
        >>> np.exp(normal(np.ones(1), np.zeros(1)).log).round(4).ravel().tolist()
        [0.75, 0.25]
    """
    z = x / SIGMA_JOD
    log = np.stack([log_ndtr(z), log_ndtr(-z)])
    rise = np.exp(_log_density(z) - log) / SIGMA_JOD
    return Chances(log, np.stack([rise[0], -rise[1]]), np.zeros_like(log))


def glenn_david(x: Floats, t: Floats) -> Chances:
    """Glenn and David 1960, Biometrics 16, 86–109: P(left) = Φ((x − t) / 1.4826), a tie where neither side is t ahead.

    Example:
        >>> np.exp(glenn_david(np.ones(1), np.ones(1)).log).round(4).ravel().tolist()
        [0.5, 0.0887, 0.4113]
    """
    win, loss = (x - t) / SIGMA_JOD, (-x - t) / SIGMA_JOD
    # The tie's interval is read on the side where both of its ends are in the lower tail, and nothing cancels.
    high, low = (t - np.abs(x)) / SIGMA_JOD, (-t - np.abs(x)) / SIGMA_JOD
    below = log_ndtr(high)
    tie = below + np.log(-np.expm1(log_ndtr(low) - below))
    at_high, at_low = np.exp(_log_density(high) - tie), np.exp(_log_density(low) - tie)
    rise, fall = np.exp(_log_density(win) - log_ndtr(win)), np.exp(_log_density(loss) - log_ndtr(loss))
    by_x = np.stack([rise, -fall, -np.sign(x) * (at_high - at_low)]) / SIGMA_JOD
    by_t = np.stack([-rise, -fall, at_high + at_low]) / SIGMA_JOD
    return Chances(np.stack([log_ndtr(win), log_ndtr(loss), tie]), by_x, by_t)


def _log_density(z: Floats) -> Floats:
    return np.asarray(-0.5 * np.square(z) - 0.5 * np.log(2.0 * np.pi))


MODELS: dict[str, Model] = {
    "bradley-terry": Model("Bradley-Terry", LOG_ODDS, logistic, None, None, 0.0),
    "davidson": Model("Davidson", LOG_ODDS, logistic, davidson, "log nu", 0.0),
    "rao-kupper": Model("Rao-Kupper", LOG_ODDS, logistic, rao_kupper, "log theta", 0.5),
    "thurstone": Model("Thurstone case V", JOD, normal, glenn_david, "tie threshold in JOD", 0.5),
}
