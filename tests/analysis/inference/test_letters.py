"""Letters against all largest groups found by trying every subset."""

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.inference.letters import LETTERS, shared_letters


def symmetric(n: int, pairs: list[tuple[int, int]]) -> np.ndarray:
    differ = np.zeros((n, n), dtype=bool)
    for i, j in pairs:
        differ[i, j] = differ[j, i] = True
    return differ


def largest_groups(differ: np.ndarray) -> set[frozenset[int]]:
    n = len(differ)
    subsets = chain.from_iterable(combinations(range(n), size) for size in range(1, n + 1))
    alike = [frozenset(s) for s in subsets if not any(differ[i, j] for i, j in combinations(s, 2))]
    return {group for group in alike if not any(group < other for other in alike)}


@given(st.integers(0, 100_000), st.integers(1, 8), st.floats(0.0, 1.0))
@settings(max_examples=150, deadline=None)
def test_letters_are_the_largest_groups_without_a_difference(seed: int, n: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.random((n, n)) < share, 1)
    differ, order = upper | upper.T, rng.permutation(n)
    letters = shared_letters(differ, order)
    assert letters is not None
    groups = {letter: frozenset(k for k in range(n) if letter in letters[k]) for letter in set("".join(letters))}
    assert set(groups.values()) == largest_groups(differ)
    assert len(groups) == len(largest_groups(differ))
    assert "a" in letters[order[0]]


def test_example_of_overlapping_groups() -> None:
    differ = symmetric(4, [(0, 2), (0, 3), (1, 3)])
    assert shared_letters(differ, np.arange(4)) == ("a", "ab", "bc", "c")
    assert shared_letters(differ, np.arange(3, -1, -1)) == ("c", "bc", "ab", "a")


@pytest.mark.parametrize(("pairs", "letters"), [([], ("a", "a", "a")), ([(0, 1), (0, 2), (1, 2)], ("a", "b", "c"))])
def test_none_or_all_differ(pairs: list[tuple[int, int]], letters: tuple[str, ...]) -> None:
    assert shared_letters(symmetric(3, pairs), np.arange(3)) == letters


def test_a_thousand_conditions_that_differ_only_from_afar() -> None:
    far = np.abs(np.subtract.outer(np.arange(1000), np.arange(1000))) > 970
    letters = shared_letters(far, np.arange(1000))
    assert letters is not None
    assert letters[500] == LETTERS[:30]


def test_more_groups_than_letters_have_none() -> None:
    """Twelve couples that differ within have 2^12 largest groups."""
    assert shared_letters(symmetric(24, [(k, k + 1) for k in range(0, 24, 2)]), np.arange(24)) is None
    assert shared_letters(~np.eye(52, dtype=bool), np.arange(52)) == tuple(LETTERS)
    assert shared_letters(~np.eye(53, dtype=bool), np.arange(53)) is None
