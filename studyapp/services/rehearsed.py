"""What a rehearsal brought: its votes against what its people were told, and their report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.reporting.report import SEED, Report, report
from studyapp.definition import StudyProblemError
from studyapp.models import RejectedVote, Trial, Vote
from studyapp.models.observer import Lane
from studyapp.services.exports import COLUMNS, exposures
from studyapp.services.places import Balance, balance_of
from studyapp.services.rehearsals import Rehearsal
from studyapp.simulation.diary import Diary
from studyapp.simulation.people import Shown

REPLICATES = 1000


@dataclass(frozen=True)
class Account:
    """What the database holds of a rehearsal, against what its people were told.

    Attributes:
        votes: Votes stored.
        missing: Acknowledged votes that aren't there as acknowledged, in words.
        unasked: Votes stored that nobody was told of, as where an answer got lost on its way back.
        rejected: Second and late answers kept as events.
        balance: Of the pairs of all simulated sittings.
    """

    votes: int
    missing: tuple[str, ...]
    unasked: int
    rejected: int
    balance: Balance


def shown_in(token: str) -> Mapping[str, Shown]:
    """What the trials of a simulated sitting really show, by their tokens.

    Raises:
        StudyProblemError: The sitting isn't simulated: what it shows stays blind.
    """
    trials = Trial.objects.filter(session__token=token, session__simulated=True)
    shown = {
        trial.token: Shown(
            trial.position, trial.kind, trial.content.name, trial.left.condition.name, trial.right.condition.name
        )
        for trial in trials.select_related("content", "left__condition", "right__condition")
    }
    if not shown:
        raise StudyProblemError(["A simulated observer was seated as a real one, or not at all; close that sitting."])
    return shown


def account_for(rehearsal: Rehearsal, diaries: Sequence[Diary]) -> Account:
    """Compare what the server acknowledged with what is stored."""
    of_run = {"trial__session__in": rehearsal.sittings}
    stored = {
        trial: (pk, said)
        for trial, pk, said in Vote.objects.filter(**of_run).values_list("trial__token", "pk", "answer")
    }
    events = set(RejectedVote.objects.filter(**of_run).values_list("trial__token", "answer"))
    told = [vote for diary in diaries for vote in diary.acknowledged]
    missing = [
        f"vote {vote.receipt} ({vote.answer}) was acknowledged; stored is {stored.get(vote.trial, 'nothing')}"
        for vote in told
        if stored.get(vote.trial) != (vote.receipt, vote.answer)
    ]
    missing += [
        f"an answer {said} that was refused left no event"
        for diary in diaries
        for trial, said in (*diary.refused, *diary.too_late)
        if (trial, said) not in events
    ]
    unasked = len(set(stored) - {vote.trial for vote in told})
    balance = balance_of(rehearsal.study, Lane.SIMULATED)
    return Account(len(stored), tuple(missing), unasked, len(events), balance)


def report_of_run(rehearsal: Rehearsal) -> Report:
    """The report of this run's votes alone; stamped, as any report with simulated votes."""
    sittings = set(rehearsal.sittings.values_list("pk", flat=True))
    rows = [row for row in exposures(rehearsal.study, include_simulated=True) if row["session"] in sittings]
    votes = pd.DataFrame(rows, columns=list(COLUMNS))
    compared = list(rehearsal.study.conditions.filter(worse_than=None).values_list("name", flat=True))
    return report(
        votes.assign(vote=votes["vote"].fillna("")),
        conditions=compared,
        replicates=REPLICATES,
        seed=SEED,
        include_simulated=True,
    )
