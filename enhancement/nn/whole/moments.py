"""The statistics of a picture's channels, strip by strip, as if the picture had been looked at whole."""

import torch
from torch import Tensor

from enhancement.nn.networks.chain import Norm
from enhancement.nn.whole.pieces import in_pieces


class Moments:
    """Mean and variance of each channel, in float64.

    Strips are looked at in pieces. Each piece's own mean, and the squares of what deviates from it, are float32 sums
    over that piece; pieces are joined as Chan, Golub and LeVeque (1979) do it, which loses no digits where the mean is
    far from zero.

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
        pieces = [self._of(piece.flatten(0, 1).float()) for piece in in_pieces(strip)]
        counts, means, squares = zip(*pieces, strict=True)
        pixels = torch.tensor([self.count, *counts], dtype=torch.float64, device=strip.device)
        of_each = torch.stack([self.mean.to(strip.device).expand(strip.shape[2]), *means])  # (1 + pieces, C), float64
        self.count += sum(counts)
        self.mean = pixels @ of_each / self.count
        between = pixels @ (of_each - self.mean).square()
        self.squares = self.squares.to(strip.device) + torch.stack(squares).sum(0) + between

    def _of(self, pixels: Tensor) -> tuple[int, Tensor, Tensor]:
        """How many pixels a piece has, (h · W, C), their mean, and the squares of what deviates from it."""
        mean = pixels.mean(0)  # (C,)
        if self.scratch.shape[1:] != pixels.shape[1:] or len(self.scratch) < len(pixels):
            self.scratch = torch.empty_like(pixels)
        apart = torch.sub(pixels, mean, out=self.scratch[: len(pixels)])
        return len(pixels), mean.double(), apart.square_().sum(0).double()

    @property
    def variance(self) -> Tensor:
        """Biased, as the norm means it: float64, shape (C,)."""
        return self.squares / self.count

    def as_factors(self, norm: Norm) -> tuple[Tensor, Tensor]:
        """What the norm multiplies by, and then adds: float32, shape (C,) each."""
        weight, bias = norm.weight.to(self.mean), norm.bias.to(self.mean)
        scale = weight * torch.rsqrt(self.variance + norm.epsilon)
        return scale.float(), (bias - self.mean * scale).float()
