"""Reads the convolutions of VGG-16 and VGG-19 (Simonyan and Zisserman, ICLR 2015) from the files that hold them.

Which net and whose file it is, is found from the content: the names of the tensors, and then every shape.

==============  ===============================  =====================================================================
file            tensors                          what its first convolution takes
==============  ===============================  =====================================================================
torchvision     ``features.0.weight``, OIHW      RGB in [0, 1], minus ImageNet's mean, over ImageNet's sd
MatConvNet      ``layers{1}.weights``, WHIO      RGB in 0–255, minus (123.68, 116.779, 103.939)
Keras           ``block1_conv1.w``, OIHW         BGR in 0–255, minus (103.939, 116.779, 123.68)
==============  ===============================  =====================================================================
"""

import hashlib
import pickle
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

Triple = tuple[float, float, float]
Tensors = Mapping[str, Tensor]

DEPTHS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
CHANNELS = (64, 128, 256, 512, 512)
MEANS: Triple = (123.68, 116.779, 103.939)
IMAGENET_MEAN, IMAGENET_SD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
WHERE = (
    "VGG-19 is vgg19-dcbb9e9d.pth at https://download.pytorch.org/models/, "
    "or imagenet-vgg-verydeep-19.mat at https://www.vlfeat.org/matconvnet/pretrained/"
)


class BackboneError(ValueError):
    """A backbone can't be loaded; the message says which file, what is wrong there, and what to do."""


@dataclass(frozen=True, eq=False)
class Weights:
    """The convolutions of one net, for RGB pictures.

    Attributes:
        name: ``"vgg16"`` or ``"vgg19"``.
        convolutions: Kernel (out, in, 3, 3) and bias (out,) of each, float32, first to last.
        gain: What red, green and blue in [0, 1] are multiplied by before the first convolution.
        shift: What is then subtracted from them.
        sha256: Of the file's bytes, in hex.
    """

    name: str
    convolutions: list[tuple[Tensor, Tensor]]
    gain: Triple
    shift: Triple
    sha256: str


@dataclass(frozen=True)
class Layout:
    """How one kind of file names its tensors and what it means by them.

    Attributes:
        names: Net → names of kernel and bias of each convolution, first to last.
        gain: As in ``Weights``.
        shift: As in ``Weights``.
        bgr: Whether the first kernel's input channels are blue, green, red.
    """

    names: Callable[[str], list[tuple[str, str]]]
    gain: Triple
    shift: Triple
    bgr: bool = False


def torchvision_names(net: str) -> list[tuple[str, str]]:
    """Torchvision counts convolutions, ReLUs and poolings in one row.

    Example:
        >>> [kernel for kernel, bias in torchvision_names("vgg16")][2:8:5]
        ['features.5.weight', 'features.17.weight']
    """
    positions: list[int] = []
    position = 0
    for depth in DEPTHS[net]:
        positions += range(position, position + 2 * depth, 2)
        position += 2 * depth + 1
    return [(f"features.{position}.weight", f"features.{position}.bias") for position in positions]


def keras_names(net: str) -> list[tuple[str, str]]:
    """Keras counts blocks, and convolutions in them."""
    return [(f"block{s}_conv{n}.w", f"block{s}_conv{n}.b") for s, n in places(net)]


def matconvnet_names(net: str) -> list[tuple[str, str]]:
    """As ``read_matconvnet`` calls them, after the authors of VGG."""
    return [(f"conv{s}_{n}.weights", f"conv{s}_{n}.biases") for s, n in places(net)]


def places(net: str) -> list[tuple[int, int]]:
    """Stage and place in it of every convolution, counted from 1.

    Example:
        >>> places("vgg19")[:4], places("vgg19")[-1], len(places("vgg19")), len(places("vgg16"))
        ([(1, 1), (1, 2), (2, 1), (2, 2)], (5, 4), 16, 13)
    """
    return [(stage, n) for stage, depth in enumerate(DEPTHS[net], start=1) for n in range(1, depth + 1)]


def triple(numbers: Any) -> Triple:
    """Three numbers, one for each of red, green and blue."""
    red, green, blue = (float(number) for number in numbers)
    return red, green, blue


LAYOUTS = (
    Layout(torchvision_names, triple(1 / IMAGENET_SD), triple(IMAGENET_MEAN / IMAGENET_SD)),
    Layout(keras_names, (255.0, 255.0, 255.0), MEANS, bgr=True),
    Layout(matconvnet_names, (255.0, 255.0, 255.0), MEANS),
)


def read_weights(path: Path) -> Weights:
    """Read a net's convolutions.

    Args:
        path: A state dict (``.pth``, only tensors are unpickled), a MatConvNet file (``.mat``) or a safetensors file.

    Raises:
        BackboneError: The file is missing, damaged, holds something else than one of these nets, or isn't the one that
            its name promises: ``name-1234abcd.pth`` is the file whose sha256 begins with 1234abcd.
    """
    head, sha256 = identify(path)
    tensors = reader_for(path, head)(path)
    net, layout = recognise(path, tensors)
    convolutions = [
        (checked(path, tensors, kernel, (outputs, inputs, 3, 3)), checked(path, tensors, bias, (outputs,)))
        for (kernel, bias), (inputs, outputs) in zip(layout.names(net), widths(net), strict=True)
    ]
    if layout.bgr:
        kernel, bias = convolutions[0]
        convolutions[0] = (kernel.flip(1), bias)
    return Weights(net, convolutions, layout.gain, layout.shift, sha256)


def identify(path: Path) -> tuple[bytes, str]:
    """A file's first bytes and its sha256 in hex.

    Raises:
        BackboneError: It can't be read, or isn't the one that its name promises.
    """
    try:
        with path.open("rb") as file:
            head = file.read(16)
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BackboneError(f"{path}: can't be read ({error.strerror}); give the weights' file. {WHERE}.") from error
    promised = re.search(r"-([0-9a-f]{8})\.", path.name)
    if promised and not sha256.startswith(promised[1]):
        raise BackboneError(f"{path}: damaged: its sha256 begins with {sha256[:8]}, not {promised[1]}; fetch it again.")
    return head, sha256


def reader_for(path: Path, head: bytes) -> Callable[[Path], Tensors]:
    """What reads a file that begins so.

    Raises:
        BackboneError: It is of no kind that we know.
    """
    if head.startswith(b"MATLAB 5.0"):
        return read_matconvnet
    if head.startswith((b"PK\x03\x04", b"\x80")):
        return read_pickled
    if head[8:9] == b"{":
        return read_safetensors
    raise BackboneError(f"{path}: no .pth, .mat or safetensors file; give one of these. {WHERE}.")


def read_pickled(path: Path) -> Tensors:
    """The tensors of a state dict; whatever else a pickle holds is refused, and no code of it is run.

    Raises:
        BackboneError: The file is damaged, or holds more than named tensors.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise BackboneError(
            f"{path}: damaged, or it holds more than tensors, and pickled code is never run; give a plain state dict. "
            f"{WHERE}."
        ) from error
    except Exception as error:  # a damaged file can lead torch's reader to any exception
        raise BackboneError(f"{path}: damaged ({type(error).__name__}); fetch it again. {WHERE}.") from error
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise BackboneError(f"{path}: no state dict, which holds named tensors and nothing else. {WHERE}.")
    return {str(name): value.detach() for name, value in state.items()}


def read_safetensors(path: Path) -> Tensors:
    """The tensors of a safetensors file.

    Raises:
        BackboneError: The file is damaged.
    """
    try:
        return load_file(path)
    except SafetensorError as error:
        raise BackboneError(f"{path}: not a whole safetensors file ({error}); copy it again.") from error


def read_matconvnet(path: Path) -> Tensors:
    """The convolutions of a MatConvNet file, OIHW.

    The first two axes of its kernels are taken for width and height, as DPED's released code takes them.

    Raises:
        BackboneError: The file is damaged or laid out in another way.
    """
    try:
        layers = scipy.io.loadmat(path, variable_names=["layers"])["layers"].ravel()
        tensors = {}
        for layer in (cell[0, 0] for cell in layers):
            name = str(layer["name"][0])
            if name.startswith("conv"):
                kernel, bias = layer["weights"].ravel()
                tensors[f"{name}.weights"] = torch.from_numpy(np.float32(kernel.transpose(3, 2, 1, 0)))
                tensors[f"{name}.biases"] = torch.from_numpy(np.float32(bias.ravel()))
    except Exception as error:  # scipy's reader has many, and numpy's for a field that isn't there
        raise BackboneError(
            f"{path}: damaged, or no MatConvNet net with layers of name and weights ({error}). {WHERE}."
        ) from error
    return tensors


def recognise(path: Path, tensors: Tensors) -> tuple[str, Layout]:
    """Which net a file holds, and how.

    Raises:
        BackboneError: Neither; names some of its tensors.
    """
    convolutions = {name for name in tensors if not name.startswith("classifier.")}
    for net in DEPTHS:
        for layout in LAYOUTS:
            if convolutions == {name for pair in layout.names(net) for name in pair}:
                return net, layout
    raise BackboneError(
        f"{path}: neither VGG-16 nor VGG-19 (without batch norm): it has {len(convolutions)} tensors beside the "
        f"classifier's, the first are {sorted(convolutions)[:3]}. {WHERE}."
    )


def widths(net: str) -> list[tuple[int, int]]:
    """Channels in and out of every convolution."""
    outputs = [CHANNELS[stage - 1] for stage, _ in places(net)]
    return list(zip([3, *outputs], outputs, strict=False))


def checked(path: Path, tensors: Tensors, name: str, shape: tuple[int, ...]) -> Tensor:
    """The tensor of that name in float32.

    Raises:
        BackboneError: Its shape is another, or it holds what is no number.
    """
    tensor = tensors[name]
    if tensor.shape != shape:
        raise BackboneError(f"{path}: {name} should have the shape {shape}, not {tuple(tensor.shape)}. {WHERE}.")
    if not tensor.is_floating_point() or not tensor.isfinite().all():
        raise BackboneError(f"{path}: {name} should hold finite floats; fetch the file again. {WHERE}.")
    return tensor.float().contiguous()
