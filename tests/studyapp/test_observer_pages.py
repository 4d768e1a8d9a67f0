"""The observer's addresses, one by one: first that it works, then what is refused."""

import json
from datetime import timedelta
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from enhancement.pictures import decode
from enhancement.services.files import read
from studyapp.models import RejectedVote, Rendering, Study, StudySession, Trial, Vote
from studyapp.services.sessions import progress_of
from studyapp.services.studies import close_study, pause_study
from tests.studyapp.factories import DEVICE, LOOKED, answer_all, prefer, sit
from tests.studyapp.test_sessions import silence

pytestmark = pytest.mark.django_db


@pytest.fixture
def trial(study: Study) -> Trial:
    return progress_of(sit(study)).coming[0]


def post(client: Client, url: str, told: Any) -> Any:
    return client.post(url, json.dumps(told), content_type="application/json")


class TestWelcome:
    def test_it_works(self, client: Client, study: Study) -> None:
        page = client.get(f"/s/{study.code}/")
        assert page.status_code == 200
        assert study.question in page.content.decode()

    def test_begin_seats_the_observer(self, client: Client, study: Study) -> None:
        answer = client.post(f"/s/{study.code}/?PROLIFIC_PID=p1", {"begin": "yes"})
        session = StudySession.objects.get()
        assert answer["Location"] == f"/look/{session.token}/"
        assert session.panel == {"PROLIFIC_PID": "p1"}

    def test_pressed_twice_it_begins_once(self, client: Client, study: Study) -> None:
        first, second = (client.post(f"/s/{study.code}/", {"begin": "yes", "ticket": "t"}) for _ in range(2))
        assert first["Location"] == second["Location"]
        assert StudySession.objects.count() == 1

    def test_an_unknown_study(self, client: Client) -> None:
        assert client.get("/s/nothing/").status_code == 404

    def test_a_paused_study_says_so(self, client: Client, study: Study) -> None:
        pause_study(study)
        assert "no new observers" in client.get(f"/s/{study.code}/").content.decode()

    def test_one_who_has_finished_sees_the_last_page_again(self, client: Client, study: Study) -> None:
        begun = client.post(f"/s/{study.code}/", {"begin": "yes"})
        session = StudySession.objects.get()
        assert "Continue where you were" in client.get(f"/s/{study.code}/").content.decode()
        answer_all(session, prefer("auto", "original"))
        assert f"{begun['Location']}thanks/" in client.get(f"/s/{study.code}/").content.decode()

    def test_without_consent_nobody_is_seated(self, client: Client, study: Study) -> None:
        study.texts.create(kind="consent", text="I agree.")
        page = client.post(f"/s/{study.code}/", {"begin": "yes"})
        assert "tick the box" in page.content.decode()
        assert not StudySession.objects.exists()

    def test_simulated_photos_are_called_so(self, client: Client, study: Study) -> None:
        study.testset.simulated = True
        study.testset.save()
        assert "simulated" in client.get(f"/s/{study.code}/").content.decode()


class TestLook:
    def test_it_works(self, client: Client, study: Study) -> None:
        page = client.get(f"/look/{sit(study).token}/")
        assert page.status_code == 200
        assert page.context["state"]["answered"] == 0

    def test_it_tells_no_method(self, client: Client, study: Study) -> None:
        page = client.get(f"/look/{sit(study).token}/").content.decode()
        assert not any(name in page for name in ("original", 'auto"', "photo-0", "iphone"))

    def test_all_answered_leads_to_thanks(self, client: Client, study: Study) -> None:
        session = sit(study)
        answer_all(session, prefer("auto", "original"))
        assert client.get(f"/look/{session.token}/")["Location"] == f"/look/{session.token}/thanks/"
        assert client.get(f"/look/{session.token}/thanks/").status_code == 200

    def test_thanks_before_the_end_leads_back(self, client: Client, study: Study) -> None:
        session = sit(study)
        assert client.get(f"/look/{session.token}/thanks/")["Location"] == f"/look/{session.token}/"

    def test_a_sitting_that_was_answered_but_not_ended_ends(self, client: Client, study: Study) -> None:
        session = sit(study)
        answer_all(session, prefer("auto", "original"))
        StudySession.objects.update(state=StudySession.State.ACTIVE)
        page = client.get(f"/look/{session.token}/", follow=True)
        assert [place for place, _ in page.redirect_chain] == [f"/look/{session.token}/thanks/"]

    def test_one_who_has_withdrawn(self, client: Client, study: Study) -> None:
        session = sit(study)
        StudySession.objects.update(state=StudySession.State.WITHDRAWN)
        assert "You have withdrawn" in client.get(f"/look/{session.token}/").content.decode()

    def test_a_sitting_given_away(self, client: Client, study: Study) -> None:
        session = sit(study)
        silence(session)
        sit(study)
        assert "given to someone else" in client.get(f"/look/{session.token}/").content.decode()

    def test_a_closed_study(self, client: Client, study: Study) -> None:
        session = sit(study)
        close_study(study)
        assert "has closed" in client.get(f"/look/{session.token}/").content.decode()

    def test_an_unknown_sitting(self, client: Client) -> None:
        assert client.get("/look/nothing/").status_code == 404


class TestPlace:
    def test_it_works(self, client: Client, study: Study) -> None:
        session = sit(study)
        first = progress_of(session).coming[0]
        post(client, f"/trial/{first.token}/vote/", {"answer": "left", **LOOKED})
        told = client.get(f"/look/{session.token}/place/").json()
        assert (told["answered"], told["total"]) == (1, 3)
        assert [trial["position"] for trial in told["trials"]] == [2, 3]

    def test_asking_is_a_sign_of_life(self, client: Client, study: Study) -> None:
        session = sit(study)
        silence(session)
        client.get(f"/look/{session.token}/place/")
        sit(study)
        session.refresh_from_db()
        assert session.state == StudySession.State.ACTIVE

    def test_a_sitting_given_away(self, client: Client, study: Study) -> None:
        session = sit(study)
        silence(session)
        sit(study)
        assert client.get(f"/look/{session.token}/place/").json()["trials"] == []

    def test_an_unknown_sitting(self, client: Client) -> None:
        assert client.get("/look/nothing/place/").status_code == 404


class TestVote:
    def test_it_works(self, client: Client, trial: Trial) -> None:
        answer = post(client, f"/trial/{trial.token}/vote/", {"answer": "left", **LOOKED, **DEVICE})
        told = answer.json()
        assert answer.status_code == 200
        assert (told["receipt"], told["answer"], told["answered"], told["total"]) == (
            Vote.objects.get().pk,
            "left",
            1,
            3,
        )
        assert told["upcoming"]["position"] == 3

    def test_the_same_again_gets_the_same_receipt(self, client: Client, trial: Trial) -> None:
        first, second = (post(client, f"/trial/{trial.token}/vote/", {"answer": "left", **LOOKED}) for _ in range(2))
        assert (first.status_code, first.json()) == (second.status_code, second.json())

    def test_another_answer_gets_the_kept_one(self, client: Client, trial: Trial) -> None:
        post(client, f"/trial/{trial.token}/vote/", {"answer": "left", **LOOKED})
        answer = post(client, f"/trial/{trial.token}/vote/", {"answer": "right", **LOOKED})
        assert (answer.status_code, answer.json()["answer"]) == (409, "left")
        assert RejectedVote.objects.count() == 1

    @pytest.mark.parametrize("said", ["tie", "not_sure", "both", "", None])
    def test_an_answer_that_is_not_offered(self, client: Client, trial: Trial, said: str | None) -> None:
        answer = post(client, f"/trial/{trial.token}/vote/", {"answer": said, **LOOKED})
        assert answer.status_code == 400
        assert "answer" in answer.json()["error"]
        assert not Vote.objects.exists()

    @pytest.mark.parametrize("body", ["", "nonsense", "[1]", "null"])
    def test_nonsense(self, client: Client, trial: Trial, body: str) -> None:
        answer = client.post(f"/trial/{trial.token}/vote/", body, content_type="application/json")
        assert answer.status_code == 400

    def test_a_closed_study_keeps_it_as_rejected(self, client: Client, trial: Trial) -> None:
        close_study(trial.session.study)
        answer = post(client, f"/trial/{trial.token}/vote/", {"answer": "left", **LOOKED})
        assert (answer.status_code, answer.json()["error"]) == (
            410,
            "This answer can't be counted: the study has closed.",
        )

    def test_a_browser_whose_cookies_were_cleared(self, trial: Trial) -> None:
        """The address is the secret; losing a cookie must lose no vote."""
        answer = post(Client(enforce_csrf_checks=True), f"/trial/{trial.token}/vote/", {"answer": "left", **LOOKED})
        assert answer.status_code == 200

    def test_an_unknown_trial(self, client: Client) -> None:
        assert post(client, "/trial/nothing/vote/", {}).status_code == 404


class TestShown:
    def test_it_works(self, client: Client, trial: Trial) -> None:
        assert post(client, f"/trial/{trial.token}/shown/", DEVICE).status_code == 204
        trial.refresh_from_db()
        assert trial.shown_at is not None
        assert trial.device_pixel_ratio == 2.0

    def test_the_first_showing_counts(self, client: Client, trial: Trial) -> None:
        post(client, f"/trial/{trial.token}/shown/", DEVICE)
        post(client, f"/trial/{trial.token}/shown/", {**DEVICE, "device_pixel_ratio": 1})
        trial.refresh_from_db()
        assert trial.device_pixel_ratio == 2.0

    def test_a_pair_that_took_long_to_come_is_a_sign_of_life(self, client: Client, trial: Trial) -> None:
        long_ago = timezone.now() - timedelta(minutes=5)
        StudySession.objects.filter(pk=trial.session_id).update(last_seen_at=long_ago)
        post(client, f"/trial/{trial.token}/shown/", DEVICE)
        assert StudySession.objects.get(pk=trial.session_id).last_seen_at > long_ago

    def test_a_wrong_device(self, client: Client, trial: Trial) -> None:
        answer = post(client, f"/trial/{trial.token}/shown/", {"device_pixel_ratio": "wide"})
        assert answer.status_code == 400
        assert "device_pixel_ratio" in answer.json()["error"]


class TestTile:
    def test_it_shows_the_stimulus(self, client: Client, trial: Trial) -> None:
        answer = client.get(f"/seen/{trial.left_token}/0/0/0")
        stimulus = trial.left.stimulus
        assert np.array_equal(
            np.asarray(Image.open(BytesIO(answer.content)).convert("RGB")),
            decode(read(stimulus.file, stimulus.sha256), name="stimulus"),
        )

    def test_both_sides_answer_alike(self, client: Client, study: Study) -> None:
        for trial in Trial.objects.filter(session=sit(study)):
            left, right = (client.get(f"/seen/{token}/0/0/0") for token in (trial.left_token, trial.right_token))
            assert left.headers == right.headers
            assert len(left.content) == len(right.content)
            assert left.content != right.content

    @pytest.mark.parametrize("where", ["9/0/0", "0/1/0", "0/0/1"])
    def test_no_such_tile(self, client: Client, trial: Trial, where: str) -> None:
        assert client.get(f"/seen/{trial.left_token}/{where}").status_code == 404

    def test_no_such_side(self, client: Client) -> None:
        assert client.get("/seen/nothing/0/0/0").status_code == 404

    def test_every_condition_of_a_content_has_files_of_one_length(self, study: Study) -> None:
        for raster in study.rasters.all():
            lengths = {r.file.size for r in Rendering.objects.filter(raster=raster)}
            assert lengths == {sum(raster.tile_bytes)}
