"""Rasters and renderings."""

from django.db import models

from enhancement.models import Content, Stimulus
from studyapp.models.study import Condition, Study


class Raster(models.Model):
    """The one raster of a content in a study: all conditions are shown on it, in tiles of the same byte lengths."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="rasters")
    content = models.ForeignKey(Content, models.PROTECT, related_name="rasters")
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    tile_px = models.PositiveIntegerField()
    levels = models.PositiveIntegerField(help_text="The number of the full-size level; level 0 fits in one tile.")
    kernel = models.CharField(max_length=80, help_text="What brought the stimuli to this raster.")
    tile_bytes = models.JSONField(
        help_text="The byte length of each tile, level by level, row by row; the same for every condition."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "content"], name="raster_once")]

    def __str__(self) -> str:
        return f"{self.content} at {self.width_px}×{self.height_px}"


class Rendering(models.Model):
    """A stimulus as a study shows it: one file, the tiles one after the other, hashed."""

    raster = models.ForeignKey(Raster, models.PROTECT, related_name="renderings")
    condition = models.ForeignKey(Condition, models.PROTECT, related_name="renderings")
    stimulus = models.ForeignKey(Stimulus, models.PROTECT, related_name="renderings")
    file = models.FileField(upload_to="unused", max_length=200)
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["raster", "condition"], name="rendering_once")]

    def __str__(self) -> str:
        return f"{self.raster}, {self.condition}"
