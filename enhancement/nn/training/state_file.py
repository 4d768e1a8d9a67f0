"""All that a run needs to go on bit for bit: weights, their average, the discriminator, both optimisers' moments.

A safetensors file whose header carries the recipe, the step, and the hashes of patches and backbone. Chance needs no
place in it: every draw follows from the seed and the step (``batches.py``).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import torch as safetensors_torch
from torch import Tensor, nn

from enhancement.nn.checkpoint import METADATA_KEY, parse
from enhancement.nn.files import replace
from enhancement.nn.training.learner import Learner
from enhancement.nn.training.recipe import Recipe, make_recipe

FREE = frozenset({"steps", "patches", "micro_batch", "watch"})
"""What may change between two parts of a run: its length, where things lie, how much is done at once, what is told."""


class StateError(ValueError):
    """A run can't be gone on with; the message says which file, what is wrong there, and what to do."""


@dataclass(frozen=True)
class Provenance:
    """What a run's weights rest on.

    Attributes:
        recipe: As it was read, files by their names alone.
        step: How many steps were learnt.
        patches_sha256: Of the patches' manifest, in hex.
        backbone_sha256: Of the backbone's file, in hex; None where there is none.
        code_version: The version of this program.
    """

    recipe: Mapping[str, Any]
    step: int
    patches_sha256: str
    backbone_sha256: str | None
    code_version: str


def save_state(path: Path, learner: Learner, provenance: Provenance) -> None:
    """Write a state whole or not at all, in place of the one before.

    Raises:
        OSError: The disk is full, or the like; the state before is still there.
    """
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors_of(learner)}
    header = json.dumps({"format": 1, "state": asdict(provenance)}, sort_keys=True)
    replace(path, safetensors_torch.save(tensors, {METADATA_KEY: header}))


def load_state(path: Path, learner: Learner, provenance: Provenance) -> int:
    """Put a learner where a run was; how many steps that run had learnt.

    Raises:
        StateError: The file is damaged, or of a run with another recipe, other patches or another backbone.
    """
    tensors, header = parse(path, path.read_bytes())
    if "state" not in header:
        raise StateError(f"{path}: a checkpoint, but not the state of a run; give a run's own folder.")
    told = Provenance(**header["state"])
    check_same(path, told, provenance)
    fill(path, learner, tensors)
    return told.step


def check_same(path: Path, told: Provenance, wanted: Provenance) -> None:
    """Refuse to go on with a run in another way than it was begun.

    Raises:
        StateError: Names what differs.
    """
    before, now = comparable(make_recipe(told.recipe, str(path))), comparable(make_recipe(wanted.recipe, "recipe"))
    differing = [f"{key} was {before[key]}, now {now[key]}" for key in before if before[key] != now[key]]
    for what in ("patches_sha256", "backbone_sha256"):
        if getattr(told, what) != getattr(wanted, what):
            differing.append(f"{what} was {getattr(told, what)}, now {getattr(wanted, what)}")
    if differing:
        raise StateError(f"{path}: this run was begun otherwise ({'; '.join(differing)}); take another folder.")


def comparable(recipe: Recipe) -> dict[str, Any]:
    """What must stay the same, key by key; a backbone is the same by its bytes, wherever it lies."""
    told = recipe.model_dump(exclude=set(FREE))
    layer = told.pop("backbone")
    flat = {"backbone.layer": layer and layer["layer"]}
    for key, value in told.items():
        flat.update({f"{key}.{name}": one for name, one in value.items()} if isinstance(value, dict) else {key: value})
    return flat


def tensors_of(learner: Learner) -> Iterator[tuple[str, Tensor]]:
    """Every tensor that a run is made of, by name; those of the optimisers once they have learnt a step."""
    for name, module in modules_of(learner):
        yield from ((f"{name}.{key}", value) for key, value in module.state_dict().items())
    for name, optimizer in learner.optimizers.items():
        for number, moments in optimizer.state_dict()["state"].items():
            yield from ((f"{name}_optimizer.{number}.{key}", value) for key, value in moments.items())


def modules_of(learner: Learner) -> Iterator[tuple[str, nn.Module]]:
    """The learner's networks, by name."""
    named = {"network": learner.network, "average": learner.average, "discriminator": learner.discriminator}
    yield from ((name, module) for name, module in named.items() if module is not None)


def fill(path: Path, learner: Learner, tensors: Mapping[str, Tensor]) -> None:
    """Give a learner every tensor of a state.

    Raises:
        StateError: The tensors aren't a run's of this recipe.
    """
    try:
        for name, module in modules_of(learner):
            module.load_state_dict(below(tensors, name))
        for name, optimizer in learner.optimizers.items():
            moments: dict[int, dict[str, Tensor]] = {}
            for key, value in below(tensors, f"{name}_optimizer").items():
                number, moment = key.split(".")
                parameter = optimizer.param_groups[0]["params"][int(number)]
                moments.setdefault(int(number), {})[moment] = laid_out_as(parameter, value)
            optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    except (RuntimeError, ValueError, KeyError, IndexError) as error:
        raise StateError(f"{path}: not the tensors of this recipe ({error}); take another folder.") from error


def below(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """The tensors whose names begin with a name and a dot, without it."""
    return {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}


def laid_out_as(parameter: Tensor, moment: Tensor) -> Tensor:
    """A moment in its parameter's order in memory: the fused optimiser goes through both side by side, unchecked."""
    return torch.empty_like(parameter).copy_(moment) if moment.shape == parameter.shape else moment
