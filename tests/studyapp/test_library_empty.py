"""The library and its jobs before anything is there: each page says what to do next."""

import pytest
from django.test import Client

from tests.studyapp.factories import make_user

pytestmark = pytest.mark.django_db


def page(url: str, **rights: bool) -> str:
    client = Client()
    client.force_login(make_user(**rights))
    return " ".join(client.get(url).content.decode().split())


def test_who_may_load_photos_is_led_there() -> None:
    shown = page("/library/", is_superuser=True, is_staff=True)
    assert "No test set yet" in shown
    assert 'href="/admin/enhancement/testset/add_photos/">Add photos</a>' in shown


def test_who_may_not_is_told_whom_to_ask() -> None:
    shown = page("/library/")
    assert "An admin can load photos" in shown
    assert "Add photos</a>" not in shown


def test_no_job_was_ever_asked_for() -> None:
    shown = page("/jobs/")
    assert "Nothing is at work or waiting." in shown
    assert "None yet." in shown


def test_none_has_failed() -> None:
    assert "None has failed." in page("/jobs/?only=failed")
