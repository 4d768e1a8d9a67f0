"""What the metrics say of stimuli: against the reference on one rectangle, and against the input they are made from."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from analysis.metrics import METRICS, NothingFlatError, colour_deviation, noise_amplification
from enhancement.models import Alignment, Content, Job, Measurement, Stimulus, TestSet
from enhancement.nn.pairs.alignment import Alignment as Found
from enhancement.nn.pairs.alignment import AlignmentError, align, crop, reference_on_input
from enhancement.pictures import Photo
from enhancement.services.jobs import Claim, request_job
from enhancement.services.stimuli import picture_of, subject_of
from enhancement.subject import Subject

Values = dict[str, float | str]

NO_REFERENCE = "the content has no reference photo"
IS_REFERENCE = "not applicable: it is the reference itself"
IS_OTHER_PHOTO = "not applicable: the reference is a photo of its own, not made from the input"


LACKS_ALL = Q(measurement=None)
LACKS_FLAWS = Q(measurement__colour_deviation=None, measurement__flaws_reason="")
"""Measured by a version that didn't know them."""


@dataclass(frozen=True, eq=False)
class Target:
    """The reference as it lies on the input, and how it came there."""

    photo: Photo
    found: Found


def request_measurements(testset: TestSet, by: User | None = None, after: Iterable[Job] = ()) -> Job | None:
    """Ask a worker for the metrics that stimuli of this test set still lack; None when none do and none are awaited."""
    after = list(after)
    if not after and not unmeasured(testset).exists():
        return None
    return request_job("measure", "cpu", f"metrics on {testset}", {"testset": testset.pk}, by=by, after=after)


def unmeasured(testset: TestSet) -> QuerySet[Stimulus]:
    """The stimuli that some metric was not asked about."""
    return Stimulus.objects.filter(LACKS_ALL | LACKS_FLAWS, content__testset=testset)


def measure_testset(claim: Claim) -> None:
    """Measure what is not measured yet, one content after the other."""
    testset = TestSet.objects.get(pk=claim.params["testset"])
    contents = list(testset.contents.filter(stimuli__in=unmeasured(testset)).distinct())
    for done, content in enumerate(contents):
        claim.progress(done, len(contents))
        measure_content(claim, content)
    claim.progress(len(contents), len(contents))


def measure_content(claim: Claim, content: Content) -> None:
    """Ask every metric that a stimulus of this content lacks; numbers that are there stay as they are."""
    stimuli = list(content.stimuli.filter(LACKS_ALL | LACKS_FLAWS).select_related("method", "measurement"))
    subject = subject_of(content)
    new = [stimulus for stimulus in stimuli if not hasattr(stimulus, "measurement")]
    target = _target(claim, content, subject) if new else ""
    for stimulus in stimuli:
        similarity: Values
        flawed: Values
        if stimulus.method.kind == "reference":
            similarity, flawed = {"reason": IS_REFERENCE}, {"flaws_reason": IS_OTHER_PHOTO}
        else:
            picture = picture_of(stimulus)
            similarity, flawed = measure(picture, target, subject.input), flaws(picture, subject.input)
        with claim.writing():
            Measurement.objects.update_or_create(
                stimulus=stimulus, defaults=flawed, create_defaults={**similarity, **flawed}
            )


def _target(claim: Claim, content: Content, subject: Subject) -> Target | str:
    """The reference on the declared rectangle of the input, or why there is none."""
    if subject.reference is None:
        return NO_REFERENCE
    row = Alignment.objects.filter(content=content).first() or _align(claim, content, subject.input, subject.reference)
    if row.found is None:
        return f"not aligned: {row.reason}"
    found = Found.from_json(row.found)
    return Target(reference_on_input(subject.reference, found), found)


def _align(claim: Claim, content: Content, photo: Photo, reference: Photo) -> Alignment:
    """Estimate the alignment once, from the input; a pair that can't be aligned is told why, never guessed."""
    values: dict[str, Any]
    try:
        values = {"found": align(photo, reference).as_json()}
    except AlignmentError as error:
        values = {"reason": str(error)}
    with claim.writing():
        return Alignment.objects.get_or_create(content=content, defaults=values)[0]


def measure(picture: Photo, target: Target | str, photo: Photo) -> Values:
    """Every metric against the reference, on the declared rectangle; what has no numbers says why."""
    if isinstance(target, str):
        return {"reason": target}
    if reason := _other_size(picture, photo):
        return {"reason": reason}
    part = crop(picture, target.found)
    return {name: float(metric(part, target.photo)) for name, metric in METRICS.items()}


def flaws(picture: Photo, photo: Photo) -> Values:
    """Both flaws against the input, on the whole picture; what has no number says why."""
    if reason := _other_size(picture, photo):
        return {"flaws_reason": reason}
    deviation = colour_deviation(picture, photo)
    try:
        return {"colour_deviation": deviation, "noise_amplification": noise_amplification(picture, photo)}
    except NothingFlatError as error:
        return {"colour_deviation": deviation, "flaws_reason": str(error)}


def _other_size(picture: Photo, photo: Photo) -> str:
    (height_px, width_px), (input_height_px, input_width_px) = picture.shape[:2], photo.shape[:2]
    same = (height_px, width_px) == (input_height_px, input_width_px)
    return "" if same else f"its size is {width_px}×{height_px}, the input's {input_width_px}×{input_height_px}"
