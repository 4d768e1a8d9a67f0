"""What the networks share: the norm, how fresh weights are drawn, and when float32 is wanted."""

from functools import reduce
from typing import Any, get_args

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from enhancement.nn.networks.settings import Norm

NORM_EPSILON = 1e-3
WEIGHT_SD = 0.01
BIAS = 0.01
STRIP_PX = 128
"""Rows of a photo that are squared at once: no second feature map of its size is needed."""


class InstanceNorm(nn.Module):
    """Instance norm by biased variance, affine, of any picture size.

    The same as ``nn.InstanceNorm2d``, which refuses pictures of one pixel and is slow on channels-last pictures on the
    CPU. Where no gradient is wanted the input is overwritten: a feature map of a whole photo is hundreds of megabytes.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            normed: Tensor = Normalise.apply(x, self.weight, self.bias)  # type: ignore[no-untyped-call]
            return normed  # (N, C, H, W)
        x = precise(x)
        x -= x.mean((2, 3), keepdim=True)  # (N, C, H, W)
        squares = torch.stack([strip.square().sum((2, 3), keepdim=True) for strip in torch.split(x, STRIP_PX, dim=2)])
        variance = squares.sum(0) / (x.shape[2] * x.shape[3])  # (N, C, 1, 1)
        scale = self.weight[:, None, None] * torch.rsqrt(variance + NORM_EPSILON)  # (N, C, 1, 1)
        return torch.addcmul(self.bias[:, None, None], x, scale, out=x)  # (N, C, H, W)


class Normalise(torch.autograd.Function):
    """Instance norm with its gradient written out: half the passes over memory that the derived one takes.

    The variance is that of the centred values, in a second pass; mean square minus squared mean would lose the digits
    of maps whose mean is far from zero. Statistics are float32 at least.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        centred, variance = centre(x)  # (N, C, H, W), (N, C, 1, 1)
        inverse_sd = torch.rsqrt(variance + NORM_EPSILON)  # (N, C, 1, 1)
        scale = inverse_sd * weight[:, None, None]  # (N, C, 1, 1)
        ctx.save_for_backward(centred, inverse_sd, scale)
        ctx.dtype = x.dtype
        return torch.addcmul(bias[:, None, None], centred, scale)  # (N, C, H, W)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        centred, inverse_sd, scale = ctx.saved_tensors
        mean = gradient.mean((2, 3), keepdim=True)  # (N, C, 1, 1)
        slope = (gradient * centred).mean((2, 3), keepdim=True)  # (N, C, 1, 1)
        back = torch.addcmul(-scale * mean, gradient, scale)  # (N, C, H, W)
        back.addcmul_(centred, -scale * inverse_sd.square() * slope)
        pixels = centred.shape[2] * centred.shape[3]
        return back.to(ctx.dtype), pixels * (slope * inverse_sd).sum((0, 2, 3)), pixels * mean.sum((0, 2, 3))


def centre(x: Tensor) -> tuple[Tensor, Tensor]:
    """Each map minus its mean, float32 at least, and its biased variance.

    Args:
        x: Shape (N, C, H, W), float.

    Returns:
        Shapes (N, C, H, W) and (N, C, 1, 1).
    """
    mean = x.mean((2, 3), keepdim=True, dtype=torch.promote_types(x.dtype, torch.float32))  # (N, C, 1, 1)
    centred = x - mean  # (N, C, H, W)
    return centred, centred.square().mean((2, 3), keepdim=True)


class FewOutputsConv(nn.Conv2d):
    """A "same" convolution to so few channels that a processor's vectors would be mostly empty.

    In float32 on the CPU each row of the kernel makes output channels of its own, which are then added up, shifted: the
    same sums, in a third of the time for 9 × 9 and three channels. In half precision the rows' sums would be rounded
    one by one, so it is computed as it stands there, and on a GPU.
    """

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != "cpu" or torch.is_autocast_enabled("cpu") or x.dtype.itemsize < 4:
            return super().forward(x)
        outputs, inputs, rows, columns = self.weight.shape
        kernels = self.weight.permute(2, 0, 1, 3).reshape(rows * outputs, inputs, 1, columns)
        sums = F.conv2d(x, kernels, padding=(0, columns // 2))  # (N, rows · outputs, H, W)
        sums = F.pad(sums, (0, 0, rows // 2, rows // 2))  # (N, rows · outputs, H + rows - 1, W)
        parts = torch.split(sums, outputs, dim=1)
        shifted = [torch.narrow(part, 2, row, x.shape[2]) for row, part in enumerate(parts)]
        total = reduce(torch.add, shifted)  # (N, outputs, H, W)
        return total if self.bias is None else total + self.bias[:, None, None]


def precise(x: Tensor) -> Tensor:
    """Half-precision floats, as autocast makes them, as float32; wider ones as they are."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def make_norm(norm: Norm, channels: int) -> nn.Module:
    """The norm layer of that name.

    Raises:
        ValueError: There is no such norm.
    """
    if norm not in get_args(Norm):
        raise ValueError(f'Networks know the norms "instance" and "batch", not {norm!r}.')
    return InstanceNorm(channels) if norm == "instance" else nn.BatchNorm2d(channels, eps=NORM_EPSILON)


def initialise(module: nn.Module) -> None:
    """Draw a layer's weights from a normal of sd 0.01 cut at 2 sd; its biases are 0.01 (released code)."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.trunc_normal_(module.weight, std=WEIGHT_SD, a=-2 * WEIGHT_SD, b=2 * WEIGHT_SD)
        if module.bias is not None:
            nn.init.constant_(module.bias, BIAS)


def reflect(x: Tensor, left: int = 0, right: int = 0, top: int = 0, bottom: int = 0) -> Tensor:
    """Continue pictures by reflection about their outermost pixels, or where a side is too short, by repeating those.

    Args:
        x: Shape (N, C, H, W).
        left: Pixels to add there; so ``right``, ``top`` and ``bottom``.

    Returns:
        Shape (N, C, top + H + bottom, left + W + right).

    Example:
        >>> reflect(torch.tensor([[[[1.0, 2.0, 3.0]]]]), left=2, top=1).tolist()
        [[[[3.0, 2.0, 1.0, 2.0, 3.0], [3.0, 2.0, 1.0, 2.0, 3.0]]]]
    """
    x = F.pad(x, (left, right, 0, 0), mode="reflect" if max(left, right) < x.shape[3] else "replicate")
    return F.pad(x, (0, 0, top, bottom), mode="reflect" if max(top, bottom) < x.shape[2] else "replicate")
