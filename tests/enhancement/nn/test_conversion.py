"""Released weights as networks of ours. Swapped kernel axes cost 0.3 dB only, so the layout is tested itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.signal import correlate

from enhancement.nn.conversion import ConversionError, convert, read_released
from enhancement.nn.networks.architectures import architecture_of
from enhancement.nn.tensorflow import read_checkpoint

Tensors = dict[str, npt.NDArray[np.float32]]


def released_generator(blocks: int, channels: int, seed: int = 0) -> Tensors:
    """Random tensors in the names and shapes of the released graphs."""
    random = np.random.default_rng(seed)
    shapes = [(9, 9, 3, channels), *[(3, 3, channels, channels)] * (2 * blocks + 2), (9, 9, channels, 3)]
    tensors: Tensors = {}
    for k, shape in enumerate(shapes, start=1):
        fan_in = np.prod(shape[:3])
        tensors[f"generator/W{k}"] = random.normal(0, 1 / np.sqrt(fan_in), shape).astype(np.float32)
        tensors[f"generator/b{k}"] = random.normal(0, 0.1, shape[3]).astype(np.float32)
    for number in range(4 * blocks):
        name = f"generator/Variable_{number}" if number else "generator/Variable"
        tensors[name] = random.normal(number % 2, 0.2, channels).astype(np.float32)
    return tensors


def released_dong(seed: int = 0) -> Tensors:
    random = np.random.default_rng(seed)
    shapes = {"w1": (9, 9, 3, 64), "w2": (5, 5, 64, 32), "w3": (5, 5, 32, 3), "b1": (64,), "b2": (32,), "b3": (1,)}
    return {f"generator/{name}": random.normal(0, 0.05, shape).astype(np.float32) for name, shape in shapes.items()}


def conv(x: npt.NDArray[Any], kernel: npt.NDArray[Any], bias: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """TensorFlow's "same" convolution of (H, W, in) by (h, w, in, out), written with scipy."""
    h, w = kernel.shape[:2]
    padded = np.pad(x, ((h // 2, h // 2), (w // 2, w // 2), (0, 0)))
    maps = [correlate(padded, kernel[..., o], mode="valid", method="direct")[..., 0] for o in range(kernel.shape[3])]
    return np.stack(maps, axis=-1) + bias


def norm(x: npt.NDArray[Any], shift: npt.NDArray[Any], scale: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return scale * (x - x.mean((0, 1))) / np.sqrt(x.var((0, 1)) + 1e-3) + shift


def released_graph(t: Tensors, photo: npt.NDArray[Any], blocks: int) -> npt.NDArray[Any]:
    """The authors' graph on (H, W, 3), for a judge."""
    t = {name.removeprefix("generator/"): tensor.astype(np.float64) for name, tensor in t.items()}
    t["Variable_0"] = t["Variable"]
    x = np.maximum(conv(photo, t["W1"], t["b1"]), 0)
    for block in range(blocks):
        y = x
        for k in (2 + 2 * block, 3 + 2 * block):
            at = 2 * (k - 2)
            y = np.maximum(norm(conv(y, t[f"W{k}"], t[f"b{k}"]), t[f"Variable_{at}"], t[f"Variable_{at + 1}"]), 0)
        x = x + y
    for k in (2 * blocks + 2, 2 * blocks + 3):
        x = np.maximum(conv(x, t[f"W{k}"], t[f"b{k}"]), 0)
    last = 2 * blocks + 4
    return np.tanh(conv(x, t[f"W{last}"], t[f"b{last}"])) * 0.58 + 0.5


def run(network: torch.nn.Module, photo: npt.NDArray[Any]) -> npt.NDArray[Any]:
    with torch.inference_mode():
        output: torch.Tensor = network.double()(torch.from_numpy(photo).permute(2, 0, 1)[None])
    return output[0].permute(1, 2, 0).numpy()


def swapped(tensors: Tensors) -> Tensors:
    return {name: np.swapaxes(t, 0, 1).copy() if t.ndim == 4 else t for name, t in tensors.items()}


def test_every_kernel_element_has_its_place() -> None:
    tensors = released_generator(blocks=2, channels=6)
    state = convert(tensors).state_dict()
    inner = ["blocks.0.conv1", "blocks.0.conv2", "blocks.1.conv1", "blocks.1.conv2"]
    for k, name in enumerate(["head", *inner, "tail1", "tail2", "out"], start=1):
        kernel = tensors[f"generator/W{k}"]
        for h, w, i, o in np.ndindex(kernel.shape):
            assert state[f"{name}.weight"][o, i, h, w] == kernel[h, w, i, o]
        np.testing.assert_array_equal(state[f"{name}.bias"], tensors[f"generator/b{k}"])


def test_shift_comes_before_scale() -> None:
    tensors = released_generator(blocks=2, channels=6)
    state = convert(tensors).state_dict()
    np.testing.assert_array_equal(state["blocks.0.norm1.bias"], tensors["generator/Variable"])
    np.testing.assert_array_equal(state["blocks.0.norm1.weight"], tensors["generator/Variable_1"])
    np.testing.assert_array_equal(state["blocks.1.norm2.bias"], tensors["generator/Variable_6"])
    np.testing.assert_array_equal(state["blocks.1.norm2.weight"], tensors["generator/Variable_7"])


def test_the_generator_computes_what_the_released_graph_computes() -> None:
    tensors = released_generator(blocks=2, channels=6)
    photo = np.random.default_rng(1).random((11, 14, 3))
    expected = released_graph(tensors, photo, blocks=2)
    np.testing.assert_allclose(run(convert(tensors), photo), expected, rtol=0, atol=1e-9)
    assert np.abs(run(convert(swapped(tensors)), photo) - expected).max() > 1e-3


def test_the_dong_net_computes_what_the_released_graph_computes() -> None:
    tensors = released_dong()
    photo = np.random.default_rng(1).random((7, 9, 3))
    x = photo
    for k in (1, 2):
        x = np.maximum(conv(x, tensors[f"generator/w{k}"], tensors[f"generator/b{k}"]), 0)
    expected = np.tanh(conv(x, tensors["generator/w3"], tensors["generator/b3"])) * 0.58 + 0.5
    np.testing.assert_allclose(run(convert(tensors), photo), expected, rtol=0, atol=1e-9)
    assert np.abs(run(convert(swapped(tensors)), photo) - expected).max() > 1e-3


def test_a_scalar_bias_may_have_no_axis() -> None:
    tensors = released_dong()
    tensors["generator/b3"] = tensors["generator/b3"].reshape(())
    assert convert(tensors).state_dict()["bias3"].shape == (1,)


@pytest.mark.parametrize(
    ("name", "architecture", "config"),
    [
        ("iphone_orig", "dped", {"blocks": 4, "channels": 64, "norm": "instance"}),
        ("blackberry_orig", "dped", {"blocks": 4, "channels": 64, "norm": "instance"}),
        ("dped_resnet_8_32", "dped", {"blocks": 2, "channels": 32, "norm": "instance"}),
        ("dped_srcnn", "dong", {}),
    ],
)
def test_released_weights(shared: Callable[[str], Path], name: str, architecture: str, config: dict[str, Any]) -> None:
    index = shared(f"dped/weights/{name}.index")
    network, source = read_released(index)
    assert (architecture_of(network), network.config, source.name) == (architecture, config, name)
    assert sorted(source.files) == [f"{name}.data-00000-of-00001", f"{name}.index"]
    tensors = read_checkpoint(index)
    first = "w1" if architecture == "dong" else "W1"
    np.testing.assert_array_equal(
        next(network.parameters()).detach()
        if architecture == "dped"
        else network.get_parameter("conv1.weight").detach(),
        tensors[f"generator/{first}"].transpose(3, 2, 0, 1),
    )


def test_a_missing_tensor_is_named() -> None:
    tensors = released_generator(blocks=1, channels=4)
    del tensors["generator/Variable_2"]
    with pytest.raises(ConversionError, match=r"tensors missing: \['Variable_2'\]; not known: none"):
        convert(tensors)


def test_a_tensor_too_many_is_named() -> None:
    with pytest.raises(ConversionError, match=r"not known: \['global_step'\]"):
        convert(released_dong() | {"global_step": np.float32(3)})  # type: ignore[dict-item]


def test_a_wrong_shape_is_named() -> None:
    tensors = released_generator(blocks=1, channels=4)
    tensors["generator/W3"] = tensors["generator/W3"][:2]
    with pytest.raises(ConversionError, match=r"W3 has the shape \(2, 3, 4, 4\), which doesn't fit our blocks.0.conv2"):
        convert(tensors)


def test_a_tensor_of_no_numbers_is_named() -> None:
    tensors = released_generator(blocks=1, channels=4)
    tensors["generator/W3"][2, 1, 0, 3] = np.nan
    with pytest.raises(ConversionError, match="W3 holds values that are no finite numbers"):
        convert(tensors)


def test_a_kernel_too_few() -> None:
    tensors = released_generator(blocks=1, channels=4)
    del tensors["generator/W6"]
    with pytest.raises(ConversionError, match="this checkpoint has 5"):
        convert(tensors)


def test_a_first_kernel_of_another_size() -> None:
    tensors = released_generator(blocks=1, channels=4)
    tensors["generator/W1"] = tensors["generator/W1"][:7, :7]
    with pytest.raises(ConversionError, match=r"W1 should have the shape \(9, 9, 3, channels\), not \(7, 7, 3, 4\)"):
        convert(tensors)


def test_another_network_is_refused_by_file(tmp_path: Path, write_bundle: Any) -> None:
    index = write_bundle(tmp_path / "vgg.index", {"conv1_1": np.zeros(3, np.float32)})
    with pytest.raises(ConversionError, match=r"vgg.index: neither a DPED generator .* nor a Dong net .*\['conv1_1'\]"):
        read_released(index)
