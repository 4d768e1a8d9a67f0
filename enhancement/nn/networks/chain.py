"""What networks are made of, layer by layer, so that whoever runs one needs not know which it is.

A network in inference is a chain of layers, and a layer is: nearest upsampling, "same" padding, a convolution, a norm,
an activation, the sum with what went into an earlier layer, another activation; each of these but the convolution may
be absent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from enhancement.nn.networks.layers import NORM_EPSILON, InstanceNorm

Padding = Literal["zeros", "reflect"]


@dataclass(frozen=True)
class Step:
    """What is done to each number by itself.

    Attributes:
        name: ``relu``, ``tanh``, ``sigmoid``; ``leaky``: x where positive, else ``first`` · x; ``clip``: to ``first``
            and ``second``; ``affine``: ``first`` · x + ``second``.
        first: As the name says.
        second: As the name says.
    """

    name: Literal["relu", "leaky", "tanh", "sigmoid", "clip", "affine"]
    first: float = 0.0
    second: float = 0.0


RELU = (Step("relu"),)
PICTURE = (Step("tanh"), Step("affine", 0.58, 0.5))
"""The end of all our networks."""


@dataclass(frozen=True, eq=False)
class Norm:
    """An instance norm: its statistics are those of the whole picture.

    Attributes:
        weight: Shape (outputs,).
        bias: Shape (outputs,).
        epsilon: Is added to the variance.
    """

    weight: Tensor
    bias: Tensor
    epsilon: float = NORM_EPSILON

    def on(self, device: torch.device) -> "Norm":
        """The same, on a device."""
        return replace(self, weight=self.weight.to(device), bias=self.bias.to(device))


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer; the attributes stand in the order in which they are computed.

    Attributes:
        weight: Shape (outputs, inputs, k, k), k odd.
        bias: Shape (outputs,).
        enlarge: How many times each row and column is repeated before anything else.
        padding: What k // 2 pixels around the picture are taken for: zeros, or the picture's reflection, and where it
            is too small for one, its outermost pixels.
        stride: Of the convolution.
        norm: Follows the convolution.
        activation: Steps that follow.
        skip: How many layers, this one included, the skip that ends here goes round: what went into the first of them
            is added to what comes out of this one. 0: there is none.
        after: Steps that follow the sum.
    """

    weight: Tensor
    bias: Tensor
    enlarge: int = 1
    padding: Padding = "zeros"
    stride: int = 1
    norm: Norm | None = None
    activation: Sequence[Step] = RELU
    skip: int = 0
    after: Sequence[Step] = ()

    @property
    def pad_px(self) -> int:
        """Pixels of padding on each side."""
        return self.weight.shape[2] // 2

    def side_after(self, side_px: int) -> int:
        """Height or width of what comes out, by that of what goes in."""
        return (self.enlarge * side_px - 1) // self.stride + 1

    def on(self, device: torch.device) -> "Layer":
        """The same, on a device."""
        norm = self.norm and self.norm.on(device)
        return replace(self, weight=self.weight.to(device), bias=self.bias.to(device), norm=norm)


@dataclass(frozen=True, eq=False)
class Chain:
    """A network as its layers.

    Attributes:
        layers: In the order in which they are computed.
        step_px: Photos whose sides aren't multiples of it are continued by reflection to the right and below, and what
            comes out is cut.
        continues: Whether that is the network's own way. Where it isn't, such photos aren't for the chain.
    """

    layers: Sequence[Layer]
    step_px: int = 1
    continues: bool = True

    @property
    def normed(self) -> list[int]:
        """Places of the layers whose norm must have seen the whole picture."""
        return [place for place, layer in enumerate(self.layers) if layer.norm is not None]

    def on(self, device: torch.device) -> "Chain":
        """The same, on a device; what lies there already isn't copied."""
        return replace(self, layers=[layer.on(device) for layer in self.layers])


def made_of(conv: nn.Conv2d, norm: nn.Module | None = None, **different: Any) -> Layer:
    """A convolution with ReLU, and zero padding where nothing else is said; a batch norm becomes part of its kernels.

    Example:
        >>> made_of(nn.Conv2d(3, 8, 5, padding="same"), activation=()).pad_px
        2
    """
    weight = conv.weight.detach()
    bias = weight.new_zeros(len(weight)) if conv.bias is None else conv.bias.detach()
    made = replace(Layer(weight, bias, stride=conv.stride[0]), **different)
    if isinstance(norm, nn.BatchNorm2d):
        return folded(made, norm)
    if isinstance(norm, InstanceNorm):
        return replace(made, norm=Norm(norm.weight.detach(), norm.bias.detach()))
    return made


def folded(plain: Layer, norm: nn.BatchNorm2d) -> Layer:
    """A layer whose kernels do what a batch norm after them would, by the statistics that it has kept."""
    mean, variance = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
    return scaled(plain, norm.weight.detach(), norm.bias.detach(), mean, variance.double() + norm.eps)


def scaled(plain: Layer, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) -> Layer:
    """A layer whose kernels also do (x − mean) / √variance · weight + bias, each of shape (outputs,); in float64."""
    factor = weight.double() * torch.rsqrt(variance.double())  # (outputs,)
    kernels = plain.weight.double() * factor[:, None, None, None]
    shifted = (plain.bias.double() - mean.double()) * factor + bias.double()
    return replace(plain, weight=kernels.to(plain.weight), bias=shifted.to(plain.bias))
