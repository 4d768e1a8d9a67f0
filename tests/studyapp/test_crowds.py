"""How many sittings one address may begin."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from enhancement.management.commands.tend_jobs import tidy
from studyapp.models import Beginning, Study
from tests.studyapp.factories import sit

pytestmark = pytest.mark.django_db

HALL, HOME = "198.51.100.7", "198.51.100.8"


@pytest.fixture(autouse=True)
def two(settings: Settings) -> None:
    settings.SITTINGS_PER_HOUR = 2


def begin(study: Study, address: str = HALL, **headers: str):
    return Client(REMOTE_ADDR=address, headers=headers).post(f"/s/{study.code}/", {"begin": "yes"})


def test_it_works(study: Study) -> None:
    assert [begin(study).status_code for _ in range(3)] == [302, 302, 429]
    page = begin(study)
    assert "open the link again in 60 minutes" in page.content.decode()
    assert study.sessions.count() == 2
    assert begin(study, HOME).status_code == 302, "others don't wait"


def test_who_sits_may_go_on(study: Study) -> None:
    sitting = begin(study)["Location"]
    begin(study)
    assert Client(REMOTE_ADDR=HALL).get(sitting).status_code == 200


def test_an_hour_later_it_is_forgotten(study: Study) -> None:
    begin(study)
    begin(study)
    Beginning.objects.update(begun_at=timezone.now() - timedelta(minutes=61))
    assert begin(study).status_code == 302
    assert Beginning.objects.count() == 1


def test_the_last_of_a_study_is_forgotten_by_the_clock(study: Study) -> None:
    begin(study)
    begin(study)
    Beginning.objects.filter(pk=Beginning.objects.latest("pk").pk).update(
        begun_at=timezone.now() - timedelta(minutes=61)
    )
    tidy()
    assert Beginning.objects.count() == 1


def test_what_fails_by_the_clock_stops_nothing_else(
    study: Study, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TIDIED_HOURLY = ["math.sqrt", *settings.TIDIED_HOURLY]
    begin(study)
    Beginning.objects.update(begun_at=timezone.now() - timedelta(minutes=61))
    tidy()
    assert not Beginning.objects.exists()
    assert "math.sqrt failed" in caplog.text


def test_no_address_is_kept(study: Study) -> None:
    begin(study)
    assert HALL not in repr(Beginning.objects.values().get())


def test_rehearsals_on_this_machine_are_not_counted(study: Study) -> None:
    assert [begin(study, "127.0.0.1").status_code for _ in range(3)] == [302, 302, 302]


def test_behind_a_proxy_the_clients_are_counted(study: Study, settings: Settings) -> None:
    settings.PROXIES = 1
    heard = [{"X-Forwarded-For": address} for address in (HALL, HALL, HALL, HOME)]
    assert [begin(study, "127.0.0.1", **one).status_code for one in heard] == [302, 302, 429, 302]


def test_a_refused_beginning_is_not_counted(study: Study) -> None:
    Study.objects.filter(pk=study.pk).update(state="paused")
    begin(study)
    assert not Beginning.objects.exists()
    sit_elsewhere = Study.objects.get(pk=study.pk)
    Study.objects.filter(pk=study.pk).update(state="open")
    assert sit(sit_elsewhere).pk
