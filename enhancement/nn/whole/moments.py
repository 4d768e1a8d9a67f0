"""The statistics of a picture's channels, strip by strip, as if the picture had been looked at whole."""

import torch
from torch import Tensor

from enhancement.nn.networks.chain import Norm


class Moments:
    """Mean and variance of each channel, in float64.

    Each strip's own mean, and the squares of what deviates from it, are float32 sums over that strip; strips are joined
    by the formula of Chan, Golub and LeVeque (1979), which loses no digits where the mean is far from zero.

    Example:
        >>> moments = Moments()
        >>> for strip in torch.tensor([[[[1.0]], [[2.0]]], [[[6.0]], [[7.0]]]]):
        ...     moments.add(strip)
        >>> moments.mean.tolist(), moments.variance.tolist()
        ([4.0], [6.5])
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = torch.zeros((), dtype=torch.float64)
        self.squares = torch.zeros((), dtype=torch.float64)
        self.scratch = torch.empty(0)

    def add(self, strip: Tensor) -> None:
        """Take in (h, W, C)."""
        pixels = strip.flatten(0, 1).float()  # (h · W, C)
        mean = pixels.mean(0)  # (C,)
        if self.scratch.numel() < pixels.numel():
            self.scratch = torch.empty_like(pixels)
        apart = torch.sub(pixels, mean, out=self.scratch[: len(pixels)])  # (h · W, C)
        squares = apart.square_().sum(0).double()  # (C,)
        count = self.count + len(pixels)
        step = mean.double() - self.mean.to(mean.device)
        self.squares = self.squares.to(mean.device) + squares + step.square() * (self.count * len(pixels) / count)
        self.mean = self.mean.to(mean.device) + step * (len(pixels) / count)
        self.count = count

    @property
    def variance(self) -> Tensor:
        """Biased, as the norm means it: float64, shape (C,)."""
        return self.squares / self.count

    def as_factors(self, norm: Norm) -> tuple[Tensor, Tensor]:
        """What the norm multiplies by, and then adds: float32, shape (C,) each."""
        weight, bias = norm.weight.to(self.mean), norm.bias.to(self.mean)
        scale = weight * torch.rsqrt(self.variance + norm.epsilon)
        return scale.float(), (bias - self.mean * scale).float()
