"""How far a picture is from its reference: one metric a file, numpy and scipy only.

``METRICS`` maps the column of a metrics table to the function that fills it.
"""

from collections.abc import Callable
from typing import Any

import numpy.typing as npt

from analysis.metrics.ms_ssim import ms_ssim, ms_ssim_batch
from analysis.metrics.pictures import MetricError
from analysis.metrics.psnr import psnr, psnr_batch
from analysis.metrics.ssim import ssim

METRICS: dict[str, Callable[[npt.NDArray[Any], npt.NDArray[Any]], float]] = {
    "psnr_db": psnr,
    "ssim": ssim,
    "ms_ssim": ms_ssim,
}

__all__ = ["METRICS", "MetricError", "ms_ssim", "ms_ssim_batch", "psnr", "psnr_batch", "ssim"]
