"""How far a picture is from its reference, and from the photo that it was made from: one metric a file.

``METRICS`` maps the column of a metrics table to the function of (picture, reference) that fills it, ``FLAWS`` to the
function of (picture, photo) that does. numpy and scipy only: scikit-image is their judge in the tests.
"""

from collections.abc import Callable
from typing import Any

import numpy.typing as npt

from analysis.metrics.colour_deviation import colour_deviation, colour_deviation_map
from analysis.metrics.ms_ssim import ms_ssim, ms_ssim_batch
from analysis.metrics.noise_amplification import NothingFlatError, noise_amplification
from analysis.metrics.pictures import MetricError
from analysis.metrics.psnr import psnr, psnr_batch
from analysis.metrics.ssim import ssim

Metric = Callable[[npt.NDArray[Any], npt.NDArray[Any]], float]

METRICS: dict[str, Metric] = {"psnr_db": psnr, "ssim": ssim, "ms_ssim": ms_ssim}
FLAWS: dict[str, Metric] = {"colour_deviation": colour_deviation, "noise_amplification": noise_amplification}

__all__ = [
    "FLAWS",
    "METRICS",
    "MetricError",
    "NothingFlatError",
    "colour_deviation",
    "colour_deviation_map",
    "ms_ssim",
    "ms_ssim_batch",
    "noise_amplification",
    "psnr",
    "psnr_batch",
    "ssim",
]
