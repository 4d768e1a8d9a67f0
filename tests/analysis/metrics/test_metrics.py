"""PSNR, SSIM and MS-SSIM against scikit-image, against the formula done the slow way, and on DPED's patches."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import convolve
from scipy.signal import fftconvolve
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from analysis.metrics import METRICS, MetricError, ms_ssim, ms_ssim_batch, psnr, psnr_batch, ssim
from analysis.metrics.ms_ssim import SCALE_WEIGHTS

Bytes = npt.NDArray[np.uint8]


def _noisy_pair(height: int, width: int, seed: int = 0) -> tuple[Bytes, Bytes]:
    rng = np.random.default_rng(seed)
    smooth = np.cumsum(np.cumsum(rng.normal(size=(height, width, 3)), axis=0), axis=1)
    picture = ((smooth - smooth.min()) / np.ptp(smooth) * 255).astype(np.uint8)
    noisy = np.clip(picture + rng.normal(0, 12, picture.shape), 0, 255).astype(np.uint8)
    return noisy, picture


def _patches(shared: Callable[[str], Path], side: str) -> Bytes:
    files = sorted(shared(f"dped/patches/{side}").glob("*.jpg"))
    return np.stack([np.asarray(Image.open(file).convert("RGB")) for file in files])


def test_dped_patches_score_as_the_reference_code_scores_them(shared: Callable[[str], Path]) -> None:
    told = json.loads(shared("reference/known_answers.json").read_text())["dped_patches_300"]["input"]
    phone, canon = _patches(shared, "iphone"), _patches(shared, "canon")
    pairs = list(zip(phone, canon, strict=True))
    assert len(pairs) == 300
    assert psnr_batch(phone, canon) == pytest.approx(told["psnr_batch50"], abs=0.02)
    assert ms_ssim_batch(phone, canon) == pytest.approx(told["ms_ssim"], abs=0.0005)
    assert np.mean([ssim(*pair) for pair in pairs]) == pytest.approx(told["ssim"], abs=0.0005)
    # Three of the pairs are equal, where we say infinite; the number told took them for 100 dB.
    decibels = np.array([psnr(*pair) for pair in pairs])
    assert np.isinf(decibels).sum() == 3
    assert np.minimum(decibels, 100.0).mean() == pytest.approx(told["psnr_per_image"], abs=0.02)


@pytest.mark.parametrize("size", [(11, 11), (37, 64), (100, 101), (150, 60)])
def test_scikit_image_agrees(size: tuple[int, int]) -> None:
    test, reference = _noisy_pair(*size)
    judged = structural_similarity(
        test / 255.0,
        reference / 255.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1.0,
        channel_axis=2,
    )
    assert ssim(test, reference) == pytest.approx(judged, abs=1e-9)
    assert psnr(test, reference) == pytest.approx(peak_signal_noise_ratio(reference, test, data_range=255), abs=1e-9)


def _slow_ms_ssim(test: npt.NDArray[np.float64], reference: npt.NDArray[np.float64]) -> float:
    """The definition with full two-dimensional windows on the scale 0 to 255, pooled over the batch."""
    value = 1.0
    for scale, weight in enumerate(SCALE_WEIGHTS):
        size = min(11, *test.shape[1:3])
        at = np.arange(size) - (size - 1) / 2
        window = np.exp(-(at[:, None] ** 2 + at**2) / (2 * (size * 1.5 / 11) ** 2))
        window = (window / window.sum())[None, :, :, None]
        moments = (test, reference, test * test, reference * reference, test * reference)
        a, b, aa, bb, ab = (fftconvolve(moment, window, mode="valid") for moment in moments)
        structure = (2 * (ab - a * b) + 58.5225) / (aa - a * a + bb - b * b + 58.5225)
        luminance = (2 * a * b + 6.5025) / (a * a + b * b + 6.5025)
        value *= float(np.mean(luminance * structure if scale == 4 else structure)) ** weight
        box = np.full((1, 2, 2, 1), 0.25)
        test, reference = (convolve(p, box, mode="reflect")[:, ::2, ::2] for p in (test, reference))
    return value


@pytest.mark.parametrize("size", [(100, 100), (64, 97), (180, 203)])
def test_ms_ssim_is_what_its_definition_gives(size: tuple[int, int]) -> None:
    pairs = [_noisy_pair(*size, seed=seed) for seed in range(3)]
    test, reference = (np.stack(side) for side in zip(*pairs, strict=True))
    judged = _slow_ms_ssim(test.astype(float), reference.astype(float))
    assert ms_ssim_batch(test, reference, size=3) == pytest.approx(judged, abs=1e-9)
    assert ms_ssim(test[0], reference[0]) == pytest.approx(
        _slow_ms_ssim(test[:1].astype(float), reference[:1].astype(float)), abs=1e-9
    )


def test_equal_pictures() -> None:
    picture, _ = _noisy_pair(40, 50)
    assert psnr(picture, picture) == math.inf
    assert ssim(picture, picture) == pytest.approx(1.0, abs=1e-12)
    assert ms_ssim(picture, picture) == pytest.approx(1.0, abs=1e-12)


@given(st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_both_ways_round_and_as_bytes_or_floats(seed: int) -> None:
    test, reference = _noisy_pair(24, 31, seed)
    for metric in METRICS.values():
        value = metric(test, reference)
        assert metric(reference, test) == pytest.approx(value, abs=1e-9)
        assert metric(test / 255.0, reference / 255.0) == pytest.approx(value, abs=1e-9)
        assert metric(test[::-1], reference[::-1]) == pytest.approx(value, abs=2e-2)


def test_batches_pool_the_error_and_do_not_clip() -> None:
    dark = np.zeros((4, 8, 8, 3))
    off = dark.copy()
    off[0], off[1:] = -0.08, 0.0
    assert psnr_batch(off, dark, size=4) == pytest.approx(10 * np.log10(4 / 0.08**2))
    assert psnr(off[0], dark[0]) == math.inf


def test_what_does_not_fill_a_batch_is_left_out() -> None:
    dark = np.zeros((5, 12, 12, 3))
    off = dark + 0.1
    off[4] = 0.9
    assert psnr_batch(off, dark, size=2) == pytest.approx(20.0)


def test_pictures_that_contradict_each_other_have_no_ms_ssim() -> None:
    board = np.indices((64, 64)).sum(axis=0) % 2
    picture = np.repeat(board[..., None].astype(float), 3, axis=2)
    assert math.isnan(ms_ssim(picture, 1.0 - picture))
    assert ssim(picture, 1.0 - picture) < 0.0


def test_arguments_are_left_as_they_were() -> None:
    test, reference = (picture / 255.0 for picture in _noisy_pair(30, 30))
    before = test.copy(), reference.copy()
    for metric in METRICS.values():
        metric(test, reference)
    psnr_batch(test[None], reference[None], size=1)
    np.testing.assert_array_equal(test, before[0])
    np.testing.assert_array_equal(reference, before[1])


@pytest.mark.parametrize("metric", METRICS.values())
@pytest.mark.parametrize(
    ("test", "reference", "said"),
    [
        (np.zeros((20, 20, 3)), np.zeros((20, 21, 3)), "crop or resample"),
        (np.zeros((20, 20)), np.zeros((20, 20)), "shape"),
        (np.zeros((20, 20, 4)), np.zeros((20, 20, 4)), "shape"),
        (np.zeros((20, 20, 3), dtype=np.int64), np.zeros((20, 20, 3)), "uint8, or float"),
        (np.full((20, 20, 3), 200.0), np.zeros((20, 20, 3)), "divide first"),
        (np.full((20, 20, 3), np.nan), np.zeros((20, 20, 3)), "nan"),
        (np.zeros((0, 20, 3)), np.zeros((0, 20, 3)), "none of them 0"),
    ],
)
def test_what_is_no_pair_of_pictures_is_refused(
    metric: Callable[..., float], test: npt.NDArray[np.float64], reference: npt.NDArray[np.float64], said: str
) -> None:
    with pytest.raises(MetricError, match=said):
        metric(test, reference)


def test_too_small_or_too_few_is_refused() -> None:
    with pytest.raises(MetricError, match="needs 11 px"):
        ssim(np.zeros((10, 40, 3)), np.zeros((10, 40, 3)))
    for batch in (psnr_batch, ms_ssim_batch):
        with pytest.raises(MetricError, match="don't fill one batch"):
            batch(np.zeros((3, 16, 16, 3)), np.zeros((3, 16, 16, 3)))
