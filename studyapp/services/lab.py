"""What a lab's supervisor writes down before a sitting: measures in columns of their own, and words."""

from collections.abc import Mapping
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
    """Whether a lab's code alone ties a sitting to others. Anybody can type such a code: their links stay apart."""
    return "observer" in session.lab and session.observer.sessions.exclude(pk=session.pk).exists()
