"""A run: what it leaves, how it goes on, and how it breaks off."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch

from enhancement.nn.checkpoint import load
from enhancement.nn.files import sha256_of_file
from enhancement.nn.training.learner import Learner
from enhancement.nn.training.loop import Ended, TrainingError, train
from enhancement.nn.training.recipe import Recipe
from enhancement.nn.training.run_folder import RunFolder
from enhancement.nn.training.state_file import StateError
from enhancement.nn.training.team import Team
from enhancement.pictures import decode

from .conftest import MakeRecipe

TEAM = Team(torch.device("cpu"))
ROOT = Path(__file__).parents[4]


def as_toml(recipe: Recipe) -> str:
    """A recipe as a file; JSON's values are TOML's."""
    told = recipe.model_dump(exclude_none=True)
    tables = {key: value for key, value in told.items() if isinstance(value, dict)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in told.items() if key not in tables]
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return "\n".join(lines)


def command(recipe: Recipe, folder: Path, *before: str) -> list[str]:
    path = folder.with_suffix(".toml")
    path.write_text(as_toml(recipe))
    return [sys.executable, *before, "-m", "enhancement.nn", "train", str(path), "-o", str(folder), "--device", "cpu"]


def test_a_run_leaves_what_it_says(recipe_of: MakeRecipe, tmp_path: Path) -> None:
    recipe = recipe_of()
    ended = train(recipe, tmp_path, TEAM)
    assert ended == Ended(4, True, tmp_path / "network.safetensors")
    lines = list(RunFolder(tmp_path).lines())
    assert [line["step"] for line in lines if "losses" in line] == [1, 2, 3, 4]
    assert set(lines[-1]["held_out"]) == {"psnr_batch50", "psnr_per_image", "ms_ssim", "ssim"}
    assert decode(tmp_path / "samples" / "step-0000004.png", name="samples").shape == (2 * 104 - 4, 3 * 104 - 4, 3)
    assert json.loads((tmp_path / "recipe.json").read_text()) == recipe.model_dump(mode="json")
    assert list((tmp_path / "tensorboard").iterdir())


def test_the_checkpoint_says_what_it_rests_on(recipe_of: MakeRecipe, tmp_path: Path) -> None:
    ended = train(recipe_of(), tmp_path, TEAM)
    checkpoint = load(ended.network)
    assert checkpoint.source.name == "small"
    assert checkpoint.source.training is not None
    assert checkpoint.source.training["step"] == 4
    assert len(checkpoint.source.training["patches_sha256"]) == 64
    assert checkpoint.source.training["recipe"]["losses"]["texture"] == 1
    assert b"/" not in json.dumps(checkpoint.source.training).encode()


def test_what_is_kept_is_the_average_where_there_is_one(recipe_of: MakeRecipe, tmp_path: Path) -> None:
    kept = [load(train(recipe_of(ema=ema), tmp_path / str(ema), TEAM).network).network for ema in (0.0, 0.5)]
    assert not torch.equal(kept[0].state_dict()["head.weight"], kept[1].state_dict()["head.weight"])


def test_a_run_that_is_stopped_goes_on_bit_for_bit(recipe_of: MakeRecipe, tmp_path: Path) -> None:
    recipe = recipe_of(ema=0.5, discriminator={"pretraining_steps": 2})
    train(recipe, tmp_path / "whole", TEAM)
    stopped = train(recipe, tmp_path / "parts", TEAM, lambda step, steps: step < 3)
    assert (stopped.step, stopped.is_finished) == (3, False)
    assert train(recipe, tmp_path / "parts", TEAM).is_finished
    for name in ("network.safetensors", "state.safetensors"):
        assert sha256_of_file(tmp_path / "whole" / name) == sha256_of_file(tmp_path / "parts" / name)


def test_a_finished_run_has_nothing_to_do(recipe_of: MakeRecipe, tmp_path: Path) -> None:
    train(recipe_of(), tmp_path, TEAM)
    before = (tmp_path / "state.safetensors").stat().st_mtime_ns
    assert train(recipe_of(), tmp_path, TEAM).is_finished
    assert (tmp_path / "state.safetensors").stat().st_mtime_ns == before


def test_a_killed_run_goes_on_bit_for_bit(recipe_of: MakeRecipe, tmp_path: Path) -> None:
    recipe = recipe_of(steps=9, watch={"losses_every": 1, "checkpoint_every": 4, "held_out_every": 9, "samples": 1})
    killed = subprocess.Popen(command(recipe, tmp_path / "killed"), cwd=ROOT, stderr=subprocess.PIPE)
    curve = tmp_path / "killed" / "curve.jsonl"
    while killed.poll() is None and not (curve.exists() and '"step": 5' in curve.read_text()):
        os.sched_yield()
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert not (tmp_path / "killed" / "samples" / "step-0000009.png").exists()
    for folder in (tmp_path / "killed", tmp_path / "whole"):
        subprocess.run(command(recipe, folder), cwd=ROOT, check=True, capture_output=True)
    assert sha256_of_file(tmp_path / "killed/state.safetensors") == sha256_of_file(tmp_path / "whole/state.safetensors")
    assert [line["step"] for line in RunFolder(tmp_path / "killed").lines() if "losses" in line] == list(range(1, 10))


def test_two_processes_have_the_gradients_of_one(recipe_of: MakeRecipe, tmp_path: Path) -> None:
    recipe = recipe_of(losses={"content": 0, "texture": 30, "colour": 0.5, "total_variation": 10, "pixel": 1})
    Path(tmp_path, "recipe.toml").write_text(as_toml(recipe))
    script = [str(Path(__file__).with_name("one_step.py")), str(tmp_path / "recipe.toml")]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    for before, name in (([], "one"), (torchrun, "two")):
        told = subprocess.run(
            [sys.executable, *before, *script, str(tmp_path / name)], cwd=ROOT, capture_output=True, check=False
        )
        assert told.returncode == 0, told.stderr.decode()
    one, two = (safetensors.torch.load_file(tmp_path / name) for name in ("one", "two"))
    assert set(one) == set(two)
    largest = max(float(one[name].abs().max()) for name in one if name.startswith("network."))
    for name, value in one.items():  # a bias before a norm has no gradient, but for rounding
        assert torch.allclose(value, two[name], rtol=1e-3, atol=1e-5 * largest), name


def test_ctrl_c_stops_after_a_step_and_loses_nothing(recipe_of: MakeRecipe, tmp_path: Path) -> None:
    recipe = recipe_of(steps=100_000)
    running = subprocess.Popen(command(recipe, tmp_path / "run"), cwd=ROOT, stderr=subprocess.PIPE, text=True)
    curve = tmp_path / "run" / "curve.jsonl"
    while running.poll() is None and not (curve.exists() and '"step": 1' in curve.read_text()):
        os.sched_yield()
    running.send_signal(signal.SIGINT)
    _, told = running.communicate()
    assert running.returncode == 130, told
    assert "stopped after step" in told
    assert "nothing is lost" in told
    assert (tmp_path / "run" / "state.safetensors").exists()


def test_another_recipe_does_not_go_on_with_a_run(recipe_of: MakeRecipe, tmp_path: Path) -> None:
    train(recipe_of(), tmp_path, TEAM)
    with pytest.raises(StateError, match=r"losses\.texture was 1\.0, now 2\.0.*take another folder"):
        train(recipe_of(losses={"texture": 2, "colour": 0.5, "total_variation": 10, "pixel": 1}), tmp_path, TEAM)


def test_a_run_can_be_made_longer(recipe_of: MakeRecipe, tmp_path: Path) -> None:
    train(recipe_of(), tmp_path / "longer", TEAM)
    train(recipe_of(steps=5), tmp_path / "longer", TEAM)
    train(recipe_of(steps=5), tmp_path / "whole", TEAM)
    weights = [load(tmp_path / name / "network.safetensors").network.state_dict() for name in ("longer", "whole")]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_diverged_run_keeps_its_last_good_checkpoint(
    recipe_of: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(recipe_of(), tmp_path, TEAM)
    good = sha256_of_file(tmp_path / "network.safetensors")

    def poison(step: int, steps: int) -> bool:
        if step == 5:
            Learner.learn = poisoned  # type: ignore[method-assign]
        return True

    learn = Learner.learn

    def poisoned(learner: Learner, batch: object) -> dict[str, float]:
        batch.inputs[0, 0, 0, 0] = float("nan")  # type: ignore[attr-defined]
        return learn(learner, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(Learner, "learn", learn)
    recipe = recipe_of(steps=8, watch={"losses_every": 1, "checkpoint_every": 4, "held_out_every": 8, "samples": 1})
    with pytest.raises(TrainingError, match=r"broke off after step 5: .*no finite number.*Step 4 is kept"):
        train(recipe, tmp_path, TEAM, poison)
    assert sha256_of_file(tmp_path / "network.safetensors") == good


def test_a_damaged_state_is_named(recipe_of: MakeRecipe, tmp_path: Path) -> None:
    train(recipe_of(), tmp_path, TEAM)
    (tmp_path / "state.safetensors").write_bytes((tmp_path / "state.safetensors").read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"state\.safetensors: not a whole safetensors file"):
        train(recipe_of(), tmp_path, TEAM)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"patches": "nowhere"}, "nowhere: no patches here"),
        ({"losses": {"content": 1}, "backbone": {"weights": "vgg19.pth"}}, r"vgg19\.pth"),
    ],
)
def test_what_is_missing_is_named_before_anything_is_written(
    recipe_of: MakeRecipe, tmp_path: Path, changed: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        train(recipe_of(**changed), tmp_path / "run", TEAM)
    assert not (tmp_path / "run").exists()


LITTLE_MEMORY = """
import resource, sys
from enhancement.nn.__main__ import main
from enhancement.nn.commands import train
pages = int(open("/proc/self/statm").read().split()[0])
room = pages * resource.getpagesize() + int(sys.argv[1]) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (room, room))
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is limited as Linux does it")
def test_out_of_memory_is_said_and_the_last_checkpoint_stands(recipe_of: MakeRecipe, tmp_path: Path) -> None:
    train(recipe_of(), tmp_path / "run", TEAM)
    good = sha256_of_file(tmp_path / "run" / "network.safetensors")
    large = recipe_of(steps=8, batch=1024)
    arguments = command(large, tmp_path / "other")[3:]
    ran = subprocess.run(
        [sys.executable, "-c", LITTLE_MEMORY, "700", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1, ran.stderr
    last = ran.stderr.strip().splitlines()[-1]
    assert "small: broke off after step 0: memory ran out" in ran.stderr, ran.stderr
    assert "set a smaller micro_batch" in last
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "other" / "network.safetensors").exists()
    assert sha256_of_file(tmp_path / "run" / "network.safetensors") == good


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_said_and_the_run_goes_on_once_there_is_room(recipe_of: MakeRecipe, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    small = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(small, check=False, capture_output=True).returncode:
        pytest.skip("no small disk can be mounted")
    try:
        ran = subprocess.run(command(recipe_of(), disk / "run"), cwd=ROOT, capture_output=True, text=True, check=False)
        assert ran.returncode == 1, ran.stderr
        assert "the disk is full; make room and start it again. Nothing was kept before." in ran.stderr
        assert "Traceback" not in ran.stderr
        assert [path.name for path in (disk / "run").glob("*.safetensors*")] in ([], ["network.safetensors"])
        subprocess.run(["mount", "-o", "remount,size=400m", disk], check=True)
        assert train(recipe_of(), disk / "run", TEAM).is_finished
    finally:
        subprocess.run(["umount", disk], check=True)
