"""A recipe: everything that decides what a training run makes, as one TOML file. ``docs/training.md`` shows one.

Knows no torch, so that a web process can say what is wrong with one.
"""

import tomllib
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from enhancement.nn.networks.settings import Hidden, lines_of, problems
from enhancement.nn.training.definitions import WEIGHTS, Definition

Precision = Literal["float32", "bfloat16"]


class RecipeError(ValueError):
    """A recipe can't be followed; one line for each thing to mend."""


class Table(BaseModel):
    """A table of a recipe: unknown keys and values of another type are refused, and nothing changes afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class NetworkTable(BaseModel):
    """``[network]``: an architecture of ``ARCHITECTURES``, and its settings beside it."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    architecture: str

    def settings(self) -> dict[str, Any]:
        """What the architecture is built with."""
        return dict(self.model_extra or {})

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        if wrong := problems(self.architecture, self.settings()):
            raise ValueError("; ".join(wrong))
        return self


class LossesTable(Table):
    """``[losses]``: whose definition of each term is meant, and their weights; a term of weight 0 isn't computed.

    The weights of a definition are the default of its terms, except where any weight is named: then the others are 0.
    """

    definition: Definition = "released"
    content: float = Field(default=0.0, ge=0)
    texture: float = Field(default=0.0, ge=0)
    colour: float = Field(default=0.0, ge=0)
    total_variation: float = Field(default=0.0, ge=0)
    pixel: float = Field(default=0.0, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _as_defined(cls, told: Any) -> Any:
        if isinstance(told, dict) and not set(told) - {"definition"}:
            return {**told, **WEIGHTS.get(told.get("definition", "released"), {})}
        return told

    @model_validator(mode="after")
    def _has_a_term(self) -> Self:
        if not self.weights():
            raise ValueError("every weight is 0: nothing would be learnt")
        return self

    def weights(self) -> dict[str, float]:
        """Term → weight, of those that are computed."""
        told = self.model_dump(exclude={"definition"})
        return {name: float(weight) for name, weight in told.items() if weight}


class BackboneTable(Table):
    """``[backbone]``: the frozen network in whose features the content loss looks."""

    weights: str
    layer: str = "relu5_4"


class DiscriminatorTable(Table):
    """``[discriminator]``: used where the texture loss has a weight."""

    learning_rate: float = Field(default=5e-4, gt=0)
    pretraining_steps: int = Field(default=0, ge=0)
    hidden: Hidden = "leaky_relu"


class WatchTable(Table):
    """``[watch]``: how often, in steps, a run tells and keeps what it has."""

    losses_every: int = Field(default=50, ge=1)
    held_out_every: int = Field(default=1000, ge=1)
    checkpoint_every: int = Field(default=500, ge=1)
    samples: int = Field(default=6, ge=1, le=50)


class Recipe(Table):
    """What is trained, on what, how long, and how.

    Attributes:
        patches: The patch store's folder, or that of published patches; absolute once read from a file.
        train_first: Of published patches in one folder, so many train; the rest is held out.
        micro_batch: Patches that go through the networks at once; the gradients are those of the whole batch.
        ema: Decay of the weights' moving average, which is then what is judged and kept; 0 for none.
    """

    name: str = Field(min_length=1, max_length=80, pattern=r"^[\w.-]+$")
    patches: str
    train_first: int | None = Field(default=None, ge=1)
    seed: int = Field(default=1, ge=0)
    steps: int = Field(default=20_000, ge=1)
    batch: int = Field(default=50, ge=1)
    micro_batch: int = Field(default=0, ge=0)
    learning_rate: float = Field(default=5e-4, gt=0)
    precision: Precision = "float32"
    ema: float = Field(default=0.0, ge=0, lt=1)
    network: NetworkTable
    losses: LossesTable = Field(default_factory=LossesTable)
    backbone: BackboneTable | None = None
    discriminator: DiscriminatorTable = Field(default_factory=DiscriminatorTable)
    watch: WatchTable = Field(default_factory=WatchTable)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.losses.content and self.backbone is None:
            raise ValueError("the content loss needs a [backbone] with weights and layer, or content = 0 in [losses]")
        if self.network.settings().get("norm") == "batch" and self.at_once < self.batch:
            raise ValueError("batch norm takes its statistics over a whole batch: leave micro_batch out")
        return self

    def meant_from(self, folder: Path) -> "Recipe":
        """The same recipe with its relative paths taken from a folder."""

        def placed(path: str) -> str:
            return str((folder / Path(path).expanduser()).resolve())

        backbone = self.backbone and self.backbone.model_copy(update={"weights": placed(self.backbone.weights)})
        return self.model_copy(update={"patches": placed(self.patches), "backbone": backbone})

    def told(self) -> dict[str, Any]:
        """What others may read: files by their names alone, wherever they lay."""
        told = self.model_dump(mode="json")
        told["patches"] = Path(self.patches).name
        if self.backbone:
            told["backbone"]["weights"] = Path(self.backbone.weights).name
        return told

    @property
    def at_once(self) -> int:
        """How many patches go through the networks at once."""
        return min(self.micro_batch or self.batch, self.batch)


def read_recipe(path: Path) -> Recipe:
    """A recipe from its TOML file; paths in it are taken from the file's own folder.

    Raises:
        RecipeError: The file can't be read, or something in it is unknown, missing or out of range; names each.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{path}: {error}") from error
    recipe = make_recipe(told, str(path))
    return recipe.meant_from(path.parent)


def make_recipe(told: Any, where: str) -> Recipe:
    """A recipe from the tables of a TOML or JSON file.

    Args:
        told: As ``tomllib`` or ``json`` reads it.
        where: What to call it in an error.

    Raises:
        RecipeError: Something is unknown, missing or out of range; one line for each.

    Example:
        >>> told = {"name": "dong", "patches": "store", "network": {"architecture": "dong"}, "losses": {"pixel": 1}}
        >>> make_recipe(told, "here").losses.weights()
        {'pixel': 1.0}
        >>> make_recipe(told | {"batch": 0}, "here")
        Traceback (most recent call last):
        ...
        enhancement.nn.training.recipe.RecipeError: here: batch: Input should be greater than or equal to 1, not 0
    """
    try:
        return Recipe.model_validate(told)
    except ValidationError as error:
        raise RecipeError("\n".join(f"{where}: {line}" for line in lines_of(error))) from error
