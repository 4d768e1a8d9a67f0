"""Sittings: how one begins, where it is, how it ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, Window
from django.utils import timezone
from django.utils.translation import gettext as _

from enhancement.models import Content
from studyapp.design.practice import after_practice
from studyapp.design.schedule import ContentKey, Design, Planned
from studyapp.models import Condition, Observer, Rendering, Study, StudySession, StudyText, Trial
from studyapp.models.observer import Lane
from studyapp.services.arrivals import NOBODY_KNOWN, Arrival, NotInvitedError, is_spent, refuse_uninvited, sittings_of
from studyapp.services.batches import ask_for_batch
from studyapp.services.places import Hand, end_silent, take_places, take_up_again
from studyapp.services.quotas import QuotaFullError, pause_if_complete, refuse_full
from studyapp.services.rhythm import rhythm_of
from studyapp.services.stamps import stamp_of
from studyapp.services.texts import current_text, languages_of, newest_texts, question_in

JUST_NOW = timedelta(seconds=30)
"""A showing follows its vote at once, as a rule: the sign of life is not written down twice."""


class NotOpenError(Exception):
    """The study takes no observers now; the message is for them."""


@dataclass(frozen=True)
class Numbered:
    """What the numbers in a schedule stand for: contents by age, the last ``practice`` of them kept for practice; the
    compared conditions, then those of gold pairs."""

    contents: tuple[Content, ...]
    conditions: tuple[Condition, ...]
    practice: int = 0

    @property
    def keys(self) -> tuple[ContentKey, ...]:
        """The contents as a schedule knows them."""
        return tuple(ContentKey(content.name, content.scene, content.camera) for content in self.contents)


def numbered(study: Study) -> Numbered:
    """The rows behind the numbers of `design_of`."""
    contents = list(study.testset.contents.only("testset", "name", "scene", "camera").order_by("pk"))
    kept_apart = set(study.practice_contents)
    contents.sort(key=lambda content: content.name in kept_apart)
    practice = sum(content.name in kept_apart for content in contents)
    conditions = sorted(study.conditions.all(), key=lambda condition: condition.worse_than_id is not None)
    return Numbered(tuple(contents), tuple(conditions), practice)


def design_of(study: Study, rows: Numbered | None = None) -> Design:
    """The design of a study, from nothing but what is frozen once it opens; ``rows`` where they were read already."""
    rows = rows or numbered(study)
    place = {condition.pk: index for index, condition in enumerate(rows.conditions)}
    gold = [condition for condition in rows.conditions if condition.worse_than_id is not None]
    return Design(
        contents=rows.keys[: len(rows.contents) - rows.practice],
        conditions=len(rows.conditions) - len(gold),
        trials=study.trials_per_session,
        gold=study.gold_share,
        repeat=study.repeat_share,
        same=study.same_share,
        gold_pairs=tuple((place[worse.pk], place[worse.worse_than_id]) for worse in gold if worse.worse_than_id),
        seed=study.seed,
        version=study.policy_version,
        strata=study.strata,
    )


def plan_of(study: Study, design: Design, rows: Numbered, number: int, after: Sequence[Planned]) -> tuple[Planned, ...]:
    """The trials of a sitting, practice first; ``number`` of the newest slot, ``after`` its trials that count."""
    return after_practice(design, rows.keys[len(design.contents) :], study.practice_trials, number, after)


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
    lab: Mapping[str, Any] | None = None,
    ticket: str | None = None,
    language: str = "",
    arrival: Arrival = NOBODY_KNOWN,
) -> StudySession:
    """Seat a new observer: the first free places of the design, trials for them, an address for each side of each.

    They read the study in ``language`` where it is written in it, or else in the study's own.
    The same ticket again, as from a button pressed twice, gets the sitting that it began; so does who is known to the
    panel, or came by a code of their own. Where their place is gone, they sit anew, as the observer they were.

    Raises:
        NotOpenError: The study isn't open, or wants a consent that wasn't given.
        NotInvitedError: The study wants an invitation, or this one isn't good.
        QuotaFullError: No place is left.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    if ticket and (begun := StudySession.objects.filter(study=study, ticket=ticket).first()):
        return begun
    if begun := go_on(study, arrival):
        return begun
    newest = newest_texts(study)
    language = language if language in languages_of(study, newest) else study.language
    consent = current_text(study, StudyText.Kind.CONSENT, language, newest)
    if not _takes(study, pilot=pilot, simulated=simulated):
        raise NotOpenError(_("This study takes no new observers at the moment."))
    instructions = current_text(study, StudyText.Kind.INSTRUCTIONS, language, newest)
    if instructions is None:
        raise NotOpenError(_("This study has no instructions yet."))
    if consent is not None and not consented:
        raise NotOpenError(_("Please tick the box to say that you agree before you begin."))
    now = timezone.now()
    if not (pilot or simulated):
        _admit(study, arrival, now)
    session = StudySession(
        study=study,
        observer=_observer_of(study, arrival, lab or {}),
        ticket=ticket,
        pilot=pilot,
        simulated=simulated,
        instructions=instructions,
        consent=consent,
        stamp=stamp_of(study, instructions, consent),
        consented_at=now if consent else None,
        language=language,
        panel={**arrival.told, **(panel or {})},
        lab=dict(lab or {}),
        person=arrival.person,
        group=arrival.group,
        invitation=arrival.invitation,
        last_seen_at=now,
    )
    rows = numbered(study)
    design = design_of(study, rows)
    lane = lane_of(pilot=pilot, simulated=simulated)
    end_silent(study, now)
    hand = take_places(study, lane, design)
    session.slot = hand.slot
    session.save(force_insert=True)
    _lay_out(session, rows, hand, plan_of(study, design, rows, hand.slot.number, hand.trials(design)))
    ask_for_batch(study, lane, design)
    return session


def go_on(study: Study, arrival: Arrival) -> StudySession | None:
    """The sitting that somebody known goes on with, on whichever device; None where there is none, or not any more."""
    return next((begun for begun in sittings_of(study, arrival) if touch(begun)), None)


def reason_to_turn_away(study: Study, arrival: Arrival) -> NotInvitedError | QuotaFullError | None:
    """Why somebody new would not be seated now: for a page that tells them before they have read everything."""
    try:
        _admit(study, arrival, timezone.now())
    except (NotInvitedError, QuotaFullError) as reason:
        return reason
    return None


def _admit(study: Study, arrival: Arrival, now: datetime) -> None:
    """Let one more in, or say why not. Who hasn't been heard of for a lease holds no place.

    Right under race where the caller holds the study's row.
    """
    refuse_uninvited(study, arrival)
    if study.quota is not None or study.group_quotas:
        end_silent(study, now)
        refuse_full(study, arrival.group)


def _observer_of(study: Study, arrival: Arrival, lab: Mapping[str, Any]) -> Observer:
    """Who sat here before is one observer: their votes hang together. In a lab the supervisor's code says who it is."""
    if before := sittings_of(study, arrival):
        return before[0].observer
    known = Observer.objects.filter(sessions__study=study, sessions__lab__observer=lab["observer"]) if lab else None
    return (known.filter(withdrawn_at=None).first() if known is not None else None) or Observer.objects.create()


def _takes(study: Study, *, pilot: bool, simulated: bool) -> bool:
    """Whether anybody may be seated: people in an open study, pilots and simulated ones also before and between."""
    if simulated or pilot:
        return study.state != Study.State.CLOSED
    return study.state == Study.State.OPEN


def _lay_out(session: StudySession, rows: Numbered, hand: Hand, plan: Sequence[Planned]) -> None:
    """Write a sitting's trials with the renderings they will show."""
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
            **_place(hand, planned),
        )
        for position, planned in enumerate(plan, start=1)
    )
    repeats = []
    for trial, planned in zip(trials, plan, strict=True):
        if planned.repeats is not None:
            trial.repeats = trials[planned.repeats]
            repeats.append(trial)
    Trial.objects.bulk_update(repeats, ["repeats"])


def _place(hand: Hand, planned: Planned) -> dict[str, Any]:
    """The columns of a main trial that say which place it holds."""
    if planned.cell is None:
        return {}
    place = hand.places[planned.cell]
    return {"slot": place.slot, "place": place.number, "held": True}


def minutes_of(study: Study) -> int:
    """What a sitting is expected to take, in whole minutes."""
    return max(1, round((study.trials_per_session + study.practice_trials) * study.seconds_per_trial / 60))


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
