"""Adding methods: by settings, by weights, by a folder of results."""

import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.db import transaction

from enhancement.methods import METHODS, load
from enhancement.models import Method
from enhancement.services.files import keep


class MethodProblemError(ValueError):
    """A method can't be added as asked; says what to change."""


def add_method(
    name: str, kind: str, settings: Mapping[str, Any] | None = None, *, weights: Path | None = None, note: str = ""
) -> Method:
    """Add a method, or get the one of this name that is the very same; other settings or weights make a new version.

    The method is loaded once before it is kept, so that wrong settings or weights are refused here and not by a job.
    Loading a network imports torch: call it from a command or a worker.

    Raises:
        MethodProblemError: The kind is unknown, weights are missing or unwanted, or it can't be loaded.
    """
    if kind not in METHODS:
        raise MethodProblemError(f"No kind of method is called {kind!r}; known: {', '.join(METHODS)}.")
    if METHODS[kind].weights != (weights is not None):
        need = "needs a weights file" if METHODS[kind].weights else "takes no weights file"
        raise MethodProblemError(f"A method of kind {kind} {need}.")
    settings = dict(settings or {})
    try:
        load(kind, settings, weights)
    except (ValueError, OSError) as error:
        raise MethodProblemError(f"{name}: {error}") from error
    weights_file, weights_sha256 = keep("weights", weights.read_bytes(), weights.suffix) if weights else ("", "")
    return keep_method(name, kind, settings, weights_file=weights_file, weights_sha256=weights_sha256, note=note)


@transaction.atomic
def keep_method(
    name: str,
    kind: str,
    settings: Mapping[str, Any],
    *,
    weights_file: str = "",
    weights_sha256: str = "",
    note: str = "",
) -> Method:
    """The method's row; settings never change under a name and version."""
    versions = list(Method.objects.select_for_update().filter(name=name).order_by("version"))
    for method in versions:
        if (method.kind, method.settings, method.weights_sha256) == (kind, dict(settings), weights_sha256):
            return method
    return Method.objects.create(
        name=name,
        version=versions[-1].version + 1 if versions else 1,
        kind=kind,
        settings=dict(settings),
        weights_file=weights_file,
        weights_sha256=weights_sha256,
        note=note,
    )


def import_checkpoint(index: Path, name: str, note: str = "") -> Method:
    """A method from one of the authors' released TensorFlow checkpoints, every CRC checked.

    Imports torch: call it from a command or a worker.

    Raises:
        MethodProblemError: The files are missing or damaged, or aren't of a known layout.
    """
    from enhancement.nn.checkpoint import save  # noqa: PLC0415
    from enhancement.nn.conversion import read_released  # noqa: PLC0415
    from enhancement.nn.networks.architectures import architecture_of  # noqa: PLC0415  (torch stays out of web processes)

    try:
        network, source = read_released(index)
    except ValueError as error:
        raise MethodProblemError(str(error)) from error
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, f"{name}.safetensors")
        save(place, network, source=source, code_version=version("phoropter"))
        kind = "dong" if architecture_of(network) == "dong" else "dped"
        return add_method(name, kind, weights=place, note=note or f"Released checkpoint {source.name}.")
