"""Stochastic transitivity: whether one order, or one scale, can hold the shares of all pairs.

Where a is preferred to b and b to c by at least half, then a should be preferred to c: by at least half (*weak*), by at
least the smaller of the two shares (*moderate*), by at least the larger (*strong*). Every scale of one dimension with
one noise, Bradley-Terry's and Thurstone's, is strongly transitive; people who weigh different things need not be.

Shares are of few votes, so chance breaks the rules too, the strong one often. Beside each share of broken triples
stands the one that votes drawn from the fitted scale show.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from analysis.models.bradley_terry import BradleyTerryFit
from analysis.models.newton import Bools, Floats, Ints

KINDS = ("weak", "moderate", "strong")
DRAWS = 200
CHUNK_NUMBERS = 2_000_000
TRIPLES_LIMIT = 200_000
"""Above it (about a hundred conditions) nothing is drawn: a share of so many triples says little that G² doesn't."""


@dataclass(frozen=True)
class Broken:
    """One triple that breaks the strong rule, and perhaps the others.

    Attributes:
        names: ``(a, b, c)``: a is preferred to b, and b to c.
        shares: Of a over b, b over c, a over c.
        kinds: The rules that are broken.
        by: How far the share of a over c is below the larger of the others.
    """

    names: tuple[str, str, str]
    shares: tuple[float, float, float]
    kinds: tuple[str, ...]
    by: float


@dataclass(frozen=True)
class Transitivity:
    """Triples of conditions whose three pairs were all compared.

    Attributes:
        triples: How many.
        violated: Share of them that breaks each rule, by the keys of ``KINDS``.
        expected: The same in votes drawn from the fitted scale, on average; None where there is none to draw from.
        p_values: How often drawn votes break as many triples; None as before.
        broken: The triples that break a rule, the worst first.
    """

    triples: int
    violated: Mapping[str, float]
    expected: Mapping[str, float] | None
    p_values: Mapping[str, float] | None
    broken: tuple[Broken, ...]


def transitivity(
    names: tuple[str, ...], wins: Floats, ties: Floats, fitted: BradleyTerryFit | None = None, *, seed: int = 1
) -> Transitivity | None:
    """Count the triples that break each rule.

    Args:
        names: The n conditions.
        wins: Shape (n, n); ``wins[i, j]`` counts votes for i over j.
        ties: Shape (n, n), symmetric; a tie is half a vote each way here.
        fitted: A scale to draw votes from; nothing is expected where it is None.
        seed: Of what is drawn; p-values are multiples of 1/201.
    Returns:
        None where no three conditions were all compared with each other.
    Source:
        Tversky and Russo 1969, doi:10.1016/0022-2496(69)90027-3; Block and Marschak 1960.
    Example:
        >>> wins = np.array([[0, 6.0, 4], [4, 0, 6], [6, 4, 0]])
        >>> dict(transitivity(("a", "b", "c"), wins, np.zeros((3, 3))).violated)
        {'weak': 1.0, 'moderate': 1.0, 'strong': 1.0}
    """
    total = wins + wins.T + ties
    triples = _triples(total > 0)
    if not len(triples):
        return None
    halves = (wins + ties / 2)[np.newaxis]
    seen = _violations(_shares(halves, total), triples)[:, 0]
    expected, p_values = None, None
    if fitted is not None and len(triples) <= TRIPLES_LIMIT:
        drawn = _drawn(fitted, total, triples, np.random.default_rng(seed))
        expected = dict(zip(KINDS, (float(share) for share in drawn.mean(axis=1)), strict=True))
        as_many = (1 + np.sum(drawn >= seen.mean(axis=1)[:, np.newaxis] - 1e-12, axis=1)) / (DRAWS + 1)
        p_values = dict(zip(KINDS, (float(p) for p in as_many), strict=True))
    violated = dict(zip(KINDS, (float(share) for share in seen.mean(axis=1)), strict=True))
    return Transitivity(
        len(triples), violated, expected, p_values, _broken(names, _shares(halves, total)[0], triples, seen)
    )


def _triples(compared: Bools) -> Ints:
    """Index triples i < j < k with all three pairs compared; shape (triples, 3)."""
    n = len(compared)
    parts = []
    for i in range(n - 2):
        later = i + 1 + np.flatnonzero(compared[i, i + 1 :])
        j, k = np.nonzero(np.triu(compared[np.ix_(later, later)], 1))
        parts.append(np.stack([np.full(len(j), i), later[j], later[k]], axis=1))
    return np.concatenate(parts).astype(np.intp) if parts else np.zeros((0, 3), dtype=np.intp)


def _shares(halves: Floats, total: Floats) -> Floats:
    return np.asarray(np.divide(halves, total, out=np.full(halves.shape, np.nan), where=total > 0))


def _violations(shares: Floats, triples: Ints) -> Bools:
    """Which triples break which rule, in tables (tables, n, n) of shares; shape (kinds, tables, triples), bool."""
    broken = np.zeros((len(KINDS), len(shares), len(triples)), dtype=bool)
    for order in permutations(range(3)):
        i, j, k = triples[:, order].T
        one, two, across = shares[:, i, j], shares[:, j, k], shares[:, i, k]
        ordered = (one >= 0.5) & (two >= 0.5)
        for kind, least in enumerate((np.full_like(one, 0.5), np.minimum(one, two), np.maximum(one, two))):
            broken[kind] |= ordered & (across < least - 1e-12)
    return broken


def _drawn(fitted: BradleyTerryFit, total: Floats, triples: Ints, rng: np.random.Generator) -> Floats:
    """Shares of broken triples in votes drawn from the scale; shape (kinds, DRAWS)."""
    first, second = np.nonzero(np.triu(total))
    half = (fitted.scores[first] - fitted.scores[second]) / 2
    weights = np.stack([np.exp(half), np.exp(-half), np.full(len(half), fitted.nu or 0.0)], axis=1)
    chances = weights / weights.sum(axis=1, keepdims=True)
    size = max(1, CHUNK_NUMBERS // (len(triples) + len(total) ** 2))
    parts = []
    for at in range(0, DRAWS, size):
        tables = min(size, DRAWS - at)
        votes = rng.multinomial(total[first, second].astype(np.int64), chances, size=(tables, len(first)))
        halves = np.zeros((tables, *total.shape))
        halves[:, first, second] = votes[..., 0] + votes[..., 2] / 2
        halves[:, second, first] = votes[..., 1] + votes[..., 2] / 2
        parts.append(_violations(_shares(halves, total), triples).mean(axis=2))
    return np.concatenate(parts, axis=1)


def _broken(names: tuple[str, ...], shares: Floats, triples: Ints, seen: Bools) -> tuple[Broken, ...]:
    found = [
        _worst(names, shares, triples[at], tuple(kind for kind, bad in zip(KINDS, seen[:, at], strict=True) if bad))
        for at in np.flatnonzero(seen.any(axis=0))
    ]
    return tuple(sorted(found, key=lambda one: (-one.by, one.names)))


def _worst(names: tuple[str, ...], shares: Floats, triple: Ints, kinds: tuple[str, ...]) -> Broken:
    """The order of a triple in which the rule is broken by most."""
    told = [
        Broken((names[i], names[j], names[k]), (one, two, across), kinds, max(one, two) - across)
        for i, j, k in permutations(int(place) for place in triple)
        for one, two, across in [(float(shares[i, j]), float(shares[j, k]), float(shares[i, k]))]
        if one >= 0.5 and two >= 0.5
    ]
    return max(told, key=lambda one: one.by)
