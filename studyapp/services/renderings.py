"""Bringing every condition of a content to one raster, in tiles that differ in nothing but pixels."""

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from enhancement.models import Content, Job, Method, Stimulus
from enhancement.services.files import keep
from enhancement.services.jobs import Claim, UnitsFailedError, request_job
from enhancement.services.measure import request_measurements
from enhancement.services.stimuli import picture_of, request_stimuli
from studyapp.models import Condition, Raster, Rendering, Study
from studyapp.rasters import KERNEL_NAME, bring, common_size
from studyapp.tiles import TILE_PX, cut, levels, pack, pad_alike


@transaction.atomic
def prepare_study(study: Study, by: User | None = None) -> list[Job]:
    """Ask the workers for all that the study still lacks: stimuli, metrics, renderings. Returns the open jobs."""
    asked = [request_stimuli(study.testset, method, by) for method in methods_of(study)]
    stimuli = [job for job in asked if job is not None]
    measure = request_measurements(study.testset, by, after=stimuli)
    renderings = None
    if unrendered(study).exists():
        # Everybody who works with the library sees its jobs; a study's name is for those who may see the study.
        label, told = f"renderings of study {study.pk}", {"study": study.pk}
        renderings = request_job("renderings", "cpu", label, told, by=by, after=stimuli)
    return [*stimuli, *(job for job in (measure, renderings) if job is not None)]


def methods_of(study: Study) -> QuerySet[Method]:
    """Every method that stands for a condition of the study."""
    used = study.conditions.values("methods__method")
    return Method.objects.filter(pk__in=used)


def unrendered(study: Study) -> QuerySet[Content]:
    """The contents of the study that can't be shown yet."""
    return study.testset.contents.exclude(rasters__study=study)


def method_for(condition: Condition, camera: str) -> Method | None:
    """The method that stands for a condition on photos of this camera: the one for it by name, else the one for all."""
    by_camera = {row.camera: row.method for row in condition.methods.all()}
    return by_camera.get(camera) or by_camera.get("")


def make_renderings(claim: Claim) -> None:
    """Render one content after the other, all conditions of it together; each is stored whole or not at all.

    Raises:
        UnitsFailedError: Some contents lack a stimulus; names them.
    """
    study = Study.objects.get(pk=claim.params["study"])
    conditions = list(study.conditions.prefetch_related("methods__method"))
    contents = list(unrendered(study))
    failures = []
    for done, content in enumerate(contents):
        claim.progress(done, len(contents))
        try:
            render_content(claim, study, content, conditions)
        except LookupError as lacking:
            failures.append(f"{content.name}: {lacking.args[0]}")
    claim.progress(len(contents), len(contents))
    if failures:
        raise UnitsFailedError("\n".join(failures))


def render_content(claim: Claim, study: Study, content: Content, conditions: Iterable[Condition]) -> None:
    """Bring every condition of a content to one raster and keep them, padded to the same lengths.

    Raises:
        LookupError: A condition has no stimulus of this content.
    """
    stimuli = {condition: stimulus_for(condition, content) for condition in conditions}
    photos = {condition: picture_of(stimulus) for condition, stimulus in stimuli.items()}
    as_shot = (content.input_width_px, content.input_height_px)
    size = common_size([as_shot, *((photo.shape[1], photo.shape[0]) for photo in photos.values())])
    tiles = pad_alike([cut(bring(photo, size)) for photo in photos.values()])
    files = [keep("renderings", pack(of_one), ".tiles") for of_one in tiles]
    with claim.writing():
        told = {
            "width_px": size[0],
            "height_px": size[1],
            "tile_px": TILE_PX,
            "levels": levels(size),
            "kernel": KERNEL_NAME,
            "tile_bytes": [len(tile) for tile in tiles[0]],
        }
        raster, new = Raster.objects.get_or_create(study=study, content=content, defaults=told)
        if not new:
            return
        Rendering.objects.bulk_create(
            Rendering(raster=raster, condition=condition, stimulus=stimuli[condition], file=name, sha256=sha256)
            for condition, (name, sha256) in zip(stimuli, files, strict=True)
        )


def stimulus_for(condition: Condition, content: Content) -> Stimulus:
    """The stimulus that stands for a condition on a content.

    Raises:
        LookupError: There is none; says why.
    """
    method = method_for(condition, content.camera)
    if method is None:
        raise LookupError(f"condition {condition.name} names no method for camera {content.camera!r}.")
    stimulus = Stimulus.objects.filter(content=content, method=method).first()
    if stimulus is None:
        raise LookupError(
            f"condition {condition.name} has no stimulus by {method}; run that method on the test set first."
        )
    return stimulus
