"""Panels and invitations: who is known again, what a panel is told, and what is refused."""

import csv
import re
from html import unescape
from io import StringIO
from urllib.parse import parse_qsl

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from studyapp.models import Invitation, Panel, Study, StudySession
from studyapp.services.invitations import BadNumberError, make_invitations
from studyapp.services.panels import problems_of_template, set_panel, way_back
from studyapp.services.places import abandon_sessions
from studyapp.services.quotas import set_quotas
from tests.studyapp.factories import answer_all, prefer, sit
from tests.studyapp.test_quotas import silence

pytestmark = pytest.mark.django_db

PROLIFIC = {
    "kind": "prolific",
    "parameters": ["PROLIFIC_PID", "STUDY_ID", "SESSION_ID"],
    "person_parameter": "PROLIFIC_PID",
    "group_parameter": "group",
    "return_url": "https://app.prolific.com/submissions/complete?cc={code}",
}
LINK = "?PROLIFIC_PID=p1&STUDY_ID=s1&SESSION_ID=n1"
RETURNS = {"completed": ("DONE", ""), "quota_full": ("FULL", ""), "no_consent": ("NO", ""), "withdrew": ("LEFT", "")}


@pytest.fixture
def prolific(study: Study) -> Study:
    set_panel(study, PROLIFIC, RETURNS)
    return study


def begin(study: Study, query: str = "", client: Client | None = None) -> str:
    """Where *Begin* leads, from a browser of its own."""
    answer = (client or Client()).post(f"/s/{study.code}/{query}", {"begin": "yes"})
    return str(answer.headers.get("Location", answer.content.decode()))


class TestPanel:
    def test_all_three_are_kept(self, prolific: Study) -> None:
        begin(prolific, LINK)
        session = StudySession.objects.get()
        assert session.panel == {"PROLIFIC_PID": "p1", "STUDY_ID": "s1", "SESSION_ID": "n1"}
        assert session.person == "p1"

    def test_back_on_another_device_one_goes_on(self, prolific: Study) -> None:
        first = begin(prolific, LINK)
        assert Client().get(f"/s/{prolific.code}/{LINK}")["Location"] == first
        assert begin(prolific, LINK) == first
        assert prolific.sessions.count() == 1

    def test_also_where_prolific_was_not_set_up(self, study: Study) -> None:
        assert begin(study, LINK) == begin(study, LINK)

    def test_finished_they_get_their_code_again(self, prolific: Study) -> None:
        place = begin(prolific, LINK)
        answer_all(StudySession.objects.get(), prefer("auto", "original"))
        page = Client().get(f"/s/{prolific.code}/{LINK}", follow=True)
        assert page.redirect_chain[-1][0] == f"{place}thanks/"
        assert 'href="https://app.prolific.com/submissions/complete?cc=DONE"' in page.content.decode()

    def test_another_person_is_another(self, prolific: Study) -> None:
        assert begin(prolific, LINK) != begin(prolific, "?PROLIFIC_PID=p2")

    def test_a_place_that_is_gone_is_begun_anew_by_the_same_observer(self, prolific: Study) -> None:
        begin(prolific, f"{LINK}&group=DE")
        first = StudySession.objects.get()
        silence(first)
        sit(prolific)
        page = unescape(Client().get(f"/look/{first.token}/").content.decode())
        again = re.search(rf'/s/{prolific.code}/\?([^"]*)', page)
        assert again is not None
        assert dict(parse_qsl(again[1])) == {**dict(parse_qsl(LINK[1:])), "group": "DE"}
        begin(prolific, LINK)
        anew = StudySession.objects.filter(person="p1").latest("pk")
        assert anew.pk != first.pk
        assert anew.observer == first.observer

    def test_one_who_was_silent_goes_on_while_the_place_is_free(self, prolific: Study) -> None:
        place = begin(prolific, LINK)
        first = StudySession.objects.get()
        silence(first)
        abandon_sessions(prolific, first.last_seen_at)
        assert begin(prolific, LINK) == place

    def test_what_comes_in_is_cut_and_cleaned(self, prolific: Study) -> None:
        begin(prolific, "?PROLIFIC_PID=%00%0A" + "p" * 300)
        assert StudySession.objects.get().person == "p" * 200

    def test_parameters_that_are_not_kept_are_not_kept(self, prolific: Study) -> None:
        begin(prolific, f"{LINK}&email=a@b.example")
        assert "email" not in StudySession.objects.get().panel

    def test_full_tells_the_panel(self, prolific: Study) -> None:
        set_quotas(prolific, 1, {})
        sit(prolific)
        page = begin(prolific, LINK)
        assert "submissions/complete?cc=FULL" in page
        assert "All places are taken" in page

    def test_not_agreeing_tells_the_panel_and_stores_nothing(self, client: Client, prolific: Study) -> None:
        prolific.texts.create(kind="consent", text="I agree.")
        page = client.get(f"/s/{prolific.code}/{LINK}").content.decode()
        decline = f"/s/{prolific.code}/decline/{LINK}"
        assert decline.replace("&", "&amp;") in page
        assert "submissions/complete?cc=NO" in client.get(decline).content.decode()
        assert not StudySession.objects.exists()

    def test_without_a_consent_there_is_nothing_to_decline(self, client: Client, prolific: Study) -> None:
        assert "decline" not in client.get(f"/s/{prolific.code}/").content.decode()


class TestWayBack:
    def test_another_panel_s_address_is_filled_in(self, study: Study) -> None:
        told = {"kind": "other", "parameters": ["uid", "q"], "person_parameter": "uid", "return_url":
                "https://panel.example/back/{outcome}?id={uid}&o={observer}&s={session}&q={q}"}  # fmt: skip
        set_panel(study, told, {"screened_out": ("", "https://panel.example/out?id={uid}")})
        session = sit(study)
        ids = {"uid": "a&b/ü"}
        back = way_back(study, "completed", told=ids, session=session)
        ours = f"o={session.observer.code}&s={session.pk}"
        assert back.url == f"https://panel.example/back/completed?id=a%26b%2F%C3%BC&{ours}&q="
        assert way_back(study, "screened_out", told=ids).url == "https://panel.example/out?id=a%26b%2F%C3%BC"
        assert session.token not in back.url

    def test_without_a_panel_the_study_s_own(self, study: Study) -> None:
        study.completion_code, study.completion_url = "C", "https://example.org/done"
        assert way_back(study, "completed", told={}) == way_back(study, "completed", told={"x": "y"})
        assert (way_back(study, "completed", told={}).code, way_back(study, "quota_full", told={}).code) == ("C", "")

    def test_an_address_that_lacks_its_code_is_none(self, prolific: Study) -> None:
        assert way_back(prolific, "screened_out", told={}).url == ""

    @pytest.mark.parametrize(
        ("template", "problem"),
        [
            ("https://panel.example/{outcome}?x={uid}", ""),
            ("", ""),
            ("https://{uid}/done", "could then lead anywhere"),
            ("https://panel.example.{uid}/done", "could then lead anywhere"),
            ("javascript:alert({uid})", "begins with https://"),
            ("/done", "begins with https://"),
            ("https://panel.example/{name}", "{name} is none of the fields"),
        ],
    )
    def test_templates_that_lead_astray_are_refused(self, template: str, problem: str) -> None:
        assert problem in " ".join(problems_of_template(template, ["uid"]))
        assert bool(problem) == bool(problems_of_template(template, ["uid"]))


class TestInvitations:
    @pytest.fixture
    def code(self, study: Study) -> str:
        return make_invitations(study, 1, group="DE")[0].code

    def test_it_works(self, study: Study, code: str) -> None:
        begin(study, f"?invitation={code.upper()}")
        session = StudySession.objects.get()
        assert (session.invitation.code, session.group) == (code, "DE")

    def test_back_by_it_one_goes_on(self, study: Study, code: str) -> None:
        assert begin(study, f"?invitation={code}") == begin(study, f"?invitation={code}")
        assert study.sessions.count() == 1

    def test_one_for_many_seats_so_many(self, study: Study) -> None:
        code = make_invitations(study, 1, sittings=2)[0].code
        assert begin(study, f"?invitation={code}") != begin(study, f"?invitation={code}")
        assert "has been used already" in begin(study, f"?invitation={code}")

    def test_an_abandoned_sitting_gives_its_use_back(self, study: Study, code: str) -> None:
        begin(study, f"?invitation={code}")
        silence(StudySession.objects.get())
        sit(study)
        begin(study, f"?invitation={code}")
        assert study.sessions.filter(invitation__code=code, state="active").count() == 1

    def test_a_mistyped_one(self, study: Study, code: str) -> None:
        assert "isn’t known here" in begin(study, "?invitation=nothing")
        assert not study.sessions.exists()

    def test_another_study_s(self, study: Study, code: str) -> None:
        other = Study.objects.create(name="Other", owner=study.owner, testset=study.testset)
        Invitation.objects.update(study=other)
        assert "isn’t known here" in begin(study, f"?invitation={code}")

    def test_where_they_are_wanted_nobody_begins_without(self, client: Client, study: Study, code: str) -> None:
        Study.objects.filter(pk=study.pk).update(invited_only=True)
        assert "with an invitation code" in client.get(f"/s/{study.code}/").content.decode()
        assert "with an invitation code" in begin(study)
        assert begin(study, f"?invitation={code}").startswith("/look/")

    def test_who_is_invited_does_not_wait(self, study: Study, code: str, settings: Settings) -> None:
        settings.SITTINGS_PER_HOUR = 1
        begin(study, "", Client(REMOTE_ADDR="198.51.100.7"))
        assert "Many people are beginning" in begin(study, "", Client(REMOTE_ADDR="198.51.100.7"))
        assert begin(study, f"?invitation={code}", Client(REMOTE_ADDR="198.51.100.7")).startswith("/look/")

    @pytest.mark.parametrize(("number", "sittings"), [(0, 1), (5001, 1), (1, 0), (1, 5001)])
    def test_none_or_far_too_many(self, study: Study, number: int, sittings: int) -> None:
        with pytest.raises(BadNumberError):
            make_invitations(study, number, sittings=sittings)

    def test_by_command(self, study: Study) -> None:
        out = StringIO()
        call_command("make_invitations", study.code, "3", "--site", "https://study.example", stdout=out)
        rows = list(csv.DictReader(StringIO(out.getvalue())))
        assert [row["link"] for row in rows] == [
            f"https://study.example/s/{study.code}/?invitation={one.code}" for one in Invitation.objects.order_by("pk")
        ]
        assert len(rows) == 3

    def test_by_command_for_no_study(self) -> None:
        with pytest.raises(CommandError, match="0 studies"):
            call_command("make_invitations", "nothing", "3")


class TestLab:
    @pytest.fixture(autouse=True)
    def one(self, settings: Settings) -> None:
        settings.SITTINGS_PER_HOUR = 1

    @pytest.mark.parametrize("network", ["198.51.100.0/24", "198.51.100.7/24", "198.51.100.7"])
    def test_a_laboratory_s_address_is_not_limited(self, study: Study, network: str) -> None:
        study.lab_networks = [network]
        study.save()
        places = [begin(study, "", Client(REMOTE_ADDR="198.51.100.7")) for _ in range(3)]
        assert all(place.startswith("/look/") for place in places)
        begin(study, "", Client(REMOTE_ADDR="203.0.113.7"))
        assert "Many people" in begin(study, "", Client(REMOTE_ADDR="203.0.113.7"))


class TestRobots:
    def test_who_fills_in_what_is_not_shown_does_not_begin(self, client: Client, study: Study) -> None:
        page = client.post(f"/s/{study.code}/", {"begin": "yes", "website": "https://spam.example"})
        assert "isn’t shown" in page.content.decode()
        assert not study.sessions.exists()


class TestPages:
    @pytest.fixture
    def owner(self, study: Study) -> Client:
        client = Client()
        client.force_login(study.owner)
        return client

    def told(self, **changes: str) -> dict[str, str]:
        return {"group_quotas": "", "lab_networks": "", "kind": "", "parameters": "", **changes}

    def test_everything_is_kept_and_shown_again(self, owner: Client, study: Study) -> None:
        told = self.told(
            quota="10", group_quotas="DE = 5\nothers=0", invited_only="on", lab_networks="192.0.2.0/24",
            kind="prolific", keep_device_days="30", code_completed="DONE",
        )  # fmt: skip
        assert owner.post(f"/studies/{study.pk}/recruiting/", told).status_code == 302
        study.refresh_from_db()
        assert (study.quota, study.group_quotas, study.keep_device_days) == (10, {"DE": 5, "others": 0}, 30)
        assert (study.invited_only, study.lab_networks) == (True, ["192.0.2.0/24"])
        assert way_back(study, "completed", told={}).url.endswith("complete?cc=DONE")
        page = owner.get(f"/studies/{study.pk}/recruiting/").content.decode()
        assert all(word in page for word in ("DE = 5", "PROLIFIC_PID, STUDY_ID, SESSION_ID", "DONE", "30 days after"))

    def test_taking_the_panel_away(self, owner: Client, prolific: Study) -> None:
        owner.post(f"/studies/{prolific.pk}/recruiting/", self.told())
        assert not Panel.objects.exists()

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"group_quotas": "DE 5"}, "isn’t read"),
            ({"group_quotas": "DE = many"}, "isn’t read"),
            ({"group_quotas": "DE = 1\nde = 2"}, "stands there twice"),
            ({"group_quotas": "DE = 1\nDE = 1"}, "stands there twice"),
            ({"group_quotas": "DE = 1000001"}, "1000000 sittings at most"),
            ({"group_quotas": f"DE = {'9' * 5000}"}, "isn’t read"),
            ({"group_quotas": f"{'D' * 81} = 1"}, "can&#x27;t be a group"),
            ({"lab_networks": "\n".join(["192.0.2.7"] * 21)}, "21 addresses: 20 at most"),
            ({"lab_networks": "everywhere"}, "is no address"),
            ({"lab_networks": "0.0.0.0/0"}, "too many addresses"),
            ({"lab_networks": "::/0"}, "too many addresses"),
            ({"quota": "0"}, "must be from 1 to 1000000, not 0"),
            ({"keep_device_days": "0"}, "must be from 1 to 36500, not 0"),
            ({"kind": "other", "parameters": "a", "person_parameter": "b"}, "one of the parameters"),
            ({"kind": "other", "parameters": "a" * 501}, "too long: 500 letters at most, not 501"),
            ({"kind": "other", "group_parameter": "a" * 61}, "too long: 60 letters at most, not 61"),
            ({"kind": "prolific", "code_completed": "a" * 81}, "too long: 80 letters at most, not 81"),
            ({"kind": "other", "return_url": "https://{a}/"}, "before the first /"),
            ({"kind": "other", "return_url": "https://[a/"}, "is no address"),
            ({"kind": "other", "url_completed": "ftp://x/"}, "begins with https"),
        ],
    )
    def test_what_makes_no_sense_changes_nothing(
        self, owner: Client, study: Study, changes: dict[str, str], problem: str
    ) -> None:
        page = owner.post(f"/studies/{study.pk}/recruiting/", self.told(invited_only="on", **changes))
        assert page.status_code == 400
        assert problem in page.content.decode().replace("&gt;", ">")
        study.refresh_from_db()
        assert not study.invited_only
        assert not Panel.objects.exists()

    def test_codes_are_made_listed_and_taken_away(self, owner: Client, study: Study) -> None:
        owner.post(f"/studies/{study.pk}/invitations/", {"number": "2", "sittings": "1", "group": ""})
        used, unused = study.invitations.order_by("pk")
        begin(study, f"?invitation={used.code}")
        rows = list(csv.DictReader(StringIO(owner.get(f"/studies/{study.pk}/invitations.csv").content.decode())))
        assert [(row["code"], row["used"]) for row in rows] == [(used.code, "1"), (unused.code, "0")]
        assert rows[0]["link"].endswith(f"/s/{study.code}/?invitation={used.code}")
        page = owner.get(f"/studies/{study.pk}/invitations/").content.decode()
        assert "<td>used</td>" in page
        assert "<td>not used</td>" in page
