"""A small recipe, and files of VGG, for tests of training."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from enhancement.nn.training.recipe import Recipe, make_recipe

from .vgg_files import plain_vgg, vgg16, vgg19, write_keras, write_matconvnet, write_torchvision

__all__ = ["plain_vgg", "vgg16", "vgg19", "write_keras", "write_matconvnet", "write_torchvision"]

MakeRecipe = Callable[..., Recipe]


@pytest.fixture(scope="session")
def recipe_of(patches_folder: Path) -> MakeRecipe:
    """Make a small recipe, with what is named changed."""

    def make(**changed: Any) -> Recipe:
        told = {
            "name": "small",
            "patches": str(patches_folder),
            "train_first": 12,
            "steps": 4,
            "batch": 4,
            "network": {"architecture": "dped", "blocks": 1, "channels": 4},
            "losses": {"texture": 1, "colour": 0.5, "total_variation": 10, "pixel": 1},
            "watch": {"losses_every": 1, "held_out_every": 4, "checkpoint_every": 2, "samples": 2},
        }
        return make_recipe(told | changed, "here")

    return make
