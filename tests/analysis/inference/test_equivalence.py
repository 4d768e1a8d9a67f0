"""Two one-sided tests: against SciPy's one-sided t-tests, against the interval, and each verdict."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from analysis.inference.equivalence import equivalence, margin_of_share, share_of_margin

MARGIN = margin_of_share(0.55)


def test_p_is_the_larger_of_two_one_sided_tests() -> None:
    sample = np.random.default_rng(5).normal(-0.05, 0.4, 30)
    error = float(sample.std(ddof=1) / np.sqrt(30))
    made = equivalence(float(sample.mean()), error, 29, margin=MARGIN)
    below = ttest_1samp(sample, MARGIN, alternative="less").pvalue
    above = ttest_1samp(sample, -MARGIN, alternative="greater").pvalue
    assert made.p == pytest.approx(max(below, above))
    assert made.p_different == pytest.approx(ttest_1samp(sample, 0.0).pvalue)
    limits = ttest_1samp(sample, 0.0).confidence_interval(0.90)
    assert (made.low, made.high) == pytest.approx(tuple(limits))


@given(st.floats(-1, 1), st.floats(0.01, 1), st.floats(1, 100), st.floats(0.51, 0.9), st.sampled_from([0.01, 0.05]))
@settings(max_examples=100, deadline=None)
def test_equivalent_is_an_interval_within_the_margin(
    difference: float, error: float, freedom: float, share: float, alpha: float
) -> None:
    margin = margin_of_share(share)
    made = equivalence(difference, error, freedom, margin=margin, alpha=alpha)
    if abs(made.p - alpha) > 1e-9:
        assert (made.p < alpha) == (-margin < made.low and made.high < margin)
    mirrored = equivalence(-difference, error, freedom, margin=margin, alpha=alpha)
    assert (mirrored.p, mirrored.verdict) == (made.p, made.verdict)


@pytest.mark.parametrize(
    ("difference", "error", "verdict", "words"),
    [
        (0.01, 0.05, "equivalent", "are as good as each other: each is preferred in 45 % to 55 % of decided votes"),
        (0.5, 0.1, "different", "differ, and the preference may be beyond 45 % to 55 %"),
        (0.1, 0.02, "both", "differ, but the preference lies within 45 % to 55 %"),
        (0.1, 0.2, "undecided", "are undecided: a difference isn't shown, nor that the preference lies within"),
    ],
)
def test_each_verdict(difference: float, error: float, verdict: str, words: str) -> None:
    made = equivalence(difference, error, 40, margin=MARGIN)
    assert made.verdict == verdict
    assert made.said("phone", "camera").startswith(f"phone and camera {words}")


def test_a_share_is_a_margin_and_back() -> None:
    assert pytest.approx(0.2006707) == MARGIN
    assert 1 / (1 + np.exp(-MARGIN)) == pytest.approx(0.55)
    assert share_of_margin(MARGIN) == pytest.approx(0.45)


@pytest.mark.parametrize("share", [0.5, 1.0, 0.45, 55.0, float("nan")])
def test_what_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=r"give one above \.5"):
        margin_of_share(share)


@pytest.mark.parametrize("numbers", [(0.1, 0.0, 5, 0.2), (0.1, 0.1, 0, 0.2), (0.1, 0.1, 5, 0.0), (np.nan, 0.1, 5, 0.2)])
def test_numbers_out_of_range_are_refused(numbers: tuple[float, float, float, float]) -> None:
    difference, error, freedom, margin = numbers
    with pytest.raises(ValueError, match="must be finite"):
        equivalence(difference, error, freedom, margin=margin)


def test_a_level_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"between 0 and 0\.5"):
        equivalence(0.1, 0.1, 5, margin=0.2, alpha=0.5)
