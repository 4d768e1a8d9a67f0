"""Following jobs from a terminal."""

import math
import sys
import time
from collections.abc import Sequence
from time import monotonic
from typing import Any

from tqdm import tqdm

from enhancement.models import Job
from enhancement.services.jobs import OPEN

LOOK_EVERY_S = 0.5
HINT_AFTER_S = 15.0


def follow(jobs: Sequence[Job]) -> bool:
    """Show a bar for each job until all have ended, True when all are done.

    Where nobody looks at a terminal, a line is written whenever a job's state changes.
    """
    bars = {job.pk: tqdm(desc=_words(job), total=1, bar_format=_FORMAT, file=sys.stderr, disable=None) for job in jobs}
    said: dict[int, str] = {}
    hint = monotonic() + HINT_AFTER_S
    while rows := list(Job.objects.filter(pk__in=bars).order_by("pk")):
        for job in rows:
            if bars[job.pk].disable:
                _say_once(said, job)
            else:
                _draw(bars[job.pk], job)
        if not any(job.state in OPEN for job in rows):
            break
        hint = _hint_once(hint, rows)
        time.sleep(LOOK_EVERY_S)
    for bar in bars.values():
        bar.close()
    for job in rows:
        if job.state != Job.State.DONE:
            tqdm.write(f"{job}: {job.state}. {job.error}", file=sys.stderr)
    return all(job.state == Job.State.DONE for job in rows)


_FORMAT = "{desc} {bar:24} {n_fmt}/{total_fmt}"


def advance(bar: "tqdm[Any]", done: int, total: int) -> None:
    """Bring a bar to where a function's progress callback says it is."""
    bar.total = total
    bar.update(done - bar.n)


def _draw(bar: "tqdm[Any]", job: Job) -> None:
    bar.total = max(job.total_units, 1)
    bar.n = bar.total if job.state == Job.State.DONE else job.done_units
    bar.set_description_str(_words(job))


def _say_once(said: dict[int, str], job: Job) -> None:
    words = _words(job).strip()
    if said.get(job.pk) != words:
        said[job.pk] = words
        sys.stderr.write(f"{words}\n")


def _hint_once(due: float, rows: Sequence[Job]) -> float:
    """Say where workers come from when none has taken anything for a while."""
    if any(job.attempt for job in rows):
        return math.inf
    if monotonic() < due:
        return due
    tqdm.write("No worker has taken a job yet. They come with `make serve`; is it running?", file=sys.stderr)
    return math.inf


def _words(job: Job) -> str:
    return f"{job.label[:32]:32}  {job.state:9}"
