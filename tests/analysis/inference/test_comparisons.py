"""All pairs at once: p-values against SciPy, Holm against the closed test, ranks against counting, and the words."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student_t
from scipy.stats import ttest_1samp

from analysis.inference.comparisons import compare, holm, p_values, ranks, said
from analysis.inference.intervals import THESE, Intervals, Spread


def intervals_of(scores: np.ndarray, error: float, freedom: float = 20.0, level: float = 0.95) -> Intervals:
    """Intervals whose differences all have one standard error."""
    n = len(scores)
    errors = np.where(np.eye(n), 0.0, error)
    reach = student_t.ppf((1 + level) / 2, freedom) * errors
    apart, nothing = scores[:, np.newaxis] - scores, np.zeros(n)
    spread = Spread(errors, np.full((n, n), freedom))
    return Intervals(
        low=nothing, high=nothing, difference_low=apart - reach, difference_high=apart + reach, error=nothing,
        difference_error=errors, difference_freedom=spread.freedom, spreads=(spread,), level=level, method="",
        question=THESE, observers=21, contents=None, replicates=0, degenerate=0, seed=0,
    )  # fmt: skip


def test_p_is_two_sided() -> None:
    sample = np.random.default_rng(3).normal(0.4, 1.0, 15)
    judged = ttest_1samp(sample, 0.0)
    error = sample.std(ddof=1) / np.sqrt(15)
    for sign in (1.0, -1.0):
        made = p_values(np.array([sign * sample.mean()]), np.array([error]), np.array([14.0]))
        assert made[0] == pytest.approx(judged.pvalue)


def test_no_difference_and_no_error_have_a_p() -> None:
    made = p_values(np.array([0.0, 0.5]), np.array([0.0, 0.0]), np.array([3.0, 3.0]))
    assert made.tolist() == [1.0, 0.0]


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=7))
@settings(max_examples=60, deadline=None)
def test_holm_is_the_closed_test_of_bonferroni(p: list[float]) -> None:
    """A hypothesis is rejected if every set of hypotheses with it is, each by its size times its smallest p."""
    made = holm(np.array(p))
    for k in range(len(p)):
        sets = (s for size in range(1, len(p) + 1) for s in combinations(range(len(p)), size) if k in s)
        assert made[k] == pytest.approx(min(1.0, max(len(s) * min(p[i] for i in s) for s in sets)))


def test_pairs_are_one_family() -> None:
    scores = np.array([0.0, 1.0, 0.2, 0.9])
    compared = compare(scores, intervals_of(scores, 0.25))
    pairs = list(combinations(range(4), 2))
    p = [2 * student_t.sf(abs(scores[i] - scores[j]) / 0.25, 20) for i, j in pairs]
    for (i, j), alone, adjusted in zip(pairs, p, holm(np.array(p)), strict=True):
        assert compared.p[i, j] == compared.p[j, i] == pytest.approx(alone)
        assert compared.p_holm[i, j] == compared.p_holm[j, i] == pytest.approx(adjusted)
    assert compared.above[1].tolist() == [True, False, True, False]
    assert (compared.rank_low.tolist(), compared.rank_high.tolist()) == ([3, 1, 3, 1], [4, 2, 4, 2])
    assert compared.letters == ("b", "a", "b", "a")


@given(st.lists(st.floats(-2, 2), min_size=2, max_size=6, unique=True), st.sampled_from([0.9, 0.95]))
@settings(max_examples=60, deadline=None)
def test_what_is_said_of_a_pair_agrees(scores: list[float], level: float) -> None:
    values = np.array(scores)
    made = intervals_of(values, 0.3, level=level)
    compared = compare(values, made)
    off = ~np.eye(len(values), dtype=bool)
    without_zero = (made.difference_low > 0) | (made.difference_high < 0)
    np.testing.assert_array_equal((compared.p < 1 - level)[off], without_zero[off])
    assert (compared.p_holm >= compared.p).all()
    for i, j in combinations(range(len(values)), 2):
        differ = compared.above[i, j] or compared.above[j, i]
        assert compared.letters is not None
        assert differ == (not set(compared.letters[i]) & set(compared.letters[j]))
        assert not (compared.above[i, j] and compared.above[j, i])
    place = np.argsort(np.argsort(-values)) + 1
    assert ((compared.rank_low <= place) & (place <= compared.rank_high)).all()


@given(st.integers(0, 10_000), st.integers(2, 7))
@settings(max_examples=60, deadline=None)
def test_ranks_count_who_is_above_and_below(seed: int, n: int) -> None:
    above = np.triu(np.random.default_rng(seed).integers(0, 2, (n, n)), 1).astype(bool)
    low, high = ranks(above)
    for k in range(n):
        assert low[k] == 1 + sum(1 for other in range(n) if above[other, k])
        assert high[k] == n - sum(1 for other in range(n) if above[k, other])


def test_all_pairs_at_once_in_words() -> None:
    scores = np.array([0.0, 1.0, 0.2])
    told = said(compare(scores, intervals_of(scores, 0.2)), ["plain", "sharp", "soft"], scores)
    assert told == (
        "For these photos, at 95 % for all 3 pairs at once (Holm): sharp above soft, plain. "
        "Undecided is 1 other, which doesn't show that they are equal."
    )
    none = said(compare(scores, intervals_of(scores, 2.0)), ["plain", "sharp", "soft"], scores)
    assert none.endswith("no pair differs. That doesn't show that they are equally good.")


def test_many_pairs_are_counted_instead_of_listed() -> None:
    scores = np.linspace(1, -1, 8)
    told = said(compare(scores, intervals_of(scores, 0.01)), [str(k) for k in range(8)], scores)
    assert told == "For these photos, at 95 % for all 28 pairs at once (Holm): 28 differ."
