"""Files of VGG with random weights of the true shapes, in every layout, and a slow reading of what it computes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.io
import torch
from safetensors.torch import save_file

Convolutions = list[tuple[torch.Tensor, torch.Tensor]]
WriteVgg = Callable[[Path, Convolutions], Path]

# Written out, not computed: torchvision's own positions.
TORCHVISION = {
    13: (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
    16: (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34),
}
DEPTHS = {13: (2, 2, 3, 3, 3), 16: (2, 2, 4, 4, 4)}


def make(depths: tuple[int, ...], seed: int) -> Convolutions:
    random, convolutions, inputs = torch.Generator().manual_seed(seed), [], 3
    for depth, outputs in zip(depths, (64, 128, 256, 512, 512), strict=True):
        for _ in range(depth):
            kernel = torch.randn(outputs, inputs, 3, 3, generator=random) * (2 / (9 * inputs)) ** 0.5
            convolutions.append((kernel, 0.1 * torch.randn(outputs, generator=random)))
            inputs = outputs
    return convolutions


def named(convolutions: Convolutions) -> list[str]:
    """1_1, 1_2, 2_1 …"""
    depths = DEPTHS[len(convolutions)]
    return [f"{stage}_{n}" for stage, depth in enumerate(depths, start=1) for n in range(1, depth + 1)]


def torchvision(convolutions: Convolutions) -> dict[str, torch.Tensor]:
    positions = TORCHVISION[len(convolutions)]
    kernels = {f"features.{p}.weight": kernel for p, (kernel, _) in zip(positions, convolutions, strict=True)}
    return kernels | {f"features.{p}.bias": bias for p, (_, bias) in zip(positions, convolutions, strict=True)}


@pytest.fixture(scope="session")
def vgg19() -> Convolutions:
    """Kernels (out, in, height, width) and biases; red, green, blue come in."""
    return make(DEPTHS[16], 19)


@pytest.fixture(scope="session")
def vgg16() -> Convolutions:
    return make(DEPTHS[13], 16)


@pytest.fixture(scope="session")
def write_torchvision() -> WriteVgg:
    """A state dict as ``torch.save`` writes it, or safetensors of the same names, with a classifier beside."""

    def write(path: Path, convolutions: Convolutions) -> Path:
        tensors = torchvision(convolutions) | {"classifier.6.bias": torch.zeros(1000)}
        if path.suffix == ".safetensors":
            save_file(tensors, path)
        else:
            torch.save(tensors, path, _use_new_zipfile_serialization=path.suffix == ".pth")
        return path

    return write


@pytest.fixture(scope="session")
def write_keras() -> WriteVgg:
    """Half precision; blue, green, red come in."""

    def write(path: Path, convolutions: Convolutions) -> Path:
        tensors = {}
        for place, (kernel, bias) in zip(named(convolutions), convolutions, strict=True):
            channels = [2, 1, 0] if place == "1_1" else list(range(kernel.shape[1]))
            tensors[f"block{place.replace('_', '_conv')}.w"] = kernel[:, channels].half()
            tensors[f"block{place.replace('_', '_conv')}.b"] = bias.half()
        save_file(tensors, path)
        return path

    return write


@pytest.fixture(scope="session")
def write_matconvnet() -> WriteVgg:
    """Cells of structs, with ReLUs, poolings and a layer of the classifier between and after the convolutions."""

    def write(path: Path, convolutions: Convolutions) -> Path:
        layers: list[dict[str, Any]] = []
        for place, (kernel, bias) in zip(named(convolutions), convolutions, strict=True):
            layers.append(struct(f"conv{place}", "conv", whio(kernel), bias.numpy()[:, None]))
            layers.append({"type": "relu", "name": f"relu{place}"})
        layers.append(struct("fc8", "conv", np.zeros((1, 1, 4, 10), np.float32), np.zeros((10, 1), np.float32)))
        cells = np.empty((1, len(layers)), object)
        cells[0, :] = layers
        scipy.io.savemat(path, {"layers": cells, "meta": {"classes": "none"}})
        return path

    return write


def struct(name: str, kind: str, kernel: npt.NDArray[Any], bias: npt.NDArray[Any]) -> dict[str, Any]:
    weights = np.empty((1, 2), object)
    weights[0, 0], weights[0, 1] = kernel, bias
    return {"weights": weights, "pad": 1, "type": kind, "name": name, "stride": 1}


def whio(kernel: torch.Tensor) -> npt.NDArray[np.float32]:
    """Element by element, so that it shares no idea of transposing with what is tested."""
    outputs, inputs, height, width = kernel.shape
    result = np.zeros((width, height, inputs, outputs), np.float32)
    for x in range(width):
        for y in range(height):
            result[x, y] = kernel[:, :, y, x].numpy().T
    return result


@pytest.fixture(scope="session")
def plain_vgg() -> Callable[..., npt.NDArray[np.float64]]:
    """What a VGG computes, tap by tap in float64: ``plain_vgg(prepared (3, H, W), convolutions, stages)``."""

    def compute(
        x: npt.NDArray[np.float64], convolutions: Convolutions, depths: tuple[int, ...]
    ) -> npt.NDArray[np.float64]:
        rest = iter(convolutions)
        for stage, depth in enumerate(depths):
            x = pooled(x) if stage else x
            for _ in range(depth):
                kernel, bias = next(rest)
                x = np.maximum(convolved(x, kernel.double().numpy()) + bias.double().numpy()[:, None, None], 0)
        return x

    return compute


def convolved(x: npt.NDArray[np.float64], kernel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    _, height, width = x.shape
    framed = np.zeros((x.shape[0], height + 2, width + 2))
    framed[:, 1:-1, 1:-1] = x
    taps = [(down, right) for down in range(3) for right in range(3)]
    parts = [np.einsum("oi,ihw->ohw", kernel[:, :, d, r], framed[:, d : d + height, r : r + width]) for d, r in taps]
    return np.sum(parts, axis=0)


def pooled(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The largest of each 2 × 2, and of what is left of one at the lower and right border."""
    rows, columns = range(0, x.shape[1], 2), range(0, x.shape[2], 2)
    return np.stack([np.stack([x[:, r : r + 2, c : c + 2].max((1, 2)) for c in columns], -1) for r in rows], -2)
