"""Batches of pairs that adaptive studies draw on."""

from django.db import models

from studyapp.models.observer import Lane
from studyapp.models.study import Study


class Batch(models.Model):
    """The pairs that votes left most open, as a worker found them; slots draw on it, so it never changes."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="batches")
    lane = models.CharField(max_length=10, choices=Lane, default=Lane.MAIN)
    number = models.PositiveIntegerField()
    policy_version = models.CharField(max_length=40)
    pairs = models.JSONField(
        help_text="In the order in which they are worth asking; the compared conditions are counted from 0."
    )
    votes = models.PositiveIntegerField(help_text="Those that it was computed from.")
    votes_sha256 = models.CharField(max_length=64, help_text="Of those votes, a line each; docs/adaptive.md says how.")
    last_vote = models.PositiveBigIntegerField(help_text="The newest of them: what came later is new.")
    pending = models.PositiveIntegerField(help_text="Pairs that were out with observers, and counted as coming.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "batches"
        ordering = ["study", "lane", "number"]
        constraints = [models.UniqueConstraint(fields=["study", "lane", "number"], name="batch_once")]

    def __str__(self) -> str:
        return f"batch {self.number} of {self.study} {self.lane}"
