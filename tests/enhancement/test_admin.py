"""The library in the admin: every page opens, what may be started is started as a job, what may not change doesn't."""

import html
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from enhancement.models import Alignment, Job, Measurement, Method, Stimulus, TestSet
from enhancement.pictures import encode_png
from enhancement.services.imports import request_checkpoint, request_testset
from enhancement.services.jobs import claim_job, run
from enhancement.services.measure import request_measurements
from enhancement.services.stimuli import request_stimuli
from tests.admin_pages import ada, admin, listed, page
from tests.studyapp.factories import make_method, make_testset, run_jobs

__all__ = ["ada", "admin"]  # fixtures
pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
CONFIRM = {"_form_submitted": "True"}


def press(client: Client, row: Any, button: str, **told: Any) -> Any:
    """A button on a row's page, its dialog confirmed."""
    return client.post(page(row).replace("change/", f"{button}/"), {**CONFIRM, **told})


def said(response: Any) -> str:
    return " ".join(str(message) for message in response.wsgi_request._messages)


def enhanced() -> TestSet:
    """A test set with stimuli, alignments and metrics."""
    testset = make_testset(contents=2)
    job = request_stimuli(testset, make_method("auto"))
    assert job is not None
    request_measurements(testset, after=[job])
    assert all(job.state == Job.State.DONE for job in run_jobs())
    return testset


class TestPages:
    def test_it_works(self, admin: Client) -> None:
        enhanced()
        for model in (TestSet, Method, Stimulus, Alignment, Measurement, Job):
            row = model.objects.first()
            assert f'href="{page(row)}' in admin.get(listed(model)).content.decode()
            assert admin.get(page(row)).status_code == 200

    def test_what_workers_make_is_only_looked_at(self, admin: Client) -> None:
        enhanced()
        for model in (Stimulus, Alignment, Measurement, Job):
            row = model.objects.first()
            assert admin.get(listed(model) + "add/").status_code == 403
            assert admin.post(page(row), {}).status_code == 403

    def test_nothing_that_numbers_rest_on_is_deleted(self, admin: Client) -> None:
        enhanced()
        for model in (TestSet, Method, Stimulus, Alignment, Measurement, Job):
            url = page(model.objects.first()).replace("change", "delete")
            assert admin.post(url, {"post": "yes"}).status_code == 403

    def test_for_who_has_no_role_there_is_no_admin(self) -> None:
        client = Client()
        client.force_login(User.objects.create(username="grace"))
        assert client.get(listed(TestSet)).status_code == 404

    def test_lists_ask_as_much_for_many_rows_as_for_few(
        self, admin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(6):
            make_testset(f"set-{number}", contents=3)
        with django_assert_max_num_queries(9):
            admin.get(listed(TestSet))

    def test_a_web_process_with_the_admin_loads_no_torch(self) -> None:
        code = (
            "import django; django.setup(); import studyapp.urls, sys; "
            "print(sorted(name for name in ('torch', 'onnxruntime') if name in sys.modules))"
        )
        environment = {"DJANGO_SETTINGS_MODULE": "studyapp.settings", "SECRET_KEY": "x", "PATH": ""}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "[]"


class TestLoadATestSet:
    url = "/admin/enhancement/testset/load/"

    def photos(self, folder: Path) -> Path:
        for side in ("input", "reference"):
            (folder / side).mkdir()
            for name in ("one", "two"):
                picture = np.full((40, 60, 3), len(name) * 30, np.uint8)
                (folder / side / f"{name}.png").write_bytes(encode_png(picture))
        return folder

    def test_it_works(self, admin: Client, ada: User, tmp_path: Path) -> None:
        told = {"name": "mine", "path": str(self.photos(tmp_path)), "camera": "iphone", "note": "From my shelf."}
        assert admin.get(self.url).status_code == 200
        response = admin.post(self.url, told)
        job = Job.objects.get()
        assert (job.kind, job.queue, job.state, job.requested_by) == ("load_testset", "cpu", "queued", ada)
        assert response.headers["Location"] == page(job)
        assert not TestSet.objects.exists(), "a web request loads nothing"
        (done,) = run_jobs()
        assert (done.state, done.error, done.done_units) == ("done", "", done.total_units)
        testset = TestSet.objects.get(name="mine")
        assert (testset.contents.count(), testset.note, testset.created_by) == (2, "From my shelf.", ada)
        assert set(testset.contents.values_list("camera", flat=True)) == {"iphone"}

    def test_bad_photos_are_all_named_and_nothing_is_stored(self, ada: User, tmp_path: Path) -> None:
        folder = self.photos(tmp_path)
        (folder / "input/one.png").write_bytes(b"not a photo")
        (folder / "reference/two.png").write_bytes(b"")
        request_testset("mine", str(folder), by=ada)
        (job,) = run_jobs()
        assert job.state == Job.State.FAILED
        assert "one.png" in job.error
        assert "two.png" in job.error
        assert not TestSet.objects.exists()

    def test_the_whole_report_stands_on_the_job(self, admin: Client, ada: User) -> None:
        request_testset("mine", "/nowhere/photos", by=ada)
        (job,) = run_jobs()
        assert "/nowhere/photos" in admin.get(page(job)).content.decode()

    def test_a_cancelled_load_stores_nothing(self, ada: User, tmp_path: Path) -> None:
        job = request_testset("mine", str(self.photos(tmp_path)), by=ada)
        claim = claim_job(job.pk, owner="tests")
        assert claim is not None
        Job.objects.filter(pk=job.pk).update(state=Job.State.CANCELLED)
        run(claim)
        job.refresh_from_db()
        assert (job.state, TestSet.objects.count()) == ("cancelled", 0)

    def test_a_frozen_test_set_is_refused_at_once(self, admin: Client) -> None:
        enhanced()
        before = Job.objects.count()
        response = admin.post(self.url, {"name": "tiny", "path": "/photos"})
        assert "take a new name" in response.content.decode()
        assert Job.objects.count() == before

    def test_a_path_from_nowhere_is_refused(self, admin: Client) -> None:
        response = admin.post(self.url, {"name": "mine", "path": "photos"})
        assert "photos is not a whole path" in response.content.decode()
        assert not Job.objects.exists()

    def test_who_may_only_look_may_not_load(self) -> None:
        looker = User.objects.create(username="grace", is_staff=True)
        looker.user_permissions.add(Permission.objects.get(codename="view_testset"))
        client = Client()
        client.force_login(looker)
        assert client.get(listed(TestSet)).status_code == 200
        assert client.post(self.url, {"name": "mine", "path": "/photos"}).status_code == 403


class TestTestSet:
    def test_its_note_can_be_mended(self, admin: Client) -> None:
        testset = make_testset()
        told = {"name": "tiny", "note": "Shot in Zurich.", "contents-TOTAL_FORMS": 0, "contents-INITIAL_FORMS": 0}
        assert admin.post(page(testset), told).status_code == 302
        testset.refresh_from_db()
        assert testset.note == "Shot in Zurich."

    def test_a_frozen_one_stays(self, admin: Client) -> None:
        testset = enhanced()
        assert admin.post(page(testset), {"name": "other"}).status_code == 403

    def test_methods_are_run_on_it(self, admin: Client) -> None:
        testset, method = make_testset(), make_method("auto")
        response = press(admin, testset, "run_methods", methods=[method.pk])
        assert response.headers["Location"] == page(testset)
        assert [job.kind for job in Job.objects.order_by("pk")] == ["stimuli", "measure"]
        run_jobs()
        assert Stimulus.objects.filter(method=method).count() == 4

    def test_a_link_alone_runs_nothing(self, admin: Client) -> None:
        testset = make_testset()
        make_method("auto")
        assert admin.get(page(testset).replace("change/", "run_methods/")).status_code == 200
        assert not Job.objects.exists()

    def test_a_dialog_is_left_by_the_whole_page(self, admin: Client) -> None:
        testset, method = make_testset(), make_method("auto")
        url = page(testset).replace("change/", "run_methods/")
        response = admin.post(url, {**CONFIRM, "methods": [method.pk]}, headers={"HX-Request": "true"})
        assert response.headers["HX-Redirect"] == page(testset)

    def test_no_method_is_no_run(self, admin: Client) -> None:
        assert "This field is required" in press(admin, make_testset(), "run_methods").content.decode()
        assert not Job.objects.exists()

    def test_who_may_only_look_may_not_run(self) -> None:
        looker = User.objects.create(username="grace", is_staff=True)
        looker.user_permissions.add(Permission.objects.get(codename="view_testset"))
        client = Client()
        client.force_login(looker)
        assert press(client, make_testset(), "run_methods", methods=[make_method("auto").pk]).status_code == 403


class TestMethod:
    add = "/admin/enhancement/method/add/"
    network = "/admin/enhancement/method/add_network/"
    checkpoint = "/admin/enhancement/method/import_released/"

    def test_one_without_weights_is_added_at_once(self, admin: Client) -> None:
        assert admin.get(self.add).status_code == 200
        response = admin.post(self.add, {"name": "auto", "kind": "auto", "settings": "{}"})
        assert response.headers["Location"] == page(Method.objects.get(name="auto"))

    def test_settings_are_listed_with_their_defaults(self, admin: Client) -> None:
        text = html.unescape(admin.get(self.add).content.decode())
        for told in ('"tone" 0.7 (0–1)', '"strength" 1 (0.5–3)', '"refuse" or "resample" (the first by default)'):
            assert told in text

    def test_a_folder_from_nowhere_is_refused(self, admin: Client) -> None:
        response = admin.post(self.add, {"name": "mine", "kind": "external", "settings": '{"folder": "results"}'})
        assert "is not an absolute path" in response.content.decode()
        assert not Method.objects.exists()

    def test_wrong_settings_are_told(self, admin: Client) -> None:
        response = admin.post(self.add, {"name": "auto", "kind": "auto", "settings": '{"glitter": 1}'})
        assert "glitter is not one of" in response.content.decode()
        assert not Method.objects.exists()

    def test_settings_are_an_object(self, admin: Client) -> None:
        response = admin.post(self.add, {"name": "auto", "kind": "auto", "settings": "[1]"})
        assert "Write a JSON object" in response.content.decode()

    def test_one_with_stimuli_stays(self, admin: Client) -> None:
        enhanced()
        assert admin.post(page(Method.objects.get(name="auto")), {"note": "other"}).status_code == 403

    def test_settings_never_change(self, admin: Client) -> None:
        method = make_method("auto")
        admin.post(page(method), {"name": "other", "settings": '{"a": 1}', "note": "A note."})
        method.refresh_from_db()
        assert (method.name, method.settings, method.note) == ("auto", {}, "A note.")

    def test_a_network_is_added_by_the_gpu_worker(self, admin: Client) -> None:
        assert admin.get(self.network).status_code == 200
        weights = SimpleUploadedFile("mine.onnx", tiny_network())
        response = admin.post(self.network, {"name": "mine", "kind": "onnx", "settings": "{}", "weights": weights})
        job = Job.objects.get()
        assert (response.headers["Location"], job.queue, Method.objects.count()) == (page(job), "gpu", 0)
        (done,) = run_jobs()
        assert (done.state, done.error) == ("done", "")
        assert Method.objects.get(name="mine").kind == "onnx"

    def test_a_file_that_is_no_network_is_refused_by_the_job(self, admin: Client) -> None:
        weights = SimpleUploadedFile("mine.onnx", b"no network")
        admin.post(self.network, {"name": "mine", "kind": "onnx", "settings": "{}", "weights": weights})
        (job,) = run_jobs()
        assert job.state == Job.State.FAILED
        assert "the uploaded file" in job.error
        assert not Method.objects.exists()

    def test_a_pickle_is_refused_at_once(self, admin: Client) -> None:
        weights = SimpleUploadedFile("mine.pth", b"\x80\x04")
        response = admin.post(self.network, {"name": "mine", "kind": "dped", "settings": "{}", "weights": weights})
        assert "doesn&#x27;t end in .safetensors" in response.content.decode()
        assert not Job.objects.exists()

    def test_a_missing_checkpoint_is_told_by_the_job(self, admin: Client) -> None:
        assert admin.get(self.checkpoint).status_code == 200
        admin.post(self.checkpoint, {"name": "iphone", "index": "/nowhere/iphone"})
        (job,) = run_jobs()
        assert (job.queue, job.state) == ("gpu", "failed")
        assert "/nowhere/iphone.index" in job.error

    def test_a_released_checkpoint_becomes_a_method(self, ada: User, shared: Any) -> None:
        found = sorted(shared("dped").rglob("*iphone_orig.index"))
        if not found:
            pytest.skip("real data not here: ../shared/data/dped … iphone_orig.index")
        request_checkpoint("iphone_orig", str(found[0]), by=ada)
        (job,) = run_jobs()
        assert (job.state, job.error) == ("done", "")
        assert Method.objects.get(name="iphone_orig").kind == "dped"


class TestJob:
    def test_cancel_and_retry(self, admin: Client, ada: User) -> None:
        job = request_checkpoint("iphone", "/nowhere/iphone.index", by=ada)
        press(admin, job, "cancel")
        job.refresh_from_db()
        assert job.state == Job.State.CANCELLED
        press(admin, job, "retry")
        job.refresh_from_db()
        assert job.state == Job.State.QUEUED

    def test_many_at_once(self, admin: Client, ada: User) -> None:
        for name in ("one", "two"):
            request_checkpoint(name, f"/nowhere/{name}.index", by=ada)
        chosen = {"_selected_action": [job.pk for job in Job.objects.all()]}
        admin.post(listed(Job), {"action": "cancel_selected", **chosen})
        assert set(Job.objects.values_list("state", flat=True)) == {"cancelled"}
        admin.post(listed(Job), {"action": "retry_selected", **chosen})
        assert set(Job.objects.values_list("state", flat=True)) == {"queued"}

    def test_a_done_job_is_neither_cancelled_nor_retried(self, admin: Client) -> None:
        enhanced()
        job = Job.objects.filter(state="done").first()
        for button, answer in (("cancel", "had already ended"), ("retry", "nothing to retry")):
            assert answer in said(press(admin, job, button))
        assert "Retry" not in admin.get(page(job)).content.decode()

    def test_progress_and_errors_are_seen(self, admin: Client, ada: User) -> None:
        job = request_checkpoint("iphone", "/nowhere/iphone.index", by=ada)
        Job.objects.filter(pk=job.pk).update(done_units=1, total_units=4, error="First line\nSecond line")
        text = admin.get(listed(Job)).content.decode()
        assert "25 %" in text
        assert "First line …" in text
        assert "Second line" in admin.get(page(job)).content.decode()

    def test_who_may_only_look_may_not_cancel(self, ada: User) -> None:
        job = request_checkpoint("iphone", "/nowhere/iphone.index", by=ada)
        looker = User.objects.create(username="grace", is_staff=True)
        looker.user_permissions.add(Permission.objects.get(codename="view_job"))
        client = Client()
        client.force_login(looker)
        assert press(client, job, "cancel").status_code == 403
        client.post(listed(Job), {"action": "cancel_selected", "_selected_action": [job.pk]})
        job.refresh_from_db()
        assert job.state == Job.State.QUEUED


def tiny_network() -> bytes:
    """A network that gives back what it is given, as ONNX."""
    from onnx import TensorProto, helper

    shape: list[str | int | None] = [1, 3, "height", "width"]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("photo", "better")]
    graph = helper.make_graph([helper.make_node("Identity", ["photo"], ["better"])], "same", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())
