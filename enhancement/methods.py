"""Every kind of method: what it is, where its loader lives, and which worker runs it.

Loaders are named by dotted path, because a web process reads this table and must never load torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from enhancement.subject import Enhanced, Subject

Enhance = Callable[[Subject], Enhanced]
Load = Callable[[Mapping[str, Any], Path | None], Enhance]


@dataclass(frozen=True)
class Kind:
    """One kind of method.

    Attributes:
        title: What a person reads.
        load: Dotted path of ``load(settings, weights) -> Callable[[Subject], Enhanced]``.
        queue: The worker that runs it, ``cpu`` or ``gpu``.
        weights: Whether it needs a weights file.
    """

    title: str
    load: str
    queue: str = "cpu"
    weights: bool = False


METHODS: dict[str, Kind] = {
    "original": Kind("The input photo as it is", "enhancement.classical.passthrough.load_original"),
    "reference": Kind("The reference photo", "enhancement.classical.passthrough.load_reference"),
    "auto": Kind("Classical automatic enhancement", "enhancement.classical.auto.load_auto"),
    "degraded": Kind("Made visibly worse, for gold pairs", "enhancement.classical.degraded.load_degraded"),
    "external": Kind("A folder of results, matched by name", "enhancement.classical.external.load_external"),
    "dped": Kind("DPED generator (Ignatov et al. 2017)", "enhancement.nn.methods.load_network", "gpu", weights=True),
    "dong": Kind("Three-layer network (Dong et al. 2014)", "enhancement.nn.methods.load_network", "gpu", weights=True),
    "johnson": Kind(
        "Image transformation network (Johnson et al. 2016)",
        "enhancement.nn.methods.load_network",
        "gpu",
        weights=True,
    ),
    "onnx": Kind("Your own network, as ONNX", "enhancement.nn.methods.load_onnx", "gpu", weights=True),
}


def load(kind: str, settings: Mapping[str, Any], weights: Path | None) -> Enhance:
    """The function that enhances one subject; loads weights once for as many subjects as follow.

    Raises:
        KeyError: ``kind`` isn't in ``METHODS``.
        ValueError: The settings or the weights are wrong; says which.
    """
    module, name = METHODS[kind].load.rsplit(".", 1)
    return cast("Load", getattr(import_module(module), name))(settings, weights)
