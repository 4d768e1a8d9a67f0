"""Rehearsals: letting simulated observers in under a signed mark, and forgetting them.

A sitting is simulated from its first row on or never: the mark is read when it begins, and nothing changes it later.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from studyapp.definition import StudyProblemError
from studyapp.models import Batch, Observer, RejectedVote, SessionStep, Slot, Study, StudySession, Trial, Vote
from studyapp.models.observer import Lane
from studyapp.services.studies import problems_of_opening

SALT = "studyapp.rehearsals"
MARK_MAX_AGE_S = 600


class BadMarkError(Exception):
    """A mark that wasn't signed here, for this study, within the last minutes."""


@dataclass(frozen=True)
class Rehearsal:
    """One run of simulated observers through a study.

    Attributes:
        run: Its code, kept with each of its sittings.
    """

    study: Study
    run: str

    def mark_of(self, number: int) -> str:
        """The signed mark of person n: seats them for some minutes from now, and can't be made without our key."""
        return signing.dumps([self.study.code, self.run, number], salt=SALT)

    @property
    def sittings(self) -> QuerySet[StudySession]:
        """Those of this run."""
        return self.study.sessions.filter(simulated=True, panel__rehearsal=self.run)


def start_rehearsal(study: Study) -> Rehearsal:
    """A rehearsal of a study that is ready to be shown, whether observers are let in yet or not.

    Raises:
        StudyProblemError: It has closed, or lacks something that observers would need.
    """
    if problems := problems_of_opening(study):
        raise StudyProblemError(problems)
    return Rehearsal(study, f"r-{secrets.token_hex(4)}")


def read_mark(study: Study, mark: str) -> str:
    """The run that a mark was signed for.

    Raises:
        BadMarkError: It says nothing, of this study, or not any more; nobody is seated by it, as what or whom ever.
    """
    try:
        code, run, _number = signing.loads(mark, salt=SALT, max_age=MARK_MAX_AGE_S)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BadMarkError("This mark of a simulated observer wasn't signed here, or not just now.") from error
    if code != study.code:
        raise BadMarkError("This mark of a simulated observer is for another study.")
    return str(run)


def make_overdue(tokens: Iterable[str]) -> None:
    """Let the lease of simulated sittings pass now, as if nobody had been heard of since: their places can be taken."""
    simulated = StudySession.objects.filter(token__in=list(tokens), simulated=True)
    for session in simulated.select_related("study"):
        lease = timedelta(minutes=session.study.lease_minutes, seconds=1)
        StudySession.objects.filter(pk=session.pk).update(last_seen_at=timezone.now() - lease)


@transaction.atomic
def forget_rehearsals(study: Study) -> int:
    """Take every simulated sitting of a study away whole, with its votes: no number rests on them. Returns how many.

    Sittings of people are never touched. Where none of those exist, the study's design can be changed again.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    simulated = study.sessions.filter(simulated=True)
    sittings, observers = (
        list(simulated.values_list("pk", flat=True)),
        list(simulated.values_list("observer", flat=True)),
    )
    trials = Trial.objects.filter(session__in=sittings)
    RejectedVote.objects.filter(trial__in=trials).delete()
    Vote.objects.filter(trial__in=trials).delete()
    trials.filter(repeats__isnull=False).delete()
    trials.delete()
    SessionStep.objects.filter(session__in=sittings).delete()
    StudySession.objects.filter(pk__in=sittings).delete()
    Observer.objects.filter(pk__in=observers, sessions=None).delete()
    Slot.objects.filter(study=study, lane=Lane.SIMULATED, sessions=None).delete()
    Batch.objects.filter(study=study, lane=Lane.SIMULATED, slots=None).delete()
    return len(sittings)
