"""Cancel, retry and a worker at the same moment, each from a connection of its own: one wins, and the row says it."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from enhancement.models import Job
from enhancement.services.jobs import (
    Claim,
    SupersededError,
    cancel_job,
    claim_job,
    finish_job,
    request_job,
    retry_job,
)

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 4


@pytest.fixture(autouse=True)
def kinds(settings: Settings) -> None:
    settings.JOB_KINDS = {"work": "nowhere.at_all"}


def ask(number: int, **rest: Any) -> Job:
    return request_job("work", "cpu", "work", {"of": number}, **rest)


def claimed(job: Job) -> Claim:
    claim = claim_job(job.pk, "one")
    assert claim is not None
    return claim


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each act gave, all of them begun at the same moment."""
    together = threading.Barrier(len(acts))
    given: dict[int, Any] = {}

    def do(number: int, act: Callable[[], Any]) -> None:
        together.wait()
        try:
            given[number] = act()
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [given[number] for number in range(len(acts))]


def state(job: Job) -> str:
    return Job.objects.values_list("state", flat=True).get(pk=job.pk)


def test_cancelled_while_the_worker_finishes() -> None:
    for number in range(ROUNDS):
        job = ask(2 * number)
        waiting = ask(2 * number + 1, after=[job])
        claim = claimed(job)
        cancelled, _ = at_once(lambda job=job: cancel_job(job), lambda claim=claim: finish_job(claim, Job.State.DONE))
        assert (state(job), state(waiting)) == (("cancelled", "failed") if cancelled else ("done", "queued"))


def test_cancelled_while_a_worker_takes_it() -> None:
    for number in range(ROUNDS):
        job = ask(number)
        cancelled, claim = at_once(lambda job=job: cancel_job(job), lambda job=job: claim_job(job.pk, "one"))
        assert cancelled
        assert state(job) == "cancelled"
        if claim is not None:
            with pytest.raises(SupersededError), claim.writing():
                pass


def test_of_many_who_cancel_one_did() -> None:
    job = ask(0)
    claimed(job)
    assert sorted(at_once(*[lambda: cancel_job(job)] * 4)) == [False, False, False, True]


def test_of_many_who_retry_one_did() -> None:
    first = ask(0)
    second = ask(1, after=[first])
    finish_job(claimed(first), Job.State.FAILED, "no room")
    assert state(second) == "failed"
    assert sorted(at_once(*[lambda: retry_job(second)] * 4)) == [False, False, False, True]
    assert (state(first), state(second)) == ("queued", "queued")


def test_cancelled_and_retried_at_once_ends_as_one_of_them_says() -> None:
    for number in range(ROUNDS):
        job = ask(number)
        old = claimed(job)
        cancelled, retried = at_once(lambda job=job: cancel_job(job), lambda job=job: retry_job(job))
        assert cancelled
        assert state(job) == ("queued" if retried else "cancelled")
        with pytest.raises(SupersededError), old.writing():
            pass


def test_what_is_being_written_is_whole_before_the_cancel_counts() -> None:
    """A unit that is being stored when somebody cancels is stored; the next is refused."""
    job = ask(0)
    claim = claimed(job)
    inside, go_on = threading.Event(), threading.Event()

    def write() -> str:
        with claim.writing():
            inside.set()
            assert go_on.wait(60)
            return state(job)

    def cancel() -> bool:
        assert inside.wait(60)
        go_on.set()
        return cancel_job(job)

    assert at_once(write, cancel) == ["running", True]
    with pytest.raises(SupersededError):
        claim.progress(1, 2)


def test_a_queued_job_is_not_taken_while_it_learns_what_it_waits_for() -> None:
    first, job = ask(1), ask(2)
    asked, claims = threading.Event(), []

    def take() -> None:
        asked.set()
        try:
            claims.append(claim_job(job.pk, "one"))
        finally:
            connection.close()

    worker = threading.Thread(target=take)
    with transaction.atomic():
        assert ask(2, after=[first]) == job
        worker.start()
        assert asked.wait(60)
        worker.join(0.3)  # a worker that would take it has taken it by then
    worker.join()
    assert claims == [None]
    assert state(job) == "queued"
