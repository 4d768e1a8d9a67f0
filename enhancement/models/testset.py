"""Test sets and their contents."""

from django.conf import settings
from django.db import models


class TestSet(models.Model):
    """A named list of contents, frozen once stimuli exist."""

    __test__ = False

    name = models.SlugField(max_length=80, unique=True)
    note = models.TextField(blank=True, help_text="Where the photos come from, and what a reader must know of them.")
    simulated = models.BooleanField(
        default=False,
        help_text="The input photos are simulated, not shot by a phone; said on every page that shows them.",
    )
    source = models.JSONField(default=dict, blank=True, help_text="The folder and layout it was loaded from.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Content(models.Model):
    """One scene seen by one camera: the input photo and, if there is one, its reference photo.

    The files are the bytes as they came; what is shown is made from them.
    """

    testset = models.ForeignKey(TestSet, models.PROTECT, related_name="contents")
    name = models.CharField(max_length=200)
    scene = models.CharField(max_length=200)
    camera = models.CharField(max_length=100)

    input_file = models.FileField(upload_to="unused", max_length=200)
    input_sha256 = models.CharField(max_length=64)
    input_width_px = models.PositiveIntegerField()
    input_height_px = models.PositiveIntegerField()

    reference_file = models.FileField(upload_to="unused", max_length=200, blank=True)
    reference_sha256 = models.CharField(max_length=64, blank=True)
    reference_width_px = models.PositiveIntegerField(null=True, blank=True)
    reference_height_px = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["testset", "name"]
        constraints = [models.UniqueConstraint(fields=["testset", "name"], name="content_name_once_per_testset")]

    def __str__(self) -> str:
        return self.name
