"""Tokens: made and taken back by their person, shown once, kept as a hash, good for as long as they should be."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from studyapp.logs import without_secrets
from studyapp.models import ApiToken
from studyapp.services.tokens import USED_EVERY, make_token, user_of_token
from tests.studyapp.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return make_user("ada")


@pytest.fixture
def client(ada: User) -> Client:
    client = Client()
    client.force_login(ada, backend="studyapp.roles.RoleBackend")
    return client


def made(client: Client, **told: str) -> str:
    """The token that the page shows."""
    page = client.post("/account/tokens/", {"name": "notebook", "days": "90", **told}).content.decode()
    return re.findall(r'value="(phoropter_[\w-]+)"', page)[0]


def test_it_is_shown_once_and_only_its_hash_is_kept(client: Client, ada: User) -> None:
    said = made(client)
    assert user_of_token(said) == ada
    assert said not in client.get("/account/tokens/").content.decode()
    row = ApiToken.objects.values().get()
    assert said not in str(row)
    assert said.removeprefix("phoropter_") not in str(row)


def test_it_holds_256_bits_of_chance(ada: User) -> None:
    one, other = make_token(ada, "one")[1], make_token(ada, "other")[1]
    assert one != other
    assert len(one.removeprefix("phoropter_")) * 6 >= 256


@pytest.mark.parametrize("said", ["", "phoropter_", "nonsense", "ü" * 40])
def test_what_is_no_token_is_nobody(ada: User, said: str) -> None:
    make_token(ada, "one")
    assert user_of_token(said) is None


def test_it_ends_when_it_should(client: Client) -> None:
    said = made(client, days="30")
    token = ApiToken.objects.get()
    assert token.expires_at is not None
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert user_of_token(said) is None
    assert "ended" in client.get("/account/tokens/").content.decode()


def test_it_may_be_good_for_ever(client: Client, ada: User) -> None:
    said = made(client, days="")
    assert ApiToken.objects.get().expires_at is None
    assert user_of_token(said) == ada


def test_taken_back_it_opens_nothing(client: Client) -> None:
    said = made(client)
    answer = client.post(f"/account/tokens/{ApiToken.objects.get().pk}/take-back/", follow=True)
    assert "taken back" in answer.content.decode()
    assert user_of_token(said) is None


def test_another_persons_is_not_there(client: Client) -> None:
    token, said = make_token(make_user("eve"), "hers")
    assert client.post(f"/account/tokens/{token.pk}/take-back/").status_code == 404
    assert user_of_token(said) is not None
    assert "hers" not in client.get("/account/tokens/").content.decode()


def test_who_no_longer_logs_in_has_no_tokens(ada: User) -> None:
    said = make_token(ada, "one")[1]
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert user_of_token(said) is None


def test_its_last_use_is_written_down_now_and_then(ada: User) -> None:
    token, said = make_token(ada, "one")
    user_of_token(said)
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    user_of_token(said)
    token.refresh_from_db()
    assert token.last_used_at == first
    ApiToken.objects.update(last_used_at=first - 2 * USED_EVERY)
    user_of_token(said)
    token.refresh_from_db()
    assert token.last_used_at is not None
    assert token.last_used_at >= first


@pytest.mark.parametrize("told", [{"name": ""}, {"name": "x" * 81}, {"name": "one", "days": "7"}])
def test_a_form_that_cannot_be_taken_makes_none(client: Client, told: dict[str, str]) -> None:
    assert client.post("/account/tokens/", told).status_code == 400
    assert not ApiToken.objects.exists()


def test_no_cache_keeps_the_page_that_shows_it(client: Client) -> None:
    answer = client.post("/account/tokens/", {"name": "notebook", "days": "90"})
    assert "no-store" in answer["Cache-Control"]


def test_no_log_tells_one(ada: User) -> None:
    said = make_token(ada, "one")[1]
    for line in (f"Authorization: Bearer {said}", f"{{'HTTP_AUTHORIZATION': 'Bearer {said}'}}", f"got {said}, why?"):
        assert said[len("phoropter_") :][:8] not in without_secrets(line)
