"""Sittings of an older version keep what they had, and get what they lacked."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from enhancement.services.verification import run_checks
from studyapp.forms import DEVICE
from studyapp.models import Slot, Study, StudySession, Trial, Vote
from studyapp.models.observer import LAB_COLUMNS
from studyapp.services.devices import OF_DEVICE
from studyapp.services.exports import exposures
from studyapp.services.sessions import mark_shown
from studyapp.services.verify_schedule import SCHEDULE_CHECKS
from tests.studyapp.factories import DEVICE as ON
from tests.studyapp.factories import answer, answer_all, leave, make_study, make_user, prefer, sit

BEFORE_PLACES = "0004"
BEFORE_GOING_ON = "0013"
BEFORE_SCREENS_OF_VOTES = "0018"


def held() -> tuple[list[Any], list[Any]]:
    trials = Trial.objects.order_by("pk").values_list("pk", "slot", "place", "held")
    return list(trials), list(Slot.objects.order_by("pk").values_list("pk", "free"))


BEFORE_LAB_MEASURES = "0013"


@pytest.mark.django_db(transaction=True)
def test_what_a_lab_measured_is_a_number_or_stays_as_it_was_written() -> None:
    study = make_study(make_user(), conditions=("original", "auto"), trials_per_session=2)
    words = {"observer": "P07", "station": "booth 2"}
    written = [
        {**words, "luminance_cd_m2": 120.5, "viewing_distance_cm": 60, "ambient_lux": 0},
        {**words, "luminance_cd_m2": " 300 ", "viewing_distance_cm": "about 60", "ambient_lux": "1,200"},
        {**words, "luminance_cd_m2": 0, "viewing_distance_cm": True, "ambient_lux": "nan"},
        {},
    ]
    sessions = [sit(study) for _ in written]
    call_command("migrate", "studyapp", BEFORE_LAB_MEASURES, verbosity=0)
    with connection.cursor() as cursor:
        for session, told in zip(sessions, written, strict=True):
            cursor.execute("UPDATE studyapp_studysession SET lab = %s WHERE id = %s", [json.dumps(told), session.pk])
    call_command("migrate", "studyapp", verbosity=0)
    found = list(StudySession.objects.order_by("pk").values_list("lab", *LAB_COLUMNS))
    assert found == [
        (words, 120.5, 60.0, 0.0),
        ({**words, "viewing_distance_cm": "about 60", "ambient_lux": "1,200"}, 300.0, None, None),
        (written[2], None, None, None),
        ({}, None, None, None),
    ]
    call_command("migrate", "studyapp", BEFORE_LAB_MEASURES, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT lab FROM studyapp_studysession ORDER BY id")
        back = [one if isinstance(one, dict) else json.loads(one) for (one,) in cursor.fetchall()]
    call_command("migrate", "studyapp", verbosity=0)
    written[1]["luminance_cd_m2"] = 300.0
    assert back == written


@pytest.mark.django_db(transaction=True)
def test_trials_get_the_places_that_they_hold() -> None:
    study = make_study(make_user(), conditions=("original", "auto"), trials_per_session=4, repeat_share=0.25)
    done, left, looking = sit(study), sit(study), sit(study)
    answer_all(done, prefer("auto", "original"))
    answer(left.trials.get(position=1), "left")
    leave(left)
    answer(looking.trials.get(position=1), "right")
    places = held()
    assert any(free for _, free in places[1])
    call_command("migrate", "studyapp", BEFORE_PLACES, verbosity=0)
    call_command("migrate", "studyapp", verbosity=0)
    assert held() == places
    assert [str(violation) for outcome in run_checks(SCHEDULE_CHECKS) for violation in outcome.violations] == []


@pytest.mark.django_db(transaction=True)
def test_who_had_finished_is_not_asked_whether_the_last_answer_stands() -> None:
    study = make_study(make_user(), conditions=("original", "auto"), trials_per_session=2)
    Study.objects.update(allow_correction=True)
    done, looking = sit(study), sit(study)
    answer_all(done, prefer("auto", "original"))
    call_command("migrate", "studyapp", BEFORE_GOING_ON, verbosity=0)
    call_command("migrate", "studyapp", verbosity=0)
    done.refresh_from_db()
    assert done.went_on_at == done.finished_at is not None
    assert StudySession.objects.get(pk=looking.pk).went_on_at is None


@pytest.mark.django_db(transaction=True)
def test_of_an_older_vote_only_the_showing_s_screen_is_known() -> None:
    study = make_study(make_user(), conditions=("original", "auto"), trials_per_session=2)
    trial = sit(study).trials.select_related("session").get(position=1)
    mark_shown(trial, ON)
    answer(trial, "left")
    call_command("migrate", "studyapp", BEFORE_SCREENS_OF_VOTES, verbosity=0)
    call_command("migrate", "studyapp", verbosity=0)
    vote = Vote.objects.values(*DEVICE, "answer").get()
    assert vote == {**OF_DEVICE, "answer": "left"}
    (row,) = exposures(study)
    assert {name: row[f"shown_{name}"] for name in DEVICE} == ON
    assert row["screen_changed"] is None
    assert {row[name] for name in DEVICE} == {None, ""}
