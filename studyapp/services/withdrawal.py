"""Withdrawing: an observer takes back what they gave. A row stays that counts them, and tells nothing of them."""

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from studyapp.models import Decision, Erasure, Observer, SessionStep, Study, StudySession, Trial
from studyapp.services.erasing import erase_traces
from studyapp.services.lab import is_shared, lab_columns
from studyapp.services.places import give_back

log = logging.getLogger(__name__)

OF_OBSERVER: dict[str, Any] = {"background": {}}
"""Columns of an observer that say something of them."""
OF_SITTING: dict[str, Any] = {"group": "", **lab_columns({})}


@transaction.atomic
def withdraw(session: StudySession) -> int:
    """Withdraw an observer with every sitting of theirs. Said again, nothing changes. Returns how many sittings.

    A sitting that only a lab's code ties to others withdraws alone, as an observer of its own. Votes count nowhere
    from now on, and places in design and quota are free; what told of the observer is erased, also what the researcher
    noted on them.
    """
    now = timezone.now()
    studies = StudySession.objects.filter(observer=session.observer_id).values("study")
    list(Study.objects.filter(pk__in=studies).order_by("pk").select_for_update())  # places move under their locks
    _set_apart(session)
    theirs = StudySession.objects.filter(observer=session.observer_id).exclude(state=StudySession.State.WITHDRAWN)
    keys = [one.pk for one in theirs.order_by("pk").select_for_update()]
    sittings = StudySession.objects.filter(pk__in=keys)
    number = erase_traces(sittings, Erasure.Why.WITHDRAWN, now)
    sittings.update(state=StudySession.State.WITHDRAWN, **OF_SITTING)
    give_back(Trial.objects.filter(session__in=keys))
    SessionStep.objects.filter(session__in=keys).update(told={})
    Decision.objects.filter(session__in=keys).delete()
    Observer.objects.filter(pk=session.observer_id, withdrawn_at=None).update(withdrawn_at=now, **OF_OBSERVER)
    if number:
        log.info("an observer of study %s withdrew: %d sittings", session.study_id, number)
    return number


def _set_apart(session: StudySession) -> None:
    """Give a sitting that shares a lab's code an observer of its own; what the code told of stays with the others."""
    locked = StudySession.objects.select_for_update(of=("self",)).select_related("observer").get(pk=session.pk)
    if is_shared(locked):
        locked.observer = Observer.objects.create()
        locked.save(update_fields=["observer"])
    session.observer = locked.observer
