"""Everything that is held about one observer, for themselves.

While a study is open its conditions and kinds of pairs aren't told: whoever knew them would look with other eyes.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet

from studyapp.forms import DEVICE, LOOKED
from studyapp.models import Decision, Study, StudySession, Trial
from studyapp.services.lab import lab_told, tied_to

FORMAT = "phoropter-own-data-1"


def held_about(session: StudySession) -> dict[str, Any]:
    """One observer's sittings with every answer, and what was told, noted and erased, as plain data.

    Sittings that only a lab's code ties to this one are left out, and so is the background then: they may be somebody
    else's. What was told on this one's own page stands with its pages.
    """
    sittings = session.observer.sessions.select_related("study", "slot", "instructions", "consent", "invitation")
    theirs = list(sittings.order_by("pk"))
    tied = tied_to(session, theirs)
    return {
        "format": FORMAT,
        "observer": {
            "code": session.observer.code,
            "background": {} if len(tied) < len(theirs) else session.observer.background,
            "first_seen_at": session.observer.created_at,
            "withdrawn_at": session.observer.withdrawn_at,
        },
        "sittings": [{name: told(one) for name, told in OF_SITTING.items()} for one in theirs if one in tied],
    }


def _study(session: StudySession) -> dict[str, Any]:
    return {"name": session.study.name, "question": session.study.question, "state": session.study.state}


def _agreed(session: StudySession) -> dict[str, Any] | None:
    if session.consent is None:
        return None
    return {"text": session.consent.text, "version": session.consent.version, "at": session.consented_at}


def _decided(session: StudySession) -> dict[str, Any] | None:
    decision: Decision | None = getattr(session, "decision", None)
    if decision is None:
        return None
    return {"pay": decision.pay, "use": decision.use, "reason": decision.reason, "at": decision.at}


def _erased(session: StudySession) -> dict[str, Any] | None:
    erasure = getattr(session, "erasure", None)
    return erasure and {"at": erasure.erased_at, "why": erasure.get_why_display()}


def _pages(session: StudySession) -> list[dict[str, Any]]:
    return [{"page": one.name, "part": one.part, "told": one.told, "at": one.done_at} for one in session.steps.all()]


def _pairs(session: StudySession) -> list[dict[str, Any]]:
    trials: QuerySet[Trial] = session.trials.select_related("content", "left__condition", "right__condition", "vote")
    is_blind = session.study.state != Study.State.CLOSED
    seen = trials.filter(Q(shown_at__isnull=False) | Q(vote__isnull=False)).prefetch_related("rejected")
    return [_pair(trial, is_blind=is_blind) for trial in seen.order_by("position")]


def _pair(trial: Trial, *, is_blind: bool) -> dict[str, Any]:
    vote = getattr(trial, "vote", None)
    shown = {} if is_blind else {
        "kind": trial.kind, "left": trial.left.condition.name, "right": trial.right.condition.name
    }  # fmt: skip
    return {
        "position": trial.position,
        "photo": trial.content.name,
        **shown,
        "shown_at": trial.shown_at,
        "answer": vote.answer if vote else None,
        "answered_at": vote.answered_at if vote else None,
        "looked": {name: getattr(vote, name) for name in LOOKED} if vote else None,
        "device": {name: getattr(trial, name) for name in DEVICE},
        "answered_on": {name: getattr(vote, name) for name in DEVICE} if vote else None,
        "answers_not_counted": [
            {"answer": one.answer, "at": one.received_at, "why": one.reason} for one in trial.rejected.all()
        ],
    }


OF_SITTING: dict[str, Callable[[StudySession], Any]] = {
    "number": lambda session: session.pk,
    "study": _study,
    "state": lambda session: session.state,
    "began_at": lambda session: session.started_at,
    "last_seen_at": lambda session: session.last_seen_at,
    "finished_at": lambda session: session.finished_at,
    "went_on_at": lambda session: session.went_on_at,
    "instructions": lambda session: {"text": session.instructions.text, "version": session.instructions.version},
    "agreed_to": _agreed,
    "language": lambda session: session.language,
    "written_down_by_the_lab": lab_told,
    "pages_around_the_pairs": _pages,
    "sent_along_by_the_panel": lambda session: session.panel,
    "known_to_the_panel_as": lambda session: session.person,
    "group": lambda session: session.group,
    "invitation": lambda session: session.invitation.code if session.invitation else None,
    "decided_by_the_researcher": _decided,
    "erased": _erased,
    "pairs": _pairs,
}
"""What is told of a sitting: a new thing that is kept of somebody is a line here."""
