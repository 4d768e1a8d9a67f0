"""Networks of ours as ONNX: the same answer in onnxruntime, at any size."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from enhancement.nn.__main__ import main
from enhancement.nn.checkpoint import Source, save
from enhancement.nn.export import ExportError, as_onnx, export
from enhancement.nn.graph import open_graph, run_planes, to_planes
from enhancement.nn.inference import enhance, enhance_floats, pick_device
from enhancement.nn.methods import load_onnx
from enhancement.nn.networks.dong import Dong
from enhancement.subject import Subject
from tests.enhancement.nn.whole.test_passes import NETWORKS, SIZES, made, photo_of, whole

CPU = pick_device("cpu")


@pytest.mark.parametrize("name", NETWORKS)
def test_onnxruntime_gives_the_networks_answer_at_every_size(name: str) -> None:
    network = made(name)
    graph = open_graph(as_onnx(network.chain()).SerializeToString())
    for size in (*SIZES[1:], (2, 18)):  # the last: rows that differ, as many as are to be added
        photo = photo_of(size)
        theirs = run_planes(graph, to_planes(photo[None]))[0]
        truth = whole(network, photo)
        rounding = (whole(network, photo, torch.float32).double() - truth).abs().max().item()
        assert theirs.shape == (3, *size)
        assert np.abs(np.moveaxis(theirs, 0, 2) - truth.numpy()).max() <= max(1e-4, 20 * rounding), size


@pytest.mark.parametrize("name", NETWORKS)
def test_only_what_was_continued_is_cut(name: str) -> None:
    chain = made(name).chain()
    operators = [node.op_type for node in as_onnx(chain).graph.node]
    assert ("Slice" in operators) == ("ReflectToMultiples" in operators) == (chain.step_px > 1)


def test_several_photos_at_once() -> None:
    network, photos = made("dped"), np.stack([photo_of((9, 8)), photo_of((8, 9)).reshape(9, 8, 3)])
    graph = open_graph(as_onnx(network.chain()).SerializeToString())
    theirs = run_planes(graph, to_planes(photos))
    np.testing.assert_allclose(np.moveaxis(theirs, 1, 3), enhance_floats(network, photos, CPU), atol=1e-4)


def test_the_file_is_a_method(tmp_path: Path) -> None:
    network, photo = made("johnson"), photo_of((21, 18))
    save(tmp_path / "net.safetensors", network, source=Source("fresh"), code_version="1")
    assert main(["export", str(tmp_path / "net.safetensors"), "-o", str(tmp_path / "net.onnx")]) == 0
    theirs = load_onnx({"device": "cpu"}, tmp_path / "net.onnx")(Subject("noise", photo))
    ours = enhance(network, photo, CPU, precision="float32")
    assert np.abs(theirs.photo.astype(int) - ours.photo).max() <= 1
    assert (theirs.device, theirs.dtype) == ("cpu", "float32")


def test_a_network_without_a_finite_answer_is_not_written(tmp_path: Path) -> None:
    network = Dong()
    nn.init.constant_(network.conv1.weight, float("nan"))
    with pytest.raises(ExportError, match=r"net.onnx: onnxruntime's answer is nan from the network's; nothing is writ"):
        export(network, tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())
