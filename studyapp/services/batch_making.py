"""A worker finds the pairs that the votes so far leave most open, and stores them as a batch."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from threadpoolctl import threadpool_limits

from analysis.adaptive import next_pairs, posterior
from enhancement.services.jobs import Claim
from studyapp.models import Batch, Study, StudySession, Trial, Vote
from studyapp.models.observer import Lane
from studyapp.models.trial import Answer
from studyapp.services.batches import batch_size, counting_votes, latest_batch
from studyapp.services.schedules import MARKS, Numbered, design_of, numbered

Table = npt.NDArray[np.float64]


@dataclass(frozen=True)
class VotesRead:
    """The votes of a lane, added up over contents.

    Attributes:
        wins: Shape (n, n), votes for the one over the other; conditions as the design counts them.
        ties: Shape (n, n), symmetric.
        number: How many.
        last: The newest one's number; 0 for none.
        sha256: Of a line for each, ``session,position,left,right,answer``, by session and position.
    """

    wins: Table
    ties: Table
    number: int
    last: int
    sha256: str


def make_batch(claim: Claim) -> None:
    """Store the next batch of a study's lane; nothing where no vote has come, or changed, since the last one."""
    study, lane = Study.objects.get(pk=claim.params["study"]), Lane(claim.params["lane"])
    rows = numbered(study)
    design = design_of(study, rows)
    votes = read_votes(study, lane, rows, design.conditions)
    if not votes.number:
        return
    pending = pairs_out(study, lane, rows, design.conditions)
    with threadpool_limits(limits=1, user_api="blas"):  # it has time; who looks at pictures has none
        found = next_pairs(posterior(votes.wins, ties=votes.ties, pending=pending), batch_size(design))
    with claim.writing():
        last = latest_batch(study, lane)
        if last is not None and last.votes_sha256 == votes.sha256:
            return
        Batch.objects.create(
            study=study,
            lane=lane,
            number=0 if last is None else last.number + 1,
            policy_version=study.policy_version,
            pairs=found.pairs.tolist(),
            votes=votes.number,
            votes_sha256=votes.sha256,
            last_vote=votes.last,
            pending=int(pending.sum()) // 2,
        )


def read_votes(study: Study, lane: Lane, rows: Numbered, conditions: int) -> VotesRead:
    """The votes that count in a lane."""
    place = {condition.pk: (index, condition.name) for index, condition in enumerate(rows.conditions)}
    counted = counting_votes(study, lane)
    last = counted.aggregate(last=Max("pk"))["last"] or 0
    lines, number = hashlib.sha256(), 0
    wins, ties = np.zeros((conditions, conditions)), np.zeros((conditions, conditions))
    for session, position, left, right, answer in _in_order(counted.filter(pk__lte=last)):
        (one, left_name), (other, right_name) = place[left], place[right]
        lines.update(f"{session},{position},{left_name},{right_name},{answer}\n".encode())
        number += 1
        table = ties if answer == Answer.TIE else wins
        table[(other, one) if answer == Answer.RIGHT else (one, other)] += 1
    return VotesRead(wins, ties + ties.T, number, last, lines.hexdigest())


def _in_order(votes: QuerySet[Vote]) -> Iterator[tuple[int, int, int, int, str]]:
    shown = ("trial__session", "trial__position", "trial__left__condition", "trial__right__condition", "answer")
    ordered = votes.order_by("trial__session", "trial__position")
    return ordered.values_list(*shown).iterator(chunk_size=5000)


def pairs_out(study: Study, lane: Lane, rows: Numbered, conditions: int) -> Table:
    """How often each pair lies with an observer who has yet to answer it: shape (n, n), symmetric.

    Sittings without a sign of life for the study's lease don't count: what they hold goes to others.
    """
    place = {condition.pk: index for index, condition in enumerate(rows.conditions)}
    heard_of = timezone.now() - timedelta(minutes=study.lease_minutes)
    looking = study.sessions.filter(MARKS[lane], state=StudySession.State.ACTIVE, last_seen_at__gte=heard_of)
    out = Trial.objects.filter(session__in=looking, kind=Trial.Kind.MAIN, vote=None).order_by()
    table = np.zeros((conditions, conditions))
    for left, right, number in out.values_list("left__condition", "right__condition").annotate(n=Count("pk")):
        table[place[left], place[right]] += number
    return np.asarray(table + table.T, dtype=np.float64)
