"""Withdrawing, what is held of one person, and what is erased by the clock."""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from enhancement.management.commands.tend_jobs import tidy
from enhancement.services.verification import run_checks
from studyapp.forms import DEVICE
from studyapp.models import Erasure, Observer, RejectedVote, Study, StudySession, Trial, Vote
from studyapp.models.observer import LAB_COLUMNS
from studyapp.services import overview
from studyapp.services.arrivals import Arrival
from studyapp.services.decisions import decide
from studyapp.services.exports import exposures
from studyapp.services.invitations import listed, make_invitations
from studyapp.services.panels import set_panel
from studyapp.services.report_keys import report_key
from studyapp.services.reports import report_of
from studyapp.services.retention import days_kept, erase_due, kept_of
from studyapp.services.seating import begin_session
from studyapp.services.sessions import mark_shown
from studyapp.services.studies import close_study
from studyapp.services.verify_schedule import SCHEDULE_CHECKS
from studyapp.services.verify_votes import VOTE_CHECKS
from studyapp.services.withdrawal import withdraw
from tests.studyapp.factories import DEVICE as ON
from tests.studyapp.factories import LOOKED, answer, answer_all, prefer, sit
from tests.studyapp.test_recruiting import PROLIFIC, RETURNS

pytestmark = pytest.mark.django_db

IDS = {"PROLIFIC_PID": "p1", "STUDY_ID": "s1", "SESSION_ID": "n1"}


@pytest.fixture
def session(study: Study) -> StudySession:
    """Finished, and with everything that can be known of somebody."""
    invitation = make_invitations(study, 1)[0]
    arrival = Arrival(told=IDS, person="p1", group="DE", invitation=invitation)
    session = begin_session(study, consented=True, arrival=arrival)
    Observer.objects.update(background={"age": "30–39"})
    for trial in session.trials.select_related("session"):
        mark_shown(trial, ON)
    answer_all(session, prefer("auto", "original"))
    session.refresh_from_db()
    return session


def traces(session: StudySession) -> list[Any]:
    """What is still known of a sitting's device and person."""
    session = StudySession.objects.get(pk=session.pk)
    known: list[Any] = [session.panel, session.person, session.invitation_id]
    votes = Vote.objects.filter(trial__session=session)
    known += [getattr(one, name) for one in (*session.trials.all(), *votes) for name in DEVICE]
    return [one for one in known if one]


def unbroken() -> list[str]:
    return [
        str(violation) for outcome in run_checks((*VOTE_CHECKS, *SCHEDULE_CHECKS)) for violation in outcome.violations
    ]


class TestWithdrawal:
    def test_it_works(self, client: Client, study: Study, session: StudySession) -> None:
        asked = client.get(f"/look/{session.token}/withdraw/").content.decode()
        assert "Withdraw from the study?" in asked
        assert "this sitting only" not in asked
        session.refresh_from_db()
        assert session.state == StudySession.State.FINISHED, "asking changes nothing"
        assert "You have withdrawn" in client.post(f"/look/{session.token}/withdraw/").content.decode()
        session.refresh_from_db()
        assert session.state == StudySession.State.WITHDRAWN
        assert session.observer.withdrawn_at is not None
        assert "You have withdrawn" in client.get(f"/look/{session.token}/").content.decode()

    def test_it_needs_no_cookie(self, session: StudySession) -> None:
        strict = Client(enforce_csrf_checks=True)
        assert strict.post(f"/look/{session.token}/withdraw/").status_code == 200

    def test_its_votes_count_nowhere(self, study: Study, session: StudySession) -> None:
        assert report_of(study).votes == 3
        withdraw(session)
        assert report_of(study).votes == 0
        assert list(exposures(study)) == []
        assert overview.lanes_of(study)[0].votes == 0
        assert sum(pair.answered for pair in overview.pairs_of(study)) == 0
        assert overview.studies_of(study.owner).get(pk=study.pk).votes == 0

    def test_what_told_of_them_is_gone_and_a_row_counts_them(self, study: Study, session: StudySession) -> None:
        assert traces(session)
        decide(session, pay="yes", use="no", reason="pressed left only", by=study.owner)
        withdraw(session)
        session = StudySession.objects.get(pk=session.pk)
        assert traces(session) == []
        assert (session.group, session.observer.background, hasattr(session, "decision")) == ("", {}, False)
        assert overview.lanes_of(study)[0].states["withdrawn"] == 1
        assert session.erasure.why == Erasure.Why.WITHDRAWN

    def test_its_slot_is_free_again(self, study: Study, session: StudySession) -> None:
        withdraw(session)
        assert sit(study).slot == session.slot

    def test_its_invitation_stays_used(self, study: Study, session: StudySession) -> None:
        withdraw(session)
        assert [one.used for one in listed(study)] == [1]

    def test_said_twice_it_is_once(self, session: StudySession) -> None:
        assert [withdraw(session), withdraw(session)] == [1, 0]
        assert Erasure.objects.count() == 1

    def test_everything_of_that_observer_goes(self, study: Study) -> None:
        """Who came back by a panel when their place was gone has two sittings."""
        first, second = (begin_session(study, consented=True, arrival=Arrival(person=who)) for who in ("p1", "p2"))
        StudySession.objects.filter(pk=second.pk).update(observer=first.observer)
        withdraw(StudySession.objects.get(pk=second.pk))
        assert set(study.sessions.values_list("state", flat=True)) == {"withdrawn"}

    def test_what_the_verifier_promises_still_holds(self, study: Study, session: StudySession) -> None:
        withdraw(session)
        sit(study)
        assert unbroken() == []

    def test_the_verifier_finds_one_who_withdrew_and_is_still_known(self, study: Study, session: StudySession) -> None:
        withdraw(session)
        StudySession.objects.filter(pk=session.pk).update(panel=IDS)
        assert any("still tells who" in violation for violation in unbroken())

    @pytest.mark.parametrize("of", [Trial, Vote])
    def test_the_verifier_finds_one_whose_device_is_still_known_and_the_clock_mends_it(
        self, study: Study, session: StudySession, of: type[Trial | Vote]
    ) -> None:
        withdraw(session)
        of.objects.filter(pk=of.objects.latest("pk").pk).update(drawer="webgl")
        assert any("on what" in violation for violation in unbroken())
        erase_due()
        assert traces(session) == []
        assert unbroken() == []

    def test_an_answer_after_it_is_rejected(self, client: Client, study: Study) -> None:
        session = sit(study)
        trial = session.trials.earliest("position")
        withdraw(session)
        told = json.dumps({"answer": "left", **LOOKED, **ON})
        assert client.post(f"/trial/{trial.token}/vote/", told, content_type="application/json").status_code == 410
        assert not Vote.objects.exists()
        assert RejectedVote.objects.get().reason == "the observer has withdrawn"
        assert traces(session) == []

    def test_word_of_a_showing_after_it_is_not_kept(self, study: Study) -> None:
        trial = sit(study).trials.select_related("session").earliest("position")
        withdraw(trial.session)
        mark_shown(trial, ON)
        trial.refresh_from_db()
        assert (trial.shown_at, trial.device_pixel_ratio) == (None, None)

    def test_also_when_the_study_has_closed(self, client: Client, study: Study, session: StudySession) -> None:
        close_study(study)
        client.post(f"/look/{session.token}/withdraw/")
        assert StudySession.objects.get(pk=session.pk).state == StudySession.State.WITHDRAWN

    def test_the_panel_is_told_by_its_code(self, client: Client, study: Study, session: StudySession) -> None:
        set_panel(study, PROLIFIC, RETURNS)
        assert "complete?cc=LEFT" in client.post(f"/look/{session.token}/withdraw/").content.decode()
        assert "complete?cc=LEFT" in client.get(f"/look/{session.token}/").content.decode()

    def test_an_unknown_sitting(self, client: Client) -> None:
        for page in ("yours/", "withdraw/", "my-data.json"):
            assert client.get(f"/look/nothing/{page}").status_code == 404

    def test_the_way_there(self, client: Client, study: Study, session: StudySession) -> None:
        link = f"/look/{session.token}/yours/"
        assert link in client.get(f"/look/{session.token}/thanks/").content.decode()
        looking = sit(study)
        assert f"/look/{looking.token}/yours/" in client.get(f"/look/{looking.token}/").content.decode()
        assert f"/look/{session.token}/withdraw/" in client.get(link).content.decode()


class TestOwnData:
    def told(self, client: Client, session: StudySession) -> Any:
        answer = client.get(f"/look/{session.token}/my-data.json")
        assert "attachment" in answer["Content-Disposition"]
        return answer.json()

    def test_it_works(self, client: Client, session: StudySession) -> None:
        told = self.told(client, session)
        sitting = told["sittings"][0]
        assert told["observer"]["background"] == {"age": "30–39"}
        assert sitting["sent_along_by_the_panel"] == IDS
        assert sitting["invitation"] == session.invitation.code
        assert [pair["answer"] for pair in sitting["pairs"]] == [
            vote.answer for vote in Vote.objects.order_by("trial__position")
        ]
        assert sitting["pairs"][0]["device"] == sitting["pairs"][0]["answered_on"] == ON

    def test_it_is_blind_until_the_study_has_closed(self, client: Client, study: Study, session: StudySession) -> None:
        text = client.get(f"/look/{session.token}/my-data.json").content.decode()
        assert '"original"' not in text
        assert '"kind"' not in text
        close_study(study)
        pair = self.told(client, session)["sittings"][0]["pairs"][0]
        assert {pair["left"], pair["right"]} == {"original", "auto"}

    def test_pairs_that_were_not_shown_are_not_told(self, client: Client, study: Study) -> None:
        assert self.told(client, sit(study))["sittings"][0]["pairs"] == []

    def test_what_was_decided_of_them_is_told(self, client: Client, study: Study, session: StudySession) -> None:
        decide(session, pay="yes", use="no", reason="asleep", by=study.owner)
        decided = self.told(client, session)["sittings"][0]["decided_by_the_researcher"]
        assert (decided["pay"], decided["use"], decided["reason"]) == ("yes", "no", "asleep")

    def test_of_who_has_withdrawn_little_is_left(self, client: Client, session: StudySession) -> None:
        withdraw(session)
        sitting = self.told(client, session)["sittings"][0]
        ids = [sitting[name] for name in ("sent_along_by_the_panel", "known_to_the_panel_as", "invitation")]
        assert ids == [{}, None, None]
        assert sitting["erased"]["why"] == "the observer withdrew"

    def test_every_column_of_a_sitting_is_told_or_is_no_news_of_them(self) -> None:
        """A new column must be said to whom it is about, or be named here."""
        told = {
            "id", "study", "observer", "state", "started_at", "last_seen_at", "finished_at", "went_on_at",
            "instructions", "consent", "consented_at", "panel", "person", "group", "invitation", "language", "lab",
            *LAB_COLUMNS,
        }  # fmt: skip
        of_the_design = {"slot", "token", "ticket", "pilot", "simulated", "stamp"}
        assert {field.name for field in StudySession._meta.fields} == told | of_the_design


def ended(session: StudySession, days: float) -> None:
    at = timezone.now() - timedelta(days=days)
    StudySession.objects.filter(pk=session.pk).update(last_seen_at=at, finished_at=at)


class TestRetention:
    def keep(self, study: Study, days: int | None) -> None:
        study.keep_device_days = days
        study.save()

    def test_it_works(self, study: Study, session: StudySession, caplog: pytest.LogCaptureFixture) -> None:
        self.keep(study, 30)
        ended(session, 31)
        kept = [field.attname for field in Vote._meta.fields if field.name not in DEVICE]
        before = list(Vote.objects.order_by("pk").values(*kept))
        with caplog.at_level(logging.INFO):
            assert erase_due() == 1
        assert traces(session) == []
        assert list(Vote.objects.order_by("pk").values(*kept)) == before
        assert Trial.objects.count() == 3
        assert "1 sittings erased" in caplog.text
        assert session.token not in caplog.text

    def test_what_a_number_rests_on_stays(self, study: Study, session: StudySession) -> None:
        self.keep(study, 30)
        ended(session, 31)
        before = report_of(study).as_json()
        erase_due()
        assert report_of(study).as_json() == before
        assert unbroken() == []

    def test_before_its_time_nothing_is_erased(self, study: Study, session: StudySession) -> None:
        self.keep(study, 30)
        ended(session, 29)
        assert erase_due() == 0
        assert traces(session)

    def test_once_is_enough(self, study: Study, session: StudySession) -> None:
        self.keep(study, 30)
        ended(session, 31)
        assert [erase_due(), erase_due()] == [1, 0]

    def test_what_one_tells_who_comes_back_is_erased_in_its_time(self, study: Study) -> None:
        self.keep(study, 30)
        session = sit(study)
        StudySession.objects.filter(pk=session.pk).update(state="abandoned")
        ended(session, 31)
        assert erase_due() == 1
        answer(session.trials.get(position=1), "left")
        assert traces(session)
        assert erase_due() == 0
        ended(session, 31)
        Erasure.objects.update(erased_at=timezone.now() - timedelta(days=40))
        assert kept_of(study).next_at is not None
        before = report_key(study)
        assert [erase_due(), erase_due()] == [1, 0]
        assert traces(session) == []
        assert report_key(study) != before, "a report that was made before tells of the device"

    def test_who_has_withdrawn_stays_withdrawn(self, study: Study, session: StudySession) -> None:
        """Word of a showing is a sign of life, also where it comes too late."""
        self.keep(study, 30)
        withdraw(session)
        Erasure.objects.update(erased_at=timezone.now() - timedelta(days=40))
        ended(session, 31)
        assert erase_due() == 0
        assert Erasure.objects.get().why == Erasure.Why.WITHDRAWN

    def test_kept_for_good_unless_said(self, study: Study, session: StudySession) -> None:
        ended(session, 10_000)
        assert erase_due() == 0

    def test_the_installation_s_time_holds_for_every_study(
        self, study: Study, session: StudySession, settings: Settings
    ) -> None:
        settings.DEVICE_KEEP_DAYS = 10
        ended(session, 11)
        assert erase_due() == 1

    @pytest.mark.parametrize(
        ("study_s", "installation_s", "days"), [(5, 10, 5), (20, 10, 10), (5, 0, 5), (None, 0, None)]
    )
    def test_the_shorter_holds(
        self, study: Study, settings: Settings, study_s: int | None, installation_s: int, days: int | None
    ) -> None:
        settings.DEVICE_KEEP_DAYS = installation_s
        study.keep_device_days = study_s
        assert days_kept(study) == days

    def test_an_abandoned_sitting_ends_with_its_last_sign_of_life(self, study: Study) -> None:
        self.keep(study, 30)
        session = begin_session(study, consented=True, arrival=Arrival(told=IDS, person="p1"))
        ended(session, 31)
        StudySession.objects.filter(pk=session.pk).update(state="abandoned", finished_at=None)
        assert erase_due() == 1

    def test_its_invitation_stays_used(self, study: Study, session: StudySession) -> None:
        self.keep(study, 30)
        ended(session, 31)
        erase_due()
        assert [one.used for one in listed(study)] == [1]

    def test_the_mark_of_simulated_ones_stays(self, study: Study) -> None:
        self.keep(study, 30)
        session = begin_session(study, consented=True, simulated=True, panel={"rehearsal": "r-1"})
        ended(session, 31)
        assert erase_due() == 0

    def test_the_study_s_page_says_so(self, study: Study, session: StudySession) -> None:
        self.keep(study, 30)
        ended(session, 31)
        assert kept_of(study).next_at is not None
        erase_due()
        client = Client()
        client.force_login(study.owner)
        page = " ".join(client.get(f"/studies/{study.pk}/").content.decode().split())
        assert "erased 30 days after a sitting’s end" in page
        assert "Of 1 sitting they have been erased" in page

    def test_tend_does_it(self, study: Study, session: StudySession) -> None:
        self.keep(study, 30)
        ended(session, 31)
        tidy()
        assert traces(session) == []

    def test_less_than_no_days_is_refused(self, settings: Settings) -> None:
        settings.DEVICE_KEEP_DAYS = -1
        with pytest.raises(Exception, match="DEVICE_KEEP_DAYS"):
            call_command("check")
