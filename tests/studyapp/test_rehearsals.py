"""Simulated observers: marked by nobody but us, from the first request on, and in nothing that wasn't asked for."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.test import Client
from django.utils import timezone

from studyapp.definition import StudyProblemError
from studyapp.models import Observer, RejectedVote, Slot, Study, StudySession, StudyText, Trial, Vote
from studyapp.models.observer import Lane
from studyapp.services.drafts import design_settled, write_text
from studyapp.services.made_reports import ask_for_report
from studyapp.services.places import abandon_sessions
from studyapp.services.rehearsals import (
    MARK_MAX_AGE_S,
    SALT,
    forget_rehearsals,
    make_overdue,
    start_rehearsal,
)
from studyapp.services.rehearsed import account_for, report_of_run, shown_in
from studyapp.services.studies import close_study, has_votes
from studyapp.simulation.diary import Acknowledged, Diary
from studyapp.simulation.marks import MARK_HEADER
from tests.studyapp.factories import LOOKED, answer, answer_all, make_user, prefer, run_jobs, sit

pytestmark = pytest.mark.django_db

ORDER = ("auto", "original")
LISTS = ("observer", "slot", "studysession", "trial", "vote", "rejectedvote", "study")


@pytest.fixture
def draft(study: Study) -> Study:
    """The study before it was opened, with everything made."""
    Study.objects.filter(pk=study.pk).update(state=Study.State.DRAFT)
    return Study.objects.get(pk=study.pk)


def begin(study: Study, mark: str | None) -> StudySession | None:
    """Seated as the page does it; the sitting, or None where there was none."""
    headers = {} if mark is None else {MARK_HEADER: mark}
    done = Client().post(f"/s/{study.code}/", {"begin": "yes"}, headers=headers)
    return StudySession.objects.get(token=done["Location"].split("/")[2]) if done.status_code == 302 else None


class TestMark:
    def test_it_works(self, study: Study) -> None:
        rehearsal = start_rehearsal(study)
        welcome = Client().get(f"/s/{study.code}/", headers={MARK_HEADER: rehearsal.mark_of(0)})
        assert welcome[MARK_HEADER] == rehearsal.run
        session = begin(study, rehearsal.mark_of(0))
        assert session is not None
        assert session.simulated
        assert session.slot.lane == Lane.SIMULATED
        assert list(rehearsal.sittings) == [session]

    def test_without_one_an_observer_is_a_person(self, study: Study) -> None:
        session = begin(study, None)
        assert session is not None
        assert not session.simulated
        assert MARK_HEADER not in Client().get(f"/s/{study.code}/")

    @pytest.mark.parametrize("forged", ["", "yes", "r-1:2:3", "salted"])
    def test_a_forged_one_seats_nobody(self, study: Study, forged: str) -> None:
        forged = signing.dumps(["code", "r-1", 0], salt="another salt") if forged == "salted" else forged
        assert Client().get(f"/s/{study.code}/", headers={MARK_HEADER: forged}).status_code == 403
        assert begin(study, forged) is None
        assert not StudySession.objects.exists()

    def test_one_signed_with_another_key_seats_nobody(self, study: Study) -> None:
        assert begin(study, signing.dumps([study.code, "r-1", 0], key="another key", salt=SALT)) is None

    def test_one_for_another_study_seats_nobody(self, study: Study) -> None:
        assert begin(study, signing.dumps(["another", "r-1", 0], salt=SALT)) is None

    def test_an_old_one_seats_nobody(self, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
        long_ago = timezone.now().timestamp() - MARK_MAX_AGE_S - 1
        with monkeypatch.context() as patched:
            patched.setattr(signing.time, "time", lambda: long_ago)
            old = start_rehearsal(study).mark_of(0)
        assert begin(study, old) is None

    def test_a_panel_can_not_say_it(self, study: Study) -> None:
        Client().post(f"/s/{study.code}/?rehearsal=r-1&simulated=1", {"begin": "yes", "simulated": "1"})
        assert list(StudySession.objects.values_list("simulated", "panel")) == [(False, {})]


class TestDraft:
    def test_it_can_be_rehearsed_and_nobody_else_gets_in(self, draft: Study) -> None:
        session = begin(draft, start_rehearsal(draft).mark_of(0))
        assert session is not None
        assert begin(draft, None) is None
        client = Client()
        assert client.get(f"/look/{session.token}/").context["state"]["total"] == 3
        assert len(answer_all(session, prefer(*ORDER))) == 3

    def test_a_closed_one_can_not(self, study: Study) -> None:
        rehearsal = start_rehearsal(study)
        close_study(study)
        assert begin(study, rehearsal.mark_of(0)) is None
        with pytest.raises(StudyProblemError, match="closed"):
            start_rehearsal(study)

    def test_nor_one_whose_renderings_are_not_made(self, draft: Study) -> None:
        raster = draft.rasters.order_by("pk")[0]
        raster.renderings.all().delete()
        raster.delete()
        with pytest.raises(StudyProblemError, match="can't be shown yet"):
            start_rehearsal(draft)

    def test_its_texts_can_still_be_changed_and_what_was_seen_is_kept(self, draft: Study) -> None:
        session = begin(draft, start_rehearsal(draft).mark_of(0))
        assert session is not None
        answer_all(session, prefer(*ORDER))
        assert not has_votes(draft)
        write_text(draft, StudyText.Kind.INSTRUCTIONS, "Look twice.")
        session.refresh_from_db()
        assert session.instructions.version == 1

    def test_its_design_is_settled_until_the_rehearsal_is_forgotten(self, draft: Study) -> None:
        sit(draft, simulated=True)
        assert design_settled(draft)
        forget_rehearsals(draft)
        assert not design_settled(draft)


class TestLeftOut:
    """Every page and file, before and after a rehearsal of opposite taste."""

    @pytest.fixture
    def client(self, client: Client, study: Study) -> Client:
        User.objects.filter(pk=study.owner_id).update(is_superuser=True, is_staff=True)
        client.force_login(study.owner)
        return client

    @pytest.fixture
    def voted(self, study: Study) -> Study:
        """Two people, one of whom said two things."""
        for order in (ORDER, ORDER[::-1]):
            answer_all(sit(study), prefer(*order))
        answer(Trial.objects.order_by("pk")[0], "left")
        answer(Trial.objects.order_by("pk")[0], "right")
        self.report(study)
        return study

    def report(self, study: Study, *, include_simulated: bool = False) -> None:
        ask_for_report(study, include_simulated=include_simulated)
        run_jobs()

    def rehearse(self, study: Study) -> None:
        for _ in range(3):
            session = sit(study, simulated=True)
            answer_all(session, prefer("original", "auto"))
            for said in ("left", "right"):
                answer(session.trials.order_by("position")[0], said)

    def told(self, client: Client, url: str) -> str:
        """An answer without what differs each time, and without the two places that speak of rehearsals by name."""
        done = client.get(url)
        assert done.status_code == 200, url
        page = b"".join(done.streaming_content) if done.streaming else done.content
        text = re.sub(r'(csrfmiddlewaretoken" value|nonce|ticket" value)="[^"]*"', "", page.decode("utf-8", "replace"))
        text = re.sub(r'<div class="fine-print" id="rehearsed">.*?</form>\s*</div>', "", text, flags=re.DOTALL)
        text = re.sub(r'<tr><th scope="row">Simulated.*?</tr>', "", text, flags=re.DOTALL)
        text = re.sub(r'<p class="soft">\d+ simulated votes? left out\..*?</p>', "", text, flags=re.DOTALL)
        return re.sub(r"\s+", " ", text)

    def test_every_page_and_file_is_as_before(self, client: Client, voted: Study) -> None:
        study, files = f"/studies/{voted.pk}/", ("", "votes.csv", "report/", "report.json", "figures/preferences.svg")
        urls = ["/studies/", f"/s/{voted.code}/", *(f"{study}{name}" for name in files)]
        urls += [f"/admin/studyapp/{name}/" for name in LISTS]
        before = {url: self.told(client, url) for url in urls}
        self.rehearse(voted)
        after = {url: self.told(client, url) for url in urls}
        assert [url for url in urls if after[url] != before[url]] == []

    def test_the_admin_shows_them_when_asked(self, client: Client, voted: Study) -> None:
        self.rehearse(voted)
        for name in LISTS[:-1]:
            left_out, both, alone = (
                client.get(f"/admin/studyapp/{name}/{asked}").context["cl"].result_count
                for asked in ("", "?rehearsed=with", "?rehearsed=only")
            )
            assert left_out + alone == both
            assert min(left_out, alone) > 0

    def test_a_file_asked_for_with_them_is_another_and_named_so(self, client: Client, voted: Study) -> None:
        self.rehearse(voted)
        self.report(voted, include_simulated=True)
        for name in ("votes.csv", "report.json", "figures/preferences.svg"):
            url = f"/studies/{voted.pk}/{name}"
            assert self.told(client, url) != self.told(client, f"{url}?simulated=yes")
            assert "with-simulated-" in client.get(f"{url}?simulated=yes&download")["Content-Disposition"]

    def test_the_study_page_leads_to_them(self, client: Client, voted: Study) -> None:
        assert "rehearsed" not in client.get(f"/studies/{voted.pk}/").content.decode()
        self.rehearse(voted)
        page = client.get(f"/studies/{voted.pk}/").content.decode()
        assert f"/studies/{voted.pk}/report/?simulated=yes" in page
        assert "3 simulated sittings" in page
        self.report(voted, include_simulated=True)
        stamped = client.get(f"/studies/{voted.pk}/report/?simulated=yes").content.decode()
        assert "<title>SIMULATED: Report" in stamped

    def test_real_observers_get_the_slots_they_would_have(self, study: Study) -> None:
        self.rehearse(study)
        assert [sit(study).slot.number for _ in range(3)] == [0, 1, 2]


class TestForgetting:
    def test_it_takes_simulated_sittings_whole_and_nothing_else(self, study: Study) -> None:
        people = [sit(study), sit(study, pilot=True)]
        for session in people:
            answer_all(session, prefer(*ORDER))
        answer(people[0].trials.get(position=1), "left")
        answer(people[0].trials.get(position=1), "right")
        kinds = (Observer, Slot, StudySession, Trial, Vote, RejectedVote)
        before = [list(kind.objects.order_by("pk").values_list("pk", flat=True)) for kind in kinds]
        TestLeftOut().rehearse(study)
        assert forget_rehearsals(study) == 3
        assert [list(kind.objects.order_by("pk").values_list("pk", flat=True)) for kind in kinds] == before

    def test_the_button_does_it_for_the_owner_alone(self, client: Client, study: Study) -> None:
        sit(study, simulated=True)
        client.force_login(make_user("grace"))
        assert client.post(f"/studies/{study.pk}/forget-rehearsals/").status_code == 404
        client.force_login(study.owner)
        assert client.get(f"/studies/{study.pk}/forget-rehearsals/").status_code == 405
        assert StudySession.objects.count() == 1
        client.post(f"/studies/{study.pk}/forget-rehearsals/")
        assert StudySession.objects.count() == 0


class TestAccount:
    def test_a_vote_that_was_promised_and_is_not_there_is_named(self, study: Study) -> None:
        rehearsal = start_rehearsal(study)
        session = begin(study, rehearsal.mark_of(0))
        assert session is not None
        receipts = answer_all(session, prefer(*ORDER))
        trials = list(session.trials.order_by("position"))
        told = [
            Acknowledged(trial.token, receipt.vote.pk, receipt.vote.answer)
            for trial, receipt in zip(trials, receipts, strict=True)
        ]
        whole = account_for(rehearsal, [Diary(0, acknowledged=told)])
        assert (whole.votes, whole.missing, whole.unasked) == (3, (), 0)
        assert account_for(rehearsal, [Diary(0, acknowledged=told[1:])]).unasked == 1
        Vote.objects.filter(trial=trials[0]).delete()
        Vote.objects.filter(trial=trials[1]).update(answer="right" if told[1].answer == "left" else "left")
        assert len(account_for(rehearsal, [Diary(0, acknowledged=told)]).missing) == 2

    def test_a_refused_answer_without_its_event_is_named(self, study: Study) -> None:
        rehearsal = start_rehearsal(study)
        session = begin(study, rehearsal.mark_of(0))
        assert session is not None
        trial = session.trials.get(position=1)
        answer(trial, "left")
        assert len(account_for(rehearsal, [Diary(0, refused=[(trial.token, "right")])]).missing) == 1
        answer(trial, "right")
        assert account_for(rehearsal, [Diary(0, refused=[(trial.token, "right")])]).missing == ()

    def test_the_report_of_a_run_is_of_its_votes_alone(self, study: Study) -> None:
        answer_all(sit(study), prefer(*ORDER))
        answer_all(sit(study, simulated=True), prefer(*ORDER))
        rehearsal = start_rehearsal(study)
        session = begin(study, rehearsal.mark_of(0))
        assert session is not None
        answer_all(session, prefer(*ORDER))
        made = report_of_run(rehearsal)
        assert (made.votes, made.observers, made.simulated) == (3, 1, True)


def test_what_people_see_stays_blind(study: Study) -> None:
    with pytest.raises(StudyProblemError, match="real one"):
        shown_in(sit(study).token)
    simulated = sit(study, simulated=True)
    shown = shown_in(simulated.token)
    first = simulated.trials.get(position=1)
    assert shown[first.token].left == first.left.condition.name
    assert len(shown) == 3


def test_only_simulated_sittings_can_be_made_overdue(study: Study) -> None:
    person, simulated = sit(study), sit(study, simulated=True)
    make_overdue([person.token, simulated.token])
    assert abandon_sessions(study, timezone.now() + timedelta(seconds=1)) == 1
    person.refresh_from_db()
    simulated.refresh_from_db()
    assert (person.state, simulated.state) == ("active", "abandoned")
    again = sit(study, simulated=True)
    assert list(again.trials.values_list("slot", "place").order_by("place")) == list(
        simulated.trials.values_list("slot", "place").order_by("place")
    )


def test_an_answer_sooner_than_anybody_looks_is_refused(client: Client, study: Study) -> None:
    trial = sit(study).trials.get(position=1)
    url = f"/trial/{trial.token}/vote/"
    sent = client.post(url, {**LOOKED, "answer": "left", "response_ms": 199}, content_type="application/json")
    assert sent.status_code == 400
    assert "199 ms" in sent.json()["error"]
    assert not Vote.objects.exists()
    body = {**LOOKED, "answer": "left", "response_ms": 200}
    assert client.post(url, body, content_type="application/json").status_code == 200
