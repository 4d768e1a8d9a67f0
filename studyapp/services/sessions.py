"""Sittings: taking a slot, the trials in it, giving it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max, OuterRef, Q, Window
from django.utils import timezone

from enhancement.models import Content
from studyapp.design.adaptive import slot
from studyapp.design.schedule import ContentKey, Design, Planned
from studyapp.models import Condition, Observer, Rendering, Slot, Study, StudySession, StudyText, Trial
from studyapp.models.observer import Lane
from studyapp.services.batches import ask_for_batch, drawn_on, latest_batch
from studyapp.services.stamps import stamp_of

SEATING_TRIES = 5
JUST_NOW = timedelta(seconds=30)
"""A showing follows its vote at once, as a rule: the sign of life is not written down twice."""


class NotOpenError(Exception):
    """The study takes no observers now; the message is for them."""


@dataclass(frozen=True)
class Numbered:
    """What the numbers in a schedule stand for: contents by age; the compared conditions, then those of gold pairs."""

    contents: tuple[Content, ...]
    conditions: tuple[Condition, ...]


def numbered(study: Study) -> Numbered:
    """The rows behind the numbers of `design_of`."""
    contents = study.testset.contents.only("testset", "name", "scene").order_by("pk")
    conditions = sorted(study.conditions.all(), key=lambda condition: condition.worse_than_id is not None)
    return Numbered(tuple(contents), tuple(conditions))


def design_of(study: Study, rows: Numbered | None = None) -> Design:
    """The design of a study, from nothing but what is frozen once it opens; ``rows`` where they were read already."""
    rows = rows or numbered(study)
    place = {condition.pk: index for index, condition in enumerate(rows.conditions)}
    gold = [condition for condition in rows.conditions if condition.worse_than_id is not None]
    return Design(
        contents=tuple(ContentKey(content.name, content.scene) for content in rows.contents),
        conditions=len(rows.conditions) - len(gold),
        trials=study.trials_per_session,
        gold=study.gold_share,
        repeat=study.repeat_share,
        same=study.same_share,
        gold_pairs=tuple((place[worse.pk], place[worse.worse_than_id]) for worse in gold if worse.worse_than_id),
        seed=study.seed,
        version=study.policy_version,
    )


def lane_of(*, pilot: bool, simulated: bool) -> Lane:
    """The lane whose slots a session takes."""
    if simulated:
        return Lane.SIMULATED
    return Lane.PILOT if pilot else Lane.MAIN


@transaction.atomic
def begin_session(
    study: Study,
    *,
    consented: bool,
    pilot: bool = False,
    simulated: bool = False,
    panel: Mapping[str, str] | None = None,
    ticket: str | None = None,
) -> StudySession:
    """Seat a new observer: the first free slot of the design, its trials, an address for each side of each.

    The same ticket again, as from a button pressed twice, gets the sitting that it began.

    Raises:
        NotOpenError: The study isn't open, or wants a consent that wasn't given.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    if ticket and (begun := StudySession.objects.filter(study=study, ticket=ticket).first()):
        return begun
    consent = current_text(study, StudyText.Kind.CONSENT)
    if not _takes(study, pilot=pilot, simulated=simulated):
        raise NotOpenError("This study takes no new observers at the moment.")
    instructions = current_text(study, StudyText.Kind.INSTRUCTIONS)
    if instructions is None:
        raise NotOpenError("This study has no instructions yet.")
    if consent is not None and not consented:
        raise NotOpenError("Please tick the box to say that you agree before you begin.")
    now = timezone.now()
    session = StudySession(
        study=study,
        observer=Observer.objects.create(),
        ticket=ticket,
        pilot=pilot,
        simulated=simulated,
        instructions=instructions,
        consent=consent,
        stamp=stamp_of(study, instructions, consent),
        consented_at=now if consent else None,
        panel=dict(panel or {}),
        last_seen_at=now,
    )
    lane = lane_of(pilot=pilot, simulated=simulated)
    _seat(session, lane)
    rows = numbered(study)
    design = design_of(study, rows)
    _lay_out(session, rows, slot(design, session.slot.number, drawn_on(session.slot)))
    ask_for_batch(study, lane, design)
    return session


def _takes(study: Study, *, pilot: bool, simulated: bool) -> bool:
    """Whether anybody may be seated: people in an open study, simulated observers also before and between."""
    if simulated:
        return study.state != Study.State.CLOSED
    return pilot or study.state == Study.State.OPEN


def current_text(study: Study, kind: StudyText.Kind) -> StudyText | None:
    """The version of a text that observers see now."""
    return study.texts.filter(kind=kind).order_by("-version").first()


def _seat(session: StudySession, lane: Lane) -> None:
    """Give a new sitting the first free slot; one whose observer comes back at this very moment isn't free after all.

    Raises:
        IntegrityError: That happened to every slot tried.
    """
    for tries_left in reversed(range(SEATING_TRIES)):
        session.slot = _take_slot(session.study, lane, session.last_seen_at)
        try:
            with transaction.atomic():
                session.save(force_insert=True)
        except IntegrityError:
            session.pk = None
            if not tries_left:
                raise
        else:
            return


def _take_slot(study: Study, lane: Lane, now: datetime) -> Slot:
    """The first slot that nobody holds: one given back before a new one. The caller holds the study's row."""
    abandon_sessions(study, now)
    held = Q(sessions__state__in=[StudySession.State.ACTIVE, StudySession.State.FINISHED])
    slots = study.slots.filter(lane=lane)
    free = slots.annotate(holders=Count("sessions", filter=held)).filter(holders=0).order_by("number").first()
    if free is not None:
        return free
    last = slots.aggregate(last=Max("number"))["last"]
    return Slot.objects.create(
        study=study,
        lane=lane,
        number=0 if last is None else last + 1,
        policy_version=study.policy_version,
        batch=latest_batch(study, lane),
    )


def abandon_sessions(study: Study, now: datetime) -> int:
    """End the sittings without a sign of life for the study's lease: their slots are free again, their votes stay."""
    silent_since = now - timedelta(minutes=study.lease_minutes)
    return study.sessions.filter(state=StudySession.State.ACTIVE, last_seen_at__lt=silent_since).update(
        state=StudySession.State.ABANDONED
    )


def _lay_out(session: StudySession, rows: Numbered, plan: Sequence[Planned]) -> None:
    """Write a slot's trials with the renderings they will show."""
    contents, conditions = [one.pk for one in rows.contents], [one.pk for one in rows.conditions]
    rendering = {
        (content, condition): pk
        for content, condition, pk in Rendering.objects.filter(raster__study=session.study).values_list(
            "raster__content", "condition", "pk"
        )
    }
    trials = Trial.objects.bulk_create(
        Trial(
            session=session,
            position=position,
            kind=planned.kind,
            content_id=contents[planned.content],
            left_id=rendering[contents[planned.content], conditions[planned.left]],
            right_id=rendering[contents[planned.content], conditions[planned.right]],
        )
        for position, planned in enumerate(plan, start=1)
    )
    repeats = []
    for trial, planned in zip(trials, plan, strict=True):
        if planned.repeats is not None:
            trial.repeats = trials[planned.repeats]
            repeats.append(trial)
    Trial.objects.bulk_update(repeats, ["repeats"])


def minutes_of(study: Study) -> int:
    """What a sitting is expected to take, in whole minutes."""
    return max(1, round(study.trials_per_session * study.seconds_per_trial / 60))


def touch(session: StudySession) -> bool:
    """A sign of life. One who comes back to an abandoned sitting goes on with it, unless its slot was given away."""
    if session.state == StudySession.State.FINISHED:
        return True
    active = StudySession.objects.filter(pk=session.pk, state=StudySession.State.ACTIVE)
    return bool(active.update(last_seen_at=timezone.now())) or _take_up_again(session)


def _take_up_again(session: StudySession) -> bool:
    """The database says whether the slot is still free: it gives one to one sitting only."""
    abandoned = StudySession.objects.filter(pk=session.pk, state=StudySession.State.ABANDONED)
    try:
        with transaction.atomic():
            return bool(abandoned.update(state=StudySession.State.ACTIVE, last_seen_at=timezone.now()))
    except IntegrityError:
        return False


def state_of(session: StudySession) -> dict[str, Any]:
    """What the trial page starts from: how far, the question, and the pair to show with the one after it."""
    study = session.study
    ties = ["tie"] * study.allow_tie + ["not_sure"] * study.allow_not_sure
    progress = progress_of(session)
    return {
        **as_told(progress),
        "question": study.question,
        "answers": ["left", "right", *ties],
        "place_url": f"/look/{session.token}/place/",
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
    Trial.objects.filter(pk=trial.pk, shown_at=None).update(shown_at=now, **device)
    if now - trial.session.last_seen_at > JUST_NOW:
        StudySession.objects.filter(pk=trial.session_id).update(last_seen_at=now)


def finish_if_done(session: StudySession) -> Progress:
    """End a sitting whose every trial is answered. Returns where it is then."""
    progress = progress_of(session)
    if not progress.coming:
        StudySession.objects.filter(pk=session.pk, state=StudySession.State.ACTIVE).update(
            state=StudySession.State.FINISHED, finished_at=F("last_seen_at")
        )
    return progress
