"""Whether a sitting is paid for and whether it is used: decided apart, by a person, for reasons that are told."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from studyapp.models import Decision, Study, StudySession, Trial
from studyapp.services.arrivals import panel_of
from studyapp.services.sitting_tables import GOLD_PASSED_OF_SITTING

Answer = Decision.Answer


class NoReasonError(ValueError):
    """A sitting is left out of scores for a reason, or not at all."""


class NotToDecideError(ValueError):
    """A sitting that is still under way, was withdrawn, or counts nowhere anyway."""


def decidable(study: Study) -> QuerySet[StudySession]:
    """Sittings of people that are over and may count, with how they went: answered, and gold pairs passed.

    A gold pair's answer is known beforehand; that is no look at what the study asks.
    """
    over = (StudySession.State.FINISHED, StudySession.State.ABANDONED)
    gold = Q(trials__kind=Trial.Kind.GOLD, trials__vote__isnull=False)
    return (
        study.sessions.filter(pilot=False, simulated=False, state__in=over)
        .select_related("observer", "decision", "invitation")
        .annotate(
            answered=Count("trials__vote"),
            of=Count("trials"),
            gold=Count("trials", filter=gold),
            passed=Count("trials", filter=GOLD_PASSED_OF_SITTING),
            took=F("last_seen_at") - F("started_at"),
        )
        .order_by("pk")
    )


@transaction.atomic
def decide(session: StudySession, *, pay: str, use: str, reason: str, by: User) -> Decision:
    """Keep what was decided of a sitting; one decision doesn't touch the other.

    Raises:
        NoReasonError: It isn't to be used, but nobody says why.
        NotToDecideError: There is nothing to decide about it.
        ValueError: Not one of the answers.
    """
    if {pay, use} - set(Answer.values):
        raise ValueError(f"pay and use are {', '.join(Answer.values)}.")
    reason = reason.strip()[:200] if use == Answer.NO else ""
    if use == Answer.NO and not reason:
        raise NoReasonError(f"Say why {session.observer} isn’t used: the report tells it.")
    locked = StudySession.objects.select_for_update().get(pk=session.pk)  # who withdraws meanwhile leaves none behind
    if locked.pilot or locked.simulated or locked.state in (StudySession.State.ACTIVE, StudySession.State.WITHDRAWN):
        raise NotToDecideError(f"{session.observer} is under way, has withdrawn, or counts nowhere anyway.")
    told = {"pay": pay, "use": use, "reason": reason, "by": by}
    decision, _ = Decision.objects.update_or_create(session=locked, defaults=told)
    return decision


def left_out(study: Study) -> list[dict[str, Any]]:
    """The reasons for which sittings aren't used, each with how many sittings and votes it takes out of the scores."""
    decisions = Decision.objects.filter(session__study=study, use=Answer.NO).exclude(session__state="withdrawn")
    main = Q(session__trials__kind=Trial.Kind.MAIN)
    counted = decisions.order_by("reason").values("reason").annotate(
        sittings=Count("session", distinct=True), votes=Count("session__trials__vote", filter=main)
    )  # fmt: skip
    return [dict(row) for row in counted]


def to_pay(study: Study) -> Iterator[list[str]]:
    """Who is to be paid, as rows of a table: what the panel sent along, then our code of the observer."""
    panel = panel_of(study)
    yield [*panel.parameters, "observer", "session"]
    for session in decidable(study).filter(decision__pay=Answer.YES).iterator():
        ids = [_harmless(str(session.panel.get(name, ""))) for name in panel.parameters]
        yield [*ids, session.observer.code, str(session.pk)]


def _harmless(cell: str) -> str:
    """A word of a stranger's that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell
