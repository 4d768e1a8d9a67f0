"""Where everything that observers saw comes from: photos, methods, stimuli, renderings, by their hashes."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from enhancement.models import Content, Method, Stimulus
from studyapp.models import Rendering, Study
from studyapp.services.text_files import iso


def content_told(content: Content) -> dict[str, Any]:
    """A content: what it shows, and the hashes of its photos as they came."""
    return {
        "name": content.name,
        "scene": content.scene or None,
        "camera": content.camera or None,
        "input_sha256": content.input_sha256,
        "input_width_px": content.input_width_px,
        "input_height_px": content.input_height_px,
        "reference_sha256": content.reference_sha256 or None,
        "reference_width_px": content.reference_width_px,
        "reference_height_px": content.reference_height_px,
    }


def method_told(method: Method) -> dict[str, Any]:
    """A method with the settings that never change, and the hash of its weights."""
    return {
        "method": str(method),
        "name": method.name,
        "version": method.version,
        "kind": method.kind,
        "settings": method.settings,
        "weights_sha256": method.weights_sha256 or None,
        "note": method.note or None,
    }


def stimulus_told(stimulus: Stimulus) -> dict[str, Any]:
    """A stimulus, and how it was made. Needs its content and method."""
    return {
        "content": stimulus.content.name,
        "method": str(stimulus.method),
        "sha256": stimulus.sha256,
        "width_px": stimulus.width_px,
        "height_px": stimulus.height_px,
        "source_sha256": stimulus.source_sha256,
        "settings": stimulus.settings,
        "weights_sha256": stimulus.weights_sha256 or None,
        "code_version": stimulus.code_version,
        "device": stimulus.device,
        "dtype": stimulus.dtype,
        "mode": stimulus.mode or None,
        "seconds": stimulus.seconds,
        "made_at": iso(stimulus.created_at),
    }


def renderings_of(study: Study) -> QuerySet[Rendering]:
    """What the study shows, content by content."""
    related = ("raster", "condition", "stimulus__content", "stimulus__method")
    return Rendering.objects.filter(raster__study=study).select_related(*related).order_by("pk")


def rendering_told(rendering: Rendering) -> dict[str, Any]:
    """A rendering, whose hash stands in the exposures, with the stimulus that it shows. Needs `renderings_of`."""
    raster = rendering.raster
    return {
        "condition": rendering.condition.name,
        "content": rendering.stimulus.content.name,
        "rendering_sha256": rendering.sha256,
        "raster_width_px": raster.width_px,
        "raster_height_px": raster.height_px,
        "kernel": raster.kernel,
        "stimulus": stimulus_told(rendering.stimulus),
    }


def methods_shown(study: Study) -> Iterator[dict[str, Any]]:
    """Every method that stands for a condition."""
    used = study.conditions.values("methods__method")
    yield from (method_told(method) for method in Method.objects.filter(pk__in=used))
