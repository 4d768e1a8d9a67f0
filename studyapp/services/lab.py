"""What a lab's supervisor writes down before a sitting: measures in columns of their own, and words."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from studyapp.models import Observer, StudySession
from studyapp.models.observer import LAB_MEASURES


def lab_columns(told: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a sitting for it. What can't be such a measure stays among the words, and is lost nowhere."""
    measures = {name: told[name] for name in LAB_MEASURES if _can_be(name, told.get(name))}
    words = {name: value for name, value in told.items() if name not in measures}
    return {"lab": words, **{f"lab_{name}": measures.get(name) for name in LAB_MEASURES}}


def _can_be(name: str, value: Any) -> bool:
    least, most = LAB_MEASURES[name]
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def lab_told(session: StudySession) -> dict[str, Any]:
    """What was written down, as it was told."""
    measures = {name: getattr(session, f"lab_{name}") for name in LAB_MEASURES}
    return {**session.lab, **{name: value for name, value in measures.items() if value is not None}}


def observer_in_lab(sittings: QuerySet[StudySession], code: str) -> Observer | None:
    """Who sat there before under a supervisor's code, and hasn't withdrawn: their votes hang together."""
    return Observer.objects.filter(sessions__in=sittings.filter(lab__observer=code), withdrawn_at=None).first()


def is_shared(session: StudySession) -> bool:
    """Whether a lab's code alone ties a sitting to others."""
    theirs = list(session.observer.sessions.select_related("invitation"))
    return len(tied_to(session, theirs)) < len(theirs)


def tied_to(session: StudySession, theirs: Iterable[StudySession]) -> list[StudySession]:
    """Of its observer's sittings it and those that more than a lab's code ties to it: surely of whoever has its link.

    Anybody can type such a code.
    """
    tied, others = [session], [one for one in theirs if one.pk != session.pk]
    for one in tied:  # grows: what is tied to one of them is tied to all
        tied += [other for other in others if other not in tied and _are_tied(one, other)]
    return tied


def _are_tied(one: StudySession, other: StudySession) -> bool:
    """Whether two sittings of an observer name one person of a panel or one own invitation, or know no lab's code."""
    by_panel = one.person is not None and one.person == other.person
    by_invitation = one.invitation is not None and one.invitation == other.invitation and one.invitation.sittings == 1
    return by_panel or by_invitation or not ("observer" in one.lab or "observer" in other.lab)
