"""Sittings begun, by address, for as long as the limit looks back."""

from django.db import models


class Beginning(models.Model):
    """A sitting was begun from an address. No address stands here, but its keyed hash, and that for an hour only."""

    address = models.CharField(max_length=64)
    begun_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["address", "begun_at"]), models.Index(fields=["begun_at"])]

    def __str__(self) -> str:
        return f"{self.address[:8]} at {self.begun_at:%H:%M:%S}"
