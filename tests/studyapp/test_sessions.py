"""Sittings take places in order, and give back what they didn't answer."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from studyapp.design.schedule import counts, slot
from studyapp.models import Study, StudySession, Trial
from studyapp.services.places import abandon_sessions
from studyapp.services.schedules import design_of
from studyapp.services.seating import NotOpenError, begin_session
from studyapp.services.sessions import as_shown, progress_of, state_of, touch
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


Place = tuple[int, int | None]


def places_of(session: StudySession) -> set[Place]:
    """The slot's number and the place in it of each main trial."""
    return set(session.trials.filter(kind="main").values_list("slot__number", "place"))


def test_what_was_not_answered_comes_first_and_votes_stay(study: Study) -> None:
    leaver, stayer = sit(study), sit(study)
    answered = progress_of(leaver).coming[0]
    answer(answered, "left")
    silence(leaver)
    assert abandon_sessions(study, timezone.now()) == 1
    given_back = places_of(leaver) - {(0, Trial.objects.get(pk=answered.pk).place)}
    one, other = sit(study), sit(study)
    assert given_back < places_of(one)
    assert len(places_of(one)) == len(places_of(stayer)) == len(places_of(other))
    assert len(places_of(leaver) | places_of(stayer) | places_of(one) | places_of(other)) == 4 * 3 - len(given_back)
    assert leaver.trials.filter(vote__isnull=False).count() == 1


def test_places_free_are_counted(study: Study) -> None:
    leaver = sit(study)
    answer(progress_of(leaver).coming[0], "left")
    silence(leaver)
    abandon_sessions(study, timezone.now())
    assert [slot.free for slot in study.slots.order_by("number")] == [2]
    sit(study)
    assert [slot.free for slot in study.slots.order_by("number")] == [0, 2]


def test_every_place_is_answered_once_whoever_leaves(study: Study) -> None:
    """Of many, many leave half-way, some come back: in the end pairs differ by one, and no place was asked twice."""
    chance = random.Random(7)
    for _ in range(60):
        session = sit(study)
        coming = list(session.trials.order_by("position"))
        for trial in coming[: chance.choice([0, 1, 2, len(coming), len(coming)])]:
            answer(trial, chance.choice(["left", "right"]))
        if chance.random() < 0.7:
            silence(session)
        left = StudySession.objects.filter(state="abandoned").order_by("?").first()
        if left is not None and chance.random() < 0.2:
            touch(left)
            silence(left)
    while study.slots.filter(free__gt=0).exclude(number=study.slots.count() - 1).exists():
        answer_all(sit(study), prefer("auto", "original"))
    main = Trial.objects.filter(kind="main", vote__isnull=False)
    asked = Counter(main.values_list("slot", "place"))
    assert set(asked.values()) == {1}
    pairs = Counter(frozenset(pair) for pair in main.values_list("left__condition", "right__condition"))
    assert max(pairs.values()) - min(pairs.values()) <= 1
    assert all(
        slot.free == counts(design_of(study)).main - Trial.objects.filter(slot=slot, held=True).count()
        for slot in study.slots.all()
    )


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


def test_who_comes_back_when_part_of_the_places_is_gone_is_told(study: Study) -> None:
    leaver = sit(study)
    silence(leaver)
    newcomer = sit(study)
    answer(progress_of(newcomer).coming[0], "left")
    silence(newcomer)
    abandon_sessions(study, timezone.now())
    leaver.refresh_from_db()
    assert not touch(leaver)
    leaver.refresh_from_db()
    assert leaver.state == StudySession.State.ABANDONED
    newcomer.refresh_from_db()
    assert touch(newcomer)


def test_the_database_gives_a_place_to_one_sitting_only(study: Study) -> None:
    leaver = sit(study)
    silence(leaver)
    sit(study)
    with pytest.raises(IntegrityError):
        leaver.trials.filter(kind="main").update(held=True)


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
