"""Graphs that others made, read as layers: torch writes them here, with operators that are none of ours."""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import helper
from onnx.inliner import inline_local_functions
from torch import Tensor, nn
from torch.nn import functional as F

from enhancement.nn.export import as_onnx, export
from enhancement.nn.graph import GraphError, open_graph, run_graph
from enhancement.nn.graph_chain import NotAChainError, agreed_chain, chain_of, simplified
from enhancement.nn.inference import chain_floats
from enhancement.nn.methods import load_onnx
from enhancement.nn.networks.chain import Chain, Layer
from enhancement.pictures import Photo
from enhancement.subject import Subject
from tests.enhancement.nn.whole.test_passes import NETWORKS as OURS
from tests.enhancement.nn.whole.test_passes import made, photo_of, whole

conv3 = partial(nn.Conv2d, kernel_size=3, padding=1)


class Residual(nn.Module):
    """As classifiers are built: batch norm, the ReLU after the sum; the picture itself is added at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Conv2d(3, 6, 5, padding=2, bias=False), nn.BatchNorm2d(6), nn.ReLU6())
        self.body = nn.Sequential(conv3(6, 6), nn.BatchNorm2d(6), nn.LeakyReLU(0.2), conv3(6, 6), nn.BatchNorm2d(6))
        self.tail = conv3(6, 3)
        for norm in (self.head[1], self.body[1], self.body[4]):
            nn.init.uniform_(norm.weight, 0.5, 2)
            nn.init.normal_(norm.bias)
            nn.init.normal_(norm.running_mean)
            nn.init.uniform_(norm.running_var, 0.5, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.head(x)
        return torch.clamp(x + torch.tanh(self.tail(F.relu(y + self.body(y)))), 0, 1)


class Style(nn.Module):
    """Down and up again, with reflections, and instance norm with an epsilon that isn't ours."""

    def __init__(self) -> None:
        super().__init__()
        down = [
            nn.ReflectionPad2d(4),
            nn.Conv2d(3, 5, 9),
            nn.InstanceNorm2d(5, affine=True),
            nn.ReLU(),
            conv3(5, 8, stride=2),
        ]
        up = [
            nn.Upsample(scale_factor=2),
            nn.ReflectionPad2d(1),
            nn.Conv2d(8, 5, 3),
            nn.PReLU(),
            nn.ZeroPad2d(1),
            nn.Conv2d(5, 3, 3),
        ]
        self.down, self.up = nn.Sequential(*down, nn.InstanceNorm2d(8), nn.ReLU()), nn.Sequential(*up)
        self.block = nn.Sequential(conv3(8, 8), nn.InstanceNorm2d(8), nn.ReLU(), conv3(8, 8), nn.InstanceNorm2d(8))

    def forward(self, x: Tensor) -> Tensor:
        y = self.down(x)
        return torch.sigmoid(self.up(y + self.block(y)))


class Enhanced(nn.Module):
    """Scaled blocks, a skip around skips, and pixels from 0 to 255."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.tail = conv3(3, 6), conv3(6, 3)
        self.blocks = nn.ModuleList(nn.Sequential(conv3(6, 6), nn.ReLU(), conv3(6, 6)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        first = y = self.head(x / 255 - 0.5)
        for block in self.blocks:
            y = y + block(y) * 0.1
        return (1 - self.tail(y + first)) * 127


def written(network: nn.Module, place: Path, *, size: Sequence[int] = (16, 20), fixed: bool = False) -> Path:
    """As torch's exporter writes it."""
    content, names = BytesIO(), {"input_names": ["in"], "output_names": ["out"]}
    free = {} if fixed else {name: {2: "height", 3: "width"} for name in ("in", "out")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (torch.rand(1, 3, *size),),
            content,
            dynamo=False,
            dynamic_axes=free,
            opset_version=17,
            **names,
        )
    place.write_bytes(content.getvalue())
    return place


NETWORKS: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "residual": (Residual, "0-1"), "style": (Style, "0-1"), "enhanced": (Enhanced, "0-255"),
    "between -1 and 1": (Residual, "-1-1"),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_every_mode_gives_onnxruntimes_answer(name: str, tmp_path: Path) -> None:
    torch.manual_seed(7)
    network, value_range = NETWORKS[name]
    path = written(network(), tmp_path / "net.onnx")
    graph, settings = open_graph(path, value_range, "cpu"), {"range": value_range, "device": "cpu"}
    for size in ((46, 62), (2, 2), (64, 1000)):
        photo = photo_of(size)
        if name == "style" and min(size) < 10:
            continue  # its reflections don't fit
        truth = run_graph(graph, photo)
        pictures = []
        for mode in ("fast", "lean"):
            done = load_onnx({**settings, "mode": mode}, path)(Subject("noise", photo))
            assert (done.mode, done.dtype) == (mode, "float32")
            pictures.append(done.photo)
        assert np.array_equal(*pictures)
        assert np.abs(truth.astype(int) - pictures[0]).max() <= 1, size
    photo = photo_of((46, 62))
    assert load_onnx(settings, path)(Subject("noise", photo)).mode == "fast"
    assert len(np.unique(run_graph(graph, photo))) > 16, "a picture that says something"


def test_a_photo_that_the_strides_don_t_divide_is_onnxruntimes(tmp_path: Path) -> None:
    enhance = load_onnx({"mode": "lean"}, written(Style(), tmp_path / "net.onnx"))
    assert enhance(Subject("even", photo_of((40, 30)))).mode == "lean"
    with pytest.raises(GraphError, match=r"in one pass by onnxruntime only.*: odd's sides aren't multiples of 2 px"):
        enhance(Subject("odd", photo_of((41, 30))))
    with pytest.raises(GraphError, match="must give back the shape"):
        load_onnx({}, tmp_path / "net.onnx")(Subject("odd", photo_of((41, 30))))


@pytest.mark.parametrize("name", OURS)
def test_what_we_write_we_read(name: str, tmp_path: Path) -> None:
    network, path = made(name), tmp_path / "net.onnx"
    export(network, path)
    chain, ours = agreed_chain(path, open_graph(path, device="cpu")), network.chain()
    assert (len(chain.layers), chain.step_px, chain.continues) == (len(ours.layers), ours.step_px, True)
    for size in ((45, 62), (1, 1), (1, 9), (2, 18), (24, 12)):
        np.testing.assert_allclose(chain_floats(chain, photo_of(size)), chain_floats(ours, photo_of(size)), atol=1e-4)


def test_pixels_are_counted_in_fractions(tmp_path: Path) -> None:
    """Three times as large, and then a third: 1 − 3 · ⅓ in floats is no 0."""
    torch.manual_seed(4)
    kernels = torch.randn(3, 3, 3, 3) / 5
    chain = Chain([Layer(kernels, torch.zeros(3), enlarge=3), Layer(kernels, torch.zeros(3), stride=3)])
    path, photo = tmp_path / "net.onnx", photo_of((8, 11))
    path.write_bytes(as_onnx(chain).SerializeToString())
    read = agreed_chain(path, open_graph(path, device="cpu"))
    np.testing.assert_allclose(chain_floats(read, photo), chain_floats(chain, photo), atol=1e-6)


@pytest.mark.parametrize("name", OURS)
def test_what_we_write_runs_in_every_mode_at_any_size(name: str, tmp_path: Path) -> None:
    network, path = made(name), tmp_path / "net.onnx"
    export(network, path)
    for mode in ("fast", "lean"):
        enhance = load_onnx({"mode": mode, "device": "cpu"}, path)
        for size in ((45, 62), (1, 1)):
            photo = photo_of(size)
            done, truth = enhance(Subject("noise", photo)), whole(network, photo).clamp(0, 1).mul(255).numpy()
            assert (done.mode, done.dtype, done.photo.shape) == (mode, "float32", photo.shape)
            assert np.abs(done.photo - truth).max() < 0.5 + 255 * 1e-4


def test_functions_that_are_written_out_or_changed_are_onnxruntimes(tmp_path: Path) -> None:
    """Only by their definition is it known what they do at sizes that were not compared."""
    path, photo = tmp_path / "net.onnx", photo_of((45, 62))
    export(made("johnson"), path)
    model = onnx.load(path)
    truth = run_graph(open_graph(path), photo)
    onnx.save(inline_local_functions(model), path)
    with pytest.raises(GraphError, match=r"in one pass by onnxruntime only.*is none that rows can flow through"):
        load_onnx({"mode": "lean"}, path)
    assert np.array_equal(load_onnx({}, path)(Subject("noise", photo)).photo, truth)
    (repeated,) = [node for node in model.functions[0].node if node.output[0] == "at_most_last"]
    repeated.op_type = "Max"  # it is told only where a side is too short
    onnx.save(model, path)
    with pytest.raises(GraphError, match=r"in one pass by onnxruntime only.*is none that rows can flow through"):
        load_onnx({"mode": "lean"}, path)


@pytest.mark.parametrize(
    ("place", "operator", "told", "why"),
    [
        (0, "ReflectToMultiples", {"step": 6}, "its strides don't divide 6 px"),
        (0, "Reflect", {"pad": 1}, r"its operator Reflect \(x1\) pads what is padded"),
        (1, "ReflectToMultiples", {"step": 4}, r"its operator ReflectToMultiples \(x1\) continues something else"),
    ],
)
def test_reflections_elsewhere_are_refused(place: int, operator: str, told: dict[str, int], why: str) -> None:
    model = as_onnx(made("johnson").chain())
    old = model.graph.node[place]
    old.CopyFrom(helper.make_node(operator, old.input, old.output, domain=old.domain, **told))
    with pytest.raises(NotAChainError, match=why):
        chain_of(model)


class Two(nn.Module):
    """Two maps, put beside one another."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = conv3(3, 4), conv3(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.two(torch.cat([x, self.one(x)], 1))


class Gate(nn.Module):
    """A map multiplied by another."""

    def __init__(self) -> None:
        super().__init__()
        self.one = conv3(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.one(x))


class Forked(nn.Module):
    """The picture goes into two convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = conv3(3, 3), conv3(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.one(x) + self.two(x)


class Means(nn.Module):
    """Each channel has its own mean."""

    def __init__(self) -> None:
        super().__init__()
        self.one = conv3(3, 3)
        self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6])[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        return self.one(x - self.mean)


HALF, UP = conv3(3, 4, stride=2), nn.Upsample(scale_factor=2)
REFUSED = {
    "Concat": (Two, "is none that rows can flow through"),
    "Mul": (Gate, "joins maps otherwise than by adding"),
    "Sub": (Means, "has a number for each channel"),
    "Conv": (Forked, "takes up in, which other layers have gone on from"),
    "ConvTranspose": (lambda: nn.Sequential(nn.ConvTranspose2d(3, 3, 3, 1, 1), conv3(3, 3)), "is none that rows"),
    "AveragePool": (lambda: nn.Sequential(nn.AvgPool2d(3, 1, 1), conv3(3, 3)), "is none that rows can flow through"),
    "Conv ": (lambda: conv3(3, 3, groups=3), "is dilated, or in groups"),
    "Conv  ": (lambda: nn.Sequential(nn.Conv2d(3, 4, 2), nn.Conv2d(4, 3, 2, padding=1)), "isn't square, of odd size"),
    "Conv    ": (lambda: nn.Sequential(nn.Conv2d(3, 3, 1, 2), UP, conv3(3, 3)), "isn't square, of odd size"),
    "Conv   ": (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 3, 3, padding=2)), "isn't padded so that"),
    "BatchNormalization": (lambda: nn.Sequential(nn.BatchNorm2d(3), conv3(3, 3)), "doesn't follow a convolution"),
    "Pad": (lambda: nn.Sequential(nn.ReplicationPad2d(1), nn.Conv2d(3, 3, 3)), "pads otherwise than by zeros or refl"),
    "Resize": (lambda: nn.Sequential(HALF, nn.UpsamplingBilinear2d(scale_factor=2), conv3(4, 3)), "enlarges otherwise"),
}  # fmt: skip


@pytest.mark.parametrize("operator", REFUSED)
def test_what_is_no_chain_is_named_and_run_in_one_pass(operator: str, tmp_path: Path) -> None:
    torch.manual_seed(3)
    network, why = REFUSED[operator]
    path = written(network(), tmp_path / "net.onnx")
    with pytest.raises(NotAChainError, match=rf"its operator {operator.strip()} \(.+\) {why}"):
        chain_of(simplified(path))
    photo: Photo = photo_of((16, 20))
    done = load_onnx({"device": "cpu"}, path)(Subject("noise", photo))
    assert done.mode == ""
    assert np.array_equal(done.photo, run_graph(open_graph(path), photo))
    for asked in ({"mode": "lean"}, {"precision": "bfloat16"}):
        with pytest.raises(GraphError, match=rf"net.onnx: It can be run in one pass by onnxruntime only.*{why}"):
            load_onnx(asked, path)


def test_pictures_of_one_size_only(tmp_path: Path) -> None:
    path = written(conv3(3, 3), tmp_path / "net.onnx", fixed=True)
    with pytest.raises(GraphError, match="must take float32, and pictures of any size"):
        load_onnx({"mode": "fast"}, path)
    assert load_onnx({}, path)(Subject("noise", photo_of((16, 20)))).mode == ""


def test_a_chain_with_another_answer_is_not_used(tmp_path: Path) -> None:
    """Resize may take the nearest pixel in several ways; only one repeats rows."""
    path = written(nn.Sequential(HALF, UP, conv3(4, 3)), tmp_path / "net.onnx")
    assert agreed_chain(path, open_graph(path)).step_px == 2
    model = onnx.load(path)
    (resize,) = [node for node in model.graph.node if node.op_type == "Resize"]
    for attribute in resize.attribute:
        if attribute.name == "nearest_mode":
            attribute.s = b"ceil"
    onnx.save(model, path)
    with pytest.raises(NotAChainError, match="gives another answer than in onnxruntime, "):
        agreed_chain(path, open_graph(path))
