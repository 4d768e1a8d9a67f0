"""Alignments, and what the metrics say of each stimulus."""

from django.db import models

from enhancement.models.stimulus import Stimulus
from enhancement.models.testset import Content


class Alignment(models.Model):
    """How a content's reference lies on its input, estimated once from the input and used for every method."""

    content = models.OneToOneField(Content, models.PROTECT, related_name="alignment")
    found = models.JSONField(
        null=True, help_text="enhancement.nn.pairs.alignment.Alignment as JSON; null when none was found."
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

    Beside them its two flaws against the input, on the whole picture and without any reference; where one has no
    number, ``flaws_reason`` says why. Without numbers and without that reason they were not asked for yet.
    ``psnr_db`` is infinity for equal pictures, ``noise_amplification`` minus infinity where no noise is left.
    """

    stimulus = models.OneToOneField(Stimulus, models.PROTECT, related_name="measurement")
    psnr_db = models.FloatField(null=True)
    ssim = models.FloatField(null=True)
    ms_ssim = models.FloatField(null=True)
    reason = models.TextField(blank=True, help_text="Why there are no numbers against the reference.")
    colour_deviation = models.FloatField(null=True, help_text="Mean CIEDE2000 from the input after a blur.")
    noise_amplification = models.FloatField(null=True, help_text="Noise in flat places over the input's, dB.")
    flaws_reason = models.TextField(blank=True, help_text="Why one of these two has no number.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(colour_deviation__isnull=True, noise_amplification__isnull=True)
                | models.Q(colour_deviation__gte=0, noise_amplification__isnull=False, flaws_reason="")
                | (models.Q(colour_deviation__gte=0, noise_amplification__isnull=True) & ~models.Q(flaws_reason="")),
                name="measurement_flaws_or_reason",
            )
        ]

    def __str__(self) -> str:
        return f"metrics of {self.stimulus}"
