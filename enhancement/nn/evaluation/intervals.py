"""Intervals over scenes: what would other scenes of the kind have said?

Patches of one scene hang together, so scenes are resampled, whole. The plain percentile interval is too short where
scenes are few; here the bootstrap gives the standard error, enlarged by √(n/(n − 1)), and Student's t with n − 1
degrees of freedom the width. For a mean over scenes that is the textbook's interval (Efron and Tibshirani 1993).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

REPLICATES = 2000


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes:
        value: Of the scenes that are there.
        low: Lower end; NaN where there is but one scene.
        high: Upper end; the same.
    """

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low > 0 or self.high < 0


def over_scenes(
    statistic: Callable[[Indices], float],
    scene_of: Indices,
    *,
    seed: int,
    replicates: int = REPLICATES,
    level: float = 0.95,
) -> Estimate:
    """A statistic of patches with its interval over scenes.

    Args:
        statistic: Of patches that are given by their places, which may come more than once.
        scene_of: Shape (N,): the scene of each patch.
        seed: Of the resampling; the same one gives the same scenes, so methods are compared on the same ones.
        replicates: How often scenes are drawn.
        level: Of the interval.

    Example:
        >>> scene_of = np.repeat(np.arange(4), 2)
        >>> values = np.repeat([2.0, 3.0, 2.0, 3.0], 2)
        >>> found = over_scenes(lambda which: float(values[which].mean()), scene_of, seed=1)
        >>> found.value, found.excludes_zero
        (2.5, True)
    """
    patches_of = [np.flatnonzero(scene_of == scene) for scene in np.unique(scene_of)]
    n = len(patches_of)
    value = statistic(np.concatenate(patches_of))
    if n < 2:
        return Estimate(value, float("nan"), float("nan"))
    chance = np.random.default_rng(seed)
    drawn = chance.integers(n, size=(replicates, n))
    again = [statistic(np.concatenate([patches_of[scene] for scene in scenes])) for scenes in drawn]
    error = float(np.std(again)) * (n / (n - 1)) ** 0.5
    reach = float(stats.t.ppf((1 + level) / 2, n - 1)) * error
    return Estimate(value, value - reach, value + reach)
