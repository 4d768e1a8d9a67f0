"""Stimuli, alignments and measurements: made by workers, looked at here."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from enhancement.admin.skin import ModelAdmin, ReadOnly, link, shown
from enhancement.models import Alignment, Measurement, Stimulus


@admin.register(Stimulus)
class StimulusAdmin(ReadOnly, ModelAdmin[Stimulus]):
    """One picture, with everything that it was made from and by."""

    list_display = ("__str__", "method", "testset", "size", "device", "dtype", "seconds_taken", "created_at")
    list_filter = ("content__testset", "method")
    list_select_related = ("content__testset", "method")
    search_fields = ("content__name", "sha256")
    fieldsets = (
        (None, {"fields": ("content", "testset", "method_link", "size", "sha256")}),
        (
            "Provenance",
            {
                "fields": (
                    "source_sha256",
                    "settings",
                    "weights_sha256",
                    "code_version",
                    "device",
                    "dtype",
                    "mode",
                    "seconds_taken",
                    "job_link",
                    "attempt",
                    "created_at",
                )
            },
        ),
    )

    @shown("Test set", ordering="content__testset__name")
    def testset(self, stimulus: Stimulus) -> str:
        return link(stimulus.content.testset)

    @shown("Method")
    def method_link(self, stimulus: Stimulus) -> str:
        return link(stimulus.method)

    @shown("Size", ordering="width_px")
    def size(self, stimulus: Stimulus) -> str:
        return f"{stimulus.width_px} × {stimulus.height_px} px"

    @shown("Time", ordering="seconds")
    def seconds_taken(self, stimulus: Stimulus) -> str:
        return f"{stimulus.seconds:.2f} s"

    @shown("Job")
    def job_link(self, stimulus: Stimulus) -> str:
        return link(stimulus.job)


@admin.register(Alignment)
class AlignmentAdmin(ReadOnly, ModelAdmin[Alignment]):
    """How references lie on inputs, or why they couldn't be laid there."""

    list_display = ("content", "testset", "state", "overlap", "inliers", "reason", "created_at")
    list_filter = ("content__testset", ("found", admin.EmptyFieldListFilter))
    list_select_related = ("content__testset",)
    search_fields = ("content__name",)
    fields = ("content", "testset", "found", "reason", "created_at")

    @shown("Test set", ordering="content__testset__name")
    def testset(self, alignment: Alignment) -> str:
        return link(alignment.content.testset)

    @shown("State", label={"aligned": "success", "not aligned": "danger"})
    def state(self, alignment: Alignment) -> str:
        return "aligned" if alignment.found else "not aligned"

    @shown("Overlap")
    def overlap(self, alignment: Alignment) -> str:
        return f"{alignment.found['overlap']:.0%}" if alignment.found else "–"

    @shown("Inliers")
    def inliers(self, alignment: Alignment) -> str:
        return f"{alignment.found['inliers']} of {alignment.found['matches']}" if alignment.found else "–"


@admin.register(Measurement)
class MeasurementAdmin(ReadOnly, ModelAdmin[Measurement]):
    """What the metrics say, or why they say nothing."""

    list_display = ("__str__", "method", "psnr", "ssim_shown", "ms_ssim_shown", "colour", "noise", "reason")
    list_filter = ("stimulus__content__testset", "stimulus__method")
    search_fields = ("stimulus__content__name",)
    fields = (
        "stimulus_link",
        "psnr",
        "ssim_shown",
        "ms_ssim_shown",
        "reason",
        "colour",
        "noise",
        "flaws_reason",
        "created_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Measurement]:
        return super().get_queryset(request).select_related("stimulus__content", "stimulus__method")

    @shown("Stimulus")
    def stimulus_link(self, measurement: Measurement) -> str:
        return link(measurement.stimulus)

    @shown("Method", ordering="stimulus__method__name")
    def method(self, measurement: Measurement) -> str:
        return str(measurement.stimulus.method)

    @shown("PSNR", ordering="psnr_db")
    def psnr(self, measurement: Measurement) -> str:
        if measurement.psnr_db is None:
            return "–"
        return "∞ (equal pictures)" if measurement.psnr_db == float("inf") else f"{measurement.psnr_db:.2f} dB"

    @shown("SSIM", ordering="ssim")
    def ssim_shown(self, measurement: Measurement) -> str:
        return _told(measurement.ssim, "{:.4f}")

    @shown("MS-SSIM", ordering="ms_ssim")
    def ms_ssim_shown(self, measurement: Measurement) -> str:
        return _told(measurement.ms_ssim, "{:.4f}")

    @shown("Colour deviation", ordering="colour_deviation")
    def colour(self, measurement: Measurement) -> str:
        return _told(measurement.colour_deviation, "{:.2f} ΔE00")

    @shown("Noise amplification", ordering="noise_amplification")
    def noise(self, measurement: Measurement) -> str:
        return _told(measurement.noise_amplification, "{:+.1f} dB")


def _told(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)
