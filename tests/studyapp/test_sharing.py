"""Sharing a study from its page."""

import pytest
from django.test import Client

from studyapp.models import Study, StudyMember
from studyapp.roles import Role
from tests.studyapp.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(study: Study) -> Client:
    client = Client()
    client.force_login(study.owner, backend="studyapp.roles.RoleBackend")
    return client


def page(study: Study) -> str:
    return f"/studies/{study.pk}/people/"


def test_it_works(client: Client, study: Study) -> None:
    vera = make_user("vera", Role.VIEWER)
    assert "Nobody else yet" in client.get(page(study)).content.decode()
    said = client.post(page(study), {"person": vera.pk, "may": "see"}, follow=True).content.decode()
    assert "vera may see it" in said
    hers = Client()
    hers.force_login(vera, backend="studyapp.roles.RoleBackend")
    shown = hers.get(f"/studies/{study.pk}/").content.decode()
    assert "ada shares this study with you, to look at." in shown
    assert study.code not in shown, "the link is the owner's to give"
    assert 'name="to"' not in shown
    client.post(f"/studies/{study.pk}/people/{vera.pk}/take-back/")
    assert hers.get(f"/studies/{study.pk}/").status_code == 404


def test_a_viewer_is_not_let_change(client: Client, study: Study) -> None:
    vera = make_user("vera", Role.VIEWER)
    said = client.post(page(study), {"person": vera.pk, "may": "change"})
    assert said.status_code == 400
    assert "viewers change nothing" in said.content.decode()
    assert not StudyMember.objects.exists()


def test_a_researcher_runs_it_too_and_shares_it_no_further(client: Client, study: Study) -> None:
    grace = make_user("grace")
    client.post(page(study), {"person": grace.pk, "may": "change"})
    hers = Client()
    hers.force_login(grace, backend="studyapp.roles.RoleBackend")
    assert hers.post(f"/studies/{study.pk}/state/", {"to": "pause"}).status_code == 302
    assert hers.get(page(study)).status_code == 403


def test_said_again_it_changes(client: Client, study: Study) -> None:
    grace = make_user("grace")
    for may in ("change", "see"):
        client.post(page(study), {"person": grace.pk, "may": may})
    assert [member.may for member in study.members.all()] == ["see"]
