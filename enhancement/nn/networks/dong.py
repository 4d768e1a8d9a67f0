"""The three-layer network of Dong et al. (ECCV 2014, SRCNN), as the DPED authors released it as their baseline."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from enhancement.nn.networks.chain import PICTURE, Chain, made_of
from enhancement.nn.networks.layers import initialise, precise


class Dong(nn.Module):
    """Convolutions 9-5-5 with 64, 32 and 3 channels, stride 1, zero "same" padding, no norm.

    Receptive field 17 px (radius 8). The released net shares one bias among its last three channels.

    Example:
        >>> Dong()(torch.zeros(1, 3, 5, 7)).shape
        torch.Size([1, 3, 5, 7])
    """

    def __init__(self) -> None:
        super().__init__()
        self.config: dict[str, int | str] = {}
        self.conv1 = nn.Conv2d(3, 64, 9, padding="same")
        self.conv2 = nn.Conv2d(64, 32, 5, padding="same")
        self.conv3 = nn.Conv2d(32, 3, 5, padding="same", bias=False)
        self.bias3 = nn.Parameter(torch.full((1,), 0.01))
        self.apply(initialise)

    def forward(self, photo: Tensor) -> Tensor:
        """Enhance a batch of photos.

        Args:
            photo: Shape (N, 3, H, W), float, RGB in [0, 1]; any size from 1 × 1.

        Returns:
            Same shape, float32 at least, within (-0.08, 1.08): not clipped.
        """
        x = F.relu(self.conv1(photo), inplace=True)  # (N, 64, H, W)
        x = F.relu(self.conv2(x), inplace=True)  # (N, 32, H, W)
        x = self.conv3(x) + self.bias3  # (N, 3, H, W)
        return torch.tanh(precise(x)) * 0.58 + 0.5  # (N, 3, H, W)

    def chain(self) -> Chain:
        """The network in inference, layer by layer."""
        out = made_of(self.conv3, bias=self.bias3.detach().expand(3), activation=PICTURE)
        return Chain([made_of(self.conv1), made_of(self.conv2), out])
