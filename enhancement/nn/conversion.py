"""The DPED authors' released checkpoints as networks of ours.

The released graphs have no architecture file, so blocks and channels are read off the tensors. TensorFlow keeps a
kernel as (height, width, input, output), torch as (output, input, height, width).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor

from enhancement.nn.checkpoint import Source
from enhancement.nn.files import sha256_of
from enhancement.nn.networks.architectures import Network
from enhancement.nn.networks.dong import Dong
from enhancement.nn.networks.generator import Generator
from enhancement.nn.tensorflow import Tensors, data_files, read_checkpoint

SCOPE = "generator/"
DONG_LAYOUT = {
    "conv1.weight": "w1",
    "conv1.bias": "b1",
    "conv2.weight": "w2",
    "conv2.bias": "b2",
    "conv3.weight": "w3",
    "bias3": "b3",
}


class ConversionError(ValueError):
    """A TensorFlow checkpoint isn't one of the released layouts; the message says what differs."""


def read_released(index: Path) -> tuple[Network, Source]:
    """Read a released checkpoint as a network of ours.

    Args:
        index: The checkpoint's ``.index`` file; its data file must lie beside it.

    Returns:
        The network on the CPU, and where its weights came from.

    Raises:
        TensorFlowCheckpointError: The files are missing, damaged or no checkpoint.
        ConversionError: The tensors aren't those of a DPED generator or Dong net, or hold no finite numbers.
    """
    try:
        network = convert(read_checkpoint(index))
    except ConversionError as error:
        raise ConversionError(f"{index}: {error}") from error
    files = {path.name: sha256_of(path.read_bytes()) for path in [index, *data_files(index)]}
    return network, Source(name=index.name.removesuffix(".index"), files=files)


def convert(tensors: Tensors) -> Network:
    """Build the network that released tensors belong to.

    Args:
        tensors: Name → array as ``read_checkpoint`` gives them; kernels in the order height, width, input, output.

    Raises:
        ConversionError: A tensor is missing, of the wrong shape, not known, or holds values that are no finite numbers.
    """
    plain = {name.removeprefix(SCOPE): array for name, array in tensors.items()}
    if "w1" in plain:
        return fill(Dong(), DONG_LAYOUT, plain)
    if "W1" in plain:
        blocks, channels = generator_settings(plain)
        return fill(Generator(blocks=blocks, channels=channels), generator_layout(blocks), plain)
    raise ConversionError(
        f"neither a DPED generator (it would have {SCOPE}W1) nor a Dong net ({SCOPE}w1); "
        f"the first tensors here are {sorted(tensors)[:3]}."
    )


def generator_settings(tensors: Tensors) -> tuple[int, int]:
    """Blocks and channels of a released generator, read off the number and shape of its kernels.

    Raises:
        ConversionError: No generator has so many kernels, or its first isn't 9 × 9.
    """
    kernels = sum(name[0] == "W" for name in tensors)
    if kernels < 6 or kernels % 2:
        raise ConversionError(f"a generator has 4 kernels and 2 for each block, this checkpoint has {kernels}.")
    if tensors["W1"].shape[:3] != (9, 9, 3):
        raise ConversionError(f"W1 should have the shape (9, 9, 3, channels), not {tensors['W1'].shape}.")
    return (kernels - 4) // 2, tensors["W1"].shape[3]


def generator_layout(blocks: int) -> dict[str, str]:
    """Our name → released name of every tensor of a generator.

    Example:
        >>> layout = generator_layout(4)
        >>> layout["blocks.0.conv1.weight"], layout["blocks.0.norm1.bias"], layout["blocks.0.norm1.weight"]
        ('W2', 'Variable', 'Variable_1')
        >>> layout["blocks.3.conv2.weight"], layout["blocks.3.norm2.bias"], layout["out.bias"]
        ('W9', 'Variable_14', 'b12')
    """
    inner = [f"blocks.{block}.conv{half}" for block in range(blocks) for half in (1, 2)]
    convolutions = ["head", *inner, "tail1", "tail2", "out"]
    layout: dict[str, str] = {}
    for number, name in enumerate(convolutions, start=1):
        layout |= {f"{name}.weight": f"W{number}", f"{name}.bias": f"b{number}"}
    for number, name in enumerate(inner):
        norm = name.replace("conv", "norm")
        layout |= {f"{norm}.bias": variable(2 * number), f"{norm}.weight": variable(2 * number + 1)}
    return layout


def variable(number: int) -> str:
    """TensorFlow's name of the n-th variable that was given none; the first has no number."""
    return f"Variable_{number}" if number else "Variable"


def fill(network: Network, layout: Mapping[str, str], tensors: Tensors) -> Network:
    """Put every released tensor into its place.

    Raises:
        ConversionError: A tensor is missing, left over, of the wrong shape, or holds values that are no finite numbers.
    """
    missing, unknown = set(layout.values()) - set(tensors), set(tensors) - set(layout.values())
    if missing or unknown:
        raise ConversionError(f"tensors missing: {sorted(missing) or 'none'}; not known: {sorted(unknown) or 'none'}.")
    state = network.state_dict()
    for name, released in layout.items():
        value = to_torch(tensors[released])
        if value.shape != state[name].shape:
            raise ConversionError(
                f"{released} has the shape {tensors[released].shape}, which doesn't fit our {name} "
                f"of shape {tuple(state[name].shape)}."
            )
        if not value.isfinite().all():
            raise ConversionError(f"{released} holds values that are no finite numbers; copy the checkpoint again.")
        state[name] = value
    network.load_state_dict(state)
    return network.eval()


def to_torch(tensor: npt.NDArray[Any]) -> Tensor:
    """A released tensor in torch's layout: kernels HWIO → OIHW, a scalar as one element, the rest as it is."""
    if tensor.ndim == 4:
        return torch.from_numpy(tensor.transpose(3, 2, 0, 1).astype("f4", order="C"))
    return torch.from_numpy(tensor.astype("f4", order="C").reshape(tensor.shape or (1,)))
