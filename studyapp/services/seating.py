"""Seating an observer: whether they may, which places they get, and the trials that are written for them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from studyapp.design.schedule import Planned
from studyapp.models import Observer, Rendering, Study, StudySession, StudyText, Trial
from studyapp.services.arrivals import NOBODY_KNOWN, Arrival, NotInvitedError, refuse_uninvited, sittings_of
from studyapp.services.batches import ask_for_batch
from studyapp.services.lab import lab_columns, observer_in_lab
from studyapp.services.places import Hand, abandon_sessions, end_silent, take_places
from studyapp.services.quotas import QuotaFullError, refuse_full
from studyapp.services.schedules import Numbered, design_of, lane_of, numbered, plan_of
from studyapp.services.sessions import touch
from studyapp.services.stamps import stamp_of
from studyapp.services.steps import is_barred
from studyapp.services.texts import current_text, languages_of, newest_texts


class NotOpenError(Exception):
    """The study takes no observers now; the message is for them."""


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
    end_silent(study, now)
    if not (pilot or simulated):
        _admit(study, arrival)
    session = StudySession(
        study=study,
        observer=_observer_of(study, arrival, study.sessions.filter(pilot=pilot, simulated=simulated), lab or {}),
        ticket=ticket,
        pilot=pilot,
        simulated=simulated,
        instructions=instructions,
        consent=consent,
        stamp=stamp_of(study, instructions, consent),
        consented_at=now if consent else None,
        language=language,
        panel={**arrival.told, **(panel or {})},
        **lab_columns(lab or {}),
        person=arrival.person,
        group=arrival.group,
        invitation=arrival.invitation,
        last_seen_at=now,
    )
    rows = numbered(study)
    design = design_of(study, rows)
    lane = lane_of(pilot=pilot, simulated=simulated)
    hand = take_places(study, lane, design)
    session.slot = hand.slot
    session.save(force_insert=True)
    _lay_out(session, rows, hand, plan_of(study, design, rows, hand.slot.number, hand.trials(design)))
    ask_for_batch(study, lane, design)
    return session


def go_on(study: Study, arrival: Arrival) -> StudySession | None:
    """The sitting that somebody known goes on with, on whichever device; None where there is none, or not any more.

    One whom the vision tests have barred comes back to the page that says so, and takes no place again.
    """
    return next((begun for begun in sittings_of(study, arrival) if is_barred(begun) or touch(begun)), None)


def reason_to_turn_away(study: Study, arrival: Arrival) -> NotInvitedError | QuotaFullError | None:
    """Why somebody new would not be seated now: for a page that tells them before they have read everything."""
    if study.quota is not None or study.group_quotas:
        abandon_sessions(study, timezone.now())  # who hasn't been heard of for a lease holds no place
    try:
        _admit(study, arrival)
    except (NotInvitedError, QuotaFullError) as reason:
        return reason
    return None


def _admit(study: Study, arrival: Arrival) -> None:
    """Let one more in, or say why not. Right under race where the caller holds the study's row."""
    refuse_uninvited(study, arrival)
    refuse_full(study, arrival.group)


def _observer_of(study: Study, arrival: Arrival, alike: QuerySet[StudySession], lab: Mapping[str, Any]) -> Observer:
    """Who sat here before is one observer: their votes hang together. In a lab the supervisor's code says who it is,
    among sittings that are ``alike``: who tries a study out is not its first observer.
    """
    if before := sittings_of(study, arrival):
        return before[0].observer
    known = observer_in_lab(alike, lab["observer"]) if lab else None
    return known or Observer.objects.create()


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
