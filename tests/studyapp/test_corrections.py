"""The last answer can be taken back until the observer goes on: as the page is told, and at its address."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from studyapp.models import Study, StudySession, Trial, Vote
from studyapp.services.corrections import go_on, last_answer
from studyapp.services.quotas import set_quotas
from studyapp.services.report_keys import report_key
from studyapp.services.sessions import as_shown, last_told, state_of
from studyapp.services.studies import close_study, pause_study
from studyapp.services.votes import record_vote, to_answer
from studyapp.services.withdrawal import withdraw
from tests.studyapp.factories import DEVICE, LOOKED, answer, answer_all, sit

pytestmark = pytest.mark.django_db


@pytest.fixture
def allowed(study: Study) -> Study:
    Study.objects.filter(pk=study.pk).update(allow_correction=True)
    return Study.objects.get(pk=study.pk)


@pytest.fixture
def session(allowed: Study) -> StudySession:
    return sit(allowed)


def at(session: StudySession, position: int) -> Trial:
    return to_answer().get(session=session, position=position)


def correct(session: StudySession, position: int) -> bool:
    return record_vote(at(session, position), "right", LOOKED, DEVICE, corrects="left").kept


def finish(session: StudySession) -> StudySession:
    answer_all(session, lambda trial: "left")
    return StudySession.objects.get(pk=session.pk)


class TestTold:
    """What the page starts from."""

    def test_it_works(self, session: StudySession) -> None:
        answer(at(session, 1), "left", response_ms=3210, flips=2)
        told = state_of(session)["last"]
        assert told["trial"] == as_shown(session.trials.get(position=1))
        assert (told["answer"], told["looked"]["response_ms"], told["looked"]["flips"]) == ("left", 3210, 2)
        assert [trial["position"] for trial in state_of(session)["trials"]] == [2, 3]
        json.dumps(told)

    def test_it_tells_no_method(self, session: StudySession) -> None:
        answer(at(session, 1), "left")
        told = json.dumps(last_told(session)).replace('"left"', "")
        assert not any(name in told for name in ("original", "auto", "photo-", "iphone", "main", "gold"))

    def test_nothing_before_the_first_answer(self, session: StudySession) -> None:
        assert state_of(session)["last"] is None

    def test_it_is_the_newest_answer(self, session: StudySession) -> None:
        answer(at(session, 1), "left")
        answer(at(session, 2), "left")
        assert state_of(session)["last"]["trial"]["position"] == 2

    def test_not_what_was_corrected_nor_the_one_before(self, session: StudySession) -> None:
        answer(at(session, 1), "left")
        answer(at(session, 2), "left")
        assert correct(session, 2)
        assert state_of(session)["last"] is None

    def test_not_where_the_study_has_none_and_without_a_query(self, study: Study) -> None:
        session = sit(study)
        answer(at(session, 1), "left")
        with CaptureQueriesContext(connection) as queries:
            assert last_told(session) is None
        assert len(queries) == 0

    def test_not_in_a_closed_study_nor_of_who_has_withdrawn(self, session: StudySession) -> None:
        answer(at(session, 1), "left")
        withdraw(session)
        assert last_answer(StudySession.objects.get(pk=session.pk)) is None
        other = sit(session.study)
        answer(at(other, 1), "left")
        close_study(session.study)
        assert last_answer(StudySession.objects.get(pk=other.pk)) is None

    def test_place_tells_it_too(self, client: Client, session: StudySession) -> None:
        answer(at(session, 1), "left")
        assert client.get(f"/look/{session.token}/place/").json()["last"]["trial"]["position"] == 1
        close_study(session.study)
        assert client.get(f"/look/{session.token}/place/").json()["last"] is None


class TestEndOfPairs:
    """Every pair is answered, and the observer hasn't gone on."""

    def test_the_link_leads_to_it_until_the_observer_goes_on(self, client: Client, session: StudySession) -> None:
        finish(session)
        for _ in range(2):
            state = client.get(f"/look/{session.token}/").context["state"]
            assert (state["trials"], state["answered"], state["last"]["trial"]["position"]) == ([], 3, 3)
        assert client.get(f"/look/{session.token}/thanks/")["Location"] == f"/look/{session.token}/"
        assert client.post(state["onward_url"]).status_code == 204
        assert client.get(f"/look/{session.token}/")["Location"] == state["finish_url"]
        assert client.get(state["finish_url"]).status_code == 200

    def test_the_sitting_is_finished_all_the_same_and_fills_its_quota(
        self, session: StudySession, django_capture_on_commit_callbacks: Any
    ) -> None:
        set_quotas(session.study, 1, {})
        with django_capture_on_commit_callbacks(execute=True):
            ended = finish(session)
        assert (ended.state, ended.went_on_at) == (StudySession.State.FINISHED, None)
        assert ended.finished_at is not None
        assert Study.objects.get(pk=session.study_id).state == Study.State.PAUSED
        assert correct(session, 3)

    def test_a_pause_leaves_it_a_close_ends_it(self, client: Client, session: StudySession) -> None:
        finish(session)
        pause_study(session.study)
        assert client.get(f"/look/{session.token}/").status_code == 200
        close_study(session.study)
        assert client.get(f"/look/{session.token}/")["Location"] == f"/look/{session.token}/thanks/"

    def test_a_corrected_last_answer_leads_straight_on(self, client: Client, session: StudySession) -> None:
        finish(session)
        assert correct(session, 3)
        assert client.get(f"/look/{session.token}/")["Location"] == f"/look/{session.token}/thanks/"
        assert client.get(f"/look/{session.token}/thanks/").status_code == 200

    def test_closing_questions_come_after_it(self, client: Client, session: StudySession) -> None:
        Study.objects.filter(pk=session.study_id).update(closing_questions=["How was it?"])
        finish(session)
        questions = f"/look/{session.token}/steps/questions/1/"
        assert client.get(questions)["Location"] == f"/look/{session.token}/"
        assert client.post(questions, {"question_1": "fine"})["Location"] == f"/look/{session.token}/"
        assert not session.steps.exists()
        assert client.get(f"/look/{session.token}/").status_code == 200
        client.post(f"/look/{session.token}/onward/")
        assert client.get(f"/look/{session.token}/")["Location"] == questions
        assert not correct(session, 3)

    def test_a_sitting_that_was_answered_but_not_ended_ends(self, client: Client, session: StudySession) -> None:
        finish(session)
        StudySession.objects.update(state=StudySession.State.ACTIVE)
        assert client.get(f"/look/{session.token}/").status_code == 200
        assert client.post(f"/look/{session.token}/onward/").status_code == 204
        assert client.get(f"/look/{session.token}/thanks/").status_code == 200


def test_a_report_that_was_made_before_is_an_old_one(allowed: Study, session: StudySession) -> None:
    finish(session)
    before = report_key(allowed)
    assert correct(session, 3)
    assert report_key(allowed) != before


class TestOnward:
    def test_said_again_the_first_time_counts(self, client: Client, session: StudySession) -> None:
        finish(session)
        times = []
        for _ in range(2):
            assert client.post(f"/look/{session.token}/onward/").status_code == 204
            times.append(StudySession.objects.get(pk=session.pk).went_on_at)
        assert times[0] == times[1] is not None

    def test_before_the_end_it_does_nothing(self, client: Client, session: StudySession) -> None:
        answer(at(session, 1), "left")
        assert client.post(f"/look/{session.token}/onward/").status_code == 204
        assert correct(session, 1)
        assert StudySession.objects.get(pk=session.pk).went_on_at is None

    def test_where_nothing_can_be_corrected_it_does_nothing(self, client: Client, study: Study) -> None:
        session = finish(sit(study))
        assert client.post(f"/look/{session.token}/onward/").status_code == 204
        assert StudySession.objects.get(pk=session.pk).went_on_at is None

    def test_a_browser_whose_cookies_were_cleared(self, session: StudySession) -> None:
        finish(session)
        assert Client(enforce_csrf_checks=True).post(f"/look/{session.token}/onward/").status_code == 204

    def test_an_unknown_sitting(self, client: Client) -> None:
        assert client.post("/look/nothing/onward/").status_code == 404

    def test_the_database_lets_nobody_go_on_from_a_sitting_that_goes_on(self, session: StudySession) -> None:
        finish(session)
        go_on(session)
        with pytest.raises(IntegrityError), transaction.atomic():
            StudySession.objects.update(state=StudySession.State.ACTIVE)


def test_the_whole_way_over_http(client: Client, session: StudySession) -> None:
    """As the page does it: the last vote, its correction after a reload, and the thanks."""

    def post(trial: dict[str, Any], said: str, **more: Any) -> Any:
        body = json.dumps({"answer": said, **LOOKED, **DEVICE, **more})
        return client.post(trial["vote_url"], body, content_type="application/json")

    while trials := client.get(f"/look/{session.token}/").context["state"]["trials"]:
        assert post(trials[0], "left").status_code == 200
    last = client.get(f"/look/{session.token}/").context["state"]["last"]
    assert client.get(f"{last['trial']['left']}0/0/0").status_code == 200
    assert post(last["trial"], "right", corrects=last["answer"]).status_code == 200
    page = client.get(f"/look/{session.token}/", follow=True)
    assert page.redirect_chain == [(f"/look/{session.token}/thanks/", 302)]
    assert list(Vote.objects.order_by("trial__position").values_list("answer", "corrected_from")) == [
        ("left", ""),
        ("left", ""),
        ("right", "left"),
    ]
