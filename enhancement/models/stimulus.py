"""Stimuli."""

from django.db import models

from enhancement.models.job import Job
from enhancement.models.method import Method
from enhancement.models.testset import Content


class Stimulus(models.Model):
    """The picture of one content by one method, in its own pixels: an 8-bit sRGB PNG that never changes."""

    content = models.ForeignKey(Content, models.PROTECT, related_name="stimuli")
    method = models.ForeignKey(Method, models.PROTECT, related_name="stimuli")
    file = models.FileField(upload_to="unused", max_length=200)
    sha256 = models.CharField(max_length=64)
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()

    source_sha256 = models.CharField(max_length=64, help_text="Of the photo it was made from, as loaded.")
    settings = models.JSONField(default=dict)
    weights_sha256 = models.CharField(max_length=64, blank=True)
    code_version = models.CharField(max_length=80)
    device = models.CharField(max_length=120)
    dtype = models.CharField(max_length=40)
    mode = models.CharField(max_length=40, blank=True, help_text="How a network was run over the whole picture.")
    seconds = models.FloatField()
    job = models.ForeignKey(Job, models.PROTECT, null=True, related_name="stimuli")
    attempt = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "stimuli"
        ordering = ["content", "method"]
        constraints = [models.UniqueConstraint(fields=["content", "method"], name="stimulus_once")]

    def __str__(self) -> str:
        return f"{self.content} by {self.method}"
