"""What the upload page's script asks of the server: whose it is, what is refused, and that nothing else gets in."""

import hashlib
import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client, override_settings

from enhancement.models import Job, TestSet, Upload
from tests.enhancement.test_uploads import photo
from tests.studyapp.factories import make_user, run_jobs

pytestmark = pytest.mark.django_db(transaction=True)

UPLOADS = "/admin/enhancement/testset/uploads/"


def loader(name: str) -> Client:
    """Somebody who may add test sets, and nothing else."""
    user = make_user(name, is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="add_testset"))
    return client_of(user)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ada() -> Client:
    return loader("ada")


def begun(client: Client) -> str:
    """The address of a new upload."""
    response = client.post(f"{UPLOADS}begin/")
    assert response.status_code == 201
    page: str = response.json()["page"]
    return page


def tell(client: Client, url: str, told: Any) -> Any:
    return client.post(url, json.dumps(told), content_type="application/json")


def announced(client: Client, page: str, path: str, count: int) -> dict[str, Any]:
    (answer,) = tell(client, f"{page}files/", {"files": [{"path": path, "bytes": count}]}).json()["files"]
    file: dict[str, Any] = answer["file"]
    return file


def put(client: Client, page: str, file: int, data: bytes, *, offset: int = 0, of: bytes | None = None) -> Any:
    sha256 = hashlib.sha256(data if of is None else of).hexdigest()
    url = f"{page}files/{file}/?sha256={sha256}&offset={offset}"
    return client.put(url, data, content_type="application/octet-stream")


def sent(client: Client, page: str, path: str, data: bytes) -> int:
    file = announced(client, page, path, len(data))
    assert put(client, page, file["id"], data).json() == {"offset": len(data), "whole": True}
    pk: int = file["id"]
    return pk


def test_it_works(ada: Client) -> None:
    assert ada.get("/admin/enhancement/testset/add/").status_code == 200
    assert not Upload.objects.exists(), "looking at the page begins nothing"
    page = begun(ada)
    assert ada.get(page).status_code == 200
    sent(ada, page, "cat.png", photo(1))
    assert ada.post(f"{page}make/", {"name": "pets", "camera": "phone"}).status_code == 204
    assert ada.get(f"{page}state.json").json()["job"]["state"] == "queued"
    run_jobs()
    testset = TestSet.objects.get(name="pets")
    assert testset.created_by is not None
    assert testset.created_by.username == "ada"
    change = f"/admin/enhancement/testset/{testset.pk}/change/"
    assert ada.get(f"{page}state.json").json()["made"] == change
    assert ada.get(page).headers["Location"] == change


def test_a_piece_that_doesn_t_follow_hears_where_to_go_on(ada: Client) -> None:
    page, data = begun(ada), photo(1)
    file = announced(ada, page, "cat.png", len(data))["id"]
    assert put(ada, page, file, data[:100], of=data).json() == {"offset": 100, "whole": False}
    response = put(ada, page, file, data[300:], offset=300, of=data)
    assert (response.status_code, response.json()["offset"]) == (409, 100)
    assert put(ada, page, file, data[100:], offset=100, of=data).json()["whole"]


def test_a_new_page_offers_what_was_begun(ada: Client) -> None:
    page = begun(ada)
    add = "/admin/enhancement/testset/add/"
    assert page not in ada.get(add).content.decode(), "an empty one is nothing to go on with"
    announced(ada, page, "cat.png", 5)
    assert page in ada.get(add).content.decode()


def test_somebody_else_s_isn_t_there(ada: Client) -> None:
    page = begun(ada)
    file = sent(ada, page, "cat.png", photo(1))
    for other in (loader("grace"), client_of(User.objects.create_superuser("root"))):
        assert other.get(page).status_code == 404
        assert other.get(f"{page}state.json").status_code == 404
        assert put(other, page, file, photo(2)).status_code == 404
        for act in ("files", "remove", "leave-out", "make", "stop", "cancel"):
            assert tell(other, f"{page}{act}/", {"files": [file]}).status_code == 404, act
    assert Upload.objects.get().files.get().state == "whole"


def test_another_upload_s_file_isn_t_there(ada: Client) -> None:
    file = announced(ada, begun(ada), "cat.png", 5)["id"]
    other = begun(ada)
    assert put(ada, other, file, b"12345").status_code == 404
    assert tell(ada, f"{other}leave-out/", {"file": file, "entries": ["a"]}).status_code == 404
    tell(ada, f"{other}remove/", {"files": [file]})
    assert Upload.objects.filter(files=file).exists()


def test_who_may_not_add_test_sets_sends_nothing(ada: Client) -> None:
    page = begun(ada)
    looker = make_user("grace", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_testset"))
    assert client_of(looker).get("/admin/enhancement/testset/add/").status_code == 403
    assert client_of(looker).post(f"{UPLOADS}begin/").status_code == 403
    assert client_of(looker).get(page).status_code == 403
    assert Client().post(f"{UPLOADS}begin/").status_code == 302


def test_a_link_alone_does_nothing(ada: Client) -> None:
    page = begun(ada)
    for act in ("files", "remove", "leave-out", "make", "stop", "cancel"):
        assert ada.get(f"{page}{act}/").status_code == 405, act
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get(username="ada"))
    assert strict.post(f"{page}cancel/").status_code == 403
    assert put(strict, page, 1, b"x").status_code == 403
    assert Upload.objects.exists()


@pytest.mark.parametrize(
    "query", ["", "?sha256=abc&offset=0", f"?sha256={'g' * 64}&offset=0", f"?sha256={'a' * 64}&offset=-1"]
)
def test_a_piece_without_its_place_is_refused(ada: Client, query: str) -> None:
    page = begun(ada)
    file = announced(ada, page, "cat.png", 5)["id"]
    response = ada.put(f"{page}files/{file}/{query}", b"12345", content_type="application/octet-stream")
    assert (response.status_code, "sha256" in response.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"files": 5},
        {"files": [5]},
        {"files": [{"path": "a"}]},
        {"files": [{"path": 5, "bytes": 5}]},
        [],
        {"files": [{"path": "a", "bytes": True}]},
    ],
)
def test_a_list_that_is_none_is_refused(ada: Client, told: Any) -> None:
    assert tell(ada, f"{begun(ada)}files/", told).status_code == 400


def test_a_name_is_asked_for(ada: Client) -> None:
    page = begun(ada)
    sent(ada, page, "cat.png", photo(1))
    response = ada.post(f"{page}make/", {"name": "two words"})
    assert list(response.json()["fields"]) == ["name"]
    response = ada.post(f"{page}make/", {"name": "pets", "inputs": "../../etc"})
    assert list(response.json()["fields"]) == ["inputs"]
    assert not Job.objects.exists()


def test_a_full_disk_is_said_in_words(ada: Client) -> None:
    page = begun(ada)
    with override_settings(UPLOAD_SPARE_MB=1 << 40):
        response = tell(ada, f"{page}files/", {"files": [{"path": "cat.png", "bytes": 5}]})
    assert (response.status_code, "disk has room for 0 MB" in response.json()["error"]) == (507, True)


def test_stop_cancels_the_job_and_the_files_stay(ada: Client) -> None:
    page = begun(ada)
    sent(ada, page, "cat.png", photo(1))
    ada.post(f"{page}make/", {"name": "pets"})
    assert ada.post(f"{page}cancel/").status_code == 400
    assert ada.post(f"{page}stop/").status_code == 204
    told = ada.get(f"{page}state.json").json()
    assert (told["job"]["state"], [file["state"] for file in told["files"]]) == ("cancelled", ["whole"])
    assert ada.post(f"{page}cancel/").status_code == 302
    assert not Upload.objects.exists()


def test_nothing_on_the_page_is_inline(ada: Client) -> None:
    """The page's own part needs no more than a policy without inline scripts and styles allows."""
    body = ada.get(begun(ada)).content.decode()
    own = body[body.index('id="upload"') :]
    own = own[: own.index("</template></div>")] if "</template></div>" in own else own[: own.rindex("</template>")]
    assert "<script" not in own
    assert " style=" not in own.split('<form id="make"')[0]
    assert " onclick" not in own
