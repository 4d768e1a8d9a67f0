"""Second thoughts: which answer may still be taken back, and how an observer goes on past the last one."""

from django.utils import timezone

from studyapp.models import Study, StudySession, Trial


def last_answer(session: StudySession) -> Trial | None:
    """The last answered trial, with its vote, where the observer may still say otherwise; no query where nobody may.

    It wasn't corrected before, and the observer hasn't gone on from the end of the pairs.
    """
    study = session.study
    is_over = study.state == Study.State.CLOSED or session.state == StudySession.State.WITHDRAWN
    if not study.allow_correction or is_over or session.went_on_at is not None:
        return None
    answered = session.trials.filter(vote__isnull=False).select_related("vote", "left__raster")
    last = answered.order_by("-position").first()
    return last if last is not None and not last.vote.corrected_from else None


def is_at_end_of_pairs(session: StudySession) -> bool:
    """Whether every pair is answered and the observer is asked whether the last answer stands."""
    return session.state == StudySession.State.FINISHED and last_answer(session) is not None


def go_on(session: StudySession) -> None:
    """Let the last answer stand: the observer goes on from the pairs. Said again, the first time counts."""
    waiting = StudySession.objects.filter(
        pk=session.pk, state=StudySession.State.FINISHED, went_on_at=None, study__allow_correction=True
    )
    waiting.update(went_on_at=timezone.now())
