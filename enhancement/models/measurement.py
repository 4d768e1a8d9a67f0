"""Alignments, and what the metrics say of each stimulus."""

from django.db import models

from enhancement.models.stimulus import Stimulus
from enhancement.models.testset import Content


class Alignment(models.Model):
    """How a content's reference lies on its input, estimated once from the input and used for every method."""

    content = models.OneToOneField(Content, models.PROTECT, related_name="alignment")
    found = models.JSONField(
        null=True, help_text="enhancement.nn.alignment.Alignment as JSON; null when none was found."
    )
    reason = models.TextField(blank=True, help_text="Why there is none.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(found__isnull=False, reason="")
                | (models.Q(found__isnull=True) & ~models.Q(reason="")),
                name="alignment_found_or_reason",
            )
        ]

    def __str__(self) -> str:
        return f"alignment of {self.content}"


class Measurement(models.Model):
    """PSNR, SSIM and MS-SSIM of a stimulus on its content's declared rectangle; no numbers where there is a reason.

    ``psnr_db`` is infinity for equal pictures.
    """

    stimulus = models.OneToOneField(Stimulus, models.PROTECT, related_name="measurement")
    psnr_db = models.FloatField(null=True)
    ssim = models.FloatField(null=True)
    ms_ssim = models.FloatField(null=True)
    reason = models.TextField(blank=True, help_text="Why there are no numbers.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"metrics of {self.stimulus}"
