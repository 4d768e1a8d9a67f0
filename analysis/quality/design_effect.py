"""How much less the votes of a pilot say than as many independent ones: its design effect."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.counts import count_votes
from analysis.inference.covariance import cluster_covariance
from analysis.models.bradley_terry import fit
from analysis.wording import counted

OBSERVERS_NEEDED = 5


@dataclass(frozen=True)
class DesignEffect:
    """A design effect.

    Attributes:
        effect: Mean variance of all differences with observers as the sample, over that of as many independent votes
            without ties; below 1 where observers happen to agree more than coins would.
        observers: How many it is from.
        votes: How many votes it is from.
    """

    effect: float
    observers: int
    votes: int

    def as_json(self) -> dict[str, Any]:
        """Plain numbers."""
        return asdict(self)


def design_effect(votes: pd.DataFrame) -> DesignEffect:
    """Estimate a design effect.

    It grows with the votes that each observer gives, so a pilot should ask as many of each as the study will.

    Args:
        votes: Rows that count (``votes.sift(…).fitted``).
    Raises:
        ValueError: Fewer than five observers, or no finite scores (NotConnectedError).
    Source:
        Kish 1965, Survey Sampling, section 8.2; the cluster-robust covariance: Liang and Zeger 1986,
        doi:10.1093/biomet/73.1.13.
    Example:
        >>> rows = [(f"o{k}", "c", "a", "b", "right" if k % 3 == 0 else "left") for k in range(12)]
        >>> table = pd.DataFrame(rows, columns=["observer", "content", "left", "right", "vote"])
        >>> round(design_effect(table).effect, 3)  # one vote each: only m/(m − 1) is left
        1.091
    """
    counts = count_votes(votes)
    observers = len(counts.observers)
    if observers < OBSERVERS_NEEDED:
        raise ValueError(
            f"{counted(observers, 'observer shows', 'observers show')} no design effect, {OBSERVERS_NEEDED} would; "
            "give one by --design-effect"
        )
    wins, ties = counts.matrices()
    fitted = fit(wins, ties=ties if counts.tied else None, names=counts.names)
    # The mean variance of all differences of sum-zero scores is their trace, but for one factor.
    effect = np.trace(cluster_covariance(counts, fitted)) / np.trace(fitted.covariance)
    # Both variances know of the ties, and so their ratio doesn't: near-equal scores learn nothing from a tie.
    effect /= 1.0 - counts.ties.sum() / (counts.wins.sum() + counts.losses.sum() + counts.ties.sum())
    return DesignEffect(float(effect), observers, len(votes))
