"""The DPED generator (Ignatov et al., ICCV 2017, section 3.2), as its authors released it."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from enhancement.nn.networks.chain import PICTURE, Chain, Layer, made_of
from enhancement.nn.networks.layers import FewOutputsConv, initialise, make_norm, precise
from enhancement.nn.networks.settings import RGB, Norm, Start

SLOPE = 2.0
"""Of what goes into the tanh by the colour: it gives back 0 to 1 as 0.06 to 0.94, nearly in proportion."""

ALIVE = 1e-3
"""What a block adds to colours at first: not 0, where a ReLU passes no gradient on."""


class Generator(nn.Module):
    """A residual network that keeps the size of its picture: every layer has stride 1 and zero "same" padding.

    Receptive field 37 px (radius 18) with four blocks, but for the norm: instance norm makes every output pixel
    depend on the whole picture through 2·blocks·channels means and variances.

    Args:
        blocks: Residual blocks; 4 in the paper, 2 in the authors' small net.
        channels: Feature maps throughout; 64 in the paper, 32 in the small net.
        norm: ``"instance"`` as the released code, in training and inference alike; ``"batch"`` as the paper says.
        start: Fresh weights: ``"random"`` as released, which begins with a grey picture; ``"identity"`` begins with the
            photo itself and saves the thousands of steps until colours are back.

    Raises:
        ValueError: A setting is out of range.

    Example:
        >>> generator = Generator()
        >>> sum(parameter.numel() for parameter in generator.parameters())
        401475
        >>> generator(torch.zeros(1, 3, 5, 7)).shape
        torch.Size([1, 3, 5, 7])
    """

    def __init__(
        self, *, blocks: int = 4, channels: int = 64, norm: Norm = "instance", start: Start = "random"
    ) -> None:
        super().__init__()
        if blocks < 1 or channels < 1:
            raise ValueError(f"A generator needs at least one block and one channel, not {blocks} × {channels}.")
        if start == "identity" and channels < RGB:
            raise ValueError(
                f"A generator that starts as the identity needs a channel for each colour, not {channels}."
            )
        self.config: dict[str, int | str] = {"blocks": blocks, "channels": channels, "norm": norm}
        self.head = nn.Conv2d(3, channels, 9, padding="same")
        self.blocks = nn.ModuleList(Block(channels, norm) for _ in range(blocks))
        self.tail1 = nn.Conv2d(channels, channels, 3, padding="same")
        self.tail2 = nn.Conv2d(channels, channels, 3, padding="same")
        self.out = FewOutputsConv(channels, 3, 9, padding="same")
        self.apply(initialise)
        if start == "identity":
            start_as_identity(self)

    def forward(self, photo: Tensor) -> Tensor:
        """Enhance a batch of photos.

        Args:
            photo: Shape (N, 3, H, W), float, RGB in [0, 1]; any size from 1 × 1.

        Returns:
            Same shape, float32 at least, within (-0.08, 1.08): not clipped.
        """
        x = F.relu(self.head(photo), inplace=True)  # (N, C, H, W)
        for block in self.blocks:
            x = block(x)  # (N, C, H, W)
        x = F.relu(self.tail1(x), inplace=True)  # (N, C, H, W)
        x = F.relu(self.tail2(x), inplace=True)  # (N, C, H, W)
        return torch.tanh(precise(self.out(x))) * 0.58 + 0.5  # (N, 3, H, W)

    def chain(self) -> Chain:
        """The network in inference, layer by layer."""
        blocks = [one for block in self.blocks for one in cast("Block", block).layers()]
        out = made_of(self.out, activation=PICTURE)
        return Chain([made_of(self.head), *blocks, made_of(self.tail1), made_of(self.tail2), out])


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

    def layers(self) -> list[Layer]:
        """The block in inference."""
        return [made_of(self.conv1, self.norm1), made_of(self.conv2, self.norm2, skip=2)]


@torch.no_grad()
def start_as_identity(generator: Generator) -> None:
    """Let the first three channels carry the photo's colours through all layers; the other weights stay as drawn."""
    of = generator.get_parameter
    for layer, factor in {"head": 1.0, "tail1": 1.0, "tail2": 1.0, "out": SLOPE}.items():
        pass_colours_on(of(f"{layer}.weight"), factor)
        of(f"{layer}.bias")[:RGB] = -SLOPE / 2 if layer == "out" else 0.0
    for block in range(len(generator.blocks)):
        of(f"blocks.{block}.norm2.weight")[:RGB] = 0.0
        of(f"blocks.{block}.norm2.bias")[:RGB] = ALIVE


def pass_colours_on(weight: Tensor, factor: float) -> None:
    """Kernels of shape (C, C', k, k) whose first three give back the first three inputs, and nothing of the others."""
    middle = weight.shape[2] // 2
    weight[:RGB] = 0.0
    for channel in range(RGB):
        weight[channel, channel, middle, middle] = factor
