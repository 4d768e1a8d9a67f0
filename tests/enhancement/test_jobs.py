"""A Job row is the truth about work: who has it, how far it is, and how it ended."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from enhancement import tasks
from enhancement.models import Job
from enhancement.services.jobs import (
    Claim,
    SupersededError,
    UnitsFailedError,
    beat,
    cancel_job,
    claim_job,
    request_job,
    retry_job,
    run,
    tend_jobs,
)

pytestmark = pytest.mark.django_db

WORK = "tests.enhancement.test_jobs"
KINDS = ("well", "badly", "partly", "hung_up", "stores_then_hangs_up")


def well(claim: Claim) -> None:
    claim.progress(3, 3)


def badly(claim: Claim) -> None:
    raise RuntimeError("the disk is full")


def partly(claim: Claim) -> None:
    raise UnitsFailedError("a.png: truncated")


def hung_up(claim: Claim) -> None:
    raise OperationalError("server closed the connection unexpectedly")


def stores_then_hangs_up(claim: Claim) -> None:
    with claim.writing():
        pass
    hung_up(claim)


@pytest.fixture(autouse=True)
def kinds(settings: Settings) -> None:
    settings.JOB_KINDS = {name: f"{WORK}.{name}" for name in KINDS}


def ask(kind: str = "well", **rest: object) -> Job:
    return request_job(kind, "cpu", f"{kind} done", {"of": kind}, **rest)  # type: ignore[arg-type]


def claimed(job: Job, owner: str = "one") -> Claim:
    claim = claim_job(job.pk, owner)
    assert claim is not None
    return claim


def grown_old(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(hours=1))


def test_it_works() -> None:
    job = ask()
    run(claimed(job))
    job.refresh_from_db()
    assert (job.state, job.attempt, job.done_units, job.total_units, job.error) == ("done", 1, 3, 3, "")
    assert job.finished_at is not None


def test_asking_twice_gets_the_queued_job() -> None:
    assert ask().pk == ask().pk


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no job is called 'fly'; known: well, badly, partly, hung_up"):
        ask("fly")


def test_of_two_workers_one_gets_the_job() -> None:
    job = ask()
    assert claim_job(job.pk, "one") is not None
    assert claim_job(job.pk, "two") is None


def test_a_failure_is_kept_in_words() -> None:
    job = ask("badly")
    run(claimed(job))
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "RuntimeError: the disk is full")


def test_failed_units_are_named() -> None:
    job = ask("partly")
    run(claimed(job))
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "a.png: truncated")


def test_a_job_waits_for_those_before_it() -> None:
    first = ask()
    second = ask("partly", after=[first])
    assert claim_job(second.pk, "one") is None
    run(claimed(first))
    assert claim_job(second.pk, "one") is not None


def test_a_job_that_waits_for_a_failed_one_fails_and_says_so() -> None:
    first = ask("badly")
    second = ask("well", after=[first])
    run(claimed(first))
    second.refresh_from_db()
    assert second.state == "failed"
    assert f"waited for job #{first.pk}" in second.error


def test_retry_takes_up_the_failed_ones_before_it_too() -> None:
    first = ask("badly")
    second = ask("well", after=[first])
    run(claimed(first))
    second.refresh_from_db()
    assert retry_job(second)
    assert set(Job.objects.values_list("state", flat=True)) == {"queued"}


def test_a_silent_worker_loses_its_job_and_can_write_nothing_more() -> None:
    job = ask()
    dead = claimed(job)
    grown_old(job)
    tend_jobs()
    alive = claimed(job, "two")

    assert not beat(dead)
    with pytest.raises(SupersededError), dead.writing():
        pass
    run(dead)
    job.refresh_from_db()
    assert (job.state, job.owner, job.attempt) == ("running", "two", 2)
    with alive.writing():
        pass


def test_a_worker_that_beats_keeps_its_job() -> None:
    job = ask()
    claim = claimed(job)
    grown_old(job)
    assert beat(claim)
    tend_jobs()
    with claim.writing():
        pass


def test_a_job_that_kills_every_worker_is_given_up(settings: Settings) -> None:
    settings.JOB_MAX_ATTEMPTS = 2
    job = ask()
    for _ in range(2):
        claimed(job)
        grown_old(job)
        tend_jobs()
    job.refresh_from_db()
    assert job.state == "failed"
    assert "Its worker died 2 times" in job.error


def test_a_bell_is_rung_again_ever_more_rarely(settings: Settings) -> None:
    """A worker that is busy for a day finds no thousand messages of one job."""
    settings.JOB_RESEND_S = 30
    job = ask()
    rung = []
    Job.objects.filter(pk=job.pk).update(sent_at=timezone.now(), rings=1)
    for half_minute in range(2 * 60 * 24):
        Job.objects.filter(pk=job.pk).update(sent_at=F("sent_at") - timedelta(seconds=30))
        if tend_jobs():
            rung.append(half_minute)
    assert rung[0] <= 1, "the first lost one is missed soon"
    assert 80 < len(rung) < 120
    claim = claimed(job)
    grown_old(job)
    tend_jobs()
    job.refresh_from_db()
    assert claim.attempt == job.attempt
    assert job.rings <= 1, "queued anew, it is rung for as a new one"


def test_a_job_asked_for_behind_one_that_has_failed_fails_at_once(django_capture_on_commit_callbacks: Any) -> None:
    first = ask("badly")
    run(claimed(first))
    with django_capture_on_commit_callbacks(execute=True):
        second = ask("well", after=[first])
    second.refresh_from_db()
    assert second.state == "failed"


def test_what_waits_for_a_failed_job_is_found_by_the_tender() -> None:
    first, second = ask("badly"), ask("partly")
    run(claimed(first))
    second.after.add(first)
    tend_jobs()
    second.refresh_from_db()
    assert second.state == "failed"


def test_retry_forgets_the_dead(settings: Settings) -> None:
    settings.JOB_MAX_ATTEMPTS = 2
    job = ask()
    for _ in range(2):
        claimed(job)
        grown_old(job)
        tend_jobs()
    retry_job(job)
    claimed(job)
    grown_old(job)
    tend_jobs()
    job.refresh_from_db()
    assert (job.state, job.attempt) == ("queued", 3)


@pytest.mark.django_db(transaction=True)
def test_the_heart_outlives_a_locked_database(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.JOB_HEARTBEAT_S = 0.05
    beats = iter([OperationalError("database is locked")])
    survived = threading.Event()

    def failing_once(claim: Claim) -> bool:
        for error in beats:
            raise error
        survived.set()
        return True

    monkeypatch.setattr(tasks, "beat", failing_once)
    with tasks._heart(claimed(ask())):
        assert survived.wait(10), "the heart stopped at the first error"


def test_a_cancelled_job_writes_nothing_more() -> None:
    job = ask()
    claim = claimed(job)
    assert cancel_job(job)
    with pytest.raises(SupersededError), claim.writing():
        pass
    assert not cancel_job(job)
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_a_cancelled_job_is_not_begun_on_the_next_unit() -> None:
    job = ask()
    claim = claimed(job)
    claim.progress(0, 0)
    assert cancel_job(job)
    with pytest.raises(SupersededError):
        claim.progress(1, 1)


def test_what_waited_for_a_cancelled_job_says_so() -> None:
    first = ask()
    second = ask("partly", after=[first])
    cancel_job(first)
    second.refresh_from_db()
    assert (second.state, second.error) == (
        "failed",
        f"It waited for job #{first.pk} (well done), which was cancelled. Retrying this one retries that one too.",
    )


def test_a_new_attempt_knows_nothing_of_the_last_one_s_progress() -> None:
    job = ask("badly")
    claim = claimed(job)
    claim.progress(3, 4)
    claim.progress(4, 4)
    run(claim)
    retry_job(job)
    for state in ("queued", "running"):
        job.refresh_from_db()
        assert (job.state, job.done_units, job.total_units, job.progress_at, job.error) == (state, 0, 0, None, "")
        claim_job(job.pk, "two")


def test_a_retry_of_what_has_not_ended_badly_changes_nothing() -> None:
    first = ask("badly")
    run(claimed(first))
    second = ask()
    second.after.add(first)
    assert not retry_job(second)
    first.refresh_from_db()
    assert first.state == "failed"


def test_a_job_whose_database_hangs_up_is_queued_again_not_failed() -> None:
    job = ask("hung_up")
    run(claimed(job))
    job.refresh_from_db()
    assert (job.state, job.deaths, job.owner, job.error) == ("queued", 1, "", "")


def test_one_that_hangs_up_every_time_fails_at_last_and_says_so(settings: Settings) -> None:
    settings.JOB_MAX_ATTEMPTS = 3
    job = ask("hung_up")
    for _ in range(3):
        run(claimed(job))
    job.refresh_from_db()
    assert job.state == "failed"
    assert job.error.startswith("The database went away 3 times while it ran (server closed the connection")


def test_one_that_stores_something_each_time_is_never_given_up(settings: Settings) -> None:
    settings.JOB_MAX_ATTEMPTS = 3
    job = ask("stores_then_hangs_up")
    for _ in range(5):
        run(claimed(job))
    job.refresh_from_db()
    assert (job.state, job.deaths, job.attempt) == ("queued", 1, 5)
