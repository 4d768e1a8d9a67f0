"""What of a sitting can be erased, and erasing it. No vote and no trial goes: numbers rest on them.

Tables say it, so that a new column or page that tells on a person or a device is a line here.
"""

from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from studyapp.models import Erasure, Invitation, SessionStep, StudySession, Trial, Vote
from studyapp.services.devices import OF_DEVICE

OF_PANEL: dict[str, Any] = {"panel": {}, "person": None, "invitation": None}
"""Columns of a sitting that lead to somebody outside of this installation."""
PAGES_OF_DEVICE = (SessionStep.Name.SCREEN, SessionStep.Name.CALIBRATION)
"""Pages on which a device was measured. What the rings told in the end stays: it is about eyes."""


def erase_traces(sessions: QuerySet[StudySession], why: Erasure.Why, now: datetime) -> int:
    """Erase device data and what leads to a person of sittings, and note it. Returns of how many.

    An invitation stays used, though nothing says any more by whom.
    """
    chosen = list(sessions.order_by("pk").select_for_update())
    keys = [session.pk for session in chosen]
    Trial.objects.filter(session__in=keys).update(**OF_DEVICE)
    Vote.objects.filter(trial__session__in=keys).update(**OF_DEVICE)
    SessionStep.objects.filter(session__in=keys, name__in=PAGES_OF_DEVICE).update(told={})
    for session in chosen:
        if session.invitation_id is not None and session.state != StudySession.State.ABANDONED:
            Invitation.objects.filter(pk=session.invitation_id).update(unlinked=F("unlinked") + 1)
    StudySession.objects.filter(pk__in=keys).update(**OF_PANEL)
    Erasure.objects.bulk_create(
        (Erasure(session_id=key, why=why, erased_at=now) for key in keys),
        update_conflicts=True, unique_fields=["session"], update_fields=["why", "erased_at"],
    )  # fmt: skip
    return len(keys)
