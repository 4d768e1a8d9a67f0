"""How long device data and panel ids are kept: erased by the clock, an hour late at most, and said where they were."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Min, Q, QuerySet
from django.utils import timezone

from studyapp.models import Erasure, Study, StudySession, Trial, Vote
from studyapp.services.devices import OF_DEVICE, device_told
from studyapp.services.erasing import erase_traces

log = logging.getLogger(__name__)

AT_ONCE = 200
"""Sittings erased in one transaction: votes wait for no longer."""

TELLS = Q(erasure=None) | Q(erasure__why=Erasure.Why.DUE, erasure__erased_at__lt=F("last_seen_at"))
"""Sittings with something to erase: nothing was yet, or its observer has come back since."""


@dataclass(frozen=True)
class Kept:
    """How a study's device data and panel ids stand.

    Attributes:
        days: For how long they are kept after a sitting's end; None for good.
        erased: Sittings of which they were erased because that time was over.
        next_at: When the next ones will be; None where there are none, or they are kept for good.
    """

    days: int | None
    erased: int
    next_at: datetime | None


def days_kept(study: Study) -> int | None:
    """The shorter of what study and installation say: a study may keep less long, never longer."""
    told = [days for days in (study.keep_device_days, settings.DEVICE_KEEP_DAYS or None) if days is not None]
    return min(told, default=None)


def kept_of(study: Study) -> Kept:
    """For the study's page."""
    days = days_kept(study)
    told = study.sessions.filter(simulated=False).aggregate(
        erased=Count("erasure", filter=Q(erasure__why=Erasure.Why.DUE)),
        oldest=Min("last_seen_at", filter=TELLS),
    )
    due = None if days is None or told["oldest"] is None else told["oldest"] + timedelta(days=days)
    return Kept(days, told["erased"], due)


def due(study: Study, now: datetime) -> QuerySet[StudySession]:
    """Sittings of people whose end, or last sign of life, is as long ago as the study keeps what they left behind."""
    days = days_kept(study)
    if days is None:
        return StudySession.objects.none()
    return study.sessions.filter(TELLS, simulated=False, last_seen_at__lt=now - timedelta(days=days))


def erase_due() -> int:
    """Erase whatever is due, of every study; run by `tend_jobs` every hour. Returns of how many sittings."""
    now, erased = timezone.now(), 0
    for study in Study.objects.order_by("pk"):
        of_study = 0
        while number := _erase_some(study, now):
            of_study += number
        if of_study:
            log.info(
                "study %s: device data and panel ids of %d sittings erased, as their time was over", study.pk, of_study
            )
        erased += of_study
    _erase_late_words()
    return erased


@transaction.atomic
def _erase_some(study: Study, now: datetime) -> int:
    some = list(due(study, now).values_list("pk", flat=True)[:AT_ONCE])
    return erase_traces(StudySession.objects.filter(pk__in=some), Erasure.Why.DUE, now) if some else 0


def _erase_late_words() -> None:
    """Word of a showing may have been stored in the very moment in which its observer withdrew. Votes wait for that."""
    withdrawn = StudySession.State.WITHDRAWN
    Trial.objects.filter(device_told(), session__state=withdrawn).update(**OF_DEVICE)
    Vote.objects.filter(device_told(), trial__session__state=withdrawn).update(**OF_DEVICE)
