"""Training runs, and what their workers told of them."""

from django.conf import settings
from django.db import models

from enhancement.models.job import Job


class TrainingRun(models.Model):
    """The training of one network by a recipe, in a worker.

    What it learns from and goes on with lies on the worker's disk (``TRAINING_DIR``). What pages show and methods are
    made of was told here on the way, for a web process may stand on another machine
    (docs/decisions/training-told-by-workers.md).
    """

    name = models.CharField(max_length=80)
    recipe = models.JSONField(help_text="Every key, as checked when it was asked for.")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    job = models.OneToOneField(Job, models.PROTECT, null=True, related_name="training")
    created_at = models.DateTimeField(auto_now_add=True)

    step = models.PositiveIntegerField(default=0, help_text="Steps learnt when the worker last told.")
    device = models.CharField(max_length=120, blank=True)
    checkpoint_step = models.PositiveIntegerField(default=0, help_text="0 while there is no checkpoint.")
    checkpoint_file = models.FileField(upload_to="unused", max_length=200, blank=True)
    checkpoint_sha256 = models.CharField(max_length=64, blank=True)
    patches_sha256 = models.CharField(max_length=64, blank=True, help_text="Of the patches' manifest.")
    backbone_sha256 = models.CharField(max_length=64, blank=True)
    code_version = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(checkpoint_step=0, checkpoint_sha256="", checkpoint_file="")
                | (models.Q(checkpoint_step__gte=1) & ~models.Q(checkpoint_sha256="") & ~models.Q(checkpoint_file="")),
                name="training_checkpoint_whole_or_none",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"


class TrainingTelling(models.Model):
    """A line of a run's curve: losses, or scores of patches that never train."""

    class Kind(models.TextChoices):
        LOSSES = "losses"
        HELD_OUT = "held_out"

    run = models.ForeignKey(TrainingRun, models.CASCADE, related_name="tellings")
    step = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    numbers = models.JSONField()
    patches_per_second = models.FloatField(null=True)

    class Meta:
        ordering = ["run", "step"]
        constraints = [models.UniqueConstraint(fields=["run", "kind", "step"], name="training_told_once_a_step")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.run} after step {self.step}"


class TrainingSample(models.Model):
    """Held-out patches after a step, as a sheet: input, output and reference beside each other, a row a patch."""

    run = models.ForeignKey(TrainingRun, models.CASCADE, related_name="samples")
    step = models.PositiveIntegerField()
    file = models.FileField(upload_to="unused", max_length=200)
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["run", "step"]
        constraints = [models.UniqueConstraint(fields=["run", "step"], name="training_sample_once_a_step")]

    def __str__(self) -> str:
        return f"samples of {self.run} after step {self.step}"
