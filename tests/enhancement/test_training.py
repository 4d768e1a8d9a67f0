"""Training as a job: what is stored on the way, how it stops, goes on and fails, and the method that it becomes."""

from pathlib import Path
from typing import Any

import pytest
from celery.worker import state as worker
from django.conf import settings as django_settings
from django.core.files.storage import default_storage
from django.utils import timezone
from pytest_django import Settings

from enhancement.methods import load
from enhancement.models import Job, TrainingRun
from enhancement.nn.files import sha256_of_file
from enhancement.nn.training.loop import train
from enhancement.nn.training.recipe import Recipe, RecipeError, make_recipe
from enhancement.nn.training.team import joined
from enhancement.pictures import decode
from enhancement.services import training_job
from enhancement.services.files import as_local_file, read
from enhancement.services.jobs import Claim, cancel_job, claim_job, retry_job, run, tend_jobs
from enhancement.services.methods import MethodProblemError
from enhancement.services.training import make_method, recipe_from, request_training
from enhancement.services.verification import Look
from enhancement.services.verify_files import FOLDERS, strays, training
from enhancement.subject import Subject
from tests.enhancement.test_jobs import grown_old
from tests.training import patches_of, recipe_told

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return patches_of(tmp_path_factory.mktemp("published"))


@pytest.fixture
def recipe(patches: Path) -> Recipe:
    return make_recipe(recipe_told(patches), "here")


@pytest.fixture(autouse=True)
def told_at_once_into_folders_of_its_own(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    monkeypatch.setattr(training_job, "TELL_EVERY_S", 0.0)
    monkeypatch.setattr("enhancement.services.jobs.PROGRESS_EVERY_S", 0.0)
    settings.TRAINING_DIR = tmp_path / "training"
    default = settings.STORAGES["default"]
    own = {**default, "OPTIONS": {**default["OPTIONS"], "location": str(tmp_path / "pictures")}}
    settings.STORAGES = {**settings.STORAGES, "default": own}


def work(asked: TrainingRun) -> Job:
    """Let a worker do what is asked for."""
    run(claimed(asked))
    return job_of(asked)


def claimed(asked: TrainingRun) -> Claim:
    claim = claim_job(job_of(asked).pk, "worker")
    assert claim is not None
    return claim


def job_of(asked: TrainingRun) -> Job:
    return Job.objects.get(training=asked)


def whole(recipe: Recipe, folder: Path) -> str:
    """The checkpoint's hash where nothing interrupts."""
    with joined("cpu") as team:
        return sha256_of_file(train(recipe, folder, team).network)


def at_step(step: int, do: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do something once, when a run has learnt so many steps."""
    left = [do]
    asked = training_job.Publisher.tell

    def tell(self: training_job.Publisher, now: int, steps: int) -> None:
        if now == step and left:
            left.pop()()
        asked(self, now, steps)

    monkeypatch.setattr(training_job.Publisher, "tell", tell)


def test_it_works(recipe: Recipe, tmp_path: Path) -> None:
    asked = request_training(recipe)
    job = work(asked)
    assert (job.state, job.error, job.done_units, job.total_units, job.queue) == ("done", "", 6, 6, "gpu")
    asked.refresh_from_db()
    assert (asked.step, asked.checkpoint_step, asked.device) == (6, 6, "cpu")
    assert asked.checkpoint_sha256 == whole(recipe, tmp_path / "whole")
    assert len(asked.patches_sha256) == 64
    assert list(asked.tellings.filter(kind="losses").values_list("step", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert set(asked.tellings.get(kind="held_out", step=6).numbers) == {
        "psnr_batch50", "psnr_per_image", "ms_ssim", "ssim",
    }  # fmt: skip
    last = asked.samples.get(step=6)
    assert decode(read(last.file, last.sha256), name="samples").shape == (2 * 104 - 4, 3 * 104 - 4, 3)
    assert not list(Path(django_settings.TRAINING_DIR).rglob("state.safetensors")), "nothing more can be learnt"


def test_asking_twice_gets_the_open_run(recipe: Recipe) -> None:
    first = request_training(recipe)
    assert request_training(recipe) == first
    cancel_job(job_of(first))
    assert request_training(recipe) != first


def test_of_the_checkpoints_one_is_kept(recipe: Recipe, django_capture_on_commit_callbacks: Any) -> None:
    asked = request_training(recipe)
    with django_capture_on_commit_callbacks(execute=True):
        work(asked)
    asked.refresh_from_db()
    folders = [f"training/{asked.pk}/{name}" for name in default_storage.listdir(f"training/{asked.pk}")[0]]
    kept = [f"{folder}/{name}" for folder in folders for name in default_storage.listdir(folder)[1]]
    assert [name for name in kept if name.endswith(".safetensors")] == [asked.checkpoint_file.name]
    assert not [stray for stray in strays({"training": FOLDERS["training"]}) if f"/{asked.pk}/" in stray.name]


def test_cancelled_it_stops_and_retried_it_goes_on_bit_for_bit(
    patches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = make_recipe(recipe_told(patches, losses={"texture": 1, "pixel": 1}, ema=0.5), "here")
    asked = request_training(recipe)
    at_step(3, lambda: cancel_job(job_of(asked)), monkeypatch)
    assert work(asked).state == "cancelled"
    asked.refresh_from_db()
    assert (asked.step, asked.checkpoint_step) == (2, 2)
    assert retry_job(job_of(asked))
    job = work(asked)
    assert (job.state, job.earlier_units) == ("done", 3), "what was learnt before it was cancelled is not learnt again"
    asked.refresh_from_db()
    assert asked.checkpoint_sha256 == whole(recipe, tmp_path / "whole")
    assert list(asked.tellings.filter(kind="losses").values_list("step", flat=True)) == [1, 2, 3, 4, 5, 6]


def test_a_worker_that_is_told_to_stop_keeps_its_step_and_gives_the_job_back(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request_training(recipe)
    at_step(3, lambda: monkeypatch.setattr(worker, "should_stop", 0), monkeypatch)
    job = work(asked)
    assert (job.state, job.deaths, job.owner, job.error) == ("queued", 0, "", "")
    asked.refresh_from_db()
    assert (asked.step, asked.checkpoint_step) == (3, 3)
    monkeypatch.setattr(worker, "should_stop", None)
    assert work(asked).state == "done"
    asked.refresh_from_db()
    assert asked.checkpoint_sha256 == whole(recipe, tmp_path / "whole")


def test_who_was_taken_for_dead_changes_nothing_more(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request_training(recipe)

    def overtaken() -> None:
        grown_old(job_of(asked))
        tend_jobs()
        assert work(asked).state == "done"

    at_step(3, overtaken, monkeypatch)
    assert work(asked).state == "done"
    asked.refresh_from_db()
    assert asked.checkpoint_sha256 == whole(recipe, tmp_path / "whole")
    assert asked.tellings.filter(kind="losses").count() == 6


def test_only_a_checkpoint_forgives_deaths(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = request_training(recipe)
    Job.objects.filter(training=asked).update(deaths=3)
    deaths = []
    told = training_job.Publisher.publish

    def publish(self: training_job.Publisher, step: int) -> None:
        told(self, step)
        deaths.append(job_of(asked).deaths)

    monkeypatch.setattr(training_job.Publisher, "publish", publish)
    work(asked)
    assert deaths[:3] == [3, 3, 0], "a line of the curve is no result, the checkpoint of step 2 is one"


def test_what_was_told_of_steps_that_are_learnt_again_is_forgotten(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request_training(recipe)
    at_step(3, lambda: cancel_job(job_of(asked)), monkeypatch)
    work(asked)
    asked.tellings.create(step=5, kind="losses", numbers={"loss": 1e9})
    asked.samples.create(step=5, file="nowhere", sha256="0" * 64)
    retry_job(job_of(asked))
    work(asked)
    assert asked.tellings.get(step=5, kind="losses").numbers["loss"] < 1e9
    assert not asked.samples.filter(step=5).exists()


def test_a_state_on_another_machine_is_no_reason_to_start_anew(
    recipe: Recipe, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request_training(recipe)
    at_step(3, lambda: cancel_job(job_of(asked)), monkeypatch)
    work(asked)
    settings.TRAINING_DIR = tmp_path / "elsewhere"
    retry_job(job_of(asked))
    job = work(asked)
    assert job.state == "failed"
    assert job.error.startswith("Step 2 is learnt, but its state isn't in ")


def test_a_run_that_ended_before_it_could_say_so_is_not_learnt_again(recipe: Recipe) -> None:
    asked = request_training(recipe)
    work(asked)
    Job.objects.filter(training=asked).update(state=Job.State.QUEUED)
    assert work(asked).state == "done"


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"patches": "nowhere"}, "nowhere"),
        ({"losses": {"content": 1}, "backbone": {"weights": "vgg.pth"}}, "vgg.pth"),
        ({"learning_rate": 1e30}, "no finite number any more"),
    ],
)
def test_what_is_wrong_stands_on_the_job(patches: Path, changed: dict[str, Any], complaint: str) -> None:
    job = work(request_training(make_recipe(recipe_told(patches, **changed), "here")))
    assert job.state == "failed"
    assert complaint in job.error
    assert "Error:" not in job.error


def test_relative_paths_are_taken_from_the_workers_data_folder(patches: Path, settings: Settings) -> None:
    settings.DATA_DIR = patches.parent
    assert work(request_training(make_recipe(recipe_told(Path(patches.name)), "here"))).state == "done"


def test_a_recipe_that_is_no_toml_is_refused() -> None:
    with pytest.raises(RecipeError, match="recipe: Expected"):
        recipe_from("name 3")


def test_a_number_that_is_none_is_refused(patches: Path) -> None:
    with pytest.raises(RecipeError, match="learning_rate"):
        make_recipe(recipe_told(patches, learning_rate=float("inf")), "here")


def test_the_method_of_a_run_enhances(recipe: Recipe) -> None:
    asked = request_training(recipe)
    with pytest.raises(MethodProblemError, match="no checkpoint yet"):
        make_method(asked)
    work(asked)
    method = make_method(asked)
    assert (method.name, method.kind, method.note) == (
        "small", "dped", f"Trained here: run small #{asked.pk}, after step 6 of 6.",
    )  # fmt: skip
    assert make_method(asked) == method
    photo = decode(next(Path(recipe.patches, "iphone").iterdir()), name="photo")
    with as_local_file(method.weights_file, method.weights_sha256) as weights:
        enhanced = load(method.kind, method.settings, weights)(Subject("photo", photo, None))
    assert enhanced.photo.shape == photo.shape
    assert (enhanced.photo != photo).any()


def test_verify_names_a_checkpoint_that_is_gone(recipe: Recipe) -> None:
    asked = request_training(recipe)
    work(asked)
    asked.refresh_from_db()
    default_storage.delete(asked.checkpoint_file.name)
    look = Look(quick=True, now=timezone.now(), seen=lambda count: None, note=lambda words: None)
    assert [violation.where for violation in training(look)] == [f"checkpoint of training run {asked}"]
