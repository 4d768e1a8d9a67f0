"""Sittings that have begun: signs of life, where they are, how they end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, Window
from django.utils import timezone

from studyapp.forms import LOOKED
from studyapp.models import Study, StudySession, Trial
from studyapp.services.arrivals import is_spent
from studyapp.services.corrections import last_answer
from studyapp.services.places import take_up_again
from studyapp.services.quotas import QuotaFullError, pause_if_complete, refuse_full
from studyapp.services.rhythm import rhythm_of
from studyapp.services.texts import newest_texts, question_in

JUST_NOW = timedelta(seconds=30)
"""A showing follows its vote at once, as a rule: the sign of life is not written down twice."""


def touch(session: StudySession) -> bool:
    """A sign of life. One who comes back to an abandoned sitting goes on with it, unless its places were given away."""
    if session.state == StudySession.State.FINISHED:
        return True
    active = StudySession.objects.filter(pk=session.pk, state=StudySession.State.ACTIVE)
    return bool(active.update(last_seen_at=timezone.now())) or take_up_again(session, allowed=_may_come_back)


def _may_come_back(study: Study, session: StudySession) -> bool:
    """Whether quota and invitation have a place left for an abandoned sitting; the study's row is held."""
    try:
        if not (session.pilot or session.simulated):
            refuse_full(study, session.group)
    except QuotaFullError:
        return False
    return session.invitation is None or not is_spent(session.invitation)


def state_of(session: StudySession) -> dict[str, Any]:
    """What the trial page starts from: how far, the question, and the pair to show with the one after it."""
    study = session.study
    ties = ["tie"] * study.allow_tie + ["not_sure"] * study.allow_not_sure
    progress = progress_of(session)
    question, language = question_in(study, session.language, newest_texts(study))
    return {
        **as_told(progress),
        **rhythm_of(session),
        "question": question,
        "question_language": language,
        "answers": ["left", "right", *ties],
        "correction": study.allow_correction,
        "last": last_told(session),
        "place_url": f"/look/{session.token}/place/",
        "onward_url": f"/look/{session.token}/onward/",
        "finish_url": f"/look/{session.token}/thanks/",
    }


@dataclass(frozen=True)
class Progress:
    """Where a sitting is.

    Attributes:
        answered: Trials answered.
        total: Trials in it.
        coming: The trial to show now and the one after it; fewer at the end.
    """

    answered: int
    total: int
    coming: tuple[Trial, ...]


def progress_of(session: StudySession) -> Progress:
    """Where a sitting is now; one query but at its end, for it is asked with every vote."""
    counted = Trial.objects.filter(session=OuterRef("session")).order_by().values("session").annotate(of=Count("pk"))
    unanswered = session.trials.filter(vote=None).annotate(unanswered=Window(Count("pk")), total=counted.values("of"))
    coming: tuple[Any, ...] = tuple(unanswered.select_related("left__raster").order_by("position")[:2])
    if coming:
        return Progress(coming[0].total - coming[0].unanswered, coming[0].total, coming)
    total = session.trials.count()
    return Progress(total, total, ())


def as_told(progress: Progress) -> dict[str, Any]:
    """Progress as the page is told of it."""
    trials = [as_shown(trial) for trial in progress.coming]
    return {"answered": progress.answered, "total": progress.total, "trials": trials}


def last_told(session: StudySession) -> dict[str, Any] | None:
    """What the page needs to take the last answer back: the pair, what was said, and how it had been looked at."""
    trial = last_answer(session)
    if trial is None:
        return None
    looked = {name: getattr(trial.vote, name) for name in LOOKED}
    return {"trial": as_shown(trial), "answer": trial.vote.answer, "looked": looked}


def as_shown(trial: Trial) -> dict[str, Any]:
    """A trial as the page is told of it: addresses and sizes, nothing that tells what they show."""
    raster = trial.left.raster
    return {
        "id": trial.token,
        "position": trial.position,
        "width": raster.width_px,
        "height": raster.height_px,
        "tile": raster.tile_px,
        "levels": raster.levels,
        "left": f"/seen/{trial.left_token}/",
        "right": f"/seen/{trial.right_token}/",
        "shown_url": f"/trial/{trial.token}/shown/",
        "vote_url": f"/trial/{trial.token}/vote/",
    }


def mark_shown(trial: Trial, device: Mapping[str, Any]) -> None:
    """Keep when both sides were first painted, and on what; the first showing counts."""
    now = timezone.now()
    kept = ~Q(session__state=StudySession.State.WITHDRAWN)
    Trial.objects.filter(kept, pk=trial.pk, shown_at=None).update(shown_at=now, **device)
    if now - trial.session.last_seen_at > JUST_NOW:
        StudySession.objects.filter(pk=trial.session_id).update(last_seen_at=now)


def finish_if_done(session: StudySession) -> Progress:
    """End a sitting whose every trial is answered. Returns where it is then."""
    progress = progress_of(session)
    if not progress.coming:
        ended = StudySession.objects.filter(pk=session.pk, state=StudySession.State.ACTIVE).update(
            state=StudySession.State.FINISHED, finished_at=F("last_seen_at")
        )
        if ended:
            transaction.on_commit(partial(pause_if_complete, session.study_id))
    return progress
