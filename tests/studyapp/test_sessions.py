"""Sittings take slots in order, and give them back when abandoned."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from studyapp.design.schedule import slot
from studyapp.models import Slot, Study, StudySession, Trial
from studyapp.services import sessions
from studyapp.services.sessions import (
    NotOpenError,
    abandon_sessions,
    as_shown,
    begin_session,
    design_of,
    progress_of,
    state_of,
    touch,
)
from studyapp.services.studies import close_study, pause_study
from tests.studyapp.factories import answer, answer_all, prefer, sit

pytestmark = pytest.mark.django_db


def silence(session: StudySession) -> None:
    long_ago = timezone.now() - timedelta(minutes=session.study.lease_minutes + 1)
    StudySession.objects.filter(pk=session.pk).update(last_seen_at=long_ago)


def test_it_works(study: Study) -> None:
    session = sit(study)
    assert session.slot.number == 0
    state = state_of(session)
    assert (state["answered"], state["total"], state["answers"]) == (0, 3, ["left", "right"])
    assert [trial["position"] for trial in state["trials"]] == [1, 2]


def test_the_trials_are_those_that_the_seed_gives_again(study: Study) -> None:
    sit(study)
    session = sit(study)
    contents = list(study.testset.contents.order_by("pk").values_list("pk", flat=True))
    conditions = list(study.conditions.order_by("position").values_list("pk", flat=True))
    derived = [
        (planned.kind, contents[planned.content], conditions[planned.left], conditions[planned.right])
        for planned in slot(design_of(study), session.slot.number)
    ]
    stored = session.trials.order_by("position").values_list("kind", "content", "left__condition", "right__condition")
    assert derived == list(stored)


def test_each_sitting_takes_the_next_slot(study: Study) -> None:
    assert [sit(study).slot.number for _ in range(3)] == [0, 1, 2]


def test_an_abandoned_slot_comes_first_and_its_votes_stay(study: Study) -> None:
    leaver, stayer = sit(study), sit(study)
    answer(progress_of(leaver).coming[0], "left")
    silence(leaver)
    assert abandon_sessions(study, timezone.now()) == 1
    assert [sit(study).slot.number for _ in range(2)] == [leaver.slot.number, stayer.slot.number + 1]
    assert leaver.trials.filter(vote__isnull=False).count() == 1


def test_one_who_comes_back_in_time_goes_on(study: Study) -> None:
    session = sit(study)
    silence(session)
    abandon_sessions(study, timezone.now())
    assert touch(session)
    assert session.state == StudySession.State.ACTIVE


def test_one_who_comes_back_too_late_is_told(study: Study) -> None:
    session = sit(study)
    silence(session)
    sit(study)
    session.refresh_from_db()
    assert session.state == StudySession.State.ABANDONED
    assert not touch(session)


def test_one_who_comes_back_while_another_is_seated_keeps_the_slot(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slot was free when the newcomer looked, and taken up again before the newcomer sat down."""
    leaver = sit(study)
    silence(leaver)
    look_for_one = sessions._take_slot

    def take_slot_while_the_leaver_comes_back(*given: Any) -> Slot:
        found = look_for_one(*given)
        leaver.refresh_from_db()
        touch(leaver)
        return found

    monkeypatch.setattr(sessions, "_take_slot", take_slot_while_the_leaver_comes_back)
    newcomer = sit(study)
    leaver.refresh_from_db()
    assert (leaver.state, leaver.slot.number, newcomer.slot.number) == (StudySession.State.ACTIVE, 0, 1)


def test_the_database_gives_a_slot_to_one_sitting_only(study: Study) -> None:
    session = sit(study)
    other = sit(study)
    with pytest.raises(IntegrityError):
        StudySession.objects.filter(pk=other.pk).update(slot=session.slot)


def test_pilots_and_simulated_sittings_use_up_no_slot(study: Study) -> None:
    sit(study, pilot=True)
    sit(study, simulated=True)
    assert sit(study).slot.number == 0


def test_all_answered_ends_the_sitting(study: Study) -> None:
    session = sit(study)
    answer_all(session, prefer("auto", "original"))
    session.refresh_from_db()
    assert session.state == StudySession.State.FINISHED
    assert state_of(session)["trials"] == []


def test_a_paused_study_seats_nobody_but_lets_the_seated_finish(study: Study) -> None:
    session = sit(study)
    pause_study(study)
    with pytest.raises(NotOpenError):
        sit(study)
    answer_all(session, prefer("auto", "original"))
    session.refresh_from_db()
    assert session.state == StudySession.State.FINISHED


def test_a_closed_study_seats_nobody(study: Study) -> None:
    close_study(study)
    with pytest.raises(NotOpenError):
        sit(study)


def test_consent_is_asked_for_and_kept_by_version(study: Study) -> None:
    study.texts.create(kind="consent", text="Do you agree?")
    with pytest.raises(NotOpenError, match="tick the box"):
        begin_session(study, consented=False)
    session = begin_session(study, consented=True)
    assert session.consent is not None
    assert session.consent.version == 1
    assert session.consented_at is not None


def test_what_the_page_is_told_names_no_method(study: Study) -> None:
    told = str(as_shown(progress_of(sit(study)).coming[0]))
    assert not any(name in told for name in ("original", "auto", "photo-"))


def test_no_two_sides_share_an_address(study: Study) -> None:
    for _ in range(3):
        sit(study)
    sides = list(Trial.objects.values_list("left_token", "right_token"))
    assert len({token for pair in sides for token in pair}) == 2 * len(sides)
