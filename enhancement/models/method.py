"""Methods."""

from django.db import models

from enhancement.methods import METHODS


def kinds() -> dict[str, str]:
    """What a person may choose from; called, so that a new kind needs no migration."""
    return {kind: made.title for kind, made in METHODS.items()}


class Method(models.Model):
    """An enhancement with frozen settings and the hash of its weights.

    The settings never change once a stimulus was made with it; a change makes a new version.
    """

    name = models.SlugField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=40, choices=kinds)
    settings = models.JSONField(default=dict, blank=True)
    weights_file = models.FileField(upload_to="unused", max_length=200, blank=True)
    weights_sha256 = models.CharField(max_length=64, blank=True)
    note = models.TextField(blank=True, help_text="Where it comes from: paper, weights, settings in words.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "version"]
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="method_version_once")]

    def __str__(self) -> str:
        return self.name if self.version == 1 else f"{self.name} v{self.version}"
