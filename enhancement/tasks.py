"""The one Celery task: claim a job, run it, keep its heart beating meanwhile."""

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from celery import shared_task
from django.conf import settings
from django.db import Error, connection

from enhancement.services.jobs import RUN_JOB, Claim, beat, claim_job, run

log = logging.getLogger(__name__)


@shared_task(name=RUN_JOB, ignore_result=True)
def run_job(job_id: int) -> None:
    """Run a job if it is free; a bell rung twice finds it taken."""
    claim = claim_job(job_id, owner=f"{socket.gethostname()}:{os.getpid()}")
    if claim is not None:
        with _heart(claim):
            run(claim)


@contextmanager
def _heart(claim: Claim) -> Iterator[None]:
    """Beat from a thread of its own: one unit may take minutes, and torch lets other threads run."""
    stop = threading.Event()

    def pump() -> None:
        try:
            while not stop.wait(settings.JOB_HEARTBEAT_S) and _beats(claim):
                pass
        finally:
            connection.close()

    thread = threading.Thread(target=pump, name=f"heart of job {claim.job_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _beats(claim: Claim) -> bool:
    """One beat. A database that can't be written to for a moment doesn't stop the heart."""
    try:
        return beat(claim)
    except Error as error:
        log.warning("job %s: a heartbeat could not be written (%s)", claim.job_id, error)
        connection.close()
        return True
