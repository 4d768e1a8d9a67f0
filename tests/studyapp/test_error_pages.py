"""What people and scripts are told when something is wrong: never a bare page, always what to do."""

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from studyapp.models import Study
from tests.studyapp.factories import make_user

urlpatterns = [
    path("studies/broken/", lambda request: fail(ZeroDivisionError("a fault of ours"))),
    path("s/broken/", lambda request: fail(ZeroDivisionError("a fault of ours"))),
    path("studies/away/", lambda request: fail(OperationalError("the database is away"))),
    path("trial/away/", lambda request: fail(OperationalError("the database is away"))),
    path("studies/strange/", lambda request: fail(SuspiciousOperation("not what this takes"))),
    path("studies/barred/", lambda request: fail(PermissionDenied)),
    path("", include("studyapp.urls")),
]
handler400 = "studyapp.views.errors.bad_request"
handler403 = "studyapp.views.errors.forbidden"
handler404 = "studyapp.views.errors.not_found"
handler500 = "studyapp.views.errors.server_error"


def fail(error: BaseException | type[BaseException]) -> HttpResponse:
    raise error


def told(answer: HttpResponse) -> str:
    return " ".join(answer.content.decode().split())


class TestWithoutADatabase:
    """Not marked for the database: asking it anything fails the test."""

    pytestmark = pytest.mark.urls(__name__)

    @pytest.mark.parametrize(
        ("place", "status", "title"),
        [
            ("/studies/strange/", 400, "That request could not be read."),
            ("/studies/barred/", 403, "You may not do that."),
            ("/nowhere/", 404, "There is no page here."),
            ("/studies/broken/", 500, "Something went wrong here."),
            ("/studies/away/", 503, "The database doesn’t answer."),
            ("/s/broken/", 500, "Something went wrong on our side."),
            ("/look/", 404, "This link leads nowhere."),
        ],
    )
    def test_it_says_what_is_wrong(self, place: str, status: int, title: str) -> None:
        answer = Client(raise_request_exception=False).get(place)
        assert answer.status_code == status
        assert f"<h1>{title}</h1>" in told(answer)
        assert answer["Cache-Control"] == "no-store"
        assert "script-src 'self'" in answer["Content-Security-Policy"]

    def test_a_database_that_is_away_is_worth_asking_again(self) -> None:
        client = Client(raise_request_exception=False)
        assert client.get("/studies/away/")["Retry-After"] == "10"
        assert 'href="/studies/away/?page=2"' in told(client.get("/studies/away/?page=2"))

    def test_a_form_is_not_offered_again_by_link(self) -> None:
        assert ">Try again<" not in told(Client(raise_request_exception=False).post("/studies/broken/"))

    def test_scripts_get_json(self) -> None:
        answer = Client(raise_request_exception=False).post("/trial/away/")
        assert answer.status_code == 503
        assert answer.json()["error"].startswith("The answers that you have given are safe.")

    def test_the_theme_holds(self) -> None:
        client = Client()
        client.cookies["theme"] = "dark"
        assert 'data-theme="dark"' in told(client.get("/nowhere/"))
        client.cookies["theme"] = '"><script>'
        assert "data-theme" not in told(client.get("/nowhere/"))


@pytest.mark.django_db
class TestRealOnes:
    def test_a_study_of_somebody_else(self) -> None:
        client = Client()
        client.force_login(make_user())
        answer = client.get("/studies/999/")
        assert answer.status_code == 404
        assert "belongs to somebody else or is gone" in told(answer)

    def test_a_mistyped_observers_link(self) -> None:
        assert "capitals matter" in told(Client().get("/s/nothing/"))

    def test_a_form_without_its_token(self) -> None:
        User.objects.create_user("grace", password="a moth in the relay")
        answer = Client(enforce_csrf_checks=True).post("/login/", {"username": "grace"})
        assert answer.status_code == 403
        assert "<h1>This page was open too long.</h1>" in told(answer)

    def test_an_observers_click_without_its_token(self, study: Study) -> None:
        answer = Client(enforce_csrf_checks=True).post(f"/s/{study.code}/", {"begin": "yes"})
        assert answer.status_code == 403
        assert "<h1>That didn’t get through.</h1>" in told(answer)


def test_a_request_object_is_enough() -> None:
    """Even a request that no middleware has touched gets its page."""
    from studyapp.views.errors import server_error

    request = HttpRequest()
    request.path = "/studies/"
    assert b"Something went wrong here." in server_error(request).content
