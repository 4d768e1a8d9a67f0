"""How fast a job goes and how long it will take: from the units of its running attempt, or not at all."""

from datetime import datetime

from enhancement.models import Job

UNITS_TO_GO_BY = 2
"""After fewer than these, what a unit takes is a guess: the first one also holds the loading of a network."""

SLOWER_THAN_BEFORE = 3
"""A unit that has taken this many times as long as those before it says that they are no guide to the rest."""


def seconds_per_unit(job: Job) -> float | None:
    """What a unit of this attempt took on average; None while it can't be known."""
    if job.state != Job.State.RUNNING or job.started_at is None or job.progress_at is None:
        return None
    done = job.done_units - job.earlier_units
    if done < UNITS_TO_GO_BY:
        return None
    return (job.progress_at - job.started_at).total_seconds() / done


def seconds_left(job: Job, now: datetime) -> float | None:
    """How long a running job will still take; None while it can't be known, or no longer can."""
    each_s = seconds_per_unit(job)
    if each_s is None or job.progress_at is None or job.done_units >= job.total_units:
        return None
    since_s = (now - job.progress_at).total_seconds()
    if since_s > max(SLOWER_THAN_BEFORE * each_s, 30):
        return None
    units_left = job.total_units - job.done_units
    # The unit at work isn't done yet, however long it takes: those after it are still to come.
    return max(units_left * each_s - since_s, (units_left - 1) * each_s, 0.0)


def roughly(seconds: float) -> str:
    """A time to wait, no more exact than it can be: ``40 s``, ``4 min``, ``1 h 20 min``."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 95:
        return f"{round(seconds, -1):.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, tens = divmod(round(minutes, -1), 60)
    return f"{hours} h {tens} min" if tens else f"{hours} h"


def precisely(seconds: float) -> str:
    """A time that was measured: ``0.3 s``, ``21 s``, ``3 min 5 s``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest if not hours else 0, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)
