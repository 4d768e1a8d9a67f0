"""A network of ours as an ONNX graph: (N, 3, H, W) float32, RGB in [0, 1], any size, in and out.

The graph is written from the network's chain, operator by operator: nothing is traced, so sizes stay free, and a batch
norm is in its convolution's kernels.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from enhancement.nn.files import replace
from enhancement.nn.graph import open_graph, run_planes, to_planes
from enhancement.nn.inference import enhance_floats, pick_device
from enhancement.nn.networks.architectures import Network
from enhancement.nn.networks.chain import Chain, Layer, Step
from enhancement.nn.reflections import DOMAIN, FUNCTIONS, VERSION
from enhancement.pictures import Photo

OPSET, IR_VERSION = 17, 10
TOLERANCE = 1e-4
INPUT, OUTPUT = "photo", "enhanced"


class ExportError(ValueError):
    """A graph was written that doesn't give the network's answer."""


def export(network: Network, path: Path) -> float:
    """Write a network as an ONNX file, once onnxruntime has given the network's answer with it.

    Args:
        network: Any network of ours.
        path: Where to; an existing file is replaced, in one step.

    Returns:
        The largest difference from the network's own output, on a small picture of noise, on the scale 0 to 1.

    Raises:
        ExportError: It is more than ``TOLERANCE``; nothing is written.
    """
    content = as_onnx(network.chain()).SerializeToString()
    difference = apart(network, content)
    if not difference <= TOLERANCE:
        raise ExportError(f"{path}: onnxruntime's answer is {difference:.1e} from the network's; nothing is written.")
    replace(path, content)
    return difference


def apart(network: Network, content: bytes) -> float:
    """The largest difference between what onnxruntime makes of a graph and what the network says."""
    noise: Photo = np.random.default_rng(0).integers(0, 256, (1, 45, 62, 3), dtype=np.uint8)
    ours = enhance_floats(network, noise, pick_device("cpu"))[0]  # (45, 62, 3)
    theirs = run_planes(open_graph(content, device="cpu"), to_planes(noise))[0]  # (3, 45, 62)
    return float(np.abs(np.moveaxis(theirs, 0, 2) - ours).max())


def as_onnx(chain: Chain) -> onnx.ModelProto:
    """The graph of a chain, checked by onnx."""
    writing = Writing()
    x, entered = INPUT, []
    if chain.step_px > 1:
        x = writing.put("ReflectToMultiples", x, domain=DOMAIN, step=chain.step_px)
    for layer in chain.layers:
        entered.append(x)
        x = writing.layer(x, layer, entered)
    if chain.step_px > 1:
        writing.cut(x, INPUT)
    writing.nodes[-1].output[0] = OUTPUT
    size: list[str | int] = ["batch", 3, "height", "width"]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name in (INPUT, OUTPUT)]
    graph = helper.make_graph(writing.nodes, "network", ends[:1], ends[1:], writing.constants)
    has_reflections = any(node.domain == DOMAIN for node in writing.nodes)
    opsets = {"": OPSET, DOMAIN: VERSION} if has_reflections else {"": OPSET}
    model = helper.make_model(
        graph,
        producer_name="phoropter",
        opset_imports=[helper.make_opsetid(*one) for one in opsets.items()],
        functions=FUNCTIONS if has_reflections else [],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


class Writing:
    """Operators and constants as they are written; each method gives back the name of what it makes."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def layer(self, x: str, layer: Layer, entered: list[str]) -> str:
        """One layer; ``entered`` is what went into each so far, this one included."""
        if layer.enlarge > 1:
            scales = self.constant(np.array([1, 1, layer.enlarge, layer.enlarge], np.float32))
            how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
            x = self.put("Resize", x, "", scales, **how)
        pad_px = layer.pad_px
        if layer.padding == "reflect":
            x, pad_px = self.put("Reflect", x, domain=DOMAIN, pad=pad_px), 0
        kernels = self.constant(layer.weight.cpu().numpy()), self.constant(layer.bias.cpu().numpy())
        x = self.put("Conv", x, *kernels, strides=[layer.stride] * 2, pads=[pad_px] * 4)
        if layer.norm is not None:
            factors = (self.constant(one.cpu().numpy()) for one in (layer.norm.weight, layer.norm.bias))
            x = self.put("InstanceNormalization", x, *factors, epsilon=layer.norm.epsilon)
        x = self.steps(x, layer.activation)
        x = self.put("Add", x, entered[-layer.skip]) if layer.skip else x
        return self.steps(x, layer.after)

    def steps(self, x: str, steps: Sequence[Step]) -> str:
        """What is done to each number by itself."""
        for step in steps:
            if step.name == "leaky":
                x = self.put("LeakyRelu", x, alpha=step.first)
            elif step.name == "clip":
                x = self.put("Clip", x, self.number(step.first), self.number(step.second))
            elif step.name == "affine":
                x = self.put("Add", self.put("Mul", x, self.number(step.first)), self.number(step.second))
            else:
                x = self.put(step.name.capitalize(), x)
        return x

    def cut(self, x: str, like: str) -> str:
        """To the size of the photo."""
        size = self.put("Shape", like, start=2)
        zeros, axes = self.constant(np.array([0, 0])), self.constant(np.array([2, 3]))
        return self.put("Slice", x, zeros, size, axes)

    def number(self, value: float) -> str:
        """A number."""
        return self.constant(np.array(value, np.float32))

    def constant(self, value: npt.NDArray[Any]) -> str:
        """An array."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def put(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """An operator of one output."""
        name = f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name
