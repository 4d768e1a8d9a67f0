"""Which batch a new slot draws on, and asking for the next one.

Each lane has batches of its own, made from its own votes: neither a pilot nor a rehearsal steers what observers see,
and both see what an adaptive study looks like.
"""

from django.db.models import Max, QuerySet

from enhancement.models import Job
from enhancement.services.jobs import request_job
from studyapp.design import adaptive
from studyapp.design.schedule import Design, counts
from studyapp.models import Batch, Decision, Slot, Study, StudySession, Trial, Vote
from studyapp.models.observer import Lane
from studyapp.models.study import Policy
from studyapp.services.schedules import MARKS

KIND = "batch"


def latest_batch(study: Study, lane: Lane) -> Batch | None:
    """What a slot that is laid out now draws on; none where the study isn't adaptive, or has no batch yet."""
    if study.policy_version != Policy.ADAPTIVE:
        return None
    return study.batches.filter(lane=lane).order_by("-number").first()


def drawn_on(slot: Slot) -> adaptive.Batch | None:
    """The batch of a slot, as the design reads it."""
    if slot.batch is None:
        return None
    return adaptive.Batch(slot.batch.number, tuple((one, other) for one, other in slot.batch.pairs))


def batch_size(design: Design) -> int:
    """How many pairs a batch holds at least, and after how many new votes the next one is asked for.

    As many as connect all conditions; for few conditions as many as two sittings answer, lest every sitting ask anew.
    """
    return max(design.conditions - 1, 2 * counts(design).main)


def counting_votes(study: Study, lane: Lane) -> QuerySet[Vote]:
    """The votes that a lane's batches are made from: what a fit of that lane would count."""
    sittings = study.sessions.filter(MARKS[lane]).exclude(state=StudySession.State.WITHDRAWN)
    sittings = sittings.exclude(decision__use=Decision.Answer.NO)
    return Vote.objects.filter(
        trial__session__in=sittings, trial__kind=Trial.Kind.MAIN, answer__in=("left", "right", "tie")
    )


def ask_for_batch(study: Study, lane: Lane, design: Design) -> Job | None:
    """Ask a worker for the next batch, if as many new votes have come as a batch holds pairs; asked twice, it is one.

    Looks at no more rows than that, however many votes there are.
    """
    if design.version != Policy.ADAPTIVE:
        return None
    before = study.batches.filter(lane=lane).aggregate(last=Max("last_vote"))["last"] or 0
    new = counting_votes(study, lane).filter(pk__gt=before)
    size = batch_size(design)
    if new.order_by("pk")[:size].count() < size:
        return None
    return request_job(KIND, "cpu", f"pairs of study {study.pk}", {"study": study.pk, "lane": lane.value})
