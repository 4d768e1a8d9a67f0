"""The loaders of methods that are networks: settings and weights in, a function from subject to picture out."""

import logging
from collections.abc import Callable, Collection, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from enhancement.nn.checkpoint import CheckpointError, load
from enhancement.nn.graph import Graph, GraphError, check_device, open_graph, providers_for, run_graph
from enhancement.nn.graph_chain import NotAChainError, agreed_chain
from enhancement.nn.inference import DeviceError, enhance_by, pick_device
from enhancement.nn.networks.chain import Chain
from enhancement.nn.whole.agreement import agreed_dtype
from enhancement.nn.whole.modes import check_mode
from enhancement.nn.whole.precision import check_precision, name_of_dtype
from enhancement.pictures import Photo
from enhancement.subject import Enhanced, Subject

Enhance = Callable[[Subject], Enhanced]

log = logging.getLogger(__name__)


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
    pick_device(settings.get("device", "auto"))
    checkpoint = load(path)
    wanted = settings.get("architecture", checkpoint.architecture)
    if checkpoint.architecture != wanted:
        raise CheckpointError(f"{path}: a checkpoint of the architecture {checkpoint.architecture!r}, not {wanted!r}.")
    way = way_of(checkpoint.network.chain(), settings)
    return lambda subject: way(subject.input)


def way_of(chain: Chain, settings: Mapping[str, Any]) -> Callable[[Photo], Enhanced]:
    """What enhances photos by a network as settings ask for it; each of them is checked before there is a photo.

    Args:
        chain: The network's layers.
        settings: Of ``load_network``, ``device``, ``precision`` and ``mode``.

    Raises:
        DeviceError: The device isn't here.
        PrecisionError: There is no such precision.
        ModeError: There is no such mode.
    """
    device = pick_device(settings.get("device", "auto"))
    mode = settings.get("mode", "auto")
    check_mode(mode)
    chain = chain.on(device)
    dtype = agreed_dtype(chain, device, settings.get("precision", "auto"))
    return partial(enhance_by, chain, device=device, precision=name_of_dtype(dtype), mode=mode)


def load_onnx(settings: Mapping[str, Any], weights: Path | None) -> Enhance:
    """Somebody's network, as an ONNX file: as ours are run where its layers are of the kinds ours have.

    Args:
        settings: ``range``: the scale of its pixels, ``"0-1"`` (the default), ``"0-255"`` or ``"-1-1"``;
            ``device``: ``"auto"`` (the default: a GPU where there is one), ``"cpu"``, ``"cuda"``; torch's where the
            layers are read, else onnxruntime's;
            ``mode``: ``"auto"`` (the default), ``"fast"`` or ``"lean"`` where ``graph_chain`` can read its layers, else
            onnxruntime runs it in one pass, in the memory that takes, as it does photos whose sides its strides don't
            divide, unless it continues them as ours do; where a mode is asked for by name, or a precision that isn't
            the graph's own, both are an error;
            ``precision``: ``"auto"`` (the default), which is the graph's own; ``"float32"``; or, where its layers are
            read, ``"bfloat16"``. Nothing else.
        weights: The ONNX file; ``enhancement.nn.graph`` says what it must look like.

    Raises:
        SettingsError: A setting isn't known, or no weights are given.
        GraphError: The file can't be used, or not in that mode or precision.
        PrecisionError: There is no such precision.
        ModeError: There is no such mode.
        MemoryError: There isn't enough to read its layers.
    """
    path = check(settings, {"range", "device", "mode", "precision"}, weights, "an ONNX file")
    mode, precision = settings.get("mode", "auto"), settings.get("precision", "auto")
    device, value_range = settings.get("device", "auto"), settings.get("range", "0-1")
    check_precision(precision)
    check_mode(mode)
    check_device(device)
    on_cpu = open_graph(path, value_range, "cpu")
    only_whole = f"It can be run in one pass by onnxruntime only, in {on_cpu.dtype}, without a mode"
    way, step_px, is_asked_for = None, 1, mode != "auto" or precision not in ("auto", on_cpu.dtype)

    @cache
    def whole() -> Graph:
        return on_cpu if providers_for(device) == providers_for("cpu") else open_graph(path, value_range, device)

    try:
        chain = agreed_chain(path, on_cpu)
        way = way_of(chain, {**settings, "precision": "float32" if precision == "auto" else precision})
        step_px = 1 if chain.continues else chain.step_px
    except (NotAChainError, DeviceError) as why:
        if is_asked_for:
            raise GraphError(f"{path}: {only_whole}: {why}.") from why
        log.info("%s: %s: %s", path, only_whole, why)
        whole()

    def run(subject: Subject) -> Enhanced:
        if way and all(side % step_px == 0 for side in subject.input.shape[:2]):
            return way(subject.input)
        if is_asked_for:
            raise GraphError(f"{path}: {only_whole}: {subject.name}'s sides aren't multiples of {step_px} px.")
        graph = whole()
        return Enhanced(run_graph(graph, subject.input), graph.device, graph.dtype)

    return run


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
