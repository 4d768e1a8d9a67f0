"""One step of learning by as many processes as share it; what they then have as gradients and losses, in a file."""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from enhancement.nn.training.batches import FOR_NETWORK, Draws
from enhancement.nn.training.learner import Learner
from enhancement.nn.training.loop import patches_of
from enhancement.nn.training.recipe import read_recipe
from enhancement.nn.training.team import joined


def main(recipe_file: Path, output: Path) -> None:
    recipe = read_recipe(recipe_file)
    with joined("cpu") as team:
        learner = Learner(recipe, team)
        draws = Draws(patches_of(recipe), recipe.seed, recipe.batch, team.device, team.rank, team.size)
        batch = draws.of_step(1, FOR_NETWORK)
        told = learner.learn(batch) | learner.learn_to_tell(batch)
        modules = {"network": learner.network, "discriminator": learner.discriminator}
        tensors = {name: torch.tensor(value) for name, value in told.items()}
        for name, module in modules.items():
            assert module is not None
            tensors |= {
                f"{name}.{key}": one.grad.contiguous() for key, one in module.named_parameters() if one.grad is not None
            }
        if team.leads:
            save_file(tensors, output)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
