"""What a method scores on each patch, kept so that any choice of scenes can be scored again without its pixels.

Both definitions of the table are functions of these: the paper pools the squared error, and each scale of MS-SSIM, over
50 consecutive patches before it takes the logarithm or the product; per image, each patch has a number of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.metrics import ssim
from analysis.metrics.ms_ssim import SCALE_WEIGHTS, ms_ssim_terms
from analysis.metrics.psnr import DPED_BATCH
from enhancement.nn.pairs.patch_set import Indices
from enhancement.pictures import Photo

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PatchScores:
    """Per patch, of N.

    Attributes:
        squared_error: Shape (N,): mean squared error on the scale 0 to 1, unclipped.
        clipped_error: Shape (N,): the same, clipped to [0, 1].
        scales: Shape (N, 5): the term of each scale of MS-SSIM, unclipped.
        ssim: Shape (N,): single-scale, clipped.
    """

    squared_error: Floats
    clipped_error: Floats
    scales: Floats
    ssim: Floats

    def __len__(self) -> int:
        """How many patches."""
        return len(self.ssim)


def score_patches(outputs: npt.NDArray[np.float32], references: Photo) -> PatchScores:
    """Score patches against their references.

    Args:
        outputs: Shape (N, H, W, 3), float on the scale 0 to 1, not clipped.
        references: Same shape, uint8.
    """
    targets = np.asarray(references / 255.0, dtype=np.float32)  # as outputs are: what is equal has no error
    clipped = np.clip(outputs, 0, 1)
    return PatchScores(
        squared_error=np.square(outputs - targets, dtype=np.float64).mean(axis=(1, 2, 3)),
        clipped_error=np.square(clipped - targets, dtype=np.float64).mean(axis=(1, 2, 3)),
        scales=ms_ssim_terms(outputs, targets),
        ssim=np.array([ssim(output, target) for output, target in zip(clipped, targets, strict=True)]),
    )


def joined(parts: list[PatchScores]) -> PatchScores:
    """The scores of several pieces as those of one."""
    names = ("squared_error", "clipped_error", "scales", "ssim")
    return PatchScores(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def psnr_batch50(scores: PatchScores, which: Indices) -> float:
    """The paper's: dB of the squared error pooled over 50, averaged over whole batches; of fewer than 50, over all."""
    return float(np.mean(-10 * np.log10(in_batches(scores.squared_error[which]).mean(axis=1))))


def ms_ssim_batch50(scores: PatchScores, which: Indices) -> float:
    """The paper's "SSIM": each scale pooled over 50, their weighted product averaged over whole batches."""
    pooled = in_batches(scores.scales[which]).mean(axis=1)  # (batches, 5)
    return float(np.mean(np.prod(pooled ** np.array(SCALE_WEIGHTS), axis=1)))


def psnr_per_image(scores: PatchScores, which: Indices) -> float:
    """DB of each patch, averaged over those that differ from their reference."""
    errors = scores.clipped_error[which]
    return float(np.mean(-10 * np.log10(errors[errors > 0]))) if (errors > 0).any() else float("inf")


def ssim_per_image(scores: PatchScores, which: Indices) -> float:
    """Single-scale SSIM, averaged over patches."""
    return float(scores.ssim[which].mean())


def in_batches(values: Floats) -> Floats:
    """(n, …) → (batches, 50, …): consecutive, what fills no batch left out; of fewer than 50, one batch of all."""
    size = min(DPED_BATCH, len(values))
    return values[: len(values) // size * size].reshape(-1, size, *values.shape[1:])


MEASURES: Mapping[str, Callable[[PatchScores, Indices], float]] = {
    "psnr_batch50": psnr_batch50,
    "ms_ssim_batch50": ms_ssim_batch50,
    "psnr_per_image": psnr_per_image,
    "ssim_per_image": ssim_per_image,
}
