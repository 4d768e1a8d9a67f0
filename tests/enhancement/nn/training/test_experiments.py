"""The recipes in experiments/: all can be read and built, are trained equally long, and are what the tables ask for."""

import tomllib
from pathlib import Path

import pytest

from enhancement.nn.networks.architectures import build
from enhancement.nn.training.recipe import Recipe, read_recipe

ROOT = Path(__file__).parents[4]
FOLDERS = [ROOT / "experiments", ROOT / "experiments" / "small"]
TABLE = "table.toml"


def recipes(folder: Path) -> dict[str, Recipe]:
    return {path.stem: read_recipe(path) for path in sorted(folder.glob("*.toml")) if path.name != TABLE}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_recipe_is_read_and_its_network_built(folder: Path) -> None:
    read = recipes(folder)
    assert {"dong-city100", "johnson-city100", "dped-city100", "dong-dped", "johnson-dped", "dped-dped"} <= set(read)
    for stem, recipe in read.items():
        assert recipe.name.removeprefix("small-") == stem
        assert build(recipe.network.architecture, recipe.network.settings())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_all_of_the_same_patches_have_the_same_budget(folder: Path) -> None:
    budgets: dict[str, set[tuple[float | str, ...]]] = {}
    for one in recipes(folder).values():
        budget = (one.steps, one.batch, one.learning_rate, one.precision, one.ema)
        budgets.setdefault(one.patches, set()).add(budget)
    assert [len(found) for found in budgets.values()] == [1, 1]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_paths_stay_beside_the_repository(folder: Path) -> None:
    for recipe in recipes(folder).values():
        assert Path(recipe.patches).parent == ROOT / "stores"
        if recipe.backbone:
            assert Path(recipe.backbone.weights).parent == (ROOT.parent / "shared/data/backbones").resolve()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_table_shows_every_recipe_on_its_own_patches(folder: Path) -> None:
    cameras = tomllib.loads((folder / TABLE).read_text())["cameras"].values()
    shown = {
        (path.resolve().parent.name, (folder / camera["patches"]).resolve())
        for camera in cameras
        for path in (folder / weights for weights in camera["weights"].values())
    }
    assert shown == {(recipe.name, Path(recipe.patches)) for recipe in recipes(folder).values()}
