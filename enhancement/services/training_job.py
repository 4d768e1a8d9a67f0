"""Training in a worker. Loads torch, so nothing that a web process imports may import this."""

import shutil
from pathlib import Path
from time import monotonic
from typing import Any

from celery.worker import state as worker
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction

from enhancement.models import TrainingRun, TrainingSample, TrainingTelling
from enhancement.nn.checkpoint import CheckpointError, load
from enhancement.nn.inference import DeviceError, name_of
from enhancement.nn.pairs.manifest import PatchesError
from enhancement.nn.training.backbone_files import BackboneError
from enhancement.nn.training.loop import TrainingError, train
from enhancement.nn.training.recipe import RecipeError, make_recipe
from enhancement.nn.training.run_folder import Line, RunFolder
from enhancement.nn.training.state_file import StateError
from enhancement.nn.training.team import joined
from enhancement.services.files import keep
from enhancement.services.jobs import Claim, SupersededError, UnitsFailedError, give_back

TELL_EVERY_S = 2.0
"""Votes share SQLite's one writer."""
STEP = "step-"
NAMED = (TrainingError, RecipeError, PatchesError, BackboneError, CheckpointError, StateError, DeviceError, OSError)
"""What training says in words that a person can act on."""


def train_run(claim: Claim) -> None:
    """Train, or go on where an earlier attempt was broken off; what pages show is stored on the way.

    A worker that is told to stop ends with its step, keeps it, and gives the job back.

    Raises:
        UnitsFailedError: Recipe, patches or backbone can't be used, a loss was no number, memory or disk are full.
        SupersededError: The job was cancelled or given to another worker; where it stood is kept, to go on from.
    """
    run = TrainingRun.objects.get(pk=claim.params["run"])
    if run.checkpoint_step == run.recipe["steps"]:  # the worker before died between the last checkpoint and its end
        return
    try:
        recipe = make_recipe(run.recipe, str(run)).meant_from(Path(settings.DATA_DIR))
        folder = RunFolder(folder_for(run, claim.attempt))
        with joined() as team:
            teller = Publisher(claim, run, folder, name_of(team.device))
            ended = train(recipe, folder.path, team, teller)
    except NAMED as error:
        raise UnitsFailedError(str(error)) from error
    if teller.superseded:
        raise teller.superseded
    if not ended.is_finished:
        give_back(claim)
        return
    folder.state.unlink()


def folder_for(run: TrainingRun, attempt: int) -> Path:
    """An attempt's own folder, holding what the one before has learnt.

    Its own, for a worker that was taken for dead may still write: then it writes where nobody reads any more.

    Raises:
        UnitsFailedError: Something was learnt, but its state isn't on this machine.
        OSError: The folder can't be written to.
    """
    place = Path(settings.TRAINING_DIR, str(run.pk))
    place.mkdir(parents=True, exist_ok=True)
    mine = place / str(attempt)
    earlier = [int(other.parent.name) for other in place.glob("[0-9]*/state.safetensors")]
    if earlier:
        copy_run(place / str(max(earlier)), mine)
    elif run.checkpoint_step:
        raise UnitsFailedError(
            f"Step {run.checkpoint_step:,} is learnt, but its state isn't in {place}: it was removed, or lies on "
            "another machine. Let all gpu workers share TRAINING_DIR, or start the recipe anew."
        )
    for other in place.iterdir():
        if other != mine:
            shutil.rmtree(other, ignore_errors=True)
    return mine


def copy_run(source: Path, target: Path) -> None:
    """Copy a run's folder, whole or not at all; its state first, so that everything else is as new or newer."""
    partial = target.with_name(f"partial-{target.name}")
    partial.mkdir()
    shutil.copy2(source / "state.safetensors", partial)
    unfinished = shutil.ignore_patterns(".*", "state.safetensors")
    shutil.copytree(source, partial, ignore=unfinished, dirs_exist_ok=True)
    partial.rename(target)


class Publisher:
    """Asked before each step: stores what the run's folder has more than the database, and says whether to go on.

    Attributes:
        superseded: Why the run was stopped, where the job is no longer this worker's.
    """

    def __init__(self, claim: Claim, run: TrainingRun, folder: RunFolder, device: str) -> None:
        self.claim, self.run, self.folder, self.device = claim, run, folder, device
        self.superseded: SupersededError | None = None
        self.told: set[tuple[str, int]] = set()
        self.is_begun = False
        self.read_bytes = 0
        self.checkpoint_at = 0
        self.checkpoint_step = run.checkpoint_step
        self.published_at = 0.0

    def __call__(self, step: int, steps: int) -> bool:
        """Whether to go on: not where the job is cancelled or given to another, nor where the worker is to stop."""
        if self.superseded:
            return False
        try:
            self.tell(step, steps)
        except SupersededError as superseded:
            self.superseded = superseded
        return self.superseded is None and worker.should_stop is None

    def tell(self, step: int, steps: int) -> None:
        """How far it is, and from time to time what there is to see."""
        if not self.is_begun:
            self.begin(step)
        self.claim.progress(step, steps)
        if step == steps or worker.should_stop is not None or monotonic() - self.published_at >= TELL_EVERY_S:
            self.publish(step)
            self.published_at = monotonic()

    def begin(self, step: int) -> None:
        """Forget what was told of steps that are learnt again, and know what was told of the others."""
        with self.claim.writing(is_result=False):
            TrainingRun.objects.filter(pk=self.run.pk).update(step=step, device=self.device)
            self.run.tellings.filter(step__gt=step).delete()
            self.run.samples.filter(step__gt=step).delete()
            self.claim.goes_on_from(step)
        samples = ((STEP, known) for known in self.run.samples.values_list("step", flat=True))
        self.told = {*self.run.tellings.values_list("kind", "step"), *samples}
        self.is_begun = True

    def publish(self, step: int) -> None:
        """Store lines of the curve, sheets of samples and the checkpoint that aren't stored yet."""
        tellings, samples, checkpoint = self.new_tellings(), self.new_samples(), self.new_checkpoint()
        before = str(self.run.checkpoint_file)
        with self.claim.writing(is_result=bool(checkpoint)):
            TrainingTelling.objects.bulk_create(tellings)
            TrainingSample.objects.bulk_create(samples)
            TrainingRun.objects.filter(pk=self.run.pk).update(step=step, **checkpoint)
            if checkpoint and before:
                transaction.on_commit(lambda: default_storage.delete(before))
        if checkpoint:
            self.run.checkpoint_file = checkpoint["checkpoint_file"]
            self.checkpoint_step = checkpoint["checkpoint_step"]

    def is_new(self, kind: str, step: int) -> bool:
        """Whether this wasn't told yet; from now on it was."""
        is_new = (kind, step) not in self.told
        self.told.add((kind, step))
        return is_new

    def new_tellings(self) -> list[TrainingTelling]:
        """The curve's lines."""
        lines, self.read_bytes = self.folder.lines_from(self.read_bytes)
        told = [telling_of(self.run, line) for line in lines]
        return [telling for telling in told if self.is_new(telling.kind, telling.step)]

    def new_samples(self) -> list[TrainingSample]:
        """The sheets."""
        samples = []
        for path in sorted(self.folder.samples.glob(f"{STEP}*.png")):
            step = int(path.stem.removeprefix(STEP))
            if self.is_new(STEP, step):
                name, sha256 = keep(place_of(self.run), path.read_bytes(), ".png")
                samples.append(TrainingSample(run=self.run, step=step, file=name, sha256=sha256))
        return samples

    def new_checkpoint(self) -> dict[str, Any]:
        """What a run's row says of its checkpoint; nothing where that is the one it has."""
        path = self.folder.network
        written_at = path.stat().st_mtime_ns if path.exists() else 0
        if written_at == self.checkpoint_at:
            return {}
        self.checkpoint_at = written_at
        checkpoint = load(path)
        training = checkpoint.source.training or {}
        if training["step"] <= self.checkpoint_step:
            return {}
        name, sha256 = keep(place_of(self.run), path.read_bytes(), ".safetensors")
        return {
            "checkpoint_step": training["step"],
            "checkpoint_file": name,
            "checkpoint_sha256": sha256,
            "patches_sha256": training["patches_sha256"],
            "backbone_sha256": training["backbone_sha256"] or "",
            "code_version": training["code_version"],
        }


def place_of(run: TrainingRun) -> str:
    """Where a run's files are kept among the pictures: what other runs have is theirs, even if it is the same."""
    return f"training/{run.pk}"


def telling_of(run: TrainingRun, line: Line) -> TrainingTelling:
    """A line of the curve as a row."""
    kind = next(kind for kind in TrainingTelling.Kind if kind in line)
    return TrainingTelling(
        run=run, step=line["step"], kind=kind, numbers=line[kind], patches_per_second=line.get("patches_per_second")
    )
