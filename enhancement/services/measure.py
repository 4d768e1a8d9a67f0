"""What the metrics say of stimuli: one alignment per content, one rectangle for every method."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from analysis.metrics import METRICS
from enhancement.models import Alignment, Content, Job, Measurement, Stimulus, TestSet
from enhancement.nn.alignment import Alignment as Found
from enhancement.nn.alignment import AlignmentError, align, crop, reference_on_input
from enhancement.pictures import Photo
from enhancement.services.jobs import Claim, request_job
from enhancement.services.stimuli import picture_of, subject_of

NO_REFERENCE = "the content has no reference photo"
IS_REFERENCE = "not applicable: it is the reference itself"


def request_measurements(testset: TestSet, by: User | None = None, after: Iterable[Job] = ()) -> Job | None:
    """Ask a worker for the metrics that stimuli of this test set still lack; None when none do and none are awaited."""
    after = list(after)
    if not after and not unmeasured(testset).exists():
        return None
    return request_job("measure", "cpu", f"metrics on {testset}", {"testset": testset.pk}, by=by, after=after)


def unmeasured(testset: TestSet) -> QuerySet[Stimulus]:
    """The stimuli that no metric was asked about."""
    return Stimulus.objects.filter(content__testset=testset, measurement=None)


def measure_testset(claim: Claim) -> None:
    """Measure what is not measured yet, one content after the other."""
    testset = TestSet.objects.get(pk=claim.params["testset"])
    contents = list(testset.contents.filter(stimuli__in=unmeasured(testset)).distinct())
    for done, content in enumerate(contents):
        claim.progress(done, len(contents))
        measure_content(claim, content)
    claim.progress(len(contents), len(contents))


def measure_content(claim: Claim, content: Content) -> None:
    """Measure every stimulus of one content against the reference as it lies on the input."""
    stimuli = content.stimuli.filter(measurement=None).select_related("method")
    target, found, reason = _target(claim, content)
    for stimulus in stimuli:
        values: dict[str, float | str]
        if stimulus.method.kind == "reference":
            values = {"reason": IS_REFERENCE}
        elif target is None or found is None:
            values = {"reason": reason}
        else:
            values = measure(picture_of(stimulus), target, found, (content.input_width_px, content.input_height_px))
        with claim.writing():
            Measurement.objects.get_or_create(stimulus=stimulus, defaults=values)


def _target(claim: Claim, content: Content) -> tuple[Photo | None, Found | None, str]:
    """The reference on the declared rectangle of the input, or why there is none."""
    subject = subject_of(content)
    if subject.reference is None:
        return None, None, NO_REFERENCE
    row = Alignment.objects.filter(content=content).first() or _align(claim, content, subject.input, subject.reference)
    if row.found is None:
        return None, None, f"not aligned: {row.reason}"
    found = Found.from_json(row.found)
    return reference_on_input(subject.reference, found), found, ""


def _align(claim: Claim, content: Content, photo: Photo, reference: Photo) -> Alignment:
    """Estimate the alignment once, from the input; a pair that can't be aligned is told why, never guessed."""
    values: dict[str, Any]
    try:
        values = {"found": align(photo, reference).as_json()}
    except AlignmentError as error:
        values = {"reason": str(error)}
    with claim.writing():
        return Alignment.objects.get_or_create(content=content, defaults=values)[0]


def measure(photo: Photo, target: Photo, found: Found, input_size: tuple[int, int]) -> dict[str, float | str]:
    """Every metric of a stimulus on the declared rectangle; a picture of another size has no numbers, and says so."""
    height_px, width_px = photo.shape[:2]
    if (width_px, height_px) != input_size:
        return {"reason": f"its size is {width_px}×{height_px}, the input's {input_size[0]}×{input_size[1]}"}
    part = crop(photo, found)
    return {name: float(metric(part, target)) for name, metric in METRICS.items()}
