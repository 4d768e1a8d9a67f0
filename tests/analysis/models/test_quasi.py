"""Quasi-variances against R's qvcalc, against a slow optimiser, and where they are exact or can't be."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from analysis.models.bradley_terry import fit
from analysis.models.quasi import quasi_variances


def test_citations_agree_with_r(shared: Callable[[str], Path]) -> None:
    told = json.loads(shared("reference/known_answers.json").read_text())["citations"]
    quasi = quasi_variances(fit(np.array(told["wins"], dtype=float), names=told["items"]).covariance)
    expected = list(told["bradley_terry"]["quasi_standard_error"].values())
    np.testing.assert_allclose(quasi.standard_errors, expected, atol=1e-8)


def _covariance(seed: int, n: int) -> np.ndarray:
    wins = np.random.default_rng(seed).integers(1, 40, (n, n)) * (1.0 - np.eye(n))
    return fit(wins).covariance


def _errors(covariance: np.ndarray, q: np.ndarray) -> np.ndarray:
    return np.array(
        [
            np.sqrt((q[i] + q[j]) / (covariance[i, i] + covariance[j, j] - 2 * covariance[i, j])) - 1
            for i in range(len(q))
            for j in range(i)
        ]
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_slow_optimiser_finds_the_same(seed: int) -> None:
    covariance = _covariance(seed, 5)

    def misfit(log_q: np.ndarray) -> float:
        return float(np.square(2.0 * np.log1p(_errors(covariance, np.exp(log_q)))).sum())

    start = np.log(np.diagonal(covariance))
    judged = minimize(misfit, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-16, "maxfev": 20_000})
    np.testing.assert_allclose(quasi_variances(covariance).variances, np.exp(judged.x), rtol=1e-5)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_no_contrast_is_further_off_than_said(seed: int) -> None:
    rng = np.random.default_rng(seed)
    covariance = _covariance(seed, 6)
    quasi = quasi_variances(covariance)
    errors = _errors(covariance, quasi.variances)
    assert quasi.worst_difference == pytest.approx(errors[np.abs(errors).argmax()])
    contrasts = rng.normal(size=(200, 6))
    contrasts -= contrasts.mean(axis=1, keepdims=True)
    exact = np.einsum("ci,ij,cj->c", contrasts, covariance, contrasts)
    off = np.sqrt(np.square(contrasts) @ quasi.variances / exact) - 1
    low, high = quasi.worst_contrasts
    assert low - 1e-12 <= min(off.min(), errors.min())
    assert max(off.max(), errors.max()) <= high + 1e-12


@given(seed=st.integers(0, 10_000), shift=st.floats(-1, 1))
@settings(max_examples=15, deadline=None)
def test_where_the_zero_is_makes_no_difference(seed: int, shift: float) -> None:
    covariance = _covariance(seed, 4)
    fixed = np.eye(4)
    fixed[:, 0] -= 1.0  # the first condition is the zero
    moved = fixed @ covariance @ fixed.T + shift
    np.testing.assert_allclose(quasi_variances(moved).variances, quasi_variances(covariance).variances, rtol=1e-6)


def test_three_conditions_are_exact_and_one_can_be_negative() -> None:
    v = np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.4], [0.0, 0.4, 1.0]])
    quasi = quasi_variances(v)
    assert abs(quasi.worst_difference) < 1e-9
    assert quasi.variances.min() < 0
    with pytest.raises(ValueError, match="condition number 2 has a negative quasi-variance"):
        _ = quasi.standard_errors


def test_two_conditions_and_no_covariance_are_refused() -> None:
    with pytest.raises(ValueError, match="it takes three"):
        quasi_variances(np.eye(2))
    with pytest.raises(ValueError, match="no covariance of fitted scores"):
        quasi_variances(np.ones((3, 3)))
