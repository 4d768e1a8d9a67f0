"""What to do with a test set next: said on its page, with the button that does it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone

from enhancement.models import Job, Method, TestSet
from enhancement.services.jobs import OPEN
from enhancement.services.pace import roughly, seconds_left

FIRST_CHOSEN = ("original", "auto", "reference")
"""Kinds of methods that work on any test set; networks and folders of results are chosen by hand."""


@dataclass(frozen=True)
class NextStep:
    """Where a test set is on its way from photos to a report.

    Attributes:
        jobs: Its open jobs, each with what is to be said of it.
        failed: The jobs that failed last, one for each method that still lacks stimuli.
        made: Methods with stimuli of every content that they can have one of.
        choices: Methods that could be run, and whether that is proposed.
        ask_url: Where a study of it is begun; empty for who may not.
    """

    jobs: list[tuple[Job, str]] = field(default_factory=list)
    failed: list[Job] = field(default_factory=list)
    made: Sequence[Method] = ()
    choices: list[tuple[Method, bool]] = field(default_factory=list)
    ask_url: str = ""


def next_step_of(testset: TestSet, request: HttpRequest) -> NextStep:
    """How far a test set is, and what the person may do next."""
    jobs = list(Job.objects.filter(kind__in=("stimuli", "measure"), params__testset=testset.pk).order_by("pk"))
    counts = Method.objects.filter(stimuli__content__testset=testset).annotate(made=Count("stimuli"))
    total = testset.contents.count()
    with_reference = testset.contents.exclude(reference_sha256="").count()
    made = [one for one in counts if one.made >= (with_reference if one.kind == "reference" else total)]
    others = [method for method in Method.objects.all() if method not in made]
    last = {job.params.get("method"): job for job in jobs if job.kind == "stimuli"}
    return NextStep(
        jobs=[(job, _told(job)) for job in jobs if job.state in OPEN],
        failed=[last[one.pk] for one in others if one.pk in last and last[one.pk].state == Job.State.FAILED],
        made=made,
        choices=[(method, _proposed(method, with_reference, made)) for method in others],
        ask_url=_ask_url(testset, request),
    )


def _proposed(method: Method, with_reference: int, made: Sequence[Method]) -> bool:
    fits = method.kind in FIRST_CHOSEN and (method.kind != "reference" or with_reference > 0)
    return fits and not made and method.version == 1


def _told(job: Job) -> str:
    if job.state == Job.State.QUEUED or not job.total_units:
        return "waits for its turn" if job.state == Job.State.QUEUED else "begins"
    left_s = seconds_left(job, timezone.now())
    return f"{job.done_units} of {job.total_units}" + (f", {roughly(left_s)} left" if left_s is not None else "")


def _ask_url(testset: TestSet, request: HttpRequest) -> str:
    if not request.user.has_perm(settings.ASK_PEOPLE_PERMISSION):
        return ""
    wanted = QueryDict(mutable=True)
    wanted.update({"testset": str(testset.pk), "name": testset.name})
    return f"{reverse(settings.ASK_PEOPLE_URL)}?{wanted.urlencode()}"
