"""Clusters that aren't alike: how much an error that is robust to them falls short, and how little it is known.

An observer whose votes carry much of a difference pulls it along, and stands out the less: the sum of squares between
observers is too small, and rests on fewer of them than there are. What each tells of a difference is known from who
voted on what, and from it both follow. Where all tell as much, both are as usual, g/(g − 1) and g − 1.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from analysis.models.newton import Floats, Ints

ALONE = 1e-6
"""Of a difference all but so much is told by one cluster: its spread between clusters can't be seen."""

DESIGN_EFFECT = 2.0
"""Votes of a cluster that tells an average lot are taken to spread twice what independent votes would, and those of a
larger one more, as where each observer has a taste. Among observers of image quality it is mostly 1.5 to 4."""


@dataclass(frozen=True)
class Unequal:
    """How to read errors that are robust to clusters.

    Attributes:
        factor: Shape (n, n): what the variance of each difference, which has the factor g/(g − 1) for g clusters, is to
            be multiplied by besides, at least 1; the scores' own stand on the diagonal.
        freedom: Shape (n, n): Student's degrees of freedom, from 1 to g − 1.
    """

    factor: Floats
    freedom: Floats

    @classmethod
    def of(cls, informed: Iterable[Floats], clusters: int, *, design_effect: float = DESIGN_EFFECT) -> "Unequal":
        """From what each of g clusters tells of each difference: tables of any one shape, in any unit.

        With shares p of what is told and v for the spread of a cluster's pull, residuals around the fit have the
        covariance Q = (I − p 1ᵀ) diag(v) (I − 1 pᵀ). Their sum of squares falls short by tr Q / Σv, reckoned with
        v = p (1 + (D − 1) g p) where clusters differ with a design effect D. It has (tr Q)² / tr Q² degrees of
        freedom, reckoned with v = p, as for independent votes: with the larger v intervals held 99 %
        (`benchmarks/unequal.py`).

        Source:
            Bell and McCaffrey 2002, Survey Methodology 28, 169–181; Imbens and Kolesár 2016,
            doi:10.1162/REST_a_00552; here for a difference that is fitted by itself.
        Example:
            >>> alike, one_half = Unequal.of(np.ones((5, 1)), 5), Unequal.of(np.array([[4.0], [1], [1], [1], [1]]), 5)
            >>> alike.freedom.round(6).tolist(), one_half.freedom.round(2).tolist(), one_half.factor.round(2).tolist()
            ([4.0], [3.27], [1.45])
        """
        total, squares, cubes = np.zeros(1), np.zeros(1), np.zeros(1)
        for told in informed:
            total, squares, cubes = total + told, squares + told**2, cubes + told**3
        with np.errstate(divide="ignore", invalid="ignore"):
            p2, p3 = squares / total**2, cubes / total**3
            more = (design_effect - 1.0) * clusters
            spread = 1.0 + more * p2
            factor = (clusters - 1.0) / clusters * spread / (spread - 2.0 * (p2 + more * p3) + p2 * spread)
            freedom = (1.0 - p2) ** 2 / (p2 - 2.0 * p3 + p2**2)
        seen, usual = np.asarray(1.0 - p2 > ALONE), clusters - 1.0
        return cls(np.where(seen, np.maximum(factor, 1.0), 1.0), np.where(seen, np.clip(freedom, 1.0, usual), 1.0))


def unequal_in(cast: csr_array, pairs: Ints, variance: Floats, inverse: Floats) -> Unequal:
    """How unequal clusters are for each difference of scores, in studies that share who cast how many votes on what.

    Args:
        cast: Shape (clusters, pairs): votes, two clusters or more.
        pairs: Shape (pairs, 2): the conditions of each.
        variance: Shape (pairs, studies): of a vote on each, at the fit.
        inverse: Shape (studies, n, n): inverse information of the scores.
    Returns:
        Tables of shape (studies, n, n).
    """

    def told(row: int) -> Floats:
        part = slice(cast.indptr[row], cast.indptr[row + 1])
        of, votes = cast.indices[part], cast.data[part]
        first, second = pairs[of].T
        lever = inverse[:, first] - inverse[:, second]  # (studies, the cluster's pairs, n)
        lever -= lever.mean(axis=2, keepdims=True)
        weighted = lever * (votes[:, np.newaxis] * variance[of] / 4.0).T[:, :, np.newaxis]
        return _of_differences(weighted.transpose(0, 2, 1) @ lever)

    return Unequal.of(map(told, range(cast.shape[0])), cast.shape[0])


def _of_differences(told: Floats) -> Floats:
    """What is told of all differences, from what is told of the scores, (studies, n, n); their own on the diagonal."""
    own = np.diagonal(told, axis1=1, axis2=2)
    apart = own[:, :, np.newaxis] + own[:, np.newaxis, :] - 2.0 * told
    apart[:, np.arange(own.shape[1]), np.arange(own.shape[1])] = own
    return np.asarray(apart)
