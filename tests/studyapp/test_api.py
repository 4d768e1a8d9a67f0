"""What programs read: what a token's person sees, page by page, in as many queries however much there is."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from enhancement.models import Method
from studyapp.models import Study, StudySession
from studyapp.roles import Role
from studyapp.services.data_files import DATA_FILES
from studyapp.services.exports import COLUMNS
from studyapp.services.reports import report_as_json
from studyapp.services.sharing import share_study
from studyapp.services.tokens import make_token
from tests.studyapp.factories import answer_all, make_study, make_user, prefer, sit

pytestmark = pytest.mark.django_db

PAGED = (
    "/studies", "/studies/{study}/sessions", "/studies/{study}/exposures", "/studies/{study}/stimuli",
    "/testsets", "/testsets/{testset}/contents", "/testsets/{testset}/stimuli", "/methods",
)  # fmt: skip
ALL = (
    *PAGED, "/studies/{study}", "/studies/{study}/conditions", "/studies/{study}/report", "/testsets/{testset}",
    *(f"/studies/{{study}}/files/{name}" for name in DATA_FILES),
)  # fmt: skip

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def made(made_once: None) -> Study:
    study = make_study(make_user("ada"), conditions=("original", "auto"), trials_per_session=3)
    for _ in range(3):
        answer_all(sit(study), prefer("auto", "original"))
    answer_all(sit(study, simulated=True), prefer("original", "auto"))
    return study


@pytest.fixture
def study(made: Study) -> Study:
    return Study.objects.get(pk=made.pk)


def asking(user: Any) -> Ask:
    """A program with a token of this person."""
    client = Client(headers={"Authorization": f"Bearer {make_token(user, 'test')[1]}"})
    return lambda path, **asked: client.get(f"/api/v1{path}", asked)


@pytest.fixture
def ask(study: Study) -> Ask:
    return asking(study.owner)


def at(path: str, study: Study) -> str:
    return path.format(study=study.pk, testset=study.testset_id)


def all_pages(ask: Ask, path: str, limit: int, **asked: Any) -> Iterator[dict[str, Any]]:
    after = ""
    while after is not None:
        page = ask(path, limit=limit, after=after, **asked).json()
        assert len(page["items"]) <= limit
        yield from page["items"]
        after = page["next"]


class TestWhatIsTold:
    def test_studies(self, ask: Ask, study: Study) -> None:
        (told,) = ask("/studies").json()["items"]
        assert (told["id"], told["name"], told["owner"], told["state"]) == (study.pk, study.name, "ada", "open")

    def test_one_study(self, ask: Ask, study: Study) -> None:
        told = ask(f"/studies/{study.pk}").json()
        assert (told["seed"], told["trials_per_session"], told["answers"]) == (7, 3, ["left", "right"])
        lanes = {lane["lane"]: (lane["votes"], lane["observers"], lane["states"]) for lane in told["sittings"]}
        assert lanes == {"main": (9, 3, {"finished": 3}), "simulated": (3, 1, {"finished": 1})}
        assert study.code not in json.dumps(told)  # the observers' link is for who runs the study

    def test_conditions(self, ask: Ask, study: Study) -> None:
        assert ask(f"/studies/{study.pk}/conditions").json() == [
            {"name": name, "position": position, "worse_than": None, "methods": {"iphone": name}}
            for position, name in enumerate(("original", "auto"))
        ]

    def test_exposures_are_those_of_the_file(self, ask: Ask, study: Study) -> None:
        file = ask(f"/studies/{study.pk}/files/exposures.jsonl").getvalue().decode()
        told = list(all_pages(ask, f"/studies/{study.pk}/exposures", 4))
        assert told == [json.loads(line) for line in file.splitlines()]
        assert len(told) == 9
        assert tuple(told[0]) == COLUMNS

    def test_sessions_are_those_of_the_file(self, ask: Ask, study: Study) -> None:
        file = pd.read_csv(io.BytesIO(ask(f"/studies/{study.pk}/files/sessions.csv").getvalue()))
        told = list(all_pages(ask, f"/studies/{study.pk}/sessions", 2))
        assert [row["session"] for row in told] == file["session"].to_list()
        assert [row["votes"] for row in told] == [3, 3, 3]

    def test_simulated_ones_come_where_asked_for(self, ask: Ask, study: Study) -> None:
        for path, number in (("sessions", 4), ("exposures", 12)):
            assert len(list(all_pages(ask, f"/studies/{study.pk}/{path}", 5, simulated="true"))) == number

    def test_who_withdrew_is_in_no_answer(self, ask: Ask, study: Study) -> None:
        gone = study.sessions.filter(simulated=False).earliest("pk")
        StudySession.objects.filter(pk=gone.pk).update(state=StudySession.State.WITHDRAWN)
        for path in ("sessions", "exposures"):
            assert gone.observer.code not in ask(f"/studies/{study.pk}/{path}").content.decode()

    def test_the_report_is_that_of_the_page(self, ask: Ask, study: Study) -> None:
        assert ask(f"/studies/{study.pk}/report").json() == json.loads(json.dumps(report_as_json(study)))

    def test_pictures_by_their_hashes(self, ask: Ask, study: Study) -> None:
        shown = {row["rendering_sha256"] for row in all_pages(ask, f"/studies/{study.pk}/stimuli", 3)}
        exposures = ask(f"/studies/{study.pk}/exposures").json()["items"]
        assert {row[f"{side}_sha256"] for row in exposures for side in ("left", "right")} <= shown
        contents = {row["input_sha256"] for row in all_pages(ask, f"/testsets/{study.testset_id}/contents", 3)}
        stimuli = list(all_pages(ask, f"/testsets/{study.testset_id}/stimuli", 3))
        assert {row["source_sha256"] for row in stimuli} == contents
        assert {row["method"] for row in stimuli} == {"original", "auto"}

    def test_methods_and_test_sets(self, ask: Ask, study: Study) -> None:
        assert {row["method"] for row in ask("/methods").json()["items"]} == {"original", "auto"}
        assert ask(f"/testsets/{study.testset_id}").json() == ask("/testsets").json()["items"][0]

    @pytest.mark.parametrize("name", DATA_FILES)
    def test_files_are_those_of_the_pages(self, ask: Ask, study: Study, name: str) -> None:
        browser = Client()
        browser.force_login(study.owner, backend="studyapp.roles.RoleBackend")
        page, told = browser.get(f"/studies/{study.pk}/data/{name}"), ask(f"/studies/{study.pk}/files/{name}")
        assert told["Content-Type"] == page["Content-Type"]
        assert told["Content-Disposition"] == page["Content-Disposition"]
        assert page["Content-Disposition"].endswith(f'a-tiny-study-{name}"')
        one, other = page.getvalue(), told.getvalue()
        assert one == other or name == "bundle.zip"  # which says when it was made


class TestPages:
    @pytest.mark.parametrize("path", PAGED)
    def test_pages_make_up_the_whole(self, ask: Ask, study: Study, path: str) -> None:
        whole = ask(at(path, study)).json()
        assert whole["next"] is None
        assert list(all_pages(ask, at(path, study), 1)) == whole["items"]

    @pytest.mark.parametrize("path", PAGED)
    def test_queries_do_not_grow(self, study: Study, path: str) -> None:
        with_one, with_many = (self._queries(study, path, limit) for limit in (1, 1000))
        assert with_one == with_many

    @staticmethod
    def _queries(study: Study, path: str, limit: int) -> int:
        ask = asking(study.owner)
        with CaptureQueriesContext(connection) as seen:
            assert ask(at(path, study), limit=limit).status_code == 200
        return len(seen)

    @pytest.mark.parametrize("path", PAGED)
    @pytest.mark.parametrize("after", ["x", "-1", "1-2-3", "٣", "9" * 30, "1.5"])
    def test_a_place_that_no_page_named_is_refused_in_words(
        self, ask: Ask, study: Study, path: str, after: str
    ) -> None:
        answer = ask(at(path, study), after=after)
        assert answer.status_code == 422
        assert "next" in answer.json()["error"]

    @pytest.mark.parametrize("limit", ["0", "1001", "many"])
    def test_a_page_has_its_bounds(self, ask: Ask, limit: str) -> None:
        answer = ask("/studies", limit=limit)
        assert answer.status_code == 422
        assert answer.json()["error"].startswith("limit: ")


class TestTheDoor:
    @pytest.mark.parametrize("path", ALL)
    def test_without_a_token_there_is_nothing(self, study: Study, path: str) -> None:
        browser = Client()
        browser.force_login(study.owner, backend="studyapp.roles.RoleBackend")
        for client in (Client(), browser, Client(headers={"Authorization": "Bearer phoropter_wrong"})):
            answer = client.get(f"/api/v1{at(path, study)}")
            assert answer.status_code == 401
            assert "token" in answer.json()["error"]
            assert answer["WWW-Authenticate"].startswith("Bearer")

    @pytest.mark.parametrize("path", [path for path in ALL if "{study}" in path])
    def test_what_is_not_theirs_is_not_there(self, study: Study, path: str) -> None:
        other = asking(make_user("otto"))
        theirs, nowhere = other(at(path, study)), other(path.format(study=999_999, testset=0))
        assert (theirs.status_code, theirs.content) == (nowhere.status_code, nowhere.content)
        assert theirs.status_code == 404
        assert "error" in theirs.json()

    def test_a_viewer_sees_what_is_shared_and_what_it_uses(self, study: Study) -> None:
        vera = make_user("vera", Role.VIEWER)
        Method.objects.create(name="unused", kind="original")
        ask = asking(vera)
        for path in ("/studies", "/testsets", "/methods"):
            assert ask(path).json()["items"] == []
        share_study(study, vera, "see", by=study.owner)
        assert [one["id"] for one in ask("/studies").json()["items"]] == [study.pk]
        assert [one["id"] for one in ask("/testsets").json()["items"]] == [study.testset_id]
        assert {one["method"] for one in ask("/methods").json()["items"]} == {"original", "auto"}
        assert {ask(at(path, study)).status_code for path in ALL} == {200}

    def test_nothing_can_be_changed(self, study: Study) -> None:
        client = Client(
            headers={"Authorization": f"Bearer {make_token(study.owner, 'test')[1]}"}, enforce_csrf_checks=True
        )
        for path in ALL:
            for method in (client.post, client.put, client.patch, client.delete):
                answer = method(f"/api/v1{at(path, study)}")
                assert (answer.status_code, answer.json()["error"]) == (405, "The API only reads: ask with GET.")

    def test_what_is_nowhere_is_said_in_json(self, ask: Ask, study: Study) -> None:
        for path in ("/", "/nothing", "/studies/1/nothing", "/studies/x"):
            answer = ask(path)
            assert answer.status_code in (404, 422), path
            assert "error" in answer.json(), path
        assert "exposures.csv" in ask(f"/studies/{study.pk}/files/votes.xlsx").json()["error"]

    def test_no_cache_keeps_an_answer(self, ask: Ask, study: Study) -> None:
        for path in ALL:
            assert "no-store" in ask(at(path, study))["Cache-Control"], path


class TestTheDescription:
    def test_openapi_names_every_address(self) -> None:
        described = Client().get("/api/v1/openapi.json").json()
        assert described["openapi"].startswith("3.")
        told = {path.removeprefix("/api/v1") for path in described["paths"]}
        assert {path for path in ALL if "/files/" not in path} | {"/studies/{study}/files/{name}"} == told
        assert all(set(methods) == {"get"} for methods in described["paths"].values())
        assert all("401" in methods["get"]["responses"] for methods in described["paths"].values())

    def test_the_page_for_people_asks_nothing_of_others(self) -> None:
        page = Client().get("/api/v1/docs").content.decode()
        assert "https://" not in page.replace("http://www.w3.org", "")
        assert "/api/v1/studies/{study}/exposures" in page
        assert all(f"<code>{name}</code>" in page for name in COLUMNS)
