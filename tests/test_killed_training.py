"""A gpu worker killed in the middle of a training costs no more than the steps since the last checkpoint."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from enhancement.nn.files import sha256_of_file
from enhancement.nn.training.loop import train
from enhancement.nn.training.recipe import make_recipe
from enhancement.nn.training.team import Team
from tests.stack import STACKS, Stack, new_stack, wait_until
from tests.training import patches_of, recipe_told

STEPS = 240


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return patches_of(tmp_path_factory.mktemp("published"))


def told(patches: Path) -> dict[str, Any]:
    """A run of some seconds, in which a checkpoint comes often."""
    watch = {"losses_every": 5, "held_out_every": 120, "checkpoint_every": 20, "samples": 1}
    return recipe_told(patches, steps=STEPS, watch=watch, losses={"pixel": 1}, train_first=60)


@pytest.mark.parametrize(("database", "broker"), STACKS, ids=["sqlite-filesystem", "postgresql-redis"])
def test_killed_and_stopped_it_ends_with_the_same_bytes(
    tmp_path: Path, patches: Path, database: str, broker: str
) -> None:
    with new_stack(tmp_path / "installation", database, broker) as stack:
        recipe = write_toml(tmp_path / "recipe.toml", told(patches))
        stack.manage("train", str(recipe))
        stack.start("tend", "gpu")
        wait_until(lambda: kept(stack) >= 40, "a checkpoint")
        stack.kill("gpu")
        killed_at = kept(stack)
        assert killed_at < STEPS, "the kill came too late to prove anything"
        stack.start("gpu")
        wait_until(lambda: kept(stack) > killed_at, "another checkpoint")
        stack.signal("gpu", signal.SIGTERM)
        stack.processes.pop("gpu").wait(60)
        states = stack.rows("SELECT state, deaths FROM enhancement_job")
        assert states == [("queued", 0)], "told to stop, it gave the job back"
        stack.start("gpu")
        wait_until(lambda: stack.rows("SELECT state FROM enhancement_job") == [("done",)], "the end")

        sha256, step, attempts = stack.rows(
            "SELECT checkpoint_sha256, step, attempt FROM enhancement_trainingrun AS run "
            "JOIN enhancement_job AS job ON job.id = run.job_id"
        )[0]
        assert (step, attempts >= 3) == (STEPS, True)
        steps = {step for (step,) in stack.rows("SELECT step FROM enhancement_trainingtelling WHERE kind = 'losses'")}
        assert steps >= set(range(5, STEPS + 1, 5)), "where it was stopped it told one line more"
        ended = train(make_recipe(told(patches), "here"), tmp_path / "whole", Team(torch.device("cpu")))
        assert sha256 == sha256_of_file(ended.network), "as a run that nothing interrupted"


def kept(stack: Stack) -> int:
    """Of how many steps the stored checkpoint is."""
    return int(stack.rows("SELECT checkpoint_step FROM enhancement_trainingrun")[0][0])


def write_toml(path: Path, told: dict[str, Any]) -> Path:
    """A recipe as a file; JSON's values are TOML's, but for tables."""
    tables = {key: value for key, value in told.items() if isinstance(value, dict)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in told.items() if key not in tables]
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    path.write_text("\n".join(lines))
    return path
