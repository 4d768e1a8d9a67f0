"""A network that was trained to recognise things, frozen, whose features the content loss compares."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from enhancement.nn.training.backbone_files import BackboneError, Triple, Weights, places, read_weights

__all__ = ["Backbone", "BackboneError", "layers_of", "load_backbone"]


def load_backbone(path: Path, layer: str) -> "Backbone":
    """Load VGG-19 or VGG-16 up to a layer; which it is, is found from the file.

    Args:
        path: Torchvision's state dict (``.pth``, or safetensors of the same names), MatConvNet's
            ``imagenet-vgg-verydeep-19.mat``, or a safetensors file of Keras's VGG-16. Nothing is ever downloaded.
        layer: ``"relu5_4"`` is what DPED compares; VGG-16 ends with ``"relu5_3"``.

    Raises:
        BackboneError: The file can't be used, or its net has no such layer.

    Example:
        >>> load_backbone(Path("vgg19.pth"), "relu5_4")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        enhancement.nn.training.backbone_files.BackboneError: vgg19.pth: can't be read (No such file or directory); ...
    """
    return Backbone(read_weights(path), layer)


class Backbone(nn.Module):
    """The convolutions of a VGG up to one layer (Simonyan and Zisserman, ICLR 2015).

    Its weights are buffers: no optimiser finds them and no gradient is computed for them, in any mode. Poolings keep
    the last odd row and column, as TensorFlow's "same" does: 100 px → 50 → 25 → 13 → 7.

    Pictures are brought onto the scale of the file's weights before the first convolution, and the weights are left as
    they are. Folding the difference between two files' means into the first kernel would be wrong along the border,
    where zeros stand for the file's own mean. Torchvision trained its nets anew, so its features needn't be on the
    scale of those of VGG's authors, for which DPED's weight of the content loss was chosen.

    Args:
        weights: As ``read_weights`` gives them.
        layer: The last layer, e.g. ``"relu2_2"``.

    Attributes:
        name: ``"vgg16"`` or ``"vgg19"``.
        layer: The last layer.
        sha256: Of the file that the weights are from, in hex.

    Raises:
        BackboneError: The net has no such layer; names those that it has.

    Example:
        >>> kernels = [torch.rand(64, 3, 3, 3), torch.rand(64, 64, 3, 3), torch.rand(128, 64, 3, 3)]
        >>> convolutions = [(kernel, torch.zeros(len(kernel))) for kernel in kernels]
        >>> weights = Weights("vgg19", convolutions, (255.0, 255.0, 255.0), (123.68, 116.779, 103.939), "")
        >>> Backbone(weights, "relu2_1")(torch.zeros(1, 3, 25, 10)).shape
        torch.Size([1, 128, 13, 5])
    """

    gain: Tensor
    shift: Tensor

    def __init__(self, weights: Weights, layer: str) -> None:
        super().__init__()
        if layer not in layers_of(weights.name):
            raise BackboneError(
                f"{weights.name} has no layer {layer!r} to compare; it has {', '.join(layers_of(weights.name))}."
            )
        self.name, self.layer, self.sha256 = weights.name, layer, weights.sha256
        self.register_buffer("gain", per_channel(weights.gain), persistent=False)
        self.register_buffer("shift", per_channel(weights.shift), persistent=False)
        convolutions = [FrozenConv(*convolution) for convolution in weights.convolutions]
        wanted = places(weights.name)[: layers_of(weights.name).index(layer) + 1]
        self.stages = nn.ModuleList(
            nn.Sequential(*[convolutions[n] for n, (place, _) in enumerate(wanted) if place == stage])
            for stage in range(1, wanted[-1][0] + 1)
        )
        self.eval()

    def forward(self, rgb: Tensor) -> Tensor:
        """The layer's features of pictures.

        Args:
            rgb: Shape (N, 3, H, W), float, RGB in [0, 1], clipped or not; the gradient flows back to it.

        Returns:
            Shape (N, C, h, w), at least 0; C is 64, 128, 256, 512, 512 by stage, and sides are halved and rounded up
            before each stage but the first.
        """
        x = rgb.to(self.gain.dtype) * self.gain - self.shift  # (N, 3, H, W)
        for number, stage in enumerate(self.stages):
            if number:
                x = F.max_pool2d(x, 2, ceil_mode=True)  # (N, C before, ⌈h/2⌉, ⌈w/2⌉)
            x = stage(x)  # (N, C, h, w)
        return x


class FrozenConv(nn.Module):
    """A 3 × 3 convolution with zero "same" padding and a ReLU after it, whose weights stay as they are."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight, persistent=False)
        self.register_buffer("bias", bias, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(F.conv2d(x, self.weight, self.bias, padding=1), inplace=True)  # (N, C, H, W)


def layers_of(net: str) -> list[str]:
    """The layers of a net that can be compared: the ReLU after each convolution.

    Args:
        net: ``"vgg16"`` or ``"vgg19"``.

    Example:
        >>> layers_of("vgg19")[:3], layers_of("vgg19")[-1], layers_of("vgg16")[-1]
        (['relu1_1', 'relu1_2', 'relu2_1'], 'relu5_4', 'relu5_3')
    """
    return [f"relu{stage}_{n}" for stage, n in places(net)]


def per_channel(numbers: Triple) -> Tensor:
    """Three numbers as shape (3, 1, 1), float32."""
    return torch.tensor(numbers, dtype=torch.float32)[:, None, None]
