"""A photo through somebody's ONNX graph: what such a graph must look like, and the passage of pixels in and out.

A graph takes one float tensor (batch, 3, height, width), RGB, and gives one tensor of the same shape back. Height and
width may be fixed or free, the batch is 1 or free.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from enhancement.nn.inference import to_photo
from enhancement.pictures import Photo

FLOATS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
RANGES = {"0-1": (0.0, 1.0), "0-255": (0.0, 255.0), "-1-1": (-1.0, 1.0)}
PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")


class GraphError(ValueError):
    """An ONNX file can't be used as a method; the message says which file, why, and what is asked of one."""


@dataclass(frozen=True, eq=False)
class Graph:
    """An opened ONNX graph.

    Attributes:
        path: The file.
        session: onnxruntime's session.
        low: What the graph calls black.
        high: What the graph calls full intensity.
    """

    path: Path
    session: Any
    low: float
    high: float

    @property
    def device(self) -> str:
        """What it runs on: ``cpu`` or ``cuda``."""
        return "cuda" if self.session.get_providers()[0] == PROVIDERS[0] else "cpu"

    @property
    def dtype(self) -> str:
        """What its input is: ``float32`` or ``float16``."""
        return np.dtype(FLOATS[self.session.get_inputs()[0].type]).name


def open_graph(path: Path, value_range: str = "0-1") -> Graph:
    """Open an ONNX file and check what it takes and gives.

    Args:
        path: The file.
        value_range: The scale of its pixels, in and out: ``"0-1"``, ``"0-255"`` or ``"-1-1"``.

    Raises:
        GraphError: The file is missing or no ONNX, its input or output is of another kind, or the range is unknown.
    """
    if value_range not in RANGES:
        raise GraphError(f'The setting "range" must be one of {", ".join(RANGES)}, not {value_range!r}.')
    if not path.is_file():
        raise GraphError(f"{path}: no such file; give an ONNX file.")
    providers = [name for name in PROVIDERS if name in onnxruntime.get_available_providers()]
    try:
        session = onnxruntime.InferenceSession(str(path), providers=providers)
    except Exception as error:  # onnxruntime's exceptions share no other base
        raise GraphError(f"{path}: onnxruntime can't open it: {error}") from error
    check_signature(path, session.get_inputs(), session.get_outputs())
    return Graph(path, session, *RANGES[value_range])


def check_signature(path: Path, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
    """Refuse a graph that doesn't take one picture and give one back.

    Raises:
        GraphError: Says what it takes or gives instead.
    """
    for role, nodes in (("input", inputs), ("output", outputs)):
        described = ", ".join(f"{node.name}: {node.type} {list(node.shape)}" for node in nodes)
        if len(nodes) != 1 or nodes[0].type not in FLOATS or not is_picture(nodes[0].shape):
            raise GraphError(
                f"{path}: its {role} must be one float tensor (batch, 3, height, width), but is {described or 'none'}; "
                "export it with NCHW pictures and a batch of 1 or free."
            )


def is_picture(shape: Sequence[int | str | None]) -> bool:
    """Whether a tensor of that shape can be one RGB picture in NCHW; an output may leave its shape open.

    Example:
        >>> is_picture([1, 3, "height", "width"]), is_picture([1, "height", "width", 3]), is_picture([])
        (True, False, True)
    """
    if not shape:
        return True
    if len(shape) != 4:
        return False
    batch, channels, _, last = shape
    if isinstance(batch, int) and batch != 1:
        return False
    return channels == 3 if isinstance(channels, int) else last != 3


def run_graph(graph: Graph, photo: Photo) -> Photo:
    """Enhance one photo.

    Args:
        graph: As ``open_graph`` gives it.
        photo: Shape (H, W, 3), uint8, RGB.

    Returns:
        Same shape, clipped and rounded to 8 bits.

    Raises:
        GraphError: The graph takes other sizes only, fails, gives another shape back, or values that are no numbers.
    """
    check_size(graph, photo)
    node = graph.session.get_inputs()[0]
    planes = np.moveaxis(photo, 2, 0)[np.newaxis] / np.float32(255)  # (1, 3, H, W)
    pixels = (planes * (graph.high - graph.low) + graph.low).astype(FLOATS[node.type])
    try:
        output = graph.session.run(None, {node.name: pixels})[0]
    except Exception as error:  # onnxruntime's exceptions share no other base
        raise GraphError(f"{graph.path}: it fails on a photo of {size_of(photo)} px: {error}") from error
    return from_planes(graph, output, photo)


def check_size(graph: Graph, photo: Photo) -> None:
    """Refuse a photo of another size than the graph's, where its size is fixed.

    Raises:
        GraphError: Says both sizes.
    """
    shape = graph.session.get_inputs()[0].shape or (None,) * 4
    if any(isinstance(fixed, int) and fixed != side for fixed, side in zip(shape[2:], photo.shape[:2], strict=True)):
        raise GraphError(
            f"{graph.path}: it takes pictures of {shape[3]}×{shape[2]} px only, this photo has {size_of(photo)} px; "
            "export it with free height and width."
        )


def from_planes(graph: Graph, output: npt.NDArray[Any], photo: Photo) -> Photo:
    """The graph's (1, 3, H, W) as a photo.

    Raises:
        GraphError: Another shape than the photo's, or values that are no numbers.
    """
    if output.shape != (1, 3, *photo.shape[:2]):
        raise GraphError(
            f"{graph.path}: it must give back the shape it was given, {(1, 3, *photo.shape[:2])}, not {output.shape}."
        )
    if not np.isfinite(output).all():
        raise GraphError(
            f"{graph.path}: it gives values that are no finite numbers for a photo of {size_of(photo)} px."
        )
    unit = (output[0].astype(np.float32) - graph.low) / (graph.high - graph.low)
    return np.ascontiguousarray(np.moveaxis(to_photo(unit), 0, 2))


def size_of(photo: Photo) -> str:
    """Width × height."""
    return f"{photo.shape[1]}×{photo.shape[0]}"
