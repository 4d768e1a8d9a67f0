"""Paying and using, decided apart."""

import csv
import re
from io import StringIO

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from studyapp.models import Decision, Study, StudySession
from studyapp.services.arrivals import Arrival
from studyapp.services.decisions import NoReasonError, NotToDecideError, decidable, decide
from studyapp.services.exports import exposures
from studyapp.services.made_reports import ask_for_report
from studyapp.services.reports import report_as_json, report_of
from studyapp.services.seating import begin_session
from studyapp.services.withdrawal import withdraw
from tests.studyapp.factories import answer, answer_all, make_user, prefer, run_jobs, sit

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(study: Study) -> StudySession:
    """Finished by somebody whom a panel sent."""
    told = {"PROLIFIC_PID": "p1", "STUDY_ID": "s1", "SESSION_ID": "n1"}
    session = begin_session(study, consented=True, arrival=Arrival(told=told, person="p1"))
    answer_all(session, prefer("auto", "original"))
    return session


@pytest.fixture
def owner(study: Study) -> Client:
    client = Client()
    client.force_login(study.owner)
    return client


def decided(session: StudySession, pay: str = "undecided", use: str = "undecided", reason: str = "") -> Decision:
    return decide(session, pay=pay, use=use, reason=reason, by=session.study.owner)


def test_not_used_it_is_left_out_with_its_reason(study: Study, session: StudySession) -> None:
    answer_all(sit(study), prefer("auto", "original"))
    decided(session, use="no", reason="always left")
    report = report_of(study)
    assert (report.votes, report.observers, report.left_out) == (3, 1, {"not_used": 3})
    told = report_as_json(study)["left_out_by_decision"]
    assert told == [{"reason": "always left", "sittings": 1, "votes": 3}]


def test_the_page_of_the_report_says_it(owner: Client, study: Study, session: StudySession) -> None:
    decided(session, use="no", reason="always left")
    ask_for_report(study)
    run_jobs()
    page = " ".join(owner.get(f"/studies/{study.pk}/report/").content.decode().split())
    assert "votes of sittings left out by decision" in page
    row = page[page.index("always left") :].split("</tr>")[0]
    assert re.findall(r">(\d+)<", row) == ["1", "3"]


def test_a_report_that_was_made_before_is_made_anew(study: Study, session: StudySession) -> None:
    assert report_of(study).votes == 3
    decided(session, use="no", reason="x")
    assert report_of(study).votes == 0
    decided(session, use="yes")
    assert report_of(study).votes == 3


def test_the_export_holds_it_and_all_rows(study: Study, session: StudySession) -> None:
    decided(session, use="no", reason="always left")
    assert {(row["use"], row["use_reason"]) for row in exposures(study)} == {("no", "always left")}
    assert len(list(exposures(study))) == 3


def test_paying_changes_nothing_in_the_data(study: Study, session: StudySession) -> None:
    before, rows = report_of(study).as_json(), list(exposures(study))
    for pay in ("no", "yes"):
        decided(session, pay=pay)
        assert (report_of(study).as_json(), list(exposures(study))) == (before, rows)


def test_one_decision_leaves_the_other(owner: Client, study: Study, session: StudySession) -> None:
    decided(session, use="no", reason="always left")
    owner.post(f"/studies/{study.pk}/decisions/", {f"pay-{session.pk}": "yes"})
    decision = Decision.objects.get()
    assert (decision.pay, decision.use, decision.reason, decision.by) == ("yes", "no", "always left", study.owner)


def test_what_others_decided_meanwhile_stays(owner: Client, study: Study, session: StudySession) -> None:
    """The page was opened before, and says of a sitting what it said then."""
    other = sit(study)
    answer_all(other, prefer("auto", "original"))
    decided(session, pay="yes")
    shown = {f"{name}-{one.pk}": "undecided" for one in (session, other) for name in ("pay", "use")}
    told = shown | {f"{name}-shown": value for name, value in shown.items()} | {f"pay-{other.pk}": "no"}
    owner.post(f"/studies/{study.pk}/decisions/", told)
    assert dict(Decision.objects.values_list("session", "pay")) == {session.pk: "yes", other.pk: "no"}


def test_a_sitting_that_has_moved_to_another_page_is_kept(
    owner: Client, study: Study, session: StudySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sit(study)
    answer_all(other, prefer("auto", "original"))
    monkeypatch.setattr("studyapp.views.decisions.A_PAGE", 1)
    answer = owner.post(f"/studies/{study.pk}/decisions/?page=1", {f"pay-{other.pk}": "yes"}, follow=True)
    assert "Saved." in answer.content.decode()
    assert Decision.objects.get().session == other


def test_one_who_withdrew_meanwhile_is_told_of(owner: Client, study: Study, session: StudySession) -> None:
    withdraw(session)
    answer = owner.post(f"/studies/{study.pk}/decisions/", {f"pay-{session.pk}": "yes"}, follow=True)
    assert f"{session.observer.code} has withdrawn, or goes on" in answer.content.decode()
    assert not Decision.objects.exists()


def test_a_page_that_does_not_say_what_it_showed_changes_what_it_says_otherwise(
    owner: Client, study: Study, session: StudySession
) -> None:
    """Pages from before an update have no such fields."""
    other = sit(study)
    answer_all(other, prefer("auto", "original"))
    decided(session, pay="yes")
    before = Decision.objects.get()
    told = {f"pay-{session.pk}": "yes", f"pay-{other.pk}": "no"}
    told |= {
        f"{name}-{one.pk}": shown for one in (session, other) for name, shown in (("use", "undecided"), ("reason", ""))
    }
    grace = make_user("grace", is_superuser=True)
    owner.force_login(grace)
    owner.post(f"/studies/{study.pk}/decisions/", told)
    assert Decision.objects.get(session=session).by == before.by == study.owner
    assert Decision.objects.get(session=other).by == grace


def test_who_is_to_be_paid(owner: Client, study: Study, session: StudySession) -> None:
    answer_all(sit(study), prefer("auto", "original"))
    assert len(owner.get(f"/studies/{study.pk}/to-pay.csv").content.splitlines()) == 1
    decided(session, pay="yes", use="no", reason="always left")
    rows = list(csv.DictReader(StringIO(owner.get(f"/studies/{study.pk}/to-pay.csv").content.decode())))
    assert [(row["PROLIFIC_PID"], row["observer"]) for row in rows] == [("p1", session.observer.code)]


def test_no_spreadsheet_takes_a_stranger_s_word_for_a_formula(owner: Client, study: Study) -> None:
    session = begin_session(study, consented=True, arrival=Arrival(told={"PROLIFIC_PID": "=1+1"}, person="=1+1"))
    answer_all(session, prefer("auto", "original"))
    decided(session, pay="yes")
    assert b"'=1+1," in owner.get(f"/studies/{study.pk}/to-pay.csv").content


def test_the_page_shows_how_it_went(owner: Client, study: Study, session: StudySession) -> None:
    page = owner.get(f"/studies/{study.pk}/decisions/").content.decode()
    assert "3 of 3" in page
    assert session.observer.code in page


def test_abandoned_sittings_can_be_decided_of_too(study: Study) -> None:
    session = sit(study)
    answer(session.trials.earliest("position"), "left")
    StudySession.objects.update(state="abandoned")
    decided(session, use="no", reason="x")
    assert report_of(study).votes == 0


class TestRefusals:
    def test_no_without_a_reason(self, owner: Client, study: Study, session: StudySession) -> None:
        with pytest.raises(NoReasonError):
            decided(session, use="no", reason="  ")
        page = owner.post(f"/studies/{study.pk}/decisions/", {f"use-{session.pk}": "no"}, follow=True)
        assert "Say why" in page.content.decode()
        assert not Decision.objects.exists()

    def test_nor_behind_the_program_s_back(self, session: StudySession) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Decision.objects.create(session=session, use="no")

    def test_an_answer_that_is_none(self, session: StudySession) -> None:
        with pytest.raises(ValueError, match="undecided"):
            decided(session, pay="perhaps")

    def test_of_one_who_still_sits(self, study: Study) -> None:
        with pytest.raises(NotToDecideError):
            decided(sit(study), pay="yes")

    def test_of_one_who_has_withdrawn(self, study: Study, session: StudySession) -> None:
        withdraw(session)
        with pytest.raises(NotToDecideError):
            decided(session, pay="yes")
        assert not decidable(study).exists()

    def test_of_pilots_and_simulated_ones(self, study: Study) -> None:
        for lane in ({"pilot": True}, {"simulated": True}):
            session = sit(study, **lane)
            answer_all(session, prefer("auto", "original"))
            with pytest.raises(NotToDecideError):
                decided(session, pay="yes")
