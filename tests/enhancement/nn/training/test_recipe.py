"""Recipes: what a file says, and what it can't say."""

from pathlib import Path

import pytest

from enhancement.nn.training.recipe import RecipeError, read_recipe

DPED = """
name = "dped"
patches = "../stores/city100"
[network]
architecture = "dped"
[backbone]
weights = "vgg19.pth"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text)
    return path


def test_what_is_not_said_is_the_released_recipe(tmp_path: Path) -> None:
    recipe = read_recipe(written(tmp_path, DPED))
    assert recipe.losses.weights() == {"content": 10, "texture": 1, "colour": 0.5, "total_variation": 2000}
    assert (recipe.steps, recipe.batch, recipe.learning_rate, recipe.precision) == (20_000, 50, 5e-4, "float32")
    assert recipe.backbone is not None
    assert recipe.backbone.layer == "relu5_4"


def test_the_paper_s_weights_come_with_its_definition(tmp_path: Path) -> None:
    recipe = read_recipe(written(tmp_path, DPED + '[losses]\ndefinition = "paper"\n'))
    assert recipe.losses.weights() == {"content": 1, "texture": 0.4, "colour": 0.1, "total_variation": 400}


def test_where_a_weight_is_named_the_others_are_nothing(tmp_path: Path) -> None:
    recipe = read_recipe(written(tmp_path, DPED + "[losses]\npixel = 1\n"))
    assert recipe.losses.weights() == {"pixel": 1}


def test_paths_are_taken_from_the_file_s_folder_and_told_by_their_names(tmp_path: Path) -> None:
    recipe = read_recipe(written(tmp_path, DPED))
    assert Path(recipe.patches) == tmp_path.parent / "stores" / "city100"
    assert str(tmp_path) not in str(recipe.told())


@pytest.mark.parametrize(
    ("added", "complaint"),
    [
        ("[watch]\nevry = 3", "watch.evry: Extra inputs are not permitted, not 3"),
        ("[losses]\ncontent = -1", "losses.content: Input should be greater than or equal to 0, not -1"),
        ("[losses]\npixel = 0", "every weight is 0"),
        ('[losses]\ndefinition = "ours"', "losses.definition: Input should be 'released' or 'paper', not 'ours'"),
        ("[discriminator]\nhidden = 1", "discriminator.hidden: Input should be 'leaky_relu' or 'sigmoid', not 1"),
        ("batch 50", "recipe.toml"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, added: str, complaint: str) -> None:
    with pytest.raises(RecipeError, match=r"recipe\.toml") as refused:
        read_recipe(written(tmp_path, f"{DPED}\n{added}\n"))
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (DPED.replace('"dped"\n[backbone]', '"unet"\n[backbone]'), "There is no architecture 'unet'"),
        (
            DPED.replace('"dped"\n[backbone]', '"dped"\nblocks = 0\n[backbone]'),
            "blocks: Input should be greater than or equal to 1, not 0",
        ),
        (DPED.split("[backbone]", maxsplit=1)[0], "the content loss needs a [backbone]"),
        (DPED.replace("[network]", "micro_batch = 5\n[network]\nnorm = 'batch'"), "leave micro_batch out"),
        (DPED.replace('"dped"\npatches', '"d ped"\npatches'), "name: String should match"),
    ],
)
def test_what_does_not_hang_together_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(RecipeError) as refused:
        read_recipe(written(tmp_path, text))
    assert complaint in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"nowhere\.toml"):
        read_recipe(tmp_path / "nowhere.toml")
