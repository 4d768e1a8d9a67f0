"""Logging in: throttled, one door, the same answer for who isn't there; passwords chosen by link."""

import re
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from studyapp.roles import Role, role_of
from studyapp.services.people import LastAdminError, give_role, password_path
from tests.studyapp.factories import make_user

pytestmark = pytest.mark.django_db

PASSWORD = "a moth in the relay"


@pytest.fixture(autouse=True)
def fast(settings: Settings) -> None:
    """Three attempts; and a hasher that doesn't slow the tests down as it slows attackers down."""
    settings.AXES_FAILURE_LIMIT = 3
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def grace() -> User:
    grace = make_user("grace", email="grace@example.org")
    grace.set_password(PASSWORD)
    grace.save()
    return grace


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(make_user("root", Role.ADMIN), backend="studyapp.roles.RoleBackend")
    return client


def knock(name: str = "grace", password: str = "?", address: str = "192.0.2.1", **rest: str):
    return Client(REMOTE_ADDR=address, headers=rest).post("/login/", {"username": name, "password": password})


class TestThrottle:
    def test_it_works(self, grace: User) -> None:
        assert [knock().status_code for _ in range(3)] == [200, 200, 429]
        locked = knock(password=PASSWORD)
        assert locked.status_code == 429, "not even the right one"
        assert "Try again in 15 minutes" in locked.content.decode()
        assert 0 < int(locked["Retry-After"]) <= 900

    def test_who_is_not_there_gets_the_same(self, grace: User) -> None:
        def told(name: str) -> list[tuple[int, str]]:
            pages = [knock(name) for _ in range(4)]
            hide = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"|value="\w+"|<strong>\d\d:\d\d</strong>')
            return [(page.status_code, hide.sub("", page.content.decode())) for page in pages]

        assert told("grace") == told("nobody")

    def test_from_elsewhere_and_for_others_it_stays_open(self, grace: User) -> None:
        for _ in range(3):
            knock()
        assert knock(password=PASSWORD, address="192.0.2.2").status_code == 302
        assert knock("nobody").status_code == 200

    def test_the_wait_ends(self, grace: User) -> None:
        for _ in range(4):
            knock()
        AccessAttempt.objects.update(attempt_time=timezone.now() - settings.AXES_COOLOFF_TIME - timedelta(seconds=1))
        assert knock(password=PASSWORD).status_code == 302

    def test_an_admin_unlocks(self, grace: User, admin: Client) -> None:
        for _ in range(3):
            knock()
        admin.post(f"/admin/auth/user/{grace.pk}/unlock/", {"_form_submitted": "True"})
        assert knock(password=PASSWORD).status_code == 302

    def test_a_claimed_address_is_not_believed(self, grace: User, settings: Settings) -> None:
        """The header names another client each time; without a proxy nobody but the client wrote it."""
        answers = [knock(**{"X-Forwarded-For": f"198.51.100.{n}"}).status_code for n in range(3)]
        assert answers[-1] == 429

    def test_behind_a_proxy_the_last_address_counts(self, grace: User, settings: Settings) -> None:
        settings.PROXIES = 1
        for _ in range(3):
            knock(address="127.0.0.1", **{"X-Forwarded-For": "203.0.113.9, 198.51.100.1"})
        heard = {"X-Forwarded-For": "203.0.113.77, 198.51.100.1"}
        assert knock(password=PASSWORD, address="127.0.0.1", **heard).status_code == 429
        heard = {"X-Forwarded-For": "203.0.113.9, 198.51.100.2"}
        assert knock(password=PASSWORD, address="127.0.0.1", **heard).status_code == 302

    def test_a_household_is_one_address(self, grace: User) -> None:
        for number in range(3):
            knock(address=f"2001:db8:1:2::{number + 1}")
        assert knock(password=PASSWORD, address="2001:db8:1:2:ffff::9").status_code == 429
        assert knock(password=PASSWORD, address="2001:db8:1:3::1").status_code == 302

    def test_no_password_is_kept_with_an_attempt(self, grace: User) -> None:
        knock(password="nearly-right")
        row = AccessAttempt.objects.get()
        assert "nearly-right" not in repr(vars(row))


class TestDoor:
    def test_there_is_one(self, grace: User) -> None:
        assert Client().get("/admin/")["Location"] == "/login/?next=/admin/"
        assert Client().get("/admin/login/?next=/admin/auth/")["Location"] == "/login/?next=/admin/auth/"

    def test_it_leads_nowhere_else(self, grace: User) -> None:
        told = {"username": "grace", "password": PASSWORD, "next": "https://evil.example/"}
        assert Client().post("/login/", told)["Location"] == "/studies/"

    def test_the_session_is_a_new_one(self, grace: User) -> None:
        client = Client()
        client.session["before"] = 1
        client.session.save()
        client.cookies["sessionid"] = "chosen-by-somebody-else"
        client.post("/login/", {"username": "grace", "password": PASSWORD})
        assert client.cookies["sessionid"].value != "chosen-by-somebody-else"
        cookie = client.cookies["sessionid"]
        assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 7 * 24 * 3600)


class TestPasswordLink:
    def test_an_invited_person_chooses_their_own(self, admin: Client) -> None:
        made = admin.post("/admin/auth/user/add/", {"username": "vera", "role": "viewer", "email": ""})
        vera = User.objects.get(username="vera")
        assert (role_of(vera), vera.is_staff, vera.has_usable_password()) == (Role.VIEWER, False, False)
        assert "http" not in admin.get(made["Location"]).content.decode().split('id="password-link"')[-1][:9]
        page = admin.post(made["Location"]).content.decode()
        link = re.search(r'id="password-link">http://testserver(/password/[^<]+)<', page)
        assert link, page
        vera_s = Client()
        form = vera_s.get(link[1], follow=True)
        assert link[1].split("/")[3] not in form.request["PATH_INFO"], "the secret has left the address"
        chosen = {"new_password1": PASSWORD, "new_password2": PASSWORD}
        assert vera_s.post(form.request["PATH_INFO"], chosen)["Location"] == "/login/"
        assert knock("vera", PASSWORD).status_code == 302
        assert "no longer good" in Client().get(link[1], follow=True).content.decode()

    def test_it_unlocks(self, grace: User) -> None:
        for _ in range(3):
            knock()
        client = Client()
        place = client.get(password_path(grace))["Location"]
        client.post(place, {"new_password1": "another moth 2", "new_password2": "another moth 2"})
        assert knock(password="another moth 2").status_code == 302

    def test_a_wrong_link(self, grace: User) -> None:
        assert "no longer good" in Client().get("/password/MQ/abc-123456/").content.decode()

    def test_without_mail_an_admin_is_asked(self, grace: User) -> None:
        for page in (Client().get("/password/forgotten/"), Client().post("/password/forgotten/", {"email": "x@y.org"})):
            assert "This server sends no mail" in page.content.decode()
        assert not mail.outbox

    def test_with_mail_it_is_sent_to_who_is_there(self, grace: User, settings: Settings) -> None:
        settings.EMAIL = {"EMAIL_HOST": "mail.example.org"}
        answers = [Client().post("/password/forgotten/", {"email": f"{name}@example.org"}) for name in ("grace", "bob")]
        assert [answer["Location"] for answer in answers] == ["/login/", "/login/"]
        (sent,) = mail.outbox
        assert sent.to == ["grace@example.org"]
        assert "http://testserver/password/" in sent.body

    def test_changing_it(self, grace: User) -> None:
        client = Client()
        client.force_login(grace, backend="studyapp.roles.RoleBackend")
        elsewhere = Client()
        elsewhere.force_login(grace, backend="studyapp.roles.RoleBackend")
        told = {"old_password": PASSWORD, "new_password1": "another moth 2", "new_password2": "another moth 2"}
        assert client.post("/password/", told)["Location"] == "/studies/"
        assert client.get("/studies/").status_code == 200
        assert elsewhere.get("/studies/").status_code == 302


class TestRoles:
    def test_a_role_is_given_in_the_admin(self, admin: Client, grace: User) -> None:
        told = {"username": "grace", "role": "viewer", "email": "", "is_active": "on"}
        assert admin.post(f"/admin/auth/user/{grace.pk}/change/", told).status_code == 302
        grace = User.objects.get(pk=grace.pk)
        assert (role_of(grace), grace.is_staff, grace.is_superuser) == (Role.VIEWER, False, False)

    @pytest.mark.parametrize("told", [{"role": "viewer", "is_active": "on"}, {"role": "admin"}])
    def test_the_last_admin_stays(self, admin: Client, told: dict[str, str]) -> None:
        root = User.objects.get(username="root")
        page = admin.post(f"/admin/auth/user/{root.pk}/change/", {"username": "root", "email": "", **told})
        assert "root is the only admin" in page.content.decode()
        with pytest.raises(LastAdminError):
            give_role(root, Role.RESEARCHER)

    def test_one_of_two_admins_may_leave(self, admin: Client, grace: User) -> None:
        give_role(grace, Role.ADMIN)
        give_role(User.objects.get(username="root"), Role.VIEWER)
        assert role_of(User.objects.get(username="root")) == Role.VIEWER

    def test_an_old_link_leads_to_no_password_field(self, admin: Client, grace: User) -> None:
        page = admin.get(f"/admin/auth/user/{grace.pk}/change/").content.decode()
        assert 'type="password"' not in page
        assert grace.password not in page
