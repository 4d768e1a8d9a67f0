"""Jobs as a person may see them: how far, how long still, what each waits for, why it failed, what it makes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from django.utils import timezone

from enhancement.models import Job, TestSet
from enhancement.services.jobs import ENDED_BADLY, OPEN
from enhancement.services.pace import precisely, roughly, seconds_left, seconds_per_unit
from studyapp.models import Study
from studyapp.services.access import jobs_for, may_train, studies_for

ENDED_PER_PAGE = 30
OPEN_SHOWN = 200
UNANSWERED_AFTER = timedelta(seconds=30)
NO_WORKER = "No worker has taken it yet. Workers start with make serve; are they running?"

MAKES = {"renderings": "Renderings", "batch": "Next pairs", "report": "Report"}
"""What a study's jobs make, by kind."""


@dataclass(frozen=True)
class ShownJob:
    """A job in the words of its page.

    Attributes:
        makes: Name and address of what it makes or made, where there is a page of it.
        waits: What a queued job waits for.
        left: How long a running job will still take; empty while that can't be known.
        each: What a unit takes.
        units: The reason why it failed, a line for each unit that the job names.
        may_operate: Whether the viewer may cancel and retry it: whoever asked for it, and who may change every job.
    """

    job: Job
    title: str
    makes: tuple[str, str] | None
    waits: str
    left: str
    each: str
    took: str
    units: list[str]
    may_operate: bool

    @property
    def may_cancel(self) -> bool:
        """Whether the viewer may, and there is something to cancel."""
        return self.may_operate and self.is_open

    @property
    def may_retry(self) -> bool:
        """Whether the viewer may, and there is something to retry."""
        return self.may_operate and self.job.state in ENDED_BADLY

    @property
    def is_open(self) -> bool:
        """Whether it may still change."""
        return self.job.state in OPEN

    @property
    def awaited(self) -> list[Job]:
        """The jobs it comes after."""
        return list(self.job.after.all())


@dataclass(frozen=True)
class Jobs:
    """The jobs page: what is unfinished, and a page of what has ended."""

    unfinished: list[ShownJob]
    more: int
    ended: list[ShownJob]
    page: "Page[Job]"


def jobs_shown(user: User, *, page: str | None, only_failed: bool) -> Jobs:
    """Running jobs, then queued ones in their order, then what has ended, the last one first."""
    seen = _related(jobs_for(user))
    ended = seen.exclude(state__in=OPEN)
    if only_failed:
        ended = ended.filter(state=Job.State.FAILED)
    shown = Paginator(ended.order_by("-finished_at", "-pk"), ENDED_PER_PAGE).get_page(page)
    unfinished = list(seen.filter(state__in=OPEN).order_by("-state", "pk"))  # "running" sorts after "queued"
    rows = [*unfinished[:OPEN_SHOWN], *shown]
    words = _Words(user, rows)
    told = [words.shown(job) for job in rows]
    cut = len(told) - len(shown)
    return Jobs(told[:cut], len(unfinished) - cut, told[cut:], shown)


def job_shown(user: User, pk: int) -> ShownJob | None:
    """One job; None where there is none that the user may see."""
    job = _related(jobs_for(user)).filter(pk=pk).first()
    return None if job is None else _Words(user, [job]).shown(job)


def _related(jobs: QuerySet[Job]) -> QuerySet[Job]:
    earlier = Job.objects.only("pk", "label", "state", "params").order_by("pk")
    return jobs.select_related("requested_by").prefetch_related(Prefetch("after", earlier))


class _Words:
    """What is known of a page of jobs, looked up once for all of them."""

    def __init__(self, user: User, jobs: Sequence[Job]) -> None:
        self.now = timezone.now()
        numbers = [job.pk for job in jobs]
        self.operated = set(jobs_for(user, to="change").filter(pk__in=numbers).values_list("pk", flat=True))
        awaited = [earlier for job in jobs for earlier in job.after.all()]
        named = {job.params["study"] for job in [*jobs, *awaited] if "study" in job.params}
        self.studies: dict[int, Study] = studies_for(user).in_bulk(named)
        self.testsets = self._testsets(jobs)
        self.may_train = may_train(user)
        self.ahead = _ahead()

    @staticmethod
    def _testsets(jobs: Sequence[Job]) -> dict[Any, TestSet]:
        """Test sets by number and by name: loading one knows only the name."""
        numbers = {job.params["testset"] for job in jobs if isinstance(job.params.get("testset"), int)}
        names = {job.params["name"] for job in jobs if job.kind == "load_testset" and job.state == Job.State.DONE}
        found = TestSet.objects.filter(pk__in=numbers) | TestSet.objects.filter(name__in=names)
        return {key: testset for testset in found for key in (testset.pk, testset.name)}

    def shown(self, job: Job) -> ShownJob:
        return ShownJob(
            job=job,
            title=self.title(job),
            makes=self.makes(job),
            waits=self.waits(job) if job.state == Job.State.QUEUED else "",
            left=_left(job, self.now),
            each=_each(job),
            took=_took(job),
            units=job.error.splitlines(),
            may_operate=job.pk in self.operated,
        )

    def title(self, job: Job) -> str:
        if "study" not in job.params:
            return job.label
        study = self.studies.get(job.params["study"])
        made = MAKES.get(job.kind, "Renderings")
        return f"{made} of {study}" if study is not None else f"{made} of somebody else's study"

    def makes(self, job: Job) -> tuple[str, str] | None:
        study = self.studies.get(job.params.get("study", 0))
        if study is not None and job.kind == "report":
            asked = "?simulated=yes" if job.params["simulated"] else ""
            return f"report of {study}", reverse("report", args=[study.pk]) + asked
        if study is not None:
            return f"study {study}", reverse("study", args=[study.pk])
        if job.kind == "train":
            return ("training run", reverse("training-run", args=[job.params["run"]])) if self.may_train else None
        known = job.params.get("testset") if job.kind != "load_testset" else job.params.get("name")
        testset = self.testsets.get(known)
        return (f"contact sheet of {testset}", reverse("testset", args=[testset.pk])) if testset else None

    def waits(self, job: Job) -> str:
        unfinished = [earlier for earlier in job.after.all() if earlier.state != Job.State.DONE]
        if unfinished:
            names = [f"#{earlier.pk} {self.title(earlier)}" for earlier in unfinished]
            return f"Waits for {' and '.join([', '.join(names[:-1]), names[-1]] if names[1:] else names)}."
        ahead = self.ahead.get(job.pk, 0)
        if ahead:
            return f"{ahead} job{'s' if ahead > 1 else ''} before it on the {job.queue} queue."
        if self.now - (job.sent_at or job.created_at) > UNANSWERED_AFTER:
            return NO_WORKER
        return f"Next on the {job.queue} queue."


def _ahead() -> dict[int, int]:
    """How many jobs stand before each on its queue, whoever asked for them: running ones, then queued ones in order."""
    rows = Job.objects.filter(state__in=OPEN).values_list("pk", "queue", "state")
    passed: Counter[str] = Counter()
    places = {}
    for pk, queue, _ in sorted(rows, key=lambda row: (row[2] == Job.State.QUEUED, row[0])):
        places[pk] = passed[queue]
        passed[queue] += 1
    return places


def _left(job: Job, now: datetime) -> str:
    seconds = seconds_left(job, now)
    return "" if seconds is None else f"about {roughly(seconds)} left"


def _each(job: Job) -> str:
    seconds = seconds_per_unit(job)
    return "" if seconds is None else f"{precisely(seconds)} each"


def _took(job: Job) -> str:
    if job.started_at is None or job.finished_at is None or job.finished_at < job.started_at:
        return ""
    return precisely((job.finished_at - job.started_at).total_seconds())
