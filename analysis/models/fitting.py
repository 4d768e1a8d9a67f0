"""One door to every model: scores by maximum likelihood, with ties, sides, weights and priors as they are asked for."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csr_array, hstack

from analysis.models.existence import require_finite
from analysis.models.jod import distance_prior_fit
from analysis.models.likelihood import Maximum, Problem, maximise
from analysis.models.newton import Floats, incidence
from analysis.models.outcomes import MODELS, Model
from analysis.models.showings import Showings

Ties = Literal["modelled", "half"]
Prior = Literal["none", "gaussian", "distances"]

NO_PRIOR = "none: maximum likelihood"
DISTANCES = "pwcmp's on distances (Pérez-Ortiz and Mantiuk 2017)"
TIES_SAID = {"none": "none cast", "modelled": "modelled", "half": "half a win each way"}


@dataclass(frozen=True)
class Estimate:
    """A parameter beside the scores, and its naive standard error."""

    value: float
    standard_error: float

    def as_json(self, unit_size: float = 1.0) -> dict[str, float]:
        """Plain numbers, in units of ``unit_size``."""
        return {"value": self.value / unit_size, "naive_standard_error": self.standard_error / unit_size}


@dataclass(frozen=True)
class ModelFit:
    """Scores under a named model.

    Attributes:
        model: Its name.
        unit: Of scores and of their errors.
        names: The n conditions.
        scores: Shape (n,), summing to zero.
        covariance: Shape (n, n), of the sum-zero scores, as if all votes were independent ("naive"). With a prior it is
            the posterior's, by its curvature at the maximum.
        joint: The same with the parameters beside the scores: (n + k, n + k), in the order position, tie.
        position: Advantage of the left side, in the unit of the scores; None if it isn't fitted.
        tie: log ν, log θ or the threshold in JOD, by model; None if ties aren't modelled or none was cast.
        log_likelihood: Of the votes, without the constants that count their orders and without the prior's share.
        deviance: Twice the log-likelihood lost against a model that gives each cell its own shares.
        df: Degrees of freedom of the deviance; None with a prior, which leaves no whole number of them.
        prior: In words.
        weights: What votes weigh, in words.
        ties: How ties went in, in words.
    """

    model: str
    unit: str
    names: tuple[str, ...]
    scores: Floats
    joint: Floats
    position: Estimate | None
    tie: Estimate | None
    log_likelihood: float
    deviance: float
    df: int | None
    prior: str
    weights: str
    ties: str

    @property
    def covariance(self) -> Floats:
        """Of the sum-zero scores, shape (n, n)."""
        n = len(self.names)
        return self.joint[:n, :n]

    @property
    def nu(self) -> float | None:
        """Davidson's ν, 0 where no tie was cast; None in other models."""
        if self.model != MODELS["davidson"].name or self.ties == TIES_SAID["half"]:
            return None
        return 0.0 if self.tie is None else float(np.exp(self.tie.value))

    def difference(self, one: str, other: str) -> tuple[float, float]:
        """Score of ``one`` minus score of ``other``, and its naive standard error."""
        i, j = self.names.index(one), self.names.index(other)
        variance = self.joint[i, i] + self.joint[j, j] - 2.0 * self.joint[i, j]
        return float(self.scores[i] - self.scores[j]), float(np.sqrt(variance))


def fit_model(
    votes: Showings,
    model: str = "davidson",
    *,
    position: bool = False,
    ties: Ties = "modelled",
    prior: Prior = "none",
    sd: float | None = None,
) -> ModelFit:
    """Fit scores.

    Args:
        votes: `analysis.counts.count_showings`, or `analysis.models.showings.of_pairs` and ``of_sides``.
        model: A key of `analysis.models.outcomes.MODELS`: bradley-terry, davidson, rao-kupper or thurstone. Each is
            its model without ties where none was cast; Bradley-Terry refuses ties.
        position: Whether a constant advantage of the left side is fitted with the scores (Davidson and Beaver 1977,
            doi:10.2307/2529467); ``votes`` must know sides.
        ties: "half" makes each tie half a win each way before the fit. Errors are then as for decided votes: too long,
            if anything.
        prior: "gaussian" gives each score a normal prior of mean 0; "distances" (Thurstone only) is pwcmp's. Neither is
            ever added unasked, and the result says which. With "gaussian" votes that connect nothing have scores too:
            between parts that no vote compares they are the prior's alone.
        sd: Of the Gaussian prior, in the unit of the scores.
    Raises:
        NotConnectedError: No finite maximum exists; says what is wanting.
        ValueError: Options that don't go together.
    Example:
        >>> from analysis.models.showings import of_pairs
        >>> fitted = fit_model(of_pairs(np.array([[0, 75.0], [25, 0]]), names=["new", "old"]), "thurstone")
        >>> round(fitted.difference("new", "old")[0], 4), fitted.unit
        (1.0, 'JOD (1 JOD is 75 %), mean zero')
    """
    chosen = _model(model)
    counted = _counted(votes, chosen, position=position, ties=ties)
    if prior == "distances":
        return _by_distances(counted, chosen, position=position, sd=sd)
    problem = problem_of(counted, chosen, position=position, precision=_precision(prior, sd))
    require_finite(counted, problem.design, problem.tie_design, problem.precision > 0, connected=prior == "none")
    start = np.zeros(problem.design.shape[1])
    start[len(votes.names) + position :] = chosen.start
    said = NO_PRIOR if prior == "none" else f"Gaussian on each score, mean 0, sd {sd:g}"
    return _fitted(counted, chosen, maximise(problem, start), position=position, prior=said)


def problem_of(votes: Showings, model: Model, *, position: bool, precision: float = 0.0) -> Problem:
    """The likelihood of these votes; parameters are the n scores, the position's and the tie's where they are fitted.

    Args:
        votes: With ties only if ``model`` has them.
        model: A row of ``MODELS``.
        position: Whether the left side may have an advantage.
        precision: 1/variance of a Gaussian prior on each score.
    """
    n, cells = len(votes.names), len(votes.cells)
    outcomes = model.tied if votes.tied else model.decided
    if outcomes is None:
        raise ValueError(f'{model.name} has no ties: choose another model, or count ties as half a win (ties="half")')
    ones = csr_array(np.ones((cells, 1)))
    beside = [ones] * position + [csr_array((cells, 1))] * votes.tied
    design = csr_array(hstack([incidence(votes.cells, n), *beside]))
    size = n + len(beside)
    tie_design = csr_array((np.ones(cells), (np.arange(cells), np.full(cells, size - 1))), shape=(cells, size))
    on_scores = (np.arange(size) < n).astype(np.float64)
    return Problem(
        outcomes=outcomes,
        design=design,
        tie_design=tie_design if votes.tied else csr_array((cells, size)),
        seen=np.stack([votes.left, votes.right, votes.ties][: 3 if votes.tied else 2]),
        squares=votes.squares,
        free=on_scores[:, np.newaxis] / np.sqrt(n),
        precision=on_scores * precision,
    )


def _model(key: str) -> Model:
    if key not in MODELS:
        raise ValueError(f"no model is called {key!r}; there are {', '.join(MODELS)}")
    return MODELS[key]


def _counted(votes: Showings, model: Model, *, position: bool, ties: Ties) -> Showings:
    if position and not votes.sided:
        raise ValueError("the advantage of a side can't be fitted: these votes don't say what stood left")
    if not votes.total.any():
        raise ValueError("no vote to fit")
    if votes.tied and model.tied is None and ties == "modelled":
        raise ValueError(f'{model.name} has no ties: choose another model, or count ties as half a win (ties="half")')
    halved = votes.half_wins() if ties == "half" else votes
    return halved if position else halved.unsided()


def _precision(prior: Prior, sd: float | None) -> float:
    if prior == "none" and sd is not None:
        raise ValueError('sd belongs to a Gaussian prior: give prior="gaussian" with it')
    if prior == "gaussian" and not (sd is not None and 0.0 < sd < np.inf):
        raise ValueError(f"a Gaussian prior needs its sd, a number above 0 in the unit of the scores; it is {sd}")
    return 0.0 if sd is None else sd**-2.0


def _fitted(votes: Showings, model: Model, found: Maximum, *, position: bool, prior: str) -> ModelFit:
    n = len(votes.names)
    centre = np.eye(len(found.at))
    centre[:n, :n] -= 1.0 / n
    joint = np.asarray(centre @ found.covariance @ centre, dtype=np.float64)
    errors = np.sqrt(np.diagonal(joint))
    beside = [Estimate(float(found.at[k]), float(errors[k])) for k in range(n, len(found.at))]
    outcomes = 3 if votes.tied else 2
    df = int(np.sum(votes.total > 0)) * (outcomes - 1) - (n - 1) - len(beside)
    return ModelFit(
        model=model.name,
        unit=model.unit,
        names=votes.names,
        scores=np.asarray(found.at[:n] - found.at[:n].mean()),
        joint=joint,
        position=beside[0] if position else None,
        tie=beside[-1] if votes.tied else None,
        log_likelihood=found.log_likelihood,
        deviance=found.deviance,
        df=df if prior == NO_PRIOR else None,
        prior=prior,
        weights=votes.weights,
        ties=_ties_said(votes),
    )


def _ties_said(votes: Showings) -> str:
    return TIES_SAID["half" if votes.halved else "modelled" if votes.tied else "none"]


def _by_distances(votes: Showings, model: Model, *, position: bool, sd: float | None) -> ModelFit:
    if model is not MODELS["thurstone"] or position or votes.tied or sd is not None:
        raise ValueError(
            "pwcmp's prior on distances goes with model thurstone alone: no sd, no advantage of a side, "
            'and ties only as half a win (ties="half")'
        )
    scores, covariance = distance_prior_fit(votes.matrices()[0])
    problem = problem_of(votes, model, position=False)
    at = Maximum(scores, covariance, *problem.likelihood_at(scores))
    return _fitted(votes, model, at, position=False, prior=DISTANCES)
