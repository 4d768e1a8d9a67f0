"""The blur of DPED's colour loss (Ignatov et al., ICCV 2017, section 3.1.1), as released and as printed."""

from math import erf, exp, sqrt
from typing import get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from enhancement.nn.training.definitions import Definition

KERNEL_PX = 21


class DefinitionError(ValueError):
    """A loss is asked for in a definition that there isn't."""


def blur(pictures: Tensor, definition: Definition) -> Tensor:
    """Blur each channel by ``blur_kernel``, along the rows and then along the columns, with zeros beyond the border.

    Args:
        pictures: Shape (N, C, H, W), float32 or float64.
        definition: Whose kernel.

    Returns:
        Same shape and dtype.
    """
    kernel = blur_kernel(definition).to(pictures)  # (21,)
    with torch.autocast(pictures.device.type, enabled=False):
        rows = pictures.flatten(0, 1)[:, None]  # (N·C, 1, H, W)
        rows = F.conv2d(rows, kernel[None, None, None, :], padding=(0, KERNEL_PX // 2))  # (N·C, 1, H, W)
        columns = F.conv2d(rows, kernel[None, None, :, None], padding=(KERNEL_PX // 2, 0))  # (N·C, 1, H, W)
    return columns.reshape(pictures.shape)


def blur_kernel(definition: Definition) -> Tensor:
    """One side of the colour loss's separable kernel; the kernel is its outer product with itself.

    Released: a standard normal cut at ±(3 + 1/6) is shared among 21 equal bins, and the square root of their masses is
    normalised to unit sum. The root widens it: its sd would be 4.69 px and, being cut, is 4.34 px.

    Paper: the square root of A = 0.053 times exp(−k² / 2σ) with σ = 3, as printed. The sum over the plane is 0.999:
    A is 1 / 2πσ, so σ must be a variance, and the sd 1.73 px.

    Returns:
        Shape (21,), float64, on the CPU.

    Raises:
        DefinitionError: The definition isn't known.

    Example:
        >>> k = torch.arange(-10, 11)
        >>> kernels = [blur_kernel("released"), blur_kernel("paper")]
        >>> [round((kernel * k**2 / kernel.sum()).sum().sqrt().item(), 2) for kernel in kernels]
        [4.34, 1.73]
    """
    offsets = range(-(KERNEL_PX // 2), KERNEL_PX // 2 + 1)
    if known(definition) == "paper":
        return torch.tensor([sqrt(0.053) * exp(-(k**2) / (2 * 3)) for k in offsets], dtype=torch.float64)
    bin_sd = 2 * (3 + 1 / 6) / KERNEL_PX
    bounds = [[(k + side) * bin_sd for side in (-0.5, 0.5)] for k in offsets]
    roots = [sqrt((erf(high / sqrt(2)) - erf(low / sqrt(2))) / 2) for low, high in bounds]
    return torch.tensor(roots, dtype=torch.float64) / sum(roots)


def known(definition: Definition) -> Definition:
    """The definition, if there is one of that name.

    Raises:
        DefinitionError: There isn't.
    """
    if definition not in get_args(Definition):
        raise DefinitionError(f'A loss is defined as "released" or as "paper", not as {definition!r}.')
    return definition
