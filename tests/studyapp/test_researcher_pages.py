"""The researchers' addresses, one by one: first that it works, then what is refused."""

import re
from io import BytesIO

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from enhancement.models import Job, Measurement
from studyapp.models import Study
from studyapp.roles import Role
from studyapp.services.sharing import share_study
from studyapp.services.studies import close_study
from tests.studyapp.factories import (
    answer,
    answer_all,
    make_draft,
    make_study,
    make_testset,
    make_user,
    prefer,
    run_jobs,
    sit,
)

pytestmark = pytest.mark.django_db

ORDER = ("auto", "original", "degraded")


@pytest.fixture(scope="module")
def made(made_once: None) -> tuple[Study, Study]:
    """An open study, and one whose jobs wait."""
    ada = make_user("ada")
    study = make_study(ada, contents=2, gold={"degraded": "original"})
    return study, make_draft(
        ada, testset=make_testset("new", contents=2), conditions=("original", "auto"), name="Draft"
    )


@pytest.fixture
def study(made: tuple[Study, Study]) -> Study:
    return Study.objects.get(pk=made[0].pk)


@pytest.fixture
def draft(made: tuple[Study, Study]) -> Study:
    return Study.objects.get(pk=made[1].pk)


@pytest.fixture
def ada(made: tuple[Study, Study]) -> User:
    return made[0].owner


@pytest.fixture
def client(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, url
    return " ".join(answer.content.decode().split())


class TestTheDoor:
    PAGES = (
        "/studies/",
        "/studies/{study}/",
        "/studies/{study}/votes.csv",
        "/studies/{study}/report/",
        "/studies/{study}/report.json",
        "/studies/{study}/figures/scores.svg",
        "/testsets/{testset}/",
        "/contents/{content}/thumbnail.jpg",
        "/contents/{content}/reference.jpg",
        "/stimuli/1/thumbnail.jpg",
    )

    @staticmethod
    def addresses(study: Study) -> list[str]:
        content = study.testset.contents.earliest("pk").pk
        return [page.format(study=study.pk, testset=study.testset_id, content=content) for page in TestTheDoor.PAGES]

    def test_nothing_without_a_login(self, draft: Study) -> None:
        for url in self.addresses(draft):
            answer = Client().get(url)
            assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={url}")

    def test_no_change_without_a_login(self, draft: Study) -> None:
        assert Client().post(f"/studies/{draft.pk}/state/", {"to": "open"})["Location"].startswith("/login/")

    def test_a_study_of_somebody_else_is_not_there(self, draft: Study) -> None:
        stranger = Client()
        stranger.force_login(make_user("eve"))
        for url in self.addresses(draft)[1:6]:
            assert stranger.get(url).status_code == 404, url
        assert stranger.post(f"/studies/{draft.pk}/state/", {"to": "open"}).status_code == 404
        assert draft.name not in text(stranger, "/studies/")

    def test_a_superuser_sees_every_study(self, draft: Study) -> None:
        root = Client()
        root.force_login(make_user("root", is_superuser=True))
        assert draft.name in text(root, "/studies/")
        assert draft.name in text(root, f"/studies/{draft.pk}/")

    def test_every_exposure_is_offered_once(self, client: Client, study: Study) -> None:
        answer_all(sit(study), prefer(*ORDER))
        for place in ("", "report/"):
            offered = re.findall(
                r'href="([^"]*(?:votes|exposures)\.csv)"', text(client, f"/studies/{study.pk}/{place}")
            )
            assert offered == [f"/studies/{study.pk}/data/exposures.csv"]

    def test_a_study_that_never_was(self, client: Client) -> None:
        assert client.get("/studies/999/").status_code == 404

    def test_pages_hold_nothing_inline(self, client: Client, study: Study) -> None:
        answer_all(sit(study), prefer(*ORDER))
        for url in ("/login/", "/studies/", *(f"/studies/{study.pk}/{page}" for page in ("", "report/"))):
            page = text(client, url)
            assert "style=" not in page
            assert "<style" not in page
            assert "<script>" not in page
            assert "onclick" not in page


class TestHome:
    def test_it_works(self, client: Client) -> None:
        assert client.get("/")["Location"] == "/studies/"

    def test_without_a_login(self) -> None:
        assert Client().get("/")["Location"] == "/login/"


class TestLogin:
    def test_it_works(self) -> None:
        User.objects.create_user("grace", password="a moth in the relay")
        answer = Client().post("/login/", {"username": "grace", "password": "a moth in the relay", "next": ""})
        assert answer["Location"] == "/studies/"

    def test_a_wrong_password(self) -> None:
        answer = Client().post("/login/", {"username": "grace", "password": "?"})
        assert "Please enter a correct username and password" in answer.content.decode()

    def test_logging_out(self, client: Client) -> None:
        assert client.post("/logout/")["Location"] == "/login/"
        assert client.get("/studies/").status_code == 302


class TestStudies:
    def test_it_works(self, client: Client, study: Study) -> None:
        answer_all(sit(study), prefer(*ORDER))
        answer_all(sit(study, pilot=True), prefer(*ORDER))
        page = text(client, "/studies/")
        assert study.name in page
        assert '<td data-label="Votes" class="number">2</td>' in page
        assert '<td data-label="Observers" class="number">1</td>' in page

    def test_none_yet_says_what_to_do(self) -> None:
        client = Client()
        client.force_login(make_user("new"))
        page = text(client, "/studies/")
        assert "No study yet" in page
        assert "<code>create_study</code>" in page

    def test_who_may_make_none_is_told_whom_to_ask(self) -> None:
        client = Client()
        client.force_login(make_user("vera", Role.VIEWER))
        page = text(client, "/studies/")
        assert "Nothing is shared with you yet" in page
        assert "its owner can let you see it" in page
        assert [word for word in ("create_study", "Three steps", "/admin/") if word in page] == []

    def test_a_researcher_is_sent_to_no_page_that_is_closed_to_them(self) -> None:
        client = Client()
        client.force_login(make_user("new"))
        page = text(client, "/studies/")
        links = re.findall(r'href="(/(?:admin|library)/[^"]*)"', page)
        assert "/library/" in links
        assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)

    def test_queries_do_not_grow_with_studies(self, client: Client, ada: User) -> None:
        testset = make_testset("one", contents=1)
        counts = []
        for number in range(4):
            make_draft(ada, testset=testset, conditions=("original", "auto"), name=f"Study {number}")
            with CaptureQueriesContext(connection) as queries:
                client.get("/studies/")
            counts.append(len(queries))
        assert len(set(counts)) == 1, counts


class TestStudyPage:
    def test_it_works(self, client: Client, study: Study) -> None:
        answer_all(sit(study), prefer(*ORDER))
        page = text(client, f"/studies/{study.pk}/")
        assert f'value="http://testserver/s/{study.code}/"' in page
        assert "All 2 contents are ready to be shown." in page
        assert "gold pairs, must lose to original" in page
        assert (
            'class="number strong">2</td><td data-label="Observers" class="number">1</td> <td data-label="Finished"'
            in page
        )

    def test_pilot_and_simulated_stand_apart(self, client: Client, study: Study) -> None:
        sit(study, pilot=True)
        page = text(client, f"/studies/{study.pk}/")
        assert 'Pilot <span class="soft">not counted</span>' in page
        assert 'Simulated <span class="soft">' not in page

    def test_jobs_are_shown_until_they_are_done(self, client: Client, draft: Study) -> None:
        page = text(client, f"/studies/{draft.pk}/")
        assert "original on new" in page
        assert "2 of 2 contents can’t be shown yet." in page

    def test_a_failed_job_says_why(self, client: Client, draft: Study) -> None:
        Job.objects.filter(kind="renderings", params={"study": draft.pk}).update(
            state="failed", error="photo-1: no stimulus"
        )
        assert "photo-1: no stimulus" in text(client, f"/studies/{draft.pk}/")

    def test_simulated_photos_are_called_so(self, client: Client, ada: User) -> None:
        study = make_draft(ada, testset=make_testset("one", contents=1, simulated=True), name="One")
        for url in (f"/studies/{study.pk}/", f"/studies/{study.pk}/report/", f"/testsets/{study.testset_id}/"):
            assert "Photos simulated, not shot by a phone" in text(client, url)

    def test_photos_shot_by_a_phone_are_not(self, client: Client, draft: Study) -> None:
        assert "imulated" not in text(client, f"/studies/{draft.pk}/")


class TestPrepare:
    """Pictures that are lacking are asked for where that is said."""

    BUTTON = "Prepare the pictures"

    @pytest.fixture
    def unasked(self, client: Client, draft: Study) -> Study:
        """A draft for which nobody works."""
        Job.objects.filter(state=Job.State.QUEUED).delete()
        return draft

    def asked(self, study: Study) -> list[Job]:
        return list(Job.objects.filter(kind="renderings", params={"study": study.pk}))

    def test_it_works(self, client: Client, unasked: Study, ada: User) -> None:
        page = text(client, f"/studies/{unasked.pk}/")
        assert f'action="/studies/{unasked.pk}/prepare/"' in page
        assert f'href="/admin/studyapp/study/{unasked.pk}/change/">change them</a>' in page
        assert "manage.py" not in page
        said = client.post(f"/studies/{unasked.pk}/prepare/", follow=True).content.decode()
        assert "Asked for: the workers prepare the pictures." in said
        assert self.BUTTON not in said
        assert [job.requested_by for job in self.asked(unasked)] == [ada]
        assert {job.state for job in run_jobs()} == {Job.State.DONE}
        assert "Everything is ready" in text(client, f"/studies/{unasked.pk}/")
        again = client.post(f"/studies/{unasked.pk}/prepare/", follow=True).content.decode()
        assert "All its pictures are ready." in again

    def test_work_for_others_on_its_photos_hides_it_not(self, client: Client, unasked: Study) -> None:
        for state in (Job.State.QUEUED, Job.State.FAILED):
            params = {"testset": unasked.testset_id, "method": state}
            Job.objects.create(kind="stimuli", queue="cpu", label=f"another {state}", params=params, state=state)
        page = text(client, f"/studies/{unasked.pk}/")
        assert "another queued" in page
        assert "another failed" in page
        assert self.BUTTON in page

    def test_what_failed_is_asked_for_again(self, client: Client, draft: Study) -> None:
        Job.objects.filter(state=Job.State.QUEUED).update(state=Job.State.FAILED)
        assert self.BUTTON in text(client, f"/studies/{draft.pk}/")
        client.post(f"/studies/{draft.pk}/prepare/")
        assert {job.state for job in run_jobs()} == {Job.State.DONE}
        assert "Everything is ready" in text(client, f"/studies/{draft.pk}/")

    def test_what_stands_in_the_way_is_told_and_where_to_mend_it(self, client: Client, unasked: Study) -> None:
        last = unasked.conditions.latest("position")
        last.methods.all().delete()
        last.delete()
        page = text(client, f"/studies/{unasked.pk}/")
        assert "A study compares at least two conditions; add some." in page
        assert f'href="/admin/studyapp/study/{unasked.pk}/change/">Edit the study</a>' in page
        assert self.BUTTON not in page
        said = client.post(f"/studies/{unasked.pk}/prepare/", follow=True).content.decode()
        assert "compares at least two conditions" in said
        assert not self.asked(unasked)

    def test_who_may_only_look_is_told_who_can(self, unasked: Study, ada: User) -> None:
        vera = make_user("vera", Role.VIEWER)
        share_study(unasked, vera, "see", by=ada)
        viewer = Client()
        viewer.force_login(vera)
        page = text(viewer, f"/studies/{unasked.pk}/")
        assert "Nobody has asked the workers for the missing ones; ada can." in page
        assert [word for word in (self.BUTTON, "manage.py", "/admin/") if word in page] == []
        assert viewer.post(f"/studies/{unasked.pk}/prepare/").status_code == 403
        assert not self.asked(unasked)

    def test_a_closed_study_needs_none(self, client: Client, unasked: Study) -> None:
        close_study(unasked)
        page = text(client, f"/studies/{unasked.pk}/")
        assert self.BUTTON not in page
        assert ">Edit</a>" not in page

    def test_without_csrf_token(self, ada: User, unasked: Study) -> None:
        careful = Client(enforce_csrf_checks=True)
        careful.force_login(ada)
        assert careful.post(f"/studies/{unasked.pk}/prepare/").status_code == 403
        assert not self.asked(unasked)


class TestChangeState:
    def test_it_works(self, client: Client, study: Study) -> None:
        for to, state in (("pause", "paused"), ("open", "open"), ("close", "closed")):
            page = client.post(f"/studies/{study.pk}/state/", {"to": to}, follow=True)
            study.refresh_from_db()
            assert study.state == state
            assert f"The study is {state}." in page.content.decode()

    def test_what_is_not_ready_is_not_opened(self, client: Client, draft: Study) -> None:
        page = client.post(f"/studies/{draft.pk}/state/", {"to": "open"}, follow=True)
        draft.refresh_from_db()
        assert draft.state == Study.State.DRAFT
        assert "renderings are not made" in page.content.decode()

    def test_a_closed_study_stays_closed(self, client: Client, study: Study) -> None:
        close_study(study)
        page = client.post(f"/studies/{study.pk}/state/", {"to": "open"}, follow=True)
        assert "A closed study stays closed" in page.content.decode()

    def test_an_unknown_state(self, client: Client, study: Study) -> None:
        assert client.post(f"/studies/{study.pk}/state/", {"to": "burn"}).status_code == 400

    def test_not_by_looking(self, client: Client, study: Study) -> None:
        assert client.get(f"/studies/{study.pk}/state/").status_code == 405

    def test_without_csrf_token(self, ada: User, study: Study) -> None:
        careful = Client(enforce_csrf_checks=True)
        careful.force_login(ada)
        assert careful.post(f"/studies/{study.pk}/state/", {"to": "pause"}).status_code == 403


def reported(client: Client, study: Study, more: str = "") -> str:
    """The report's page once a worker has made what opening it asked for."""
    text(client, f"/studies/{study.pk}/report/{more}")
    run_jobs()
    return text(client, f"/studies/{study.pk}/report/{more}")


class TestReportPage:
    def test_it_works(self, client: Client, study: Study) -> None:
        for _ in range(3):
            answer_all(sit(study), lambda trial: "left")
        page = reported(client, study)
        assert "by 3 observers on" in page
        assert f"/studies/{study.pk}/figures/scores.svg" in page
        assert re.search(rf"/studies/{study.pk}/figures/preferences.png\?made=\d+&amp;download", page)

    def test_without_votes_the_metrics_are_there(self, client: Client, study: Study) -> None:
        page = reported(client, study)
        assert "No vote counts yet." in page
        assert "PSNR" in page
        assert "figures/scores" not in page
        colours = Measurement.objects.filter(stimulus__method__name="auto").values_list("colour_deviation", flat=True)
        assert f'<td class="number group-start">{np.mean(list(colours)):.2f}</td>' in page

    def test_before_anything_is_made(self, client: Client, draft: Study) -> None:
        assert "No vote counts yet." in reported(client, draft)

    def test_withheld_scores_say_why(self, client: Client, study: Study) -> None:
        answer_all(sit(study), prefer(*ORDER))
        page = reported(client, study)
        assert "Scores are withheld." in page
        assert "auto" in page.split("Scores are withheld.")[1][:400]

    def test_simulated_votes_are_stamped(self, client: Client, study: Study) -> None:
        answer_all(sit(study, simulated=True), prefer(*ORDER))
        plain = reported(client, study)
        assert "No vote counts yet." in plain
        assert "<strong>Simulated votes.</strong>" not in plain
        stamped = reported(client, study, "?simulated=yes")
        assert "<strong>Simulated votes.</strong>" in stamped
        assert re.search(r"figures/preferences.svg\?made=\d+&amp;simulated=yes", stamped)


class TestReportJson:
    def test_it_works(self, client: Client, study: Study) -> None:
        answer_all(sit(study), prefer(*ORDER))
        answer = client.get(f"/studies/{study.pk}/report.json")
        assert answer["Content-Disposition"] == 'attachment; filename="a-tiny-study-report.json"'
        told = answer.json()
        assert told["study"]["question"] == study.question
        assert told["counts"]["votes"] == 2
        assert {row["condition"] for row in told["metrics"]} == {"original", "auto", "degraded"}


class TestFigure:
    def test_it_works(self, client: Client, study: Study) -> None:
        answer_all(sit(study), prefer(*ORDER))
        reported(client, study)
        name = "preferences"
        drawn = client.get(f"/studies/{study.pk}/figures/{name}.svg")
        assert drawn["Content-Type"] == "image/svg+xml"
        assert b"<svg" in drawn.content
        assert "style-src 'unsafe-inline'" in drawn["Content-Security-Policy"]
        png = client.get(f"/studies/{study.pk}/figures/{name}.png?download")
        assert Image.open(BytesIO(png.content)).format == "PNG"
        assert png["Content-Disposition"] == f'attachment; filename="a-tiny-study-{name}.png"'

    def test_before_it_is_drawn(self, client: Client, study: Study) -> None:
        assert client.get(f"/studies/{study.pk}/figures/preferences.svg").status_code == 404

    def test_an_unknown_figure(self, client: Client, study: Study) -> None:
        assert client.get(f"/studies/{study.pk}/figures/pie.svg").status_code == 404

    def test_an_unknown_format(self, client: Client, study: Study) -> None:
        assert client.get(f"/studies/{study.pk}/figures/scores.exe").status_code == 404


class TestVotesCsv:
    def test_it_works(self, client: Client, study: Study) -> None:
        answer(sit(study).trials.get(position=1), "left")
        told = client.get(f"/studies/{study.pk}/votes.csv")
        assert told.streaming
        assert told["Content-Type"] == "text/csv; charset=utf-8"
        assert told["Content-Disposition"] == 'attachment; filename="a-tiny-study-votes.csv"'
        assert len(told.getvalue().decode().splitlines()) == 2

    def test_without_votes_there_is_a_header(self, client: Client, study: Study) -> None:
        assert client.get(f"/studies/{study.pk}/votes.csv").getvalue().startswith(b"study,observer,session,")
