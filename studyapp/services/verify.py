"""Everything that the design promises, as one table of checks; and what no row refers to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.core.files.storage import default_storage

from enhancement.models import Job
from enhancement.services.jobs import OPEN
from enhancement.services.verification import Check
from enhancement.services.verify_files import FILE_CHECKS, Stray, strays
from enhancement.services.verify_rows import ROW_CHECKS
from studyapp.services.verify_renderings import ALL_FOLDERS, RENDERING_CHECKS
from studyapp.services.verify_schedule import SCHEDULE_CHECKS
from studyapp.services.verify_votes import VOTE_CHECKS

CHECKS: tuple[Check, ...] = (*FILE_CHECKS, *ROW_CHECKS, *RENDERING_CHECKS, *SCHEDULE_CHECKS, *VOTE_CHECKS)


class WorkUnderWayError(Exception):
    """Jobs are open, and may be about to refer to files that nobody refers to yet."""


@dataclass
class StrayCount:
    """Files that no row refers to.

    Attributes:
        looked: Files in the folders that were looked through.
        young: Those that a worker may still be about to refer to.
        old: Those older than a day: nobody's.
        half_written: Of all of them, those that a killed process left unfinished.
        removed: Those that were removed.
    """

    looked: int = 0
    young: int = 0
    old: int = 0
    half_written: int = 0
    removed: int = 0
    size_bytes: int = 0
    names: list[str] = field(default_factory=list)


def count_strays(now: datetime, *, remove: bool = False, each: Callable[[Stray], None] | None = None) -> StrayCount:
    """Look for files that no row refers to, and remove those older than a day if so asked.

    Raises:
        WorkUnderWayError: To be removed while jobs are open.
    """
    if remove and Job.objects.filter(state__in=OPEN).exists():
        raise WorkUnderWayError("Jobs are queued or running; remove orphans when they are done.")
    count = StrayCount()

    def seen(files: int) -> None:
        count.looked += files

    for stray in strays(ALL_FOLDERS, seen):
        _count(count, stray, stray.is_old(now))
        if each is not None:
            each(stray)
        if remove and stray.is_old(now) and default_storage.get_modified_time(stray.name) == stray.changed_at:
            default_storage.delete(stray.name)
            count.removed += 1
    return count


def _count(count: StrayCount, stray: Stray, old: bool) -> None:
    count.size_bytes += stray.size_bytes
    count.old += old
    count.young += not old
    count.half_written += stray.name.endswith(".partial")
    if len(count.names) < 20:
        count.names.append(stray.name)
