"""The loaders of methods that are networks: settings and weights in, a function from subject to picture out."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from enhancement.nn.checkpoint import CheckpointError, load
from enhancement.nn.graph import GraphError, open_graph, run_graph
from enhancement.nn.inference import enhance, pick_device
from enhancement.nn.networks.architectures import Network
from enhancement.nn.whole.modes import check_mode
from enhancement.nn.whole.precision import pick_dtype
from enhancement.pictures import Photo
from enhancement.subject import Enhanced, Subject

Enhance = Callable[[Subject], Enhanced]


class SettingsError(ValueError):
    """A method's settings or weights aren't what its kind takes."""


def load_network(settings: Mapping[str, Any], weights: Path | None) -> Enhance:
    """A network of ours, from its checkpoint; its architecture stands in the checkpoint.

    Args:
        settings: ``device``: ``"auto"`` (the default: a GPU where there is one), ``"cpu"`` or ``"cuda"``;
            ``precision``: ``"auto"`` (the default), ``"float32"`` or ``"bfloat16"``;
            ``mode``: ``"auto"`` (the default), ``"fast"`` or ``"lean"``;
            ``architecture``: refuse a checkpoint of another one. Nothing else.
        weights: A checkpoint as ``enhancement.nn.checkpoint.save`` writes it.

    Raises:
        SettingsError: A setting isn't known, or no weights are given.
        CheckpointError: The checkpoint can't be loaded, or is of another architecture.
        DeviceError: The device isn't here.
        PrecisionError: There is no such precision.
        ModeError: There is no such mode.
    """
    path = check(settings, {"device", "precision", "mode", "architecture"}, weights, "a checkpoint (.safetensors)")
    way = way_of(settings)
    checkpoint = load(path)
    wanted = settings.get("architecture", checkpoint.architecture)
    if checkpoint.architecture != wanted:
        raise CheckpointError(f"{path}: a checkpoint of the architecture {checkpoint.architecture!r}, not {wanted!r}.")
    return lambda subject: way(checkpoint.network, subject.input)


def way_of(settings: Mapping[str, Any]) -> Callable[[Network, Photo], Enhanced]:
    """``enhance`` as settings ask for it, each of them checked before there is a photo.

    Args:
        settings: Of ``load_network``, ``device``, ``precision`` and ``mode``.

    Raises:
        DeviceError: The device isn't here.
        PrecisionError: There is no such precision.
        ModeError: There is no such mode.
    """
    device = pick_device(settings.get("device", "auto"))
    precision, mode = settings.get("precision", "auto"), settings.get("mode", "auto")
    pick_dtype(device, precision)
    check_mode(mode)
    return partial(enhance, device=device, precision=precision, mode=mode)


def load_onnx(settings: Mapping[str, Any], weights: Path | None) -> Enhance:
    """Somebody's network, as an ONNX file.

    Args:
        settings: ``range``: the scale of its pixels, ``"0-1"`` (the default), ``"0-255"`` or ``"-1-1"``;
            ``device``: ``"auto"`` (the default: a GPU where onnxruntime has one), ``"cpu"``, ``"cuda"``. Nothing else.
        weights: The ONNX file; ``enhancement.nn.graph`` says what it must look like.

    Raises:
        SettingsError: A setting isn't known, or no weights are given.
        GraphError: The file can't be used.
    """
    path = check(settings, {"range", "device"}, weights, "an ONNX file")
    graph = open_graph(path, settings.get("range", "0-1"), settings.get("device", "auto"))
    return lambda subject: Enhanced(run_graph(graph, subject.input), graph.device, graph.dtype)


def check(settings: Mapping[str, Any], known: Collection[str], weights: Path | None, wanted: str) -> Path:
    """The weights' path, once the settings are known ones.

    Raises:
        SettingsError: A setting isn't known, or no weights are given.
    """
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise SettingsError(f"Settings not known: {', '.join(unknown)}; this kind knows {', '.join(sorted(known))}.")
    if weights is None:
        raise SettingsError(f"This kind of method needs weights: give {wanted}.")
    return weights


__all__ = ["CheckpointError", "GraphError", "SettingsError", "load_network", "load_onnx"]
