"""Scores of patches, against the metrics that read the pixels."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from analysis.metrics import ms_ssim_batch, psnr, psnr_batch, ssim
from enhancement.nn.evaluation.colour_polynomial import apply, fit
from enhancement.nn.evaluation.patch_scores import (
    PatchScores,
    joined,
    ms_ssim_batch50,
    psnr_batch50,
    psnr_per_image,
    score_patches,
    ssim_per_image,
)
from enhancement.nn.pairs.store import open_patches
from enhancement.pictures import Photo

ALL = np.arange(60)


@pytest.fixture(scope="module")
def pictures() -> tuple[np.ndarray, Photo]:
    """Sixty small patches, and outputs that leave the scale here and there."""
    chance = np.random.default_rng(1)
    references = chance.integers(256, size=(60, 24, 24, 3)).astype(np.uint8)
    outputs = (references / 255 + chance.normal(0, 0.2, references.shape)).clip(-0.08, 1.08).astype(np.float32)
    return outputs, references


@pytest.fixture(scope="module")
def scores(pictures: tuple[np.ndarray, Photo]) -> PatchScores:
    return score_patches(*pictures)


def test_batches_are_scored_as_their_pixels_are(scores: PatchScores, pictures: tuple[np.ndarray, Photo]) -> None:
    outputs, targets = pictures[0], pictures[1] / 255
    assert psnr_batch50(scores, ALL) == pytest.approx(psnr_batch(outputs, targets), abs=1e-6)
    assert ms_ssim_batch50(scores, ALL) == pytest.approx(ms_ssim_batch(outputs, targets), abs=1e-9)


def test_patches_are_scored_as_their_pixels_are(scores: PatchScores, pictures: tuple[np.ndarray, Photo]) -> None:
    pairs = list(zip(pictures[0], pictures[1] / 255, strict=True))
    assert psnr_per_image(scores, ALL) == pytest.approx(np.mean([psnr(*pair) for pair in pairs]), abs=1e-6)
    assert ssim_per_image(scores, ALL) == pytest.approx(np.mean([ssim(*pair) for pair in pairs]), abs=1e-6)


def test_patches_drawn_again_are_scored_as_if_they_stood_there(
    scores: PatchScores, pictures: tuple[np.ndarray, Photo]
) -> None:
    drawn = np.random.default_rng(2).integers(60, size=100)
    expected = ms_ssim_batch(pictures[0][drawn], pictures[1][drawn] / 255)
    assert ms_ssim_batch50(scores, drawn) == pytest.approx(expected, abs=1e-9)


def test_pieces_are_scored_as_the_whole(scores: PatchScores, pictures: tuple[np.ndarray, Photo]) -> None:
    pieces = joined([score_patches(pictures[0][at], pictures[1][at]) for at in (slice(0, 7), slice(7, 60))])
    assert np.array_equal(pieces.scales, scores.scales)
    assert psnr_batch50(pieces, ALL) == psnr_batch50(scores, ALL)


def test_an_equal_patch_is_at_infinity_and_in_no_mean(pictures: tuple[np.ndarray, Photo]) -> None:
    outputs = pictures[0].copy()
    outputs[0] = (pictures[1][0] / 255).astype(np.float32)
    scored = score_patches(outputs, pictures[1])
    assert psnr_per_image(scored, np.arange(2)) == pytest.approx(psnr(outputs[1], pictures[1][1] / 255), abs=0.1)


def test_a_polynomial_of_colour_is_found_again() -> None:
    chance = np.random.default_rng(3)
    planted = np.zeros((10, 3))
    planted[1:4] = np.eye(3) * 0.7
    planted[4, 0], planted[0, 2], planted[9, 1] = 0.2, 0.05, -0.1

    class Planted:
        train = np.arange(40)
        inputs = chance.integers(256, size=(40, 16, 16, 3)).astype(np.uint8)
        references = np.rint(apply(planted, inputs) * 255).astype(np.uint8)

    assert np.abs(fit(Planted) - planted).max() < 2e-3  # type: ignore[arg-type]


def test_the_polynomial_gains_on_real_patches_what_is_known(shared: Callable[[str], Path]) -> None:
    """Known: +3.6 dB, MS-SSIM .858 to .889, on the last 60 of 300 DPED patches after fitting on the first 240."""
    patches = open_patches(shared("dped/patches"), train_first=240)
    inputs, references = patches.inputs[patches.test], patches.references[patches.test]
    before = score_patches((inputs / 255).astype(np.float32), references)
    after = score_patches(apply(fit(patches), inputs), references)
    gain = 10 * np.log10(before.squared_error.mean() / after.squared_error.mean())
    assert gain == pytest.approx(3.6, abs=0.1)
    assert ms_ssim_batch50(before, ALL) == pytest.approx(0.858, abs=0.003)
    assert ms_ssim_batch50(after, ALL) == pytest.approx(0.889, abs=0.003)
