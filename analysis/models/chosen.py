"""What a scale is fitted with, as one value: model, sides, ties and prior."""

from dataclasses import dataclass

from analysis.models.fitting import ModelFit, Prior, Ties, fit_model
from analysis.models.outcomes import MODELS
from analysis.models.showings import Showings

LOGISTIC = ("davidson", "bradley-terry")


@dataclass(frozen=True)
class Fitting:
    """The options of `analysis.models.fitting.fit_model`, which says what each means.

    Attributes:
        model: A key of ``MODELS``; Davidson's is Bradley-Terry's where no tie was cast.
        position: Whether an advantage of the left side is fitted with the scores.
        ties: ``modelled``, or ``half``: half a win each way.
        prior: ``none``, ``gaussian`` or ``distances``.
        sd: Of the Gaussian prior, in the unit of the scores.
    """

    model: str = "davidson"
    position: bool = False
    ties: Ties = "modelled"
    prior: Prior = "none"
    sd: float | None = None

    def __post_init__(self) -> None:
        """Refuse a model that there isn't."""
        if self.model not in MODELS:
            raise ValueError(f"no model is called {self.model!r}; there are {', '.join(MODELS)}")

    @property
    def plain(self) -> bool:
        """Whether it is Bradley-Terry's or Davidson's model and nothing beside it: what the observer bootstrap fits."""
        return self.model in LOGISTIC and not self.position and self.prior == "none" and self.sd is None

    def fit(self, votes: Showings) -> ModelFit:
        """The fit.

        >>> import numpy as np
        >>> from analysis.models.showings import of_pairs
        >>> Fitting("thurstone").fit(of_pairs(np.array([[0, 3.0], [1, 0]]))).scores.round(4).tolist()
        [0.5, -0.5]
        """
        return fit_model(votes, self.model, position=self.position, ties=self.ties, prior=self.prior, sd=self.sd)
