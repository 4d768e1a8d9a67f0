"""Sittings of an older version keep what they had, and get what they lacked."""

from typing import Any

import pytest
from django.core.management import call_command

from enhancement.services.verification import run_checks
from studyapp.models import Slot, Trial
from studyapp.services.verify_schedule import SCHEDULE_CHECKS
from tests.studyapp.factories import answer, answer_all, leave, make_study, make_user, prefer, sit

BEFORE_PLACES = "0004"


def held() -> tuple[list[Any], list[Any]]:
    trials = Trial.objects.order_by("pk").values_list("pk", "slot", "place", "held")
    return list(trials), list(Slot.objects.order_by("pk").values_list("pk", "free"))


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
