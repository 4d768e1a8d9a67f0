"""Quotas: what counts, what gives its place back, and the pause by itself."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from studyapp.models import Study, StudySession
from studyapp.services.arrivals import Arrival
from studyapp.services.quotas import QuotaFullError, places_of, set_quotas
from studyapp.services.seating import begin_session
from studyapp.services.sessions import touch
from studyapp.services.withdrawal import withdraw
from tests.studyapp.factories import answer_all, leave, prefer, sit

pytestmark = pytest.mark.django_db


def limited(study: Study, quota: int | None = None, **groups: int) -> Study:
    set_quotas(study, quota, groups)
    return study


def of(study: Study, group: str) -> StudySession:
    return begin_session(study, consented=True, arrival=Arrival(group=group))


def silence(session: StudySession) -> None:
    long_ago = timezone.now() - timedelta(minutes=session.study.lease_minutes + 1)
    StudySession.objects.filter(pk=session.pk).update(last_seen_at=long_ago)


def test_it_works(study: Study) -> None:
    limited(study, 2)
    sit(study)
    sit(study)
    with pytest.raises(QuotaFullError):
        sit(study)
    assert study.sessions.count() == 2


def test_without_a_quota_nobody_is_turned_away(study: Study) -> None:
    for _ in range(3):
        sit(study)


def test_a_finished_one_holds_its_place(study: Study) -> None:
    limited(study, 1)
    answer_all(sit(study), prefer("auto", "original"))
    with pytest.raises(QuotaFullError):
        sit(study)


def test_pilot_and_simulated_sittings_take_no_place(study: Study) -> None:
    limited(study, 1)
    sit(study, pilot=True)
    sit(study, simulated=True)
    sit(study)
    sit(study, pilot=True)
    sit(study, simulated=True)
    assert [places.taken for places in places_of(study)] == [1]


def test_one_given_up_gives_its_place_back(study: Study) -> None:
    limited(study, 1)
    silence(sit(study))
    assert sit(study).slot.number == 0


def test_one_that_withdraws_gives_its_place_back(study: Study) -> None:
    limited(study, 1)
    withdraw(sit(study))
    sit(study)


def test_who_comes_back_when_the_place_is_gone_does_not_go_on(study: Study) -> None:
    """Though what they didn't answer is free: the quota was lowered in between."""
    limited(study, 2)
    first, second = sit(study), sit(study)
    leave(first)
    limited(study, 1)
    first.refresh_from_db()
    assert first.state == StudySession.State.ABANDONED
    assert not touch(first), "its pairs are free, but no place is"
    withdraw(second)
    first.refresh_from_db()
    assert touch(first), "now there is one"


def test_they_are_told_kindly(client: Client, study: Study) -> None:
    limited(study, 1)
    session = sit(study)
    silence(session)
    sit(study)
    page = client.get(f"/look/{session.token}/").content.decode()
    assert "given to someone else" in page
    assert "The answers that you gave are safe" in page


class TestGroups:
    def test_it_works(self, study: Study) -> None:
        limited(study, DE=1, FR=1)
        of(study, "DE")
        of(study, "FR")
        for group in ("DE", "FR"):
            with pytest.raises(QuotaFullError):
                of(study, group)
        of(study, "IT")
        of(study, "")

    def test_others_are_those_who_are_not_listed(self, study: Study) -> None:
        limited(study, DE=1, others=1)
        of(study, "IT")
        for group in ("ES", "", "others"):
            with pytest.raises(QuotaFullError):
                of(study, group)
        of(study, "DE")

    def test_none_of_the_others(self, study: Study) -> None:
        limited(study, DE=1, others=0)
        with pytest.raises(QuotaFullError):
            of(study, "")

    def test_the_whole_study_s_holds_too(self, study: Study) -> None:
        limited(study, 1, DE=5)
        of(study, "FR")
        with pytest.raises(QuotaFullError):
            of(study, "DE")

    def test_the_link_says_the_group_however_it_is_spelled(self, client: Client, study: Study) -> None:
        limited(study, DE=1)
        for _ in range(2):
            Client().post(f"/s/{study.code}/?group=de", {"begin": "yes"})
        assert list(study.sessions.values_list("group", flat=True)) == ["DE"]


class TestPause:
    def test_it_works(self, study: Study, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
        limited(study, 2)
        for state in (Study.State.OPEN, Study.State.PAUSED):
            session = sit(study)
            with django_capture_on_commit_callbacks(execute=True):
                answer_all(session, prefer("auto", "original"))
            study.refresh_from_db()
            assert study.state == state

    def test_places_taken_but_not_finished_are_no_reason(
        self, study: Study, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        limited(study, 2)
        sit(study)
        with django_capture_on_commit_callbacks(execute=True):
            answer_all(sit(study), prefer("auto", "original"))
        study.refresh_from_db()
        assert study.state == Study.State.OPEN

    @pytest.mark.parametrize(("groups", "state"), [({"DE": 1}, "open"), ({"DE": 1, "others": 0}, "paused")])
    def test_groups_complete_a_study_that_lets_nobody_else_in(
        self,
        groups: dict[str, int],
        state: str,
        study: Study,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        limited(study, **groups)
        with django_capture_on_commit_callbacks(execute=True):
            answer_all(of(study, "DE"), prefer("auto", "original"))
        study.refresh_from_db()
        assert study.state == state

    def test_a_quota_lowered_to_what_is_finished(
        self, study: Study, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        answer_all(sit(study), prefer("auto", "original"))
        with django_capture_on_commit_callbacks(execute=True):
            limited(study, 1)
        study.refresh_from_db()
        assert study.state == Study.State.PAUSED


class TestPage:
    def test_full_is_said_before_the_instructions(self, client: Client, study: Study) -> None:
        limited(study, 1)
        sit(study)
        page = client.get(f"/s/{study.code}/").content.decode()
        assert "All places are taken" in page
        assert "Begin" not in page

    def test_who_sits_here_is_led_back(self, client: Client, study: Study) -> None:
        limited(study, 1)
        client.post(f"/s/{study.code}/", {"begin": "yes"})
        assert "Continue where you were" in client.get(f"/s/{study.code}/").content.decode()

    def test_complete_and_paused_it_is_full_not_paused(self, client: Client, study: Study) -> None:
        limited(study, 1)
        answer_all(sit(study), prefer("auto", "original"))
        Study.objects.filter(pk=study.pk).update(state=Study.State.PAUSED)
        assert "All places are taken" in client.get(f"/s/{study.code}/").content.decode()
        set_quotas(study, 2, {})
        assert "This study is paused" in client.get(f"/s/{study.code}/").content.decode()

    def test_asking_gives_places_back_that_nobody_holds(self, client: Client, study: Study) -> None:
        limited(study, 1)
        silence(sit(study))
        assert "Begin" in client.get(f"/s/{study.code}/").content.decode()
