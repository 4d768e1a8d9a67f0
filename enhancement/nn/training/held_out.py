"""How a network in training does on patches that never train it."""

import math

import numpy as np
import torch

from analysis.metrics.psnr import DPED_BATCH
from enhancement.nn.inference import enhance_floats, to_photo
from enhancement.nn.networks.architectures import Network
from enhancement.nn.pairs.store import PatchSet
from enhancement.nn.table import enhance_in_batches, score
from enhancement.nn.training.run_folder import sheet_of
from enhancement.pictures import Photo

MOST_PATCHES = 500
"""How many held-out patches are looked at while training; the table at the end takes all."""


class HeldOut:
    """Held-out patches, spread evenly over the test side, scored and shown again and again.

    Args:
        patches: The set; there is nothing to score where fewer than a batch of the metric were held out.
        samples: How many are shown.
        device: Where the network runs.
    """

    def __init__(self, patches: PatchSet, samples: int, device: torch.device) -> None:
        which = spread(patches.test, MOST_PATCHES) if len(patches.test) >= DPED_BATCH else patches.test[:0]
        self.inputs, self.references = patches.inputs[which], patches.references[which]
        shown = spread(patches.test if len(patches.test) else patches.train, samples)
        self.shown = patches.inputs[shown], patches.references[shown]
        self.device = device

    def scores(self, network: Network) -> dict[str, float]:
        """PSNR (pooled over 50, and per image), MS-SSIM and SSIM; nothing where nothing was held out."""
        if not len(self.inputs):
            return {}
        row = score("held out", enhance_in_batches(network, self.inputs, self.device), self.references)
        told = {name: getattr(row, name) for name in ("psnr_batch50", "psnr_per_image", "ms_ssim", "ssim")}
        return {name: value for name, value in told.items() if math.isfinite(value)}

    def sheet(self, network: Network) -> Photo:
        """Input, output and reference, a row a patch."""
        inputs, references = self.shown
        return sheet_of((inputs, to_photo(enhance_floats(network, inputs, self.device)), references))


def spread(indices: np.ndarray[tuple[int], np.dtype[np.intp]], most: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """At most so many of them, evenly spread.

    Example:
        >>> spread(np.arange(10), 3).tolist()
        [0, 4, 9]
    """
    return indices[np.linspace(0, len(indices) - 1, min(most, len(indices))).astype(np.intp)]
