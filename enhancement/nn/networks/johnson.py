"""The image transformation network of Johnson, Alahi and Li (ECCV 2016), as a baseline beside DPED's.

The DPED paper compares with it and doesn't give its layout. Ours is that of Johnson's supplement with what others found
since: nearest upsampling and a plain convolution instead of a transposed one, which leaves checkerboards (Odena et al.,
Distill 2016); instance norm instead of batch norm (Ulyanov et al. 2016); reflection padding before every convolution.
Its end is DPED's, so that all our networks give pictures on one scale.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from enhancement.nn.networks.chain import PICTURE, Chain, Layer, made_of
from enhancement.nn.networks.layers import InstanceNorm, initialise, precise, reflect

STEP_PX = 4


class Johnson(nn.Module):
    """Down by four, five residual blocks of 128 channels, up again.

    153,792 multiply-adds per pixel, where DPED's generator takes 399,744.

    A photo whose sides aren't multiples of four is continued by reflection to the right and below, and what comes out
    is cut to its size. Where a side is too short to be reflected it is continued by its last pixels.

    Example:
        >>> johnson = Johnson()
        >>> sum(parameter.numel() for parameter in johnson.parameters())
        1679235
        >>> johnson(torch.zeros(1, 3, 5, 7)).shape
        torch.Size([1, 3, 5, 7])
    """

    def __init__(self) -> None:
        super().__init__()
        self.config: dict[str, int | str] = {}
        self.head = NormedConv(3, 32, 9)
        self.down1 = NormedConv(32, 64, 3, stride=2)
        self.down2 = NormedConv(64, 128, 3, stride=2)
        self.blocks = nn.ModuleList(Block(128) for _ in range(5))
        self.up1 = NormedConv(128, 64, 3)
        self.up2 = NormedConv(64, 32, 3)
        self.out = nn.Conv2d(32, 3, 9)
        self.apply(initialise)

    def forward(self, photo: Tensor) -> Tensor:
        """Enhance a batch of photos.

        Args:
            photo: Shape (N, 3, H, W), float, RGB in [0, 1]; any size from 1 × 1.

        Returns:
            Same shape, float32 at least, within (-0.08, 1.08): not clipped.
        """
        height, width = photo.shape[2:]
        x = reflect(photo, right=-width % STEP_PX, bottom=-height % STEP_PX)  # (N, 3, 4h, 4w)
        x = F.relu(self.head(x), inplace=True)  # (N, 32, 4h, 4w)
        x = F.relu(self.down1(x), inplace=True)  # (N, 64, 2h, 2w)
        x = F.relu(self.down2(x), inplace=True)  # (N, 128, h, w)
        for block in self.blocks:
            x = block(x)  # (N, 128, h, w)
        x = F.relu(self.up1(F.interpolate(x, scale_factor=2)), inplace=True)  # (N, 64, 2h, 2w)
        x = F.relu(self.up2(F.interpolate(x, scale_factor=2)), inplace=True)  # (N, 32, 4h, 4w)
        x = self.out(reflect(x, 4, 4, 4, 4))  # (N, 3, 4h, 4w)
        return torch.tanh(precise(x[:, :, :height, :width])) * 0.58 + 0.5  # (N, 3, H, W)

    def chain(self) -> Chain:
        """The network in inference, layer by layer."""
        down = [self.head.layer(), self.down1.layer(), self.down2.layer()]
        blocks = [one for block in self.blocks for one in cast("Block", block).layers()]
        up = [self.up1.layer(enlarge=2), self.up2.layer(enlarge=2)]
        out = made_of(self.out, padding="reflect", activation=PICTURE)
        return Chain([*down, *blocks, *up, out], step_px=STEP_PX)


class NormedConv(nn.Module):
    """Reflection padding, convolution, instance norm."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1) -> None:
        super().__init__()
        self.pad_px = kernel // 2
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride)
        self.norm = InstanceNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(
            reflect(x, self.pad_px, self.pad_px, self.pad_px, self.pad_px)
        )  # (N, outputs, H/stride, W/stride)
        normed: Tensor = self.norm(x)  # (N, outputs, H/stride, W/stride)
        return normed

    def layer(self, **different: Any) -> Layer:
        """The same in inference, with a ReLU, but for what is said to be different."""
        return made_of(self.conv, self.norm, padding="reflect", **different)


class Block(nn.Module):
    """Convolution, norm, ReLU, convolution, norm; the skip is added and nothing follows the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = NormedConv(channels, channels, 3)
        self.conv2 = NormedConv(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv2(F.relu(self.conv1(x), inplace=True))  # (N, C, H, W)
        return x + y if torch.is_grad_enabled() else y.add_(x)

    def layers(self) -> list[Layer]:
        """The block in inference."""
        return [self.conv1.layer(), self.conv2.layer(activation=(), skip=2)]
