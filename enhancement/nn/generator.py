"""The DPED generator (Ignatov et al., ICCV 2017, section 3.2), as its authors released it."""

from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Norm = Literal["instance", "batch"]
NORM_EPSILON = 1e-3
WEIGHT_SD = 0.01
BIAS = 0.01


class Generator(nn.Module):
    """A residual network that keeps the size of its picture: every layer has stride 1 and zero "same" padding.

    Receptive field 37 px (radius 18) with four blocks, but for the norm: instance norm makes every output pixel
    depend on the whole picture through 2·blocks·channels means and variances.

    Args:
        blocks: Residual blocks; 4 in the paper, 2 in the authors' small net.
        channels: Feature maps throughout; 64 in the paper, 32 in the small net.
        norm: ``"instance"`` as the released code, in training and inference alike; ``"batch"`` as the paper says.

    Raises:
        ValueError: A setting is out of range.

    Example:
        >>> generator = Generator()
        >>> sum(parameter.numel() for parameter in generator.parameters())
        401475
        >>> generator(torch.zeros(1, 3, 5, 7)).shape
        torch.Size([1, 3, 5, 7])
    """

    def __init__(self, *, blocks: int = 4, channels: int = 64, norm: Norm = "instance") -> None:
        super().__init__()
        if blocks < 1 or channels < 1:
            raise ValueError(f"A generator needs at least one block and one channel, not {blocks} × {channels}.")
        self.config: dict[str, int | str] = {"blocks": blocks, "channels": channels, "norm": norm}
        self.head = nn.Conv2d(3, channels, 9, padding="same")
        self.blocks = nn.ModuleList(Block(channels, norm) for _ in range(blocks))
        self.tail1 = nn.Conv2d(channels, channels, 3, padding="same")
        self.tail2 = nn.Conv2d(channels, channels, 3, padding="same")
        self.out = nn.Conv2d(channels, 3, 9, padding="same")
        self.apply(initialise)

    def forward(self, photo: Tensor) -> Tensor:
        """Enhance a batch of photos.

        Args:
            photo: Shape (N, 3, H, W), float, RGB in [0, 1]; any size from 1 × 1.

        Returns:
            Same shape and dtype, within (-0.08, 1.08): not clipped.
        """
        x = F.relu(self.head(photo), inplace=True)  # (N, C, H, W)
        for block in self.blocks:
            x = block(x)  # (N, C, H, W)
        x = F.relu(self.tail1(x), inplace=True)  # (N, C, H, W)
        x = F.relu(self.tail2(x), inplace=True)  # (N, C, H, W)
        return torch.tanh(self.out(x)) * 0.58 + 0.5  # (N, 3, H, W)


class Block(nn.Module):
    """Twice convolution, norm, ReLU; then the skip is added and nothing follows the sum."""

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding="same")
        self.norm1 = make_norm(norm, channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding="same")
        self.norm2 = make_norm(norm, channels)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)  # (N, C, H, W)
        y = F.relu(self.norm2(self.conv2(y)), inplace=True)  # (N, C, H, W)
        return x + y if torch.is_grad_enabled() else y.add_(x)


class InstanceNorm(nn.Module):
    """Instance norm by biased variance, affine, of any picture size.

    The same as ``nn.InstanceNorm2d``, which refuses pictures of one pixel and takes four times as long on a
    channels-last photo on the CPU. Where no gradient is wanted the input is overwritten: a feature map of a whole
    photo is hundreds of megabytes.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        variance, mean = torch.var_mean(x, dim=(2, 3), correction=0, keepdim=True)  # (N, C, 1, 1)
        scale = self.weight[:, None, None] * torch.rsqrt(variance + NORM_EPSILON)  # (N, C, 1, 1)
        shift = self.bias[:, None, None] - mean * scale  # (N, C, 1, 1)
        return torch.addcmul(shift, x, scale, out=None if torch.is_grad_enabled() else x)  # (N, C, H, W)


def make_norm(norm: Norm, channels: int) -> nn.Module:
    """The norm layer of that name.

    Raises:
        ValueError: There is no such norm.
    """
    if norm not in get_args(Norm):
        raise ValueError(f'The generator knows the norms "instance" and "batch", not {norm!r}.')
    return InstanceNorm(channels) if norm == "instance" else nn.BatchNorm2d(channels, eps=NORM_EPSILON)


def initialise(module: nn.Module) -> None:
    """Draw a convolution's weights from a normal of sd 0.01 cut at 2 sd; its biases are 0.01 (released code)."""
    if isinstance(module, nn.Conv2d):
        nn.init.trunc_normal_(module.weight, std=WEIGHT_SD, a=-2 * WEIGHT_SD, b=2 * WEIGHT_SD)
        if module.bias is not None:
            nn.init.constant_(module.bias, BIAS)
