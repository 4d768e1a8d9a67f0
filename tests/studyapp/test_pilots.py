"""Pilot sittings: by a signed link, before a study opens or beside it, and never counted."""

import pytest
from django.test import Client

from studyapp.models import Study, StudySession
from studyapp.services.drafts import write_text
from studyapp.services.pilots import pilot_path
from studyapp.services.studies import close_study, has_votes
from tests.studyapp.factories import answer_all, make_draft, make_testset, make_user, prefer

pytestmark = pytest.mark.django_db


def draft(study: Study) -> Study:
    Study.objects.filter(pk=study.pk).update(state=Study.State.DRAFT)
    study.refresh_from_db()
    return study


def test_it_works_on_a_draft_that_has_its_pictures(client: Client, study: Study) -> None:
    link = pilot_path(draft(study))
    assert "never counted" in client.get(link).content.decode()
    answer = client.post(link, {"begin": "yes"}, follow=True)
    session = StudySession.objects.get()
    assert session.pilot
    assert session.slot.lane == "pilot"
    assert answer.status_code == 200


def test_its_votes_leave_the_texts_free(client: Client, study: Study) -> None:
    client.post(pilot_path(draft(study)), {"begin": "yes"})
    answer_all(StudySession.objects.get(), prefer("auto", "original"))
    assert not has_votes(study)
    written = write_text(study, "instructions", "Clearer now.")
    assert written is not None
    assert written.version == 2


def test_the_open_link_knows_nothing_of_the_pilot(client: Client, study: Study) -> None:
    client.post(pilot_path(study), {"begin": "yes"})
    assert "You have begun already" not in client.get(f"/s/{study.code}/").content.decode()
    assert "You have begun already" in client.get(pilot_path(study)).content.decode()


@pytest.mark.parametrize("mark", ["", "forged"])
def test_a_mark_that_was_not_made_here_seats_nobody(client: Client, study: Study, mark: str) -> None:
    assert client.post(f"/s/{study.code}/?pilot={mark}", {"begin": "yes"}).status_code == 403
    assert not StudySession.objects.exists()


def test_a_mark_of_another_study(client: Client, study: Study) -> None:
    mark = pilot_path(Study(code="another")).partition("?")[2]
    assert client.get(f"/s/{study.code}/?{mark}").status_code == 403


def test_a_closed_study_has_no_pilots(client: Client, study: Study) -> None:
    close_study(study)
    assert "has closed" in client.post(pilot_path(study), {"begin": "yes"}).content.decode()
    assert not StudySession.objects.exists()


def test_a_draft_without_pictures_seats_nobody(client: Client) -> None:
    bare = make_draft(make_user("bob"), testset=make_testset("bare"))
    assert "begun" in client.post(pilot_path(bare), {"begin": "yes"}).content.decode()
    assert not StudySession.objects.exists()


def test_the_link_stands_on_the_study_s_page(client: Client, study: Study) -> None:
    client.force_login(study.owner, backend="studyapp.roles.RoleBackend")
    assert pilot_path(study) in client.get(f"/studies/{study.pk}/").content.decode()
