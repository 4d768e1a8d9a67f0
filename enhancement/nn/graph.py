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

from enhancement.nn.inference import Floats, to_photo
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
        path: The file; what to call it in errors, where there is none.
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


def open_graph(source: Path | bytes, value_range: str = "0-1", device: str = "auto") -> Graph:
    """Open an ONNX file and check what it takes and gives.

    Args:
        source: The file, or its bytes.
        value_range: The scale of its pixels, in and out: ``"0-1"``, ``"0-255"`` or ``"-1-1"``.
        device: ``"auto"`` (a GPU where onnxruntime has one), ``"cpu"`` or ``"cuda"``.

    Raises:
        GraphError: The file is missing or no ONNX, its input or output is of another kind, the range is unknown, or
            the device isn't here.
    """
    if value_range not in RANGES:
        raise GraphError(f'The setting "range" must be one of {", ".join(RANGES)}, not {value_range!r}.')
    path = source if isinstance(source, Path) else Path("graph")
    if source is path and not path.is_file():
        raise GraphError(f"{path}: no such file; give an ONNX file.")
    providers = providers_for(device)
    try:
        session = onnxruntime.InferenceSession(str(path) if source is path else source, providers=providers)
    except Exception as error:  # onnxruntime's exceptions share no other base
        raise GraphError(f"{path}: onnxruntime can't open it: {error}") from error
    check_signature(path, session.get_inputs(), session.get_outputs())
    return Graph(path, session, *RANGES[value_range])


def providers_for(device: str) -> list[str]:
    """What of onnxruntime may compute, the first that can.

    Raises:
        GraphError: The device isn't here, or no device is called so.
    """
    check_device(device)
    here = [name for name in PROVIDERS if name in onnxruntime.get_available_providers()]
    if device == "cuda" and PROVIDERS[0] not in here:
        raise GraphError(
            'This onnxruntime has no CUDA; install onnxruntime-gpu, or ask for the device "cpu" or "auto".'
        )
    return here[-1:] if device == "cpu" else here


def check_device(device: str) -> None:
    """Refuse what is called no device; one that isn't here is refused where it is used.

    Raises:
        GraphError: Another name than ``auto``, ``cpu``, ``cuda``.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise GraphError(f'The device must be "auto", "cpu" or "cuda", not {device!r}.')


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
    planes = to_planes(photo[np.newaxis])
    try:
        output = run_planes(graph, planes)
    except Exception as error:  # onnxruntime's exceptions share no other base
        raise GraphError(f"{graph.path}: it fails on a photo of {size_of(photo)} px: {error}") from error
    return from_planes(graph, output, photo)


def to_planes(photos: Photo) -> Floats:
    """(N, H, W, 3), uint8 → (N, 3, H, W), float32 on the scale 0 to 1."""
    return np.moveaxis(photos, 3, 1).astype(np.float32) / np.float32(255)


def run_planes(graph: Graph, planes: Floats) -> npt.NDArray[Any]:
    """The graph's own output, on its own scale.

    Args:
        graph: As ``open_graph`` gives it.
        planes: Shape (1, 3, H, W), on the scale 0 to 1.
    """
    node = graph.session.get_inputs()[0]
    pixels = planes if (graph.low, graph.high) == (0, 1) else planes * (graph.high - graph.low) + graph.low
    output: npt.NDArray[Any] = graph.session.run(None, {node.name: pixels.astype(FLOATS[node.type], copy=False)})[0]
    return output


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
