"""Training runs asked for, and methods made of them. Loads no torch: web processes ask here too."""

import tomllib

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.text import slugify

from enhancement.models import Method, TrainingRun
from enhancement.nn.training.recipe import Recipe, RecipeError, make_recipe
from enhancement.services.files import keep, read
from enhancement.services.jobs import OPEN, request_job
from enhancement.services.methods import MethodProblemError, keep_method

WHERE = "recipe"
"""What a recipe that came without a file is called where something in it is wrong."""


def recipe_from(toml: str) -> Recipe:
    """A recipe from TOML that was sent; its relative paths are meant from the worker's data folder.

    Raises:
        RecipeError: It is no TOML, or something is unknown, missing or out of range; one line for each.
    """
    try:
        return make_recipe(tomllib.loads(toml), WHERE)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{WHERE}: {error}") from error


@transaction.atomic
def request_training(recipe: Recipe, by: User | None = None) -> TrainingRun:
    """Ask a worker to train a network, or get the run of the very same recipe that is queued or running."""
    told = recipe.model_dump(mode="json")
    run = TrainingRun.objects.filter(recipe=told, job__state__in=OPEN).first()
    if run is None:
        run = TrainingRun.objects.create(name=recipe.name, recipe=told, requested_by=by)
        run.job = request_job("train", "gpu", f"train {run}", {"run": run.pk}, by=by)
        run.save(update_fields=["job"])
    return run


@transaction.atomic
def make_method(run: TrainingRun) -> Method:
    """A method from a run's checkpoint as it is now; of the same checkpoint the method that is already there.

    The row is locked meanwhile, so that the worker doesn't replace the checkpoint while it is read.

    Raises:
        MethodProblemError: There is no checkpoint yet.
        DamagedFileError: Its file is gone, or isn't what was stored.
    """
    run = TrainingRun.objects.select_for_update().get(pk=run.pk)
    if not run.checkpoint_step:
        raise MethodProblemError(f"{run} has no checkpoint yet.")
    weights = read(run.checkpoint_file, run.checkpoint_sha256)
    name, sha256 = keep("weights", weights, ".safetensors")
    note = f"Trained here: run {run}, after step {run.checkpoint_step:,} of {run.recipe['steps']:,}."
    kind = run.recipe["network"]["architecture"]
    return keep_method(method_name(run), kind, {}, weights_file=name, weights_sha256=sha256, note=note)


def method_name(run: TrainingRun) -> str:
    """What the method of a run is called."""
    return slugify(run.name.replace(".", "-"))[:80] or f"run-{run.pk}"


def methods_of(run: TrainingRun) -> list[Method]:
    """The methods made of a run's present checkpoint."""
    return list(Method.objects.filter(weights_sha256=run.checkpoint_sha256)) if run.checkpoint_sha256 else []
