"""Our checkpoints: one safetensors file that says what network it holds and where the weights came from.

The header's metadata has one entry, ``phoropter``: JSON with ``format``, ``architecture``, ``config``, ``source``
(a name, and file name → sha256) and ``code_version``. One entry in sorted order, since the file's bytes must depend on
nothing but its content. Nothing is ever unpickled.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors import torch as safetensors_torch
from torch import Tensor

from enhancement.nn.files import replace, sha256_of
from enhancement.nn.networks.architectures import ArchitectureError, Network, architecture_of, build

METADATA_KEY = "phoropter"
FORMAT = 1


class CheckpointError(ValueError):
    """A checkpoint can't be loaded; the message says which file, what is wrong there, and what to do."""


@dataclass(frozen=True)
class Source:
    """Where weights came from.

    Attributes:
        name: What their maker calls them, e.g. ``iphone_orig``, or the training run.
        files: File name → sha256 in hex of every file they were read from; empty where they were trained here.
        training: What they were trained by, as ``training.state_file.Provenance`` tells it: recipe, step, hashes of
            patches and backbone, version of the program; None where they weren't trained here.
    """

    name: str
    files: Mapping[str, str] = field(default_factory=dict)
    training: Mapping[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A network as it was kept.

    Attributes:
        network: On the CPU, in inference mode, float32.
        architecture: Its name in ``ARCHITECTURES``.
        config: The architecture's settings.
        source: Where the weights came from.
        code_version: The version of this program that wrote the file.
        sha256: Of the file's bytes, in hex.
    """

    network: Network
    architecture: str
    config: Mapping[str, Any]
    source: Source
    code_version: str
    sha256: str


def save(path: Path, network: Network, *, source: Source, code_version: str) -> str:
    """Write a checkpoint; the same network, source and version always give the same bytes.

    Args:
        path: Where to; an existing file is replaced, in one step.
        network: Any network of ``ARCHITECTURES``.
        source: Where its weights came from.
        code_version: The version of this program.

    Returns:
        The file's sha256, in hex.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from enhancement.nn.networks.dong import Dong
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "dong.safetensors")
        ...     digest = save(path, Dong(), source=Source("fresh"), code_version="1")
        ...     checkpoint = load(path)
        >>> checkpoint.architecture, checkpoint.source.name, checkpoint.sha256 == digest
        ('dong', 'fresh', True)
    """
    header = {
        "format": FORMAT,
        "architecture": architecture_of(network),
        "config": network.config,
        "source": {name: value for name, value in asdict(source).items() if value is not None},
        "code_version": code_version,
    }
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    content = safetensors_torch.save(tensors, {METADATA_KEY: json.dumps(header, sort_keys=True)})
    replace(path, content)
    return sha256_of(content)


def load(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        CheckpointError: The file is missing, damaged or not a checkpoint of ours, names an architecture that isn't
            known, its tensors aren't exactly the architecture's, or one holds values that are no finite numbers.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: can't be read ({error.strerror}); give a checkpoint's file.") from error
    tensors, header = parse(path, content)
    try:
        network = build(header["architecture"], header["config"])
        source, code_version = Source(**header["source"]), header["code_version"]
    except ArchitectureError as error:
        raise CheckpointError(f"{path}: {error} Was it written by a newer version?") from error
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: its header is incomplete ({error}); write the checkpoint again.") from error
    fill(path, network, tensors)
    return Checkpoint(network.eval(), header["architecture"], network.config, source, code_version, sha256_of(content))


def parse(path: Path, content: bytes) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and our header of a safetensors file.

    Raises:
        CheckpointError: It is no safetensors file, or not one of ours.
    """
    try:
        tensors = safetensors_torch.load(content)
    except SafetensorError as error:
        raise CheckpointError(
            f"{path}: not a whole safetensors file ({error}); copy it again. "
            "TensorFlow checkpoints must be imported first; pickled ones are never read."
        ) from error
    length = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    if METADATA_KEY not in metadata:
        raise CheckpointError(f"{path}: a safetensors file, but no checkpoint of this program: its header names none.")
    try:
        header = json.loads(metadata[METADATA_KEY])
        known = header["format"] == FORMAT
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: its header is damaged ({error}); write the checkpoint again.") from error
    if not known:
        raise CheckpointError(f"{path}: its format is {header['format']!r}, this version reads {FORMAT}; update it.")
    return tensors, header


def fill(path: Path, network: Network, tensors: Mapping[str, Tensor]) -> None:
    """Give a network its weights.

    Raises:
        CheckpointError: Tensors are missing, left over, of the wrong shape or type, or hold no finite numbers.
    """
    state = network.state_dict()
    missing, unknown = sorted(set(state) - set(tensors)), sorted(set(tensors) - set(state))
    if missing or unknown:
        raise CheckpointError(
            f"{path}: not the tensors of its architecture: missing {missing or 'none'}, unknown {unknown or 'none'}."
        )
    for name, value in tensors.items():
        if value.shape != state[name].shape or value.dtype != state[name].dtype:
            raise CheckpointError(
                f"{path}: {name} should be {state[name].dtype} of shape {tuple(state[name].shape)}, "
                f"not {value.dtype} of shape {tuple(value.shape)}."
            )
        if not value.isfinite().all():
            raise CheckpointError(
                f"{path}: {name} holds values that are no finite numbers; take an earlier step, or copy the file again."
            )
    network.load_state_dict(dict(tensors))
