"""Withdrawing: an observer takes back what they gave. A row stays that counts them, and tells nothing of them."""

import logging
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from studyapp.models import Decision, Erasure, Observer, SessionStep, Study, StudySession, Trial
from studyapp.services.erasing import erase_traces
from studyapp.services.lab import lab_columns, tied_to
from studyapp.services.places import give_back

log = logging.getLogger(__name__)

OF_OBSERVER: dict[str, Any] = {"background": {}}
"""Columns of an observer that say something of them."""
OF_SITTING: dict[str, Any] = {"group": "", **lab_columns({})}


@transaction.atomic
def withdraw(session: StudySession) -> int:
    """Withdraw an observer with every sitting of theirs. Said again, nothing changes. Returns how many sittings.

    Sittings that only a lab's code ties to others withdraw without them, as an observer of their own. Votes count
    nowhere from now on, and places in design and quota are free; what told of the observer is erased, also what the
    researcher noted on them.
    """
    now = timezone.now()
    studies = StudySession.objects.filter(observer=session.observer_id).values("study")
    list(Study.objects.filter(pk__in=studies).order_by("pk").select_for_update())  # places move under their locks
    observer = Observer.objects.get(sessions=session.pk)  # it may have been set apart meanwhile
    locked = observer.sessions.select_related("invitation").select_for_update(of=("self",))
    theirs = list(locked.order_by("pk"))  # once, in the order in which all else locks sittings
    tied = tied_to(session, theirs)
    if others := [one for one in theirs if one not in tied]:
        observer = _set_apart(observer, tied, others)
    keys = [one.pk for one in theirs if one in tied and one.state != StudySession.State.WITHDRAWN]
    sittings = StudySession.objects.filter(pk__in=keys)
    number = erase_traces(sittings, Erasure.Why.WITHDRAWN, now)
    sittings.update(state=StudySession.State.WITHDRAWN, **OF_SITTING)
    give_back(Trial.objects.filter(session__in=keys))
    SessionStep.objects.filter(session__in=keys).update(told={})
    Decision.objects.filter(session__in=keys).delete()
    Observer.objects.filter(pk=observer.pk, withdrawn_at=None).update(withdrawn_at=now, **OF_OBSERVER)
    if number:
        log.info("an observer of study %s withdrew: %d sittings", session.study_id, number)
    return number


def _set_apart(shared: Observer, sittings: Sequence[StudySession], others: Sequence[StudySession]) -> Observer:
    """Give sittings an observer of their own. With the shared one stays of its background what the others told."""
    pages = SessionStep.objects.filter(name=SessionStep.Name.BACKGROUND).order_by("pk")
    told = [one for one in pages.filter(session__in=others).values_list("told", flat=True) if one]
    if pages.filter(session__in=sittings).exists() and shared.background not in told:
        Observer.objects.filter(pk=shared.pk).update(background=told[0] if told else {})
    own = Observer.objects.create()
    StudySession.objects.filter(pk__in=[one.pk for one in sittings]).update(observer=own)
    return own
