"""Somebody's ONNX graph as a chain of layers, where it is one: so it runs in strips of rows, as our networks do.

Nothing is taken on trust: before a chain is used its answer is compared with onnxruntime's (``agreed_chain``).
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper

from enhancement.nn.graph import Graph, run_planes, to_planes
from enhancement.nn.inference import chain_floats
from enhancement.nn.memory import ran_out
from enhancement.nn.networks.chain import Chain, Layer, Norm, Padding, Step, scaled
from enhancement.nn.reflections import are_ours

Array = npt.NDArray[Any]
Told = Mapping[str, Any]

TOLERANCE = 1e-4
CHECKED_PX = 45, 62
"""A size of which no step divides both sides: what continues photos must do it here."""

SAME = Step("affine", 1, 0)

HANDS_SIZES_ON = ("Cast", "Concat", "Gather", "Identity", "Slice", "Squeeze", "Unsqueeze")
"""Operators that leave a size as it is. What computes with sizes may do otherwise at others."""


class NotAChainError(ValueError):
    """A graph isn't a chain of layers; the message names the operator that doesn't fit."""


def agreed_chain(path: Path, graph: Graph) -> Chain:
    """A graph as a chain, once that has given onnxruntime's answer on a small picture of noise, to 10⁻⁴.

    Args:
        path: The file.
        graph: The same, as ``open_graph`` gives it for the CPU: on a GPU onnxruntime rounds what it multiplies.

    Raises:
        NotAChainError: It isn't one, it takes another type than float32 or pictures of one size only, it can't be read
            or run, or the answers differ.
        MemoryError: There is none left; also as the RuntimeError that ``ran_out`` knows.
    """
    try:
        return _agreed(path, graph)
    except NotAChainError:
        raise
    except (
        Exception
    ) as error:  # onnxruntime's exceptions share no other base, and whatever goes wrong: it has run so far
        if ran_out(error):
            raise
        raise NotAChainError(f"it can't be read as layers ({type(error).__name__}: {error})") from error


def _agreed(path: Path, graph: Graph) -> Chain:
    shape = graph.session.get_inputs()[0].shape
    if graph.dtype != "float32" or any(isinstance(side, int) for side in shape[2:]):
        raise NotAChainError("it must take float32, and pictures of any size")
    chain = chain_of(readable(path), graph.low, graph.high)
    multiples = (side + -side % chain.step_px for side in CHECKED_PX)
    height_px, width_px = CHECKED_PX if chain.continues else multiples
    noise = np.random.default_rng(0).integers(0, 256, (height_px, width_px, 3), dtype=np.uint8)
    planes = run_planes(graph, to_planes(noise[None]))  # (1, 3, H, W)
    theirs = np.moveaxis((planes[0] - graph.low) / (graph.high - graph.low), 0, 2)
    ours = chain_floats(chain, noise, strip_px=chain.step_px)
    apart = float(np.abs(theirs - ours).max()) if theirs.shape == ours.shape else np.inf
    if not apart <= TOLERANCE:
        raise NotAChainError(f"read as layers it gives another answer than in onnxruntime, {apart:.1e} apart")
    return chain


def readable(path: Path) -> onnx.ModelProto:
    """A graph that calls our functions as it stands, any other simplified, which also writes out its functions."""
    model = onnx.load(path, load_external_data=False)  # as ours are, in one file
    return model if are_ours(model) else simplified(path)


def simplified(path: Path) -> onnx.ModelProto:
    """A graph in which onnxruntime has computed what doesn't depend on the picture; its operators are still ONNX's."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder, "simplified.onnx"))
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        return onnx.load(options.optimized_model_filepath)


def chain_of(model: onnx.ModelProto, low: float = 0.0, high: float = 1.0) -> Chain:
    """A graph as a chain that takes and gives colours in [0, 1].

    Known are square convolutions of odd size with "same" padding (zeros, or a reflection of their own) and any stride;
    batch norm after one; instance norm; ReLU, leaky ReLU, tanh, sigmoid, clipping; numbers added and multiplied by;
    nearest upsampling by whole factors; sums with what went into an earlier convolution; and our own reflections.

    Args:
        model: One picture in, (N, 3, H, W) float32, one of the same size out. If it calls functions, ``are_ours``.
        low: What the graph calls black, in and out.
        high: What it calls full intensity.

    Raises:
        NotAChainError: There is something else in it.
    """
    reading = Reading(model.graph)
    reading.add(Step("affine", high - low, low))
    for node in model.graph.node:
        reading.take(node)
    reading.add(Step("affine", 1 / (high - low), -low / (high - low)))
    return reading.ended(model.graph.output[0].name)


class Reading:
    """A chain while its graph is read: the layers so far, and what waits for the next convolution."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.constants: dict[str, Array] = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
        self.head = next(one.name for one in graph.input if one.name not in self.constants)
        self.sizes: set[str] = set()  # what only speaks of the picture's size
        self.layers: list[Layer] = []
        self.entered: dict[str, int] = {}  # by its name, the layer that it went into
        self.channels, self.coarseness = (
            [3],
            [Fraction(1)],
        )  # of what goes into each layer; a pixel of it in the photo's
        self.enlarge, self.padded = 1, ("zeros", 0)
        self.is_summed = False
        self.continued_px = 0  # the step to whose multiples the photo is continued, if it is

    def take(self, node: onnx.NodeProto) -> None:
        """The next operator."""
        told = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        if node.op_type == "Constant":
            (value,) = told.values()
            is_tensor = isinstance(value, onnx.TensorProto)
            self.constants[node.output[0]] = numpy_helper.to_array(value) if is_tensor else np.array(value)
        elif self._is_about_size(node):
            self.sizes.update(node.output)
        elif node.op_type in OPERATORS:
            OPERATORS[node.op_type](self, node, told)
            self.head = node.output[0]
        else:
            raise refused(node, "is none that rows can flow through")

    def _is_about_size(self, node: onnx.NodeProto) -> bool:
        """Whether it computes with sizes only."""
        is_known = all(name in self.sizes or name in self.constants for name in node.input)
        is_size = is_known and any(name in self.sizes for name in node.input)
        return node.op_type == "Shape" or (node.op_type in HANDS_SIZES_ON and is_size)

    def ended(self, output: str) -> Chain:
        """The chain, once all operators are taken."""
        if output != self.head or not self.layers:
            raise NotAChainError(f"what comes out, {output}, isn't what its last layer makes")
        if not self.is_plain or self.channels[-1] != 3 or self.coarseness[-1] != 1:
            raise NotAChainError("what comes out isn't of the photo's size, in three colours")
        step_px = self.continued_px or int(max(self.coarseness))
        if any(step_px % pixel for pixel in self.coarseness):
            raise NotAChainError(f"its strides don't divide {step_px} px")
        return Chain(self.layers, step_px, continues=self.continued_px > 0 or step_px == 1)

    @property
    def is_plain(self) -> bool:
        """Whether nothing waits for the next convolution."""
        return self.enlarge == 1 and self.padded[1] == 0

    def flows(self, node: onnx.NodeProto, place: int = 0) -> None:
        """Refuse an operator that takes up something else than what the one before it made."""
        if node.input[place] != self.head:
            raise refused(node, f"takes up {node.input[place]}, which other layers have gone on from")

    def constant(self, node: onnx.NodeProto, place: int) -> Array:
        """An input that must be a constant."""
        name = node.input[place] if place < len(node.input) else ""
        if name not in self.constants:
            raise refused(node, f"has no constant as its input {place}")
        return self.constants[name]

    def number(self, node: onnx.NodeProto, place: int) -> float:
        """An input that must be a constant of one number."""
        constant = self.constant(node, place)
        if constant.size != 1:
            raise refused(node, "has a number for each channel")
        return float(constant.reshape(()))

    def enter(self) -> None:
        """What has come so far goes into the next layer."""
        if self.is_plain:
            self.entered[self.head] = len(self.layers)

    def layer(self, layer: Layer) -> None:
        """The next layer."""
        self.enter()
        self.layers.append(layer)
        self.channels.append(len(layer.weight))
        self.coarseness.append(self.coarseness[-1] * layer.stride / layer.enlarge)
        self.enlarge, self.padded, self.is_summed = 1, ("zeros", 0), False

    def add(self, step: Step) -> None:
        """Something done to each number of what has come so far."""
        if step == SAME:
            return
        if not self.is_plain:
            raise NotAChainError(f"{step.name} stands between a convolution and its padding or upsampling")
        if not self.layers:
            self.layer(alike(3))
        last = self.layers[-1]
        if self.is_summed:
            self.layers[-1] = replace(last, after=[*last.after, step])
        else:
            self.layers[-1] = replace(last, activation=[*last.activation, step])

    def bare(self, node: onnx.NodeProto) -> Layer:
        """The last layer, of which nothing but a convolution may have come."""
        last = self.layers[-1] if self.layers else None
        if last is None or last.norm or last.activation or self.is_summed or not self.is_plain:
            raise refused(node, "doesn't follow a convolution")
        return last


def refused(node: onnx.NodeProto, why: str) -> NotAChainError:
    """What to raise."""
    return NotAChainError(f"its operator {node.op_type} ({node.name or node.output[0]}) {why}")


def alike(channels: int) -> Layer:
    """A layer that changes nothing."""
    return Layer(torch.eye(channels)[:, :, None, None], torch.zeros(channels), activation=())


def take_convolution(reading: Reading, node: onnx.NodeProto, told: Told) -> None:
    """The next layer."""
    reading.flows(node)
    kernels = reading.constant(node, 1)
    bias = reading.constant(node, 2) if len(node.input) > 2 else np.zeros(len(kernels), np.float32)
    strides, (rows, columns) = set(told.get("strides", [1])), kernels.shape[2:]
    if rows != columns or rows % 2 == 0 or len(strides) != 1 or max(strides) > rows:
        raise refused(node, "isn't square, of odd size, with one stride that leaves no pixel out")
    if {*told.get("dilations", [1])} != {1} or told.get("group", 1) != 1:
        raise refused(node, "is dilated, or in groups")
    padding, before_px = reading.padded
    own_px = set(told.get("pads", [0]))
    if told.get("auto_pad", b"NOTSET") in (b"SAME_UPPER", b"SAME_LOWER") and strides == {1}:
        own_px = {rows // 2}
    if (before_px, own_px) not in ((0, {rows // 2}), (rows // 2, {0})):
        raise refused(node, "isn't padded so that the picture keeps its size")
    weight, shift = (torch.from_numpy(array.astype(np.float32)) for array in (kernels, bias))
    reading.layer(Layer(weight, shift, reading.enlarge, cast("Padding", padding), strides.pop(), activation=()))


def take_batch_norm(reading: Reading, node: onnx.NodeProto, told: Told) -> None:
    """Part of the convolution before it."""
    reading.flows(node)
    last = reading.bare(node)
    weight, bias, mean, variance = (torch.tensor(reading.constant(node, place)) for place in range(1, 5))
    reading.layers[-1] = scaled(last, weight, bias, mean, variance.double() + told.get("epsilon", 1e-5))


def take_instance_norm(reading: Reading, node: onnx.NodeProto, told: Told) -> None:
    """The last layer's."""
    reading.flows(node)
    last = reading.bare(node)
    weight, bias = (torch.tensor(reading.constant(node, place)) for place in (1, 2))
    reading.layers[-1] = replace(last, norm=Norm(weight, bias, told.get("epsilon", 1e-5)))


def take_step(reading: Reading, node: onnx.NodeProto, told: Told, *, to: Callable[..., Step]) -> None:
    """What is done to each number by itself."""
    reading.flows(node)
    reading.add(to(reading, node, told))


def clip_of(reading: Reading, node: onnx.NodeProto, told: Told) -> Step:
    """Its ends are attributes in old graphs, inputs in new ones, and may be missing."""
    low, high = told.get("min", -np.inf), told.get("max", np.inf)
    given = [place < len(node.input) and bool(node.input[place]) for place in (1, 2)]
    return Step("clip", reading.number(node, 1) if given[0] else low, reading.number(node, 2) if given[1] else high)


def take_arithmetic(reading: Reading, node: onnx.NodeProto, told: Told) -> None:
    """A number added or multiplied by; or the sum that ends a skip."""
    place = next((place for place in (0, 1) if node.input[place] in reading.constants), None)
    if place is None:
        return take_skip(reading, node)
    reading.flows(node, 1 - place)
    number = reading.number(node, place)
    if node.op_type == "Div" and (place == 0 or number == 0):
        raise refused(node, "divides by the picture, or by 0")
    steps = {
        "Add": lambda: Step("affine", 1, number),
        "Mul": lambda: Step("affine", number),
        "Sub": lambda: Step("affine", 1, -number) if place == 1 else Step("affine", -1, number),
        "Div": lambda: Step("affine", 1 / number),
    }
    return reading.add(steps[node.op_type]())


def take_skip(reading: Reading, node: onnx.NodeProto) -> None:
    """The sum with what went into an earlier layer."""
    others = [name for name in node.input if name != reading.head]
    begins = reading.entered.get(others[0]) if node.op_type == "Add" and len(others) == 1 else None
    if begins is None or not reading.is_plain:
        raise refused(node, "joins maps otherwise than by adding what went into an earlier convolution")
    if (reading.coarseness[begins], reading.channels[begins]) != (reading.coarseness[-1], reading.channels[-1]):
        raise refused(node, "adds maps of different sizes")
    if reading.is_summed:
        reading.layer(alike(reading.channels[-1]))
    reading.layers[-1] = replace(reading.layers[-1], skip=len(reading.layers) - begins)
    reading.is_summed = True


def take_padding(reading: Reading, node: onnx.NodeProto, told: Told) -> None:
    """What the next convolution doesn't pad by itself."""
    reading.flows(node)
    pads = [int(one) for one in (reading.constant(node, 1) if len(node.input) > 1 else told.get("pads", []))]
    value = reading.number(node, 2) if len(node.input) > 2 and node.input[2] else told.get("value", 0)
    modes = {b"reflect": "reflect", b"constant": "zeros" if value == 0 else None}
    mode = modes.get(told.get("mode", b"constant"))
    if mode is None or len(pads) != 8 or pads != [0, 0, *[pads[2]] * 2] * 2 or reading.padded[1]:
        raise refused(node, "pads otherwise than by zeros or reflection, on all four sides alike")
    reading.enter()
    reading.padded = mode, pads[2]


def take_reflection(reading: Reading, node: onnx.NodeProto, told: Told) -> None:
    """Our own padding: at every size what a layer means by it."""
    reading.flows(node)
    if reading.padded[1]:
        raise refused(node, "pads what is padded")
    reading.enter()
    reading.padded = "reflect", told["pad"]


def take_continuation(reading: Reading, node: onnx.NodeProto, told: Told) -> None:
    """Our own way to take photos of any size."""
    reading.flows(node)
    if reading.layers or reading.continued_px or not reading.is_plain:
        raise refused(node, "continues something else than the photo")
    reading.continued_px = told["step"]


def take_upsampling(reading: Reading, node: onnx.NodeProto, told: Told) -> None:
    """Of what goes into the next convolution."""
    reading.flows(node)
    given = [reading.constants[name].tolist() for name in node.input[1:] if name in reading.constants]
    scales = next((scales for scales in [*given, told.get("scales", [])] if len(scales) == 4), [0] * 4)
    is_nearest = told.get("mode", b"nearest") == b"nearest"
    if not is_nearest or scales[:2] != [1, 1] or scales[2] != scales[3] or scales[2] % 1 or not reading.is_plain:
        raise refused(node, "enlarges otherwise than by repeating rows and columns before a convolution")
    reading.enter()
    reading.enlarge = int(scales[2])


def take_cut(reading: Reading, node: onnx.NodeProto, told: Told) -> None:
    """To a size that is computed: the photo's, which the map has anyway; the comparison shows whether it is."""
    reading.flows(node)
    if len(node.input) < 3 or node.input[2] not in reading.sizes or reading.constant(node, 1).any():
        raise refused(node, "cuts the picture")


def pass_on(reading: Reading, node: onnx.NodeProto, told: Told) -> None:
    """Nothing."""
    reading.flows(node)
    if told.get("to", onnx.TensorProto.FLOAT) != onnx.TensorProto.FLOAT:
        raise refused(node, "rounds to another type than float32")


OPERATORS: Mapping[str, Callable[[Reading, onnx.NodeProto, Told], None]] = {
    "Conv": take_convolution,
    "BatchNormalization": take_batch_norm,
    "InstanceNormalization": take_instance_norm,
    "Relu": partial(take_step, to=lambda *_: Step("relu")),
    "LeakyRelu": partial(take_step, to=lambda reading, node, told: Step("leaky", told.get("alpha", 0.01))),
    "PRelu": partial(take_step, to=lambda reading, node, told: Step("leaky", reading.number(node, 1))),
    "Tanh": partial(take_step, to=lambda *_: Step("tanh")),
    "Sigmoid": partial(take_step, to=lambda *_: Step("sigmoid")),
    "Clip": partial(take_step, to=clip_of),
    "Add": take_arithmetic,
    "Sub": take_arithmetic,
    "Mul": take_arithmetic,
    "Div": take_arithmetic,
    "Pad": take_padding,
    "Reflect": take_reflection,
    "ReflectToMultiples": take_continuation,
    "Resize": take_upsampling,
    "Upsample": take_upsampling,
    "Slice": take_cut,
    "Identity": pass_on,
    "Dropout": pass_on,
    "Cast": pass_on,
}
"""How each operator that is known is taken up."""
