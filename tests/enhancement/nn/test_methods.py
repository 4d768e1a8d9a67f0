"""The loaders that the methods table names: checkpoints of ours, and anybody's ONNX."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper

from enhancement.methods import METHODS
from enhancement.methods import load as load_method
from enhancement.nn import graph_chain, methods
from enhancement.nn.checkpoint import CheckpointError, Source, save
from enhancement.nn.graph import GraphError
from enhancement.nn.inference import enhance, pick_device
from enhancement.nn.methods import SettingsError, load_network, load_onnx
from enhancement.nn.networks.architectures import ARCHITECTURES
from enhancement.nn.networks.dong import Dong
from enhancement.nn.networks.generator import Generator
from enhancement.pictures import Photo
from enhancement.subject import Subject

GREY = helper.make_node("ReduceMean", ["x"], ["out"], axes=[1], keepdims=1)
ABS = helper.make_node("Abs", ["x"], ["out"])
FREE = ["batch", 3, "height", "width"]


def graph(
    path: Path,
    *,
    nodes: list[Any] | None = None,
    inputs: list[list[Any]] | None = None,
    output: list[Any] | None = None,
    kind: int = TensorProto.FLOAT,
    gain: float = 0.5,
) -> Path:
    """A graph that multiplies by ``gain``, or the nodes given."""
    names = ["x", "y"][: len(inputs or [FREE])]
    makers = [helper.make_tensor_value_info(n, kind, s) for n, s in zip(names, inputs or [FREE], strict=True)]
    out = helper.make_tensor_value_info("out", kind, output or FREE)
    factor = helper.make_tensor("gain", kind, [], [gain])
    whole = helper.make_graph(nodes or [helper.make_node("Mul", ["x", "gain"], ["out"])], "g", makers, [out], [factor])
    onnx.save(helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)
    return path


def subject(photo: Photo) -> Subject:
    return Subject(name="coffee", input=photo, reference=None)


def test_a_checkpoint_enhances(tmp_path: Path, coffee: Photo) -> None:
    network = Dong()
    save(tmp_path / "dong.safetensors", network, source=Source("fresh"), code_version="1")
    run = load_network({"device": "cpu", "architecture": "dong"}, tmp_path / "dong.safetensors")
    enhanced = run(subject(coffee[:30, :40]))
    np.testing.assert_array_equal(enhanced.photo, enhance(network, coffee[:30, :40], pick_device("cpu")).photo)


def test_settings_reach_the_network_or_are_refused_at_once(tmp_path: Path, coffee: Photo) -> None:
    save(tmp_path / "net", Generator(blocks=1, channels=4), source=Source("fresh"), code_version="1")
    wanted = {"device": "cpu", "precision": "bfloat16", "mode": "lean"}
    enhanced = load_network(wanted, tmp_path / "net")(subject(coffee[:8, :9]))
    assert (enhanced.dtype, enhanced.mode) == ("bfloat16", "lean")
    with pytest.raises(ValueError, match="The precision must be one of"):
        load_network({"precision": "half"}, tmp_path / "net")
    with pytest.raises(ValueError, match="The mode must be one of"):
        load_network({"mode": "quick"}, tmp_path / "net")


def test_every_architecture_is_a_kind_of_method(tmp_path: Path, coffee: Photo) -> None:
    for architecture, network in ARCHITECTURES.items():
        kind = METHODS[architecture]
        assert (kind.load, kind.queue, kind.weights) == ("enhancement.nn.methods.load_network", "gpu", True)
        save(tmp_path / architecture, network(), source=Source("fresh"), code_version="1")
        enhanced = load_method(architecture, {"device": "cpu"}, tmp_path / architecture)(subject(coffee[:21, :30]))
        assert enhanced.photo.shape == (21, 30, 3)


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "net", Dong(), source=Source("fresh"), code_version="1")
    with pytest.raises(CheckpointError, match="a checkpoint of the architecture 'dong', not 'dped'"):
        load_network({"architecture": "dped"}, tmp_path / "net")


@pytest.mark.parametrize("load", [load_network, load_onnx])
def test_unknown_settings_and_missing_weights_are_refused(load: Any) -> None:
    with pytest.raises(SettingsError, match="Settings not known: colour; this kind knows"):
        load({"colour": 1}, Path("net"))
    with pytest.raises(SettingsError, match="needs weights: give"):
        load({}, None)


@pytest.mark.parametrize(
    ("settings", "expected"),
    # A gain of a half leaves −1 (black) at −0.5, so on that scale black becomes a quarter of full intensity.
    [({}, lambda p: p / 2), ({"range": "0-255"}, lambda p: p / 2), ({"range": "-1-1"}, lambda p: p / 2 + 63.75)],
)
def test_an_onnx_graph_sees_pixels_on_its_scale(tmp_path: Path, coffee: Photo, settings: Any, expected: Any) -> None:
    enhanced = load_onnx(settings, graph(tmp_path / "half.onnx"))(subject(coffee))
    np.testing.assert_allclose(enhanced.photo, expected(coffee.astype(float)), rtol=0, atol=0.51)
    assert enhanced.dtype == "float32"


def test_channels_are_rgb_in_nchw(tmp_path: Path, coffee: Photo) -> None:
    reverse = helper.make_node("Gather", ["x", "order"], ["out"], axis=1)
    order = helper.make_node(
        "Constant", [], ["order"], value=helper.make_tensor("o", TensorProto.INT64, [3], [2, 1, 0])
    )
    enhanced = load_onnx({}, graph(tmp_path / "bgr.onnx", nodes=[order, reverse]))(subject(coffee))
    np.testing.assert_array_equal(enhanced.photo, coffee[..., ::-1])


def test_what_overshoots_is_clipped(tmp_path: Path, coffee: Photo) -> None:
    enhanced = load_onnx({}, graph(tmp_path / "bright.onnx", gain=9.0))(subject(coffee))
    np.testing.assert_array_equal(enhanced.photo, np.minimum(coffee.astype(int) * 9, 255))


def test_half_precision(tmp_path: Path, coffee: Photo) -> None:
    enhanced = load_onnx({}, graph(tmp_path / "half.onnx", kind=TensorProto.FLOAT16))(subject(coffee))
    assert enhanced.dtype == "float16"
    np.testing.assert_allclose(enhanced.photo, coffee / 2, atol=1)


def test_a_fixed_size(tmp_path: Path, coffee: Photo) -> None:
    run = load_onnx({}, graph(tmp_path / "fixed.onnx", inputs=[[1, 3, 20, 30]], output=[1, 3, 20, 30]))
    assert run(subject(coffee[:20, :30])).photo.shape == (20, 30, 3)
    with pytest.raises(GraphError, match=r"fixed.onnx: it takes pictures of 30×20 px only, this photo has 600×400 px"):
        run(subject(coffee))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": [["n", "h", "w", 3]]}, r"input must be one float tensor \(batch, 3, height, width\), but is x"),
        ({"inputs": [[8, 3, "h", "w"]]}, r"but is x: tensor\(float\) \[8, 3"),
        ({"inputs": [FREE, FREE]}, "but is x: .*, y: "),
        ({"kind": TensorProto.DOUBLE}, r"tensor\(double\)"),
        ({"output": ["n", 1, "h", "w"], "nodes": [GREY]}, "its output must be one float tensor"),
    ],
)
def test_graphs_of_another_kind_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        load_onnx({}, graph(tmp_path / "net.onnx", **changes))


def test_another_shape_given_back_is_refused(tmp_path: Path, coffee: Photo) -> None:
    pool = helper.make_node("AveragePool", ["x"], ["out"], kernel_shape=[2, 2], strides=[2, 2])
    run = load_onnx({}, graph(tmp_path / "pool.onnx", nodes=[pool]))
    with pytest.raises(GraphError, match=r"the shape it was given, \(1, 3, 400, 600\), not \(1, 3, 200, 300\)"):
        run(subject(coffee))


def test_values_that_are_no_numbers_are_refused(tmp_path: Path, coffee: Photo) -> None:
    run = load_onnx({}, graph(tmp_path / "log.onnx", nodes=[helper.make_node("Log", ["x"], ["out"])]))
    with pytest.raises(GraphError, match="no finite numbers"):
        run(subject(np.zeros_like(coffee)))


def test_what_is_no_onnx(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"hello")
    with pytest.raises(GraphError, match=r"net.onnx: onnxruntime can't open it"):
        load_onnx({}, tmp_path / "net.onnx")
    with pytest.raises(GraphError, match="no such file"):
        load_onnx({}, tmp_path / "none.onnx")


def test_a_device_that_is_not_here(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="The device must be"):
        load_onnx({"device": "tpu"}, graph(tmp_path / "net.onnx"))
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        with pytest.raises(GraphError, match="has no CUDA"):
            load_onnx({"device": "cuda"}, graph(tmp_path / "net.onnx"))


def test_a_gpu_that_onnxruntime_has_none_of_is_torchs(
    tmp_path: Path, coffee: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The processor stands for the GPU that torch would have; this onnxruntime has none."""
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has CUDA")
    monkeypatch.setattr(methods, "pick_device", lambda name: torch.device("cpu"))
    run = load_onnx({"device": "cuda"}, graph(tmp_path / "half.onnx"))
    done = run(subject(coffee[:20, :30]))
    assert done.mode == "fast"
    np.testing.assert_allclose(done.photo, coffee[:20, :30] / 2, atol=0.51)
    with pytest.raises(GraphError, match="has no CUDA"):
        load_onnx({"device": "cuda"}, graph(tmp_path / "abs.onnx", nodes=[ABS]))


@pytest.mark.gpu
def test_a_graph_that_is_read_runs_on_torchs_gpu(tmp_path: Path, coffee: Photo) -> None:
    done = load_onnx({"device": "cuda"}, graph(tmp_path / "half.onnx"))(subject(coffee))
    assert (done.device, done.mode) == (torch.cuda.get_device_name(), "fast")
    np.testing.assert_allclose(done.photo, coffee / 2, atol=0.51)


def test_half_precision_is_none_of_what_can_be_asked_for(tmp_path: Path) -> None:
    path = graph(tmp_path / "half.onnx", kind=TensorProto.FLOAT16)
    with pytest.raises(GraphError, match=r"onnxruntime only, in float16, without a mode: it must take float32"):
        load_onnx({"precision": "float32"}, path)


def test_what_is_asked_for_by_name_and_is_there_anyway(tmp_path: Path, coffee: Photo) -> None:
    path = graph(tmp_path / "abs.onnx", nodes=[ABS])
    done = load_onnx({"precision": "float32"}, path)(subject(coffee))
    assert (done.dtype, done.mode) == ("float32", "")


def test_the_log_says_why_a_graph_is_only_run_whole(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    load_onnx({}, graph(tmp_path / "abs.onnx", nodes=[ABS]))
    (said,) = caplog.messages
    assert "abs.onnx: It can be run in one pass by onnxruntime only, in float32, without a mode: its operator " in said


def test_memory_that_runs_out_says_nothing_of_a_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(graph_chain, "chain_of", none_left)
    with pytest.raises(MemoryError):
        load_onnx({}, graph(tmp_path / "half.onnx"))


def test_an_unknown_range(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match='"range" must be one of 0-1, 0-255, -1-1, not'):
        load_onnx({"range": "0-2"}, graph(tmp_path / "net.onnx"))
