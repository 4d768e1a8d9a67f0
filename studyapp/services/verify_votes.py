"""Is every vote one that counts once, on a trial that was shown, in a sitting that may vote?"""

from collections.abc import Iterator
from datetime import timedelta
from functools import reduce
from operator import or_

from django.db.models import Count, Exists, F, OuterRef, Q

from enhancement.services.verification import Check, Look, Violation, all_that
from enhancement.services.verify_rows import REPORT
from studyapp.models import Decision, RejectedVote, SessionStep, StudySession, Trial, Vote
from studyapp.services.devices import device_told
from studyapp.services.lab import lab_columns
from studyapp.services.schedules import MARKS
from studyapp.services.votes import CORRECTED, SECOND_ANSWER

CLOCKS_DIFFER = timedelta(minutes=1)
"""What the clocks of several web servers may be apart."""
EXCLUDE = "leave this sitting out of the analysis, and report it"


def votes_once(look: Look) -> Iterator[Violation]:
    """One countable vote on a trial, and an answer that the study takes."""
    twice = Vote.objects.order_by().values("trial").annotate(n=Count("pk")).filter(n__gt=1).values("trial")
    yield from all_that(Trial.objects.filter(pk__in=twice), "it has more than one countable vote", REPORT)
    not_taken = Q(answer="tie", trial__session__study__allow_tie=False)
    not_taken |= Q(answer="not_sure", trial__session__study__allow_not_sure=False)
    yield from all_that(Vote.objects.filter(not_taken), "its study doesn't take that answer", EXCLUDE)
    look.seen(Vote.objects.count())


def votes_shown(look: Look) -> Iterator[Violation]:
    """A vote is on what was painted before, by a sitting of the study whose renderings it shows."""
    votes = Vote.objects.all()
    yield from all_that(votes.filter(trial__shown_at=None), "its trial was never shown", EXCLUDE)
    early = votes.filter(trial__shown_at__gt=F("answered_at") + CLOCKS_DIFFER)
    yield from all_that(early, "it was given before its trial was shown", EXCLUDE)
    look.seen(votes.count())


def trials_own(look: Look) -> Iterator[Violation]:
    """Both sides of a trial show its content, in renderings of its own study."""
    trials, study = Trial.objects.all(), F("session__study")
    for side in ("left", "right"):
        strange = ~Q(**{f"{side}__raster__study": study}) | ~Q(**{f"{side}__raster__content": F("content")})
        yield from all_that(trials.filter(strange), f"its {side} side is of another study or content", EXCLUDE)
    look.seen(trials.count())


def rejected(look: Look) -> Iterator[Violation]:
    """What was rejected has a reason, and where it was a second answer, the first one stands and differs."""
    events = RejectedVote.objects.all()
    yield from all_that(events.filter(reason=""), "nobody knows why it was rejected", REPORT)
    first = Vote.objects.filter(~Q(answer=OuterRef("answer")) | ~Q(corrected_from=""), trial=OuterRef("trial"))
    second = events.filter(reason=SECOND_ANSWER).exclude(Exists(first))
    yield from all_that(second, "it was rejected for an answer that isn't there", REPORT)
    corrected = Vote.objects.exclude(corrected_from="")
    before = events.filter(trial=OuterRef("trial"), answer=OuterRef("corrected_from"), reason=CORRECTED)
    yield from all_that(corrected.exclude(Exists(before)), "it was corrected, but the first answer isn't kept", REPORT)
    not_allowed = corrected.filter(trial__session__study__allow_correction=False)
    yield from all_that(not_allowed, "it was corrected, which its study doesn't allow", EXCLUDE)
    yield from all_that(corrected.filter(_corrected_late()), "it was corrected after its observer had gone on", EXCLUDE)
    look.seen(events.count())


def _corrected_late() -> Q:
    """Corrected after the next answer, or after the observer let the last one stand."""
    of_sitting = Vote.objects.filter(trial__session=OuterRef("trial__session"))
    after_it = of_sitting.filter(trial__position__gt=OuterRef("trial__position"))
    overtaken = after_it.filter(answered_at__lt=OuterRef("answered_at") - CLOCKS_DIFFER)
    return Exists(overtaken) | Q(answered_at__gt=F("trial__session__went_on_at") + CLOCKS_DIFFER)


def sittings(look: Look) -> Iterator[Violation]:
    """A sitting belongs to one study throughout; a finished one is answered; who withdrew is still counted."""
    sessions, state = StudySession.objects.all(), StudySession.State
    strange = ~Q(slot__study=F("study")) | ~Q(instructions__study=F("study")) | ~Q(instructions__kind="instructions")
    strange |= Q(consent__isnull=False) & (~Q(consent__study=F("study")) | ~Q(consent__kind="consent"))
    yield from all_that(sessions.filter(strange), "its slot or its texts are another study's", EXCLUDE)
    unanswered = Trial.objects.filter(session=OuterRef("pk"), vote=None)
    finished = sessions.filter(state=state.FINISHED)
    yield from all_that(finished.filter(Exists(unanswered)), "it is finished, but not every trial has its vote", REPORT)
    yield from all_that(finished.filter(finished_at=None), "it is finished, but not when", REPORT)
    early = sessions.filter(went_on_at__lt=F("finished_at") - CLOCKS_DIFFER)
    yield from all_that(early, "its observer went on from the last pair before it was answered", REPORT)
    gone = Q(state=state.WITHDRAWN, observer__withdrawn_at=None)
    yield from all_that(sessions.filter(gone), "it was withdrawn, but its observer wasn't", REPORT)
    known = ~Q(panel={}) | ~Q(**lab_columns({})) | ~Q(observer__background={})
    known |= Q(person__isnull=False) | Q(invitation__isnull=False)
    known |= Q(Exists(Trial.objects.filter(device_told() | device_told("vote__"), session=OuterRef("pk"))))
    known |= Q(Exists(SessionStep.objects.filter(session=OuterRef("pk")).exclude(told={})))
    known |= Q(Exists(Decision.objects.filter(session=OuterRef("pk"))))
    told = sessions.filter(known, state=state.WITHDRAWN)
    yield from all_that(told, "it was withdrawn, but still tells who or on what", "report it; its erasure broke off")
    look.seen(sessions.count())


def counted(look: Look) -> Iterator[Violation]:
    """Pilot and simulated sittings draw from lanes of their own, so that none takes a place of those that count."""
    sessions = StudySession.objects.all()
    right = reduce(or_, (marks & Q(slot__lane=lane) for lane, marks in MARKS.items()))
    yield from all_that(sessions.exclude(right), "it sits in another lane than it is marked", EXCLUDE)
    compared = Trial.objects.filter(kind=Trial.Kind.MAIN)
    gold = compared.filter(Q(left__condition__worse_than__isnull=False) | Q(right__condition__worse_than__isnull=False))
    yield from all_that(gold, "it counts, but shows a condition that only stands in gold pairs", EXCLUDE)
    look.seen(sessions.count())


VOTE_CHECKS = (
    Check(
        "votes once",
        "A trial has at most one countable vote, and an answer that its study takes.",
        "votes",
        Vote.objects.count,
        votes_once,
    ),
    Check(
        "votes on showings", "A vote is on a trial that was shown before it.", "votes", Vote.objects.count, votes_shown
    ),
    Check(
        "trials their study's",
        "Both sides of a trial show its content, in the study's own renderings.",
        "trials",
        Trial.objects.count,
        trials_own,
    ),
    Check(
        "rejected votes apart",
        "A different second vote is kept as a rejected event, with its reason, beside the one that counts.",
        "rejected votes",
        RejectedVote.objects.count,
        rejected,
    ),
    Check(
        "sittings complete",
        "A sitting is of one study, a finished one has every answer, and one withdrawn leaves its observer counted.",
        "sittings",
        StudySession.objects.count,
        sittings,
    ),
    Check(
        "what counts",
        "Only main trials of sittings that are neither pilot nor simulated count.",
        "sittings",
        StudySession.objects.count,
        counted,
    ),
)
