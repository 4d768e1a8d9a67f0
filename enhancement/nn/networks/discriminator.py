"""The DPED discriminator (Ignatov et al., ICCV 2017, section 3.1.2), as its authors released it."""

from math import ceil
from typing import get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from enhancement.nn.networks.layers import InstanceNorm, initialise, precise
from enhancement.nn.networks.settings import Hidden

PATCH_PX = 100
SLOPE = 0.2
RED, GREEN, BLUE = 0.2989, 0.5870, 0.1140


class Discriminator(nn.Module):
    """Tells enhanced patches from the DSLR's by their grey values alone: colour is another loss's business.

    Every convolution is followed by LeakyReLU and then, but for the first, instance norm, in this order. No batch
    norm anywhere, so the answer to a patch doesn't depend on the patches beside it.

    Args:
        hidden: What follows the layer of 1024 units: ``"leaky_relu"`` as the released code, ``"sigmoid"`` as the
            slides of the paper.

    Raises:
        ValueError: There is no such activation.

    Example:
        >>> discriminator = Discriminator()
        >>> sum(parameter.numel() for parameter in discriminator.parameters())
        7361122
        >>> discriminator(torch.zeros(4, 1, 100, 100)).exp().sum(1).round(decimals=5).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, *, hidden: Hidden = "leaky_relu") -> None:
        super().__init__()
        if hidden not in get_args(Hidden):
            raise ValueError(f"The discriminator's hidden layer knows {', '.join(get_args(Hidden))}, not {hidden!r}.")
        self.config: dict[str, int | str] = {"hidden": hidden}
        self.conv1 = SameConv(1, 48, 11, stride=4)
        self.conv2 = SameConv(48, 128, 5, stride=2)
        self.norm2 = InstanceNorm(128)
        self.conv3 = SameConv(128, 192, 3)
        self.norm3 = InstanceNorm(192)
        self.conv4 = SameConv(192, 192, 3)
        self.norm4 = InstanceNorm(192)
        self.conv5 = SameConv(192, 128, 3, stride=2)
        self.norm5 = InstanceNorm(128)
        self.hidden = nn.Linear(128 * 7 * 7, 1024)
        self.out = nn.Linear(1024, 2)
        self.apply(initialise)

    def forward(self, patches: Tensor) -> Tensor:
        """Judge a batch of patches.

        Args:
            patches: Shape (N, 1, 100, 100), float, grey as ``grey`` gives it.

        Returns:
            Shape (N, 2), float32 at least: natural log-probabilities that a patch was enhanced (index 0) and that it is
            the DSLR's (index 1).

        Raises:
            ValueError: The patches have another shape.
        """
        if patches.shape[1:] != (1, PATCH_PX, PATCH_PX):
            raise ValueError(f"The discriminator takes (N, 1, {PATCH_PX}, {PATCH_PX}), not {tuple(patches.shape)}.")
        x = F.leaky_relu(self.conv1(patches), SLOPE)  # (N, 48, 25, 25)
        x = self.norm2(F.leaky_relu(self.conv2(x), SLOPE))  # (N, 128, 13, 13)
        x = self.norm3(F.leaky_relu(self.conv3(x), SLOPE))  # (N, 192, 13, 13)
        x = self.norm4(F.leaky_relu(self.conv4(x), SLOPE))  # (N, 192, 13, 13)
        x = self.norm5(F.leaky_relu(self.conv5(x), SLOPE))  # (N, 128, 7, 7)
        x = self.hidden(x.flatten(1))  # (N, 1024)
        x = torch.sigmoid(x) if self.config["hidden"] == "sigmoid" else F.leaky_relu(x, SLOPE)  # (N, 1024)
        return F.log_softmax(precise(self.out(x)), dim=1)  # (N, 2)


def grey(rgb: Tensor) -> Tensor:
    """Grey values as the released code weighs them; the weights sum to 0.9999.

    Args:
        rgb: Shape (N, 3, H, W), float, RGB on any scale.

    Returns:
        Shape (N, 1, H, W), on the same scale.

    Example:
        >>> grey(torch.tensor([1.0, 0.0, 1.0]).reshape(1, 3, 1, 1)).item()  # doctest: +ELLIPSIS
        0.4129...
    """
    return RED * rgb[:, 0:1] + GREEN * rgb[:, 1:2] + BLUE * rgb[:, 2:3]  # (N, 1, H, W)


class SameConv(nn.Conv2d):
    """A convolution with TensorFlow's "same" padding: ``ceil(side / stride)`` outputs, whatever the stride."""

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        vertical, horizontal = (same_padding(side, kernel, stride) for side in x.shape[2:])
        return super().forward(F.pad(x, (*horizontal, *vertical)))


def same_padding(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after a side; where their number is odd, one more comes after.

    Example:
        >>> [same_padding(100, 11, 4), same_padding(25, 5, 2), same_padding(13, 3, 1), same_padding(13, 3, 2)]
        [(3, 4), (2, 2), (1, 1), (1, 1)]
    """
    total = max((ceil(side / stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2
