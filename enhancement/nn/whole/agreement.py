"""Whether half precision gives a network's picture, asked of the network itself."""

import logging
from math import inf, isfinite, log10

import torch

from enhancement.nn.networks.chain import Chain
from enhancement.nn.whole.passes import output_strips
from enhancement.nn.whole.precision import full_float32, pick_dtype

log = logging.getLogger(__name__)

AGREES_DB = 60.0
"""From float32: a quarter of an 8-bit code. Released DPED weights reach 68."""

SIDE_PX = 64


def agreed_dtype(chain: Chain, device: torch.device, precision: str = "auto") -> torch.dtype:
    """What to compute a network in on a device.

    ``auto`` is bfloat16 where the device multiplies in it and the network gives the picture that it gives in float32:
    networks that carry the photo's own colours through all layers lose some of its 8 bits there.

    Args:
        chain: The network.
        device: Where it runs.
        precision: ``"float32"``, ``"bfloat16"``, or ``"auto"``.

    Raises:
        PrecisionError: There is no such precision.
    """
    dtype = pick_dtype(device, precision)
    if precision != "auto" or dtype == torch.float32:
        return dtype
    decibels = agreement_db(chain, device, dtype)
    if decibels >= AGREES_DB:
        return dtype
    log.info("float32, for in %s this network's picture is %.1f dB from it", dtype, decibels)
    return torch.float32


def agreement_db(chain: Chain, device: torch.device, dtype: torch.dtype) -> float:
    """PSNR of a network's output on a small picture of noise, against float32, full intensity being 1.

    Minus infinity where either output holds values that are no finite numbers.
    """
    side_px = SIDE_PX + -SIDE_PX % chain.step_px
    noise = torch.randint(256, (side_px, side_px, 3), generator=torch.Generator().manual_seed(0)).to(
        device, torch.uint8
    )
    with torch.inference_mode(), full_float32():
        exact, made = (torch.cat([*output_strips(chain, noise, of, "fast")]) for of in (torch.float32, dtype))
        error = (exact.double() - made.double()).square().mean().item()
    if not isfinite(error):
        return -inf
    return -10 * log10(error) if error > 0 else inf
