"""Asking for work, claiming it, and what becomes of it when a worker dies."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from time import monotonic
from typing import Any

from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from enhancement.models import Job

log = logging.getLogger(__name__)

OPEN = (Job.State.QUEUED, Job.State.RUNNING)
ENDED_BADLY = (Job.State.FAILED, Job.State.CANCELLED)
UNSTARTED: dict[str, Any] = {
    "done_units": 0, "total_units": 0, "earlier_units": 0, "progress_at": None, "finished_at": None, "error": "",
}  # fmt: skip
"""What a new attempt knows of its own progress: nothing yet."""
UNRUNG: dict[str, Any] = {"sent_at": None, "rings": 0}
"""A job that no worker has been told of since it was queued."""
MOST_DOUBLED = 5
"""How often the time between two messages doubles."""
PROGRESS_EVERY_S = 2.0
RUN_JOB = "enhancement.tasks.run_job"
AWAY = (OperationalError, InterfaceError)
"""What Django raises when the database can't be reached, or is locked, or hangs up in the middle of a sentence."""


class SupersededError(Exception):
    """The job was cancelled or given to another worker; this one must write nothing more of it."""


class UnitsFailedError(Exception):
    """Some units of a job could not be made, for reasons a person can act on; the others were."""


@dataclass
class Claim:
    """A worker's hold on a job: what it may write, it writes with this attempt number."""

    job_id: int
    attempt: int
    params: Mapping[str, Any]
    _written_at: float = field(default=0.0, repr=False)

    def progress(self, done: int, total: int) -> None:
        """Tell how far it is; written at most every two seconds, for votes share SQLite's one writer.

        Raises:
            SupersededError: The job was cancelled or given to another worker; the next unit needn't be begun.
        """
        if done < total and monotonic() - self._written_at < PROGRESS_EVERY_S:
            return
        if not _still_ours(self).update(done_units=done, total_units=total, progress_at=timezone.now()):
            raise self.superseded()
        self._written_at = monotonic()

    def goes_on_from(self, done: int) -> None:
        """Tell how many units were done before this attempt: they say nothing about how fast it is."""
        _still_ours(self).update(earlier_units=done)

    def superseded(self) -> SupersededError:
        """What to raise once the job is somebody else's, or nobody's."""
        return SupersededError(f"job {self.job_id} is no longer attempt {self.attempt}'s")

    @contextmanager
    def writing(self, *, is_result: bool = True) -> Iterator[None]:
        """A transaction in which the job is surely still this worker's.

        Args:
            is_result: Whether what is written needn't be made again by the next attempt; else it forgives no deaths.

        Raises:
            SupersededError: It isn't; nothing may be written.
        """
        with transaction.atomic():
            deaths = _still_ours(self).select_for_update().values_list("deaths", flat=True).first()
            if deaths is None:
                raise self.superseded()
            if deaths and is_result:  # what stores a result isn't what kills its workers, however often the power fails
                _still_ours(self).update(deaths=0)
            yield


def _still_ours(claim: Claim) -> QuerySet[Job]:
    return Job.objects.filter(id=claim.job_id, attempt=claim.attempt, state=Job.State.RUNNING)


def request_job(
    kind: str, queue: str, label: str, params: Mapping[str, Any], *, by: User | None = None, after: Iterable[Job] = ()
) -> Job:
    """Ask for work, or get the job that is already open for the very same; it starts when those it waits for are done.

    A running job can't wait for another any more, so work that must come after others is asked for anew.
    """
    after = list(after)
    if kind not in settings.JOB_KINDS:
        raise ValueError(f"no job is called {kind!r}; known: {', '.join(settings.JOB_KINDS)}")
    with transaction.atomic():
        states = [Job.State.QUEUED] if after else OPEN
        same = Job.objects.filter(kind=kind, params=dict(params), state__in=states)
        # No worker takes it before it knows what it waits for. One that runs isn't waited for: people are seated here.
        job = (same.select_for_update() if after else same).first()
        if job is None:
            job = Job.objects.create(kind=kind, queue=queue, label=label[:200], params=dict(params), requested_by=by)
        job.after.add(*(earlier for earlier in after if earlier.pk != job.pk))
        transaction.on_commit(partial(start, job.pk))
    return job


def start(job_id: int) -> None:
    """Ring for a job that may start; fail one that waits for what has failed, and what waits for it in turn."""
    job = Job.objects.get(id=job_id)
    if job.state != Job.State.QUEUED:
        return
    dead = job.after.filter(state__in=ENDED_BADLY).first()
    if dead is not None:
        how = "failed" if dead.state == Job.State.FAILED else "was cancelled"
        reason = f"It waited for job #{dead.pk} ({dead.label}), which {how}. Retrying this one retries that one too."
        failed = {"state": Job.State.FAILED, "error": reason, "finished_at": timezone.now()}
        if Job.objects.filter(id=job.pk, state=Job.State.QUEUED).update(**failed):
            _release(job.pk)
    elif not job.after.exclude(state=Job.State.DONE).exists():
        _ring(job)


def _ring(job: Job) -> None:
    """Tell the broker. A bell that can't be rung is rung again by ``tend_jobs``."""
    try:
        current_app.send_task(RUN_JOB, (job.pk,), queue=job.queue, retry=False)
    except BrokerError:
        log.warning("the broker can't be reached; job %s waits until it can", job.pk)
        return
    Job.objects.filter(id=job.pk).update(sent_at=timezone.now(), rings=F("rings") + 1)


def claim_job(job_id: int, owner: str) -> Claim | None:
    """Take a queued job whose predecessors are done; of many workers that try, one gets it."""
    now = timezone.now()
    with transaction.atomic():
        if not Job.objects.select_for_update().filter(id=job_id, state=Job.State.QUEUED).exists():
            return None
        waiting = Job.objects.filter(id=job_id, after__in=Job.objects.exclude(state=Job.State.DONE)).exists()
        taken = not waiting and Job.objects.filter(id=job_id, state=Job.State.QUEUED).update(
            state=Job.State.RUNNING,
            owner=owner[:120],
            attempt=F("attempt") + 1,
            started_at=now,
            heartbeat_at=now,
            **UNSTARTED,
        )
        if not taken:
            return None
        job = Job.objects.get(id=job_id)
    return Claim(job.pk, job.attempt, job.params)


def beat(claim: Claim) -> bool:
    """Say that the worker lives. False when the job is no longer its own."""
    return bool(_still_ours(claim).update(heartbeat_at=timezone.now()))


def run(claim: Claim) -> None:
    """Do the claimed work and write down how it ended."""
    try:
        _run(claim)
    except AWAY as away:
        log.warning("job %s: the database went away in the middle of it (%s)", claim.job_id, away)
        _hang_up()
        _hand_back(claim, away)


def _run(claim: Claim) -> None:
    kind = Job.objects.values_list("kind", flat=True).get(id=claim.job_id)
    module, name = settings.JOB_KINDS[kind].rsplit(".", 1)
    try:
        getattr(import_module(module), name)(claim)
    except SupersededError as given_up:
        log.warning("%s", given_up)
    except UnitsFailedError as failed:
        finish_job(claim, Job.State.FAILED, str(failed))
    except AWAY:
        raise
    except Exception as error:
        log.exception("job %s failed", claim.job_id)
        finish_job(claim, Job.State.FAILED, f"{type(error).__name__}: {error}")
    else:
        finish_job(claim, Job.State.DONE)


def _hang_up() -> None:
    """Close a connection that broke; the next query makes a new one. A transaction around us would not be ours."""
    if not connection.in_atomic_block:
        connection.close()


def _hand_back(claim: Claim, away: Exception) -> None:
    """Queue the job again: nothing is wrong with it. Where the database stays away, ``tend_jobs`` does it later."""
    try:
        for job in _still_ours(claim):
            _take_back(_still_ours(claim), job, f"The database went away {job.deaths + 1} times while it ran ({away}).")
            start(job.pk)
    except AWAY as still:
        log.warning("job %s: the database is still away (%s); it is taken up once it is back", claim.job_id, still)
        _hang_up()


def _take_back(among: QuerySet[Job], job: Job, reason: str) -> None:
    """From running to queued, or to failed where that happened too often and nothing was stored in between."""
    if job.deaths + 1 >= settings.JOB_MAX_ATTEMPTS:
        words = f"{reason} Look at the worker's log before you retry."
        finish_job(Claim(job.pk, job.attempt, job.params), Job.State.FAILED, words)
        return
    still = among.filter(pk=job.pk, attempt=job.attempt)
    still.update(state=Job.State.QUEUED, deaths=F("deaths") + 1, owner="", **UNRUNG)


def give_back(claim: Claim) -> None:
    """Queue a job again whose worker is told to stop: nothing is wrong with either, and no death is counted."""
    if _still_ours(claim).update(state=Job.State.QUEUED, owner="", **UNRUNG):
        start(claim.job_id)


def finish_job(claim: Claim, state: Job.State, error: str = "") -> None:
    """Write the end of a job, once, and start or fail what waited for it."""
    ended = _still_ours(claim).update(state=state, error=error, finished_at=timezone.now())
    if ended:
        _release(claim.job_id)


def _release(job_id: int) -> None:
    """Start the jobs that waited for this one; those that waited for a failed one fail, and say so."""
    for waiting in Job.objects.filter(after=job_id, state=Job.State.QUEUED).values_list("id", flat=True):
        start(waiting)


def cancel_job(job: Job) -> bool:
    """Stop a job; a worker on it ends with its unit and writes nothing more. False when it had already ended."""
    ended = Job.objects.filter(id=job.pk, state__in=OPEN).update(state=Job.State.CANCELLED, finished_at=timezone.now())
    if ended:
        _release(job.pk)
    return bool(ended)


def retry_job(job: Job) -> bool:
    """Queue a failed or cancelled job again, and every job that it waits for and that failed too.

    False when it was neither, or somebody else was quicker: then nothing was changed.
    """
    with transaction.atomic():
        again = {**UNSTARTED, **UNRUNG, "state": Job.State.QUEUED, "deaths": 0, "owner": ""}
        if not Job.objects.filter(id=job.pk, state__in=ENDED_BADLY).update(**again):
            return False
        for earlier in job.after.filter(state__in=ENDED_BADLY):
            retry_job(earlier)
        transaction.on_commit(partial(start, job.pk))
    return True


def tend_jobs() -> int:
    """Take jobs from workers that died, and ring again for those whose bell was lost. Returns how many it touched."""
    now = timezone.now()
    dead = Job.objects.filter(state=Job.State.RUNNING, heartbeat_at__lt=now - timedelta(seconds=settings.JOB_STALE_S))
    touched = 0
    for job in dead:
        _take_back(dead, job, f"Its worker died {job.deaths + 1} times.")
        touched += 1
    for job in Job.objects.filter(state=Job.State.QUEUED):
        if _is_to_ring(job, now):
            start(job.pk)
            touched += 1
    return touched


def _is_to_ring(job: Job, now: datetime) -> bool:
    """Whether a bell may have been lost. Ever more rarely: where a worker is only busy, its messages pile up."""
    patience_s = settings.JOB_RESEND_S * 2 ** min(max(job.rings - 1, 0), MOST_DOUBLED)
    return job.sent_at is None or job.sent_at < now - timedelta(seconds=patience_s)
