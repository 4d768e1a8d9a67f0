"""Jobs."""

from django.conf import settings
from django.db import models


class Job(models.Model):
    """The making of something by a worker; this row, not the broker, is the truth about it.

    Every write of a running job carries its attempt number, so that a worker that comes back from the dead, when the
    job has been given to another, changes nothing.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    kind = models.CharField(max_length=40)
    queue = models.CharField(max_length=20, choices={"gpu": "gpu", "cpu": "cpu"})
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    label = models.CharField(max_length=200)
    params = models.JSONField(default=dict)
    after = models.ManyToManyField("self", symmetrical=False, related_name="before", blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    attempt = models.PositiveIntegerField(default=0)
    deaths = models.PositiveIntegerField(default=0, help_text="Workers that died on it since it was last asked for.")
    owner = models.CharField(max_length=120, blank=True)
    done_units = models.PositiveIntegerField(default=0)
    total_units = models.PositiveIntegerField(default=0)
    earlier_units = models.PositiveIntegerField(default=0, help_text="Of the done ones, those of earlier attempts.")
    progress_at = models.DateTimeField(
        null=True, blank=True, help_text="When the done units of this attempt were last written."
    )
    error = models.TextField(blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    rings = models.PositiveIntegerField(default=0, help_text="Messages sent since it was last queued.")
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["state", "heartbeat_at"])]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="running") | models.Q(heartbeat_at__isnull=False, attempt__gte=1),
                name="job_running_has_heartbeat",
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.label}"
