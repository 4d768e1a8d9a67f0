"""Votes: the first answer to a trial is kept, whatever the network does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from studyapp.models import RejectedVote, Study, StudySession, Trial, Vote
from studyapp.services.sessions import Progress, finish_if_done, touch

SECOND_ANSWER = "a different second answer"
CORRECTED = "corrected by the observer"


class NotCountableError(Exception):
    """The answer came too late to count; it was kept as a rejected event."""


@dataclass(frozen=True)
class Receipt:
    """What an observer's page is told of an answer.

    Attributes:
        vote: The vote that counts.
        kept: False when another answer had been given before, which stands.
        progress: Where the sitting is with this answer.
    """

    vote: Vote
    kept: bool
    progress: Progress


def to_answer() -> QuerySet[Trial]:
    """Trials with what an answer needs of them, and no more: with every vote, columns cost more than the rows."""
    return Trial.objects.select_related("session__study", "vote").only(
        "shown_at",
        "session__state",
        "session__language",
        "session__study__state",
        "session__study__allow_tie",
        "session__study__allow_not_sure",
        "session__study__allow_correction",
        "vote__answer",
        "vote__corrected_from",
        "vote__answered_at",
    )


def record_vote(
    trial: Trial, answer: str, looked: Mapping[str, Any], device: Mapping[str, Any], *, corrects: str = ""
) -> Receipt:
    """Keep the first answer to a trial; the same answer again gets the same receipt.

    A different second answer is kept as a rejected event, never counted; unless the study allows corrections, and it
    says which answer it corrects: then it takes that one's place, once.

    Args:
        trial: As just read from `to_answer`.
        answer: left, right, tie or not_sure.
        looked: The columns of the vote that say how the pair was looked at.
        device: The columns of the vote that say on what, when it was given.
        corrects: The first answer, where its observer has taken it back.

    Raises:
        NotCountableError: The study has closed, or the sitting was given away or withdrawn.
    """
    try:
        return _record(trial, answer, looked, device, corrects)
    except IntegrityError:  # another request has stored an answer since the trial was read
        return _record(to_answer().get(pk=trial.pk), answer, looked, device, corrects)


def _record(trial: Trial, answer: str, looked: Mapping[str, Any], device: Mapping[str, Any], corrects: str) -> Receipt:
    with transaction.atomic():
        vote: Vote | None = getattr(trial, "vote", None)
        if vote and corrects and trial.session.study.allow_correction:
            vote = _correct(trial, vote, answer, {**looked, **device}, corrects)
        reason = "" if vote else _too_late(trial.session)  # the sign of life locks the sitting, and no other one
        if reason:  # the sitting may have ended with this very answer, sent twice; its lock has been waited for
            vote = Vote.objects.filter(trial=trial).first()
            reason = "" if vote else reason
        if vote is None and not reason:
            _note_showing(trial, looked["response_ms"])
            vote = Vote.objects.create(trial=trial, answer=answer, **looked, **device)
        stands = vote is not None and (vote.answer == answer or (not corrects and vote.corrected_from == answer))
        if not stands:
            RejectedVote.objects.create(trial=trial, answer=answer, reason=reason or SECOND_ANSWER)
        progress = finish_if_done(trial.session)
    if vote is None:
        raise NotCountableError(reason)
    return Receipt(vote, stands, progress)


def _correct(trial: Trial, vote: Vote, answer: str, told: Mapping[str, Any], corrects: str) -> Vote:
    """Put an answer in the place of the last one given, once; what that one said stays as an event.

    How and on what the pair was looked at is told with the answer that counts.
    """
    if corrects == answer or not _may_correct(trial.session):
        return Vote.objects.get(pk=vote.pk)  # as it stands by now: this very letter may have arrived before
    later = Vote.objects.filter(trial__session=trial.session_id, trial__position__gt=trial.position)
    still = Vote.objects.filter(~Exists(later), pk=vote.pk, answer=corrects, corrected_from="")
    if still.update(answer=answer, corrected_from=corrects, answered_at=timezone.now(), **told):
        event = RejectedVote.objects.create(trial=trial, answer=corrects, reason=CORRECTED)
        RejectedVote.objects.filter(pk=event.pk).update(received_at=vote.answered_at)
    return Vote.objects.get(pk=vote.pk)


def _may_correct(session: StudySession) -> bool:
    """Whether the observer hasn't gone on. A sign of life, which locks the sitting: the next answer waits."""
    if session.study.state == Study.State.CLOSED:
        return False
    here = StudySession.objects.filter(pk=session.pk, state__in=StudySession.HOLDING, went_on_at=None)
    if here.update(last_seen_at=timezone.now()):
        return True
    return session.state not in (StudySession.State.FINISHED, StudySession.State.WITHDRAWN) and touch(session)


def _too_late(session: StudySession) -> str:
    """Why an answer can't count any more; empty when it can."""
    if session.study.state == Study.State.CLOSED:
        return gettext_noop("the study has closed")
    if session.state == StudySession.State.WITHDRAWN:
        return gettext_noop("the observer has withdrawn")
    return "" if touch(session) else gettext_noop("the sitting was given to another observer")


def _note_showing(trial: Trial, response_ms: int) -> None:
    """An answer proves a showing, even where the word of it was lost on the way; but not on what it was."""
    if trial.shown_at is not None:
        return
    shown_at = timezone.now() - timedelta(milliseconds=response_ms)
    Trial.objects.filter(pk=trial.pk, shown_at=None).update(shown_at=shown_at)
