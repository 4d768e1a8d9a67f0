"""What surrounds the trials, in the admin: written by lines, checked, and left as it is once somebody was seated."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from studyapp.models import Study
from tests.admin_pages import ada, admin, page
from tests.studyapp.factories import make_method, make_study, make_testset, sit
from tests.studyapp.test_admin import ADD, filled, rows

__all__ = ["ada", "admin"]  # fixtures
pytestmark = pytest.mark.django_db

SESSION = {
    "practice_contents": "photo-2\r\n\r\n photo-3", "examples": "photo-3", "practice_trials": 2, "break_every": 10,
    "closing_questions": "Why?\nTired? | 1-5 | awake | tired", "screen_check": "on",
}  # fmt: skip


def add(admin: Client, ada: User, **session: Any) -> Any:
    testset = make_testset()
    two = rows(*({"name": kind, "method_0": make_method(kind).pk} for kind in ("original", "auto")))
    return admin.post(ADD, filled(ada, testset=testset.pk, **session) | two)


def test_it_works(admin: Client, ada: User) -> None:
    assert add(admin, ada, **SESSION).status_code == 302
    study = Study.objects.get()
    assert (study.practice_contents, study.examples) == (["photo-2", "photo-3"], ["photo-3"])
    assert study.closing_questions == ["Why?", "Tired? | 1-5 | awake | tired"]
    assert (study.screen_check, study.minutes_left) == (True, False)
    text = admin.get(page(study)).content.decode()
    assert "photo-2\nphoto-3</textarea>" in text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"practice_contents": "photo-9"}, "no content &#x27;photo-9&#x27;"),
        ({"closing_questions": "A? | b"}, "two choices or more"),
        ({"practice_trials": 3}, "Practice needs contents"),
        ({"examples": "photo-1"}, "must be one of practice_contents"),
    ],
)
def test_what_cannot_be_is_said(admin: Client, ada: User, wrong: dict[str, Any], said: str) -> None:
    response = add(admin, ada, **wrong)
    assert response.status_code == 200
    assert said in response.content.decode()
    assert not Study.objects.exists()


def test_once_somebody_was_seated_it_stays(admin: Client, ada: User) -> None:
    study = make_study(ada, contents=2, conditions=("original", "auto"))
    assert 'name="break_every"' in admin.get(page(study)).content.decode()
    sit(study)
    assert 'name="break_every"' not in admin.get(page(study)).content.decode()


def test_what_was_told_stands_with_the_sitting(admin: Client, ada: User) -> None:
    study = make_study(ada, contents=2, conditions=("original", "auto"), screen_check=True)
    session = sit(study)
    session.steps.create(name="screen", told={"gamut": "rec2020"})
    assert "rec2020" in admin.get(page(session)).content.decode()
