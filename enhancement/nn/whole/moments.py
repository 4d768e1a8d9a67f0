"""The statistics of a picture's channels, strip by strip, as if the picture had been looked at whole."""

import torch
from torch import Tensor

from enhancement.nn.networks.chain import Norm
from enhancement.nn.whole.finishing import look


class Moments:
    """Mean and variance of each channel, in float64.

    Each part of a strip has its own mean, and the squares of what deviates from it; parts are joined as Chan, Golub and
    LeVeque (1979) do it, which loses no digits where the mean is far from zero.

    Example:
        >>> moments = Moments()
        >>> for strip in torch.tensor([[[[1.0]], [[2.0]]], [[[6.0]], [[7.0]]]]):
        ...     moments.add(strip)
        >>> moments.mean.tolist(), moments.variance.tolist()
        ([4.0], [6.5])
    """

    def __init__(self, device: torch.device | None = None) -> None:
        self.count: Tensor
        self.mean: Tensor
        self.squares: Tensor
        self.count, self.mean, self.squares = torch.zeros(3, dtype=torch.float64, device=device)

    def add(self, strip: Tensor, slot: Tensor | None = None) -> None:
        """Take in (h, W, C), and keep a copy in a slot, where there is one."""
        counts, means, squares = look(strip, slot)
        pixels = torch.cat([self.count.reshape(1), counts])  # (1 + parts,)
        of_each = torch.cat([self.mean.expand(1, strip.shape[2]), means])  # (1 + parts, C)
        self.count = pixels.sum()
        self.mean = pixels @ of_each / self.count
        self.squares = self.squares + squares.sum(0) + pixels @ (of_each - self.mean).square()

    @property
    def variance(self) -> Tensor:
        """Biased, as the norm means it: float64, shape (C,)."""
        return self.squares / self.count

    def as_factors(self, norm: Norm) -> tuple[Tensor, Tensor]:
        """What the norm multiplies by, and then adds: float32, shape (C,) each."""
        weight, bias = norm.weight.to(self.mean), norm.bias.to(self.mean)
        scale = weight * torch.rsqrt(self.variance + norm.epsilon)
        return scale.float(), (bias - self.mean * scale).float()
