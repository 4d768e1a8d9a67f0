"""VGG from every file that holds it: the same net, the right scale, frozen; and what is refused."""

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.io
import torch
from safetensors.torch import load_file, save_file

from enhancement.nn.training.backbone import Backbone, BackboneError, layers_of, load_backbone
from enhancement.nn.training.backbone_files import Weights, read_weights
from enhancement.pictures import Photo, decode

MEANS = np.array([123.68, 116.779, 103.939])[:, None, None]
MEAN, SD = np.array([0.485, 0.456, 0.406])[:, None, None], np.array([0.229, 0.224, 0.225])[:, None, None]
CAFFE = ((255.0, 255.0, 255.0), (123.68, 116.779, 103.939))
Plain = Callable[..., npt.NDArray[np.float64]]


def unit(photo: Photo) -> npt.NDArray[np.float64]:
    """(H, W, 3) uint8 → (3, H, W) in [0, 1]."""
    return np.moveaxis(photo, 2, 0) / 255.0


def features(backbone: Backbone, picture: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    with torch.no_grad():
        return backbone(torch.from_numpy(picture)[None])[0].double().numpy()


def assert_same(weights: Weights, convolutions: Any, *, precision: torch.dtype = torch.float32) -> None:
    for (kernel, bias), (expected_kernel, expected_bias) in zip(weights.convolutions, convolutions, strict=True):
        assert kernel.dtype == bias.dtype == torch.float32
        assert torch.equal(kernel, expected_kernel.to(precision).float())
        assert torch.equal(bias, expected_bias.to(precision).float())


@pytest.mark.parametrize("name", ["net.pth", "net.old", "net.safetensors"])
def test_torchvisions_files(tmp_path: Path, vgg19: Any, write_torchvision: Any, name: str) -> None:
    path = write_torchvision(tmp_path / name, vgg19)
    weights = read_weights(path)
    assert weights.name == "vgg19"
    assert weights.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    np.testing.assert_allclose(weights.gain, 1 / SD.ravel())
    np.testing.assert_allclose(weights.shift, MEAN.ravel() / SD.ravel())
    assert_same(weights, vgg19)


def test_matconvnets_file(tmp_path: Path, vgg19: Any, write_matconvnet: Any) -> None:
    weights = read_weights(write_matconvnet(tmp_path / "net.mat", vgg19))
    assert (weights.name, weights.gain, weights.shift) == ("vgg19", *CAFFE)
    assert_same(weights, vgg19)


def test_vgg16_as_torchvision_and_as_keras_keep_it(
    tmp_path: Path, vgg16: Any, write_torchvision: Any, write_keras: Any
) -> None:
    assert_same(read_weights(write_torchvision(tmp_path / "net.pth", vgg16)), vgg16)
    weights = read_weights(write_keras(tmp_path / "net.safetensors", vgg16))
    assert (weights.name, weights.gain, weights.shift) == ("vgg16", *CAFFE)
    assert_same(weights, vgg16, precision=torch.float16)


def test_features_are_those_of_the_formula(coffee: Photo, vgg19: Any, plain_vgg: Plain) -> None:
    picture = unit(coffee[100:113, 200:211])
    for gain, shift, prepared in [
        (*CAFFE, 255 * picture - MEANS),
        (tuple(1 / SD.ravel()), tuple((MEAN / SD).ravel()), (picture - MEAN) / SD),
    ]:
        backbone = Backbone(Weights("vgg19", vgg19, gain, shift, ""), "relu3_2")
        expected = plain_vgg(prepared, vgg19, (2, 2, 2))
        assert expected.shape == (256, 4, 3)  # 13 → 7 → 4, 11 → 6 → 3
        np.testing.assert_allclose(features(backbone, picture), expected, rtol=1e-4, atol=1e-4 * expected.max())


def test_every_file_gives_the_same_features(
    tmp_path: Path, coffee: Photo, vgg16: Any, *, write_torchvision: Any, write_keras: Any, write_matconvnet: Any
) -> None:
    """One picture by the first and third; for torchvision's the picture that it prepares to the same numbers."""
    rounded = [(kernel.half().float(), bias.half().float()) for kernel, bias in vgg16]
    write_torchvision(tmp_path / "a.pth", rounded)
    write_keras(tmp_path / "b.safetensors", rounded)
    write_matconvnet(tmp_path / "c.mat", rounded)
    picture = unit(coffee[100:140, 200:236])
    other = (255 * picture - MEANS) * SD + MEAN
    keras, matconvnet, torchvision = (
        features(load_backbone(tmp_path / name, "relu5_3"), seen)
        for name, seen in [("b.safetensors", picture), ("c.mat", picture), ("a.pth", other)]
    )
    np.testing.assert_allclose(keras, matconvnet, rtol=1e-4, atol=1e-4 * matconvnet.max())
    np.testing.assert_allclose(torchvision, matconvnet, rtol=1e-3, atol=1e-3 * matconvnet.max())


def test_a_patch_of_100_px_has_features_of_7(vgg19: Any) -> None:
    backbone = Backbone(Weights("vgg19", vgg19, *CAFFE, "ab"), "relu5_4")
    sides = []
    for stage in backbone.stages:
        stage.register_forward_hook(lambda module, inputs, output: sides.append(tuple(output.shape[1:])))
    assert features(backbone, np.zeros((3, 100, 100))).shape == (512, 7, 7)
    assert sides == [(64, 100, 100), (128, 50, 50), (256, 25, 25), (512, 13, 13), (512, 7, 7)]
    assert (backbone.name, backbone.layer, backbone.sha256) == ("vgg19", "relu5_4", "ab")


def test_only_what_the_layer_needs_is_kept(vgg19: Any) -> None:
    backbone = Backbone(Weights("vgg19", vgg19, *CAFFE, ""), "relu2_1")
    assert [len(list(stage)) for stage in backbone.stages] == [2, 1]  # type: ignore[arg-type]


def test_it_is_frozen_and_the_gradient_reaches_the_picture(vgg19: Any) -> None:
    backbone = Backbone(Weights("vgg19", vgg19, *CAFFE, ""), "relu1_2").train().requires_grad_(True)
    picture = torch.rand(1, 3, 8, 8, requires_grad=True)
    backbone(picture).sum().backward()
    assert picture.grad is not None
    assert (picture.grad != 0).any()
    assert not list(backbone.parameters())
    assert not any(buffer.requires_grad or buffer.grad is not None for buffer in backbone.buffers())
    assert not backbone.state_dict()  # 80 MB that no checkpoint of a run needs


def test_the_real_vgg16(shared: Callable[[str], Path], plain_vgg: Plain) -> None:
    path = shared("backbones/vgg16_fp16.safetensors")
    photo = unit(decode(shared("city100/iphone/001.jpg"), name="001")[300:312, 400:414])
    tensors = load_file(path)
    names = ("block1_conv1", "block1_conv2", "block2_conv1", "block2_conv2")
    convolutions = [(tensors[f"{name}.w"], tensors[f"{name}.b"]) for name in names]
    expected = plain_vgg((255 * photo - MEANS)[::-1], convolutions, (2, 2))  # blue, green, red
    backbone = load_backbone(path, "relu2_2")
    assert (backbone.name, backbone.sha256[:8]) == ("vgg16", "74404080")
    np.testing.assert_allclose(features(backbone, photo), expected, rtol=1e-4, atol=1e-4 * expected.max())


def test_layers_that_are_not_there(vgg16: Any) -> None:
    weights = Weights("vgg16", vgg16, *CAFFE, "")
    with pytest.raises(BackboneError, match=r"vgg16 has no layer 'relu5_4' to compare; it has relu1_1, .*, relu5_3\."):
        Backbone(weights, "relu5_4")
    with pytest.raises(BackboneError, match="no layer 'pool1'"):
        Backbone(weights, "pool1")
    assert len(layers_of("vgg19")) == 16


def refused(path: Path, message: str) -> None:
    """One line that says what to do."""
    with pytest.raises(BackboneError, match=message) as caught:
        load_backbone(path, "relu1_1")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_where_there_is_one(tmp_path: Path) -> None:
    refused(
        tmp_path / "net.pth", "can't be read .* VGG-19 is vgg19-dcbb9e9d.pth at https://download.pytorch.org/models/"
    )
    refused(tmp_path, "can't be read")


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
            return Path.touch, (tmp_path / "exploded",)

    torch.save({"features.0.weight": Bomb()}, tmp_path / "net.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Bomb(), protocol=2))
    refused(tmp_path / "net.pth", "pickled code is never run; give a plain state dict")
    refused(tmp_path / "plain.pth", "pickled code is never run|damaged")
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [("a.pth", "damaged"), ("b.safetensors", "not a whole safetensors file"), ("c.mat", "damaged, or no MatConvNet")],
)
def test_files_cut_short(tmp_path: Path, name: str, message: str) -> None:
    torch.save({"features.0.weight": torch.rand(64, 3, 3, 3)}, tmp_path / "a.pth")
    save_file({"features.0.weight": torch.rand(64, 3, 3, 3)}, tmp_path / "b.safetensors")
    scipy.io.savemat(tmp_path / "c.mat", {"layers": np.random.default_rng(0).random((40, 40))})
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    refused(tmp_path / name, message)


@pytest.mark.parametrize("content", [b"", b"hello", bytes(200), b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_such_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.pth").write_bytes(content)
    refused(tmp_path / "net.pth", r"no \.pth, \.mat or safetensors file")


def test_a_state_dict_that_is_none(tmp_path: Path) -> None:
    torch.save([torch.zeros(3)], tmp_path / "net.pth")
    refused(tmp_path / "net.pth", "no state dict")
    torch.save({"state_dict": {"features.0.weight": torch.zeros(3)}}, tmp_path / "net.pth")
    refused(tmp_path / "net.pth", "no state dict")


def test_a_name_that_promises_another_file(tmp_path: Path, vgg16: Any, write_torchvision: Any) -> None:
    path = write_torchvision(tmp_path / "vgg19-dcbb9e9d.pth", vgg16)
    refused(path, r"damaged: its sha256 begins with [0-9a-f]{8}, not dcbb9e9d; fetch it again")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.rename(tmp_path / f"vgg16-{digest[:8]}.pth")
    assert read_weights(tmp_path / f"vgg16-{digest[:8]}.pth").sha256 == digest


def small(**changes: torch.Tensor | None) -> dict[str, torch.Tensor]:
    """A state dict of VGG-16's names whose first kernel alone has its shape."""
    positions = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    tensors = {f"features.{p}.{part}": torch.zeros(64, 3, 3, 3) for p in positions for part in ("weight", "bias")}
    tensors["features.0.bias"] = torch.zeros(64)
    whole = tensors | {name.replace("__", "."): value for name, value in changes.items()}
    return {name: value for name, value in whole.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, r"features\.2\.weight should have the shape \(64, 64, 3, 3\), not \(64, 3, 3, 3\)"),
        (
            {"features__0__weight": torch.zeros(64, 3, 11, 11)},
            r"features\.0\.weight should have .* not \(64, 3, 11, 11\)",
        ),
        ({"features__0__bias": torch.full((64,), torch.nan)}, r"features\.0\.bias should hold finite floats"),
        ({"features__0__bias": torch.zeros(64, dtype=torch.int64)}, "should hold finite floats"),
        ({"features__28__bias": None}, "neither VGG-16 nor VGG-19 .* it has 25 tensors"),
        ({"features__1__running_mean": torch.zeros(64)}, r"neither .*\(without batch norm\): it has 27 tensors"),
    ],
)
def test_another_net(tmp_path: Path, changes: dict[str, torch.Tensor | None], message: str) -> None:
    save_file(small(**changes), tmp_path / "net.safetensors")
    refused(tmp_path / "net.safetensors", message)
