"""Photos sent in pieces become a test set, whole; what is wrong is one report, mended without sending all again."""

import errno
import hashlib
import io
import os
import zipfile
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from django.utils import timezone
from PIL import Image

from enhancement.models import Content, Job, TestSet, Upload, UploadedFile
from enhancement.paths import folders_among
from enhancement.services.files import read
from enhancement.services.jobs import cancel_job, claim_job, retry_job, run
from enhancement.services.pieces import ElsewhereError, take_piece
from enhancement.services.stimuli import request_stimuli
from enhancement.services.unpacking import request_testset_of
from enhancement.services.uploads import (
    Announced,
    NoRoomError,
    UploadProblemError,
    announce,
    begin_upload,
    cancel_upload,
    folder_of,
    leave_out,
    place_of,
    remove_files,
    remove_stale_uploads,
    state_of,
)
from tests.studyapp.factories import make_method, make_testset, make_user, run_jobs

pytestmark = pytest.mark.django_db(transaction=True)

WANTED: dict[str, Any] = {
    "name": "mine", "camera": "phone", "note": "", "simulated": False, "inputs": "", "references": "",
}  # fmt: skip


def photo(seed: int = 0, size: tuple[int, int] = (40, 30)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def send(upload: Upload, path: str, data: bytes) -> UploadedFile:
    """Announce a file and send it in one piece."""
    (outcome,) = announce(upload, [Announced(path, len(data))])
    assert outcome.file is not None, outcome.problem
    take_piece(outcome.file, sha256(data), 0, io.BytesIO(data))
    outcome.file.refresh_from_db()
    return outcome.file


def make(upload: Upload, **wanted: Any) -> Job:
    """Ask for the test set and let a worker at it."""
    request_testset_of(upload, {**WANTED, **wanted}, upload.owner)
    job = run_jobs()[-1]
    upload.refresh_from_db()
    return job


def named(upload: Upload) -> dict[str, str]:
    return {line["path"]: line["what"] for line in upload.report}


@pytest.fixture
def ada() -> User:
    return make_user()


@pytest.fixture
def upload(ada: User) -> Upload:
    """A new one, with nothing of an earlier test's in its folder: numbers are given anew after each."""
    begun = begin_upload(ada)
    for left in folder_of(begun.pk).rglob("*"):
        assert left.is_dir(), left
    return begun


class TestSending:
    def test_it_works(self, upload: Upload) -> None:
        send(upload, "input/cat.png", photo(1))
        send(upload, "reference/cat.png", photo(2, (80, 60)))
        job = make(upload)
        assert (job.state, job.error) == ("done", "")
        content = Content.objects.get(testset__name="mine")
        assert (content.name, content.camera, content.reference_width_px) == ("cat", "phone", 80)
        assert read(content.input_file, content.input_sha256) == photo(1)
        assert upload.testset == content.testset
        assert not upload.files.exists()
        assert not folder_of(upload.pk).exists()

    def test_in_pieces_gone_on_with_after_an_interruption(self, upload: Upload) -> None:
        data = photo(1)
        (outcome,) = announce(upload, [Announced("cat.png", len(data))])
        file = outcome.file
        assert file is not None
        assert take_piece(file, sha256(data), 0, io.BytesIO(data[:1000])) == 1000
        assert state_of(upload)["files"][0]["offset"] == 1000
        with pytest.raises(ElsewhereError) as elsewhere:
            take_piece(file, sha256(data), 0, io.BytesIO(data[:1000]))
        assert elsewhere.value.offset == 1000
        (again,) = announce(upload, [Announced("cat.png", len(data))])
        assert again.file == file
        assert take_piece(file, sha256(data), 1000, io.BytesIO(data[1000:])) == len(data)
        file.refresh_from_db()
        assert file.state == "whole"
        assert place_of(file).read_bytes() == data

    def test_a_file_sent_twice_is_there_once(self, upload: Upload) -> None:
        first, second = send(upload, "cat.png", photo(1)), send(upload, "cat.png", photo(1))
        assert first == second
        assert len(list(folder_of(upload.pk).iterdir())) == 1

    @pytest.mark.parametrize("size", [(40, 30), (41, 30)], ids=["same length maybe", "another length"])
    def test_another_photo_of_the_name_takes_its_place(self, upload: Upload, size: tuple[int, int]) -> None:
        send(upload, "cat.png", photo(1))
        file = send(upload, "cat.png", photo(2, size))
        assert place_of(file).read_bytes() == photo(2, size)
        assert len(list(folder_of(upload.pk).iterdir())) == 1
        assert upload.files.count() == 1

    def test_bytes_of_two_files_never_mix(self, upload: Upload) -> None:
        one, other = b"a" * 1000, b"b" * 1000
        (outcome,) = announce(upload, [Announced("x.jpg", 1000)])
        assert outcome.file is not None
        take_piece(outcome.file, sha256(one), 0, io.BytesIO(one[:500]))
        with pytest.raises(ElsewhereError):
            take_piece(outcome.file, sha256(other), 500, io.BytesIO(other[500:]))
        take_piece(outcome.file, sha256(other), 0, io.BytesIO(other))
        outcome.file.refresh_from_db()
        assert place_of(outcome.file).read_bytes() == other

    def test_what_isn_t_what_was_sent_is_asked_for_again(self, upload: Upload) -> None:
        (outcome,) = announce(upload, [Announced("x.jpg", 4)])
        assert outcome.file is not None
        with pytest.raises(ElsewhereError) as elsewhere:
            take_piece(outcome.file, sha256(b"good"), 0, io.BytesIO(b"evil"))
        assert elsewhere.value.offset == 0
        assert take_piece(outcome.file, sha256(b"good"), 0, io.BytesIO(b"good")) == 4

    def test_more_bytes_than_announced_are_refused(self, upload: Upload) -> None:
        (outcome,) = announce(upload, [Announced("x.jpg", 4)])
        assert outcome.file is not None
        with pytest.raises(ElsewhereError, match="announced with 4"):
            take_piece(outcome.file, sha256(b"good"), 0, io.BytesIO(b"good and more"))

    @pytest.mark.parametrize(
        ("path", "count", "problem"),
        [
            ("../up.jpg", 5, "leads out"),
            ("/etc/x.jpg", 5, "absolute"),
            ("C:\\x.jpg", 5, "drive"),
            ("a\0.jpg", 5, "control characters"),
            ("empty.jpg", 0, "is empty"),
            ("huge.tif", 5 << 40, "larger than"),
        ],
    )
    def test_what_can_t_be_taken_is_said_at_once(self, upload: Upload, path: str, count: int, problem: str) -> None:
        (outcome,) = announce(upload, [Announced(path, count)])
        assert outcome.file is None
        assert problem in outcome.problem

    def test_what_systems_leave_is_passed_over(self, upload: Upload) -> None:
        outcomes = announce(upload, [Announced(path, 5) for path in (".DS_Store", "in/Thumbs.db", "__MACOSX/a.jpg")])
        assert [(outcome.file, outcome.problem) for outcome in outcomes] == [(None, "")] * 3

    def test_too_many_and_too_much(self, upload: Upload) -> None:
        many = [Announced(f"{number}.jpg", 5) for number in range(4)]
        with override_settings(UPLOAD_MAX_FILES=3), pytest.raises(UploadProblemError, match="one upload takes 3"):
            announce(upload, many)
        with override_settings(UPLOAD_MAX_MB=0), pytest.raises(UploadProblemError, match="one upload takes 0 MB"):
            announce(upload, many)
        assert not upload.files.exists()

    def test_a_full_disk_is_said_before(self, upload: Upload) -> None:
        with override_settings(UPLOAD_SPARE_MB=1 << 40), pytest.raises(NoRoomError, match="room for 0 MB"):
            announce(upload, [Announced("cat.png", 5)])
        assert not upload.files.exists()

    def test_a_full_disk_is_said_while_sending_and_what_is_there_stays(self, upload: Upload) -> None:
        (outcome,) = announce(upload, [Announced("x.jpg", 8)])
        file = outcome.file
        assert file is not None
        take_piece(file, sha256(b"all good"), 0, io.BytesIO(b"all "))
        with pytest.raises(NoRoomError, match="What has arrived stays"):
            take_piece(file, sha256(b"all good"), 4, Full())
        assert take_piece(file, sha256(b"all good"), 4, io.BytesIO(b"good")) == 8

    def test_removing_and_cancelling_leave_no_bytes(self, upload: Upload) -> None:
        file = send(upload, "cat.png", photo(1))
        remove_files(upload, [file.pk])
        assert list(folder_of(upload.pk).iterdir()) == []
        send(upload, "dog.png", photo(2))
        cancel_upload(upload)
        assert not folder_of(upload.pk).exists()
        assert not Upload.objects.exists()


class Full(io.BytesIO):
    """A body whose bytes find no room on the disk."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class TestMaking:
    def test_not_before_everything_is_there(self, upload: Upload) -> None:
        with pytest.raises(UploadProblemError, match="no files yet"):
            request_testset_of(upload, WANTED, upload.owner)
        announce(upload, [Announced("cat.png", 5)])
        with pytest.raises(UploadProblemError, match=r"1 file.* not arrived"):
            request_testset_of(upload, WANTED, upload.owner)

    def test_files_stay_while_a_worker_is_at_them(self, upload: Upload) -> None:
        file = send(upload, "cat.png", photo(1))
        job = request_testset_of(upload, WANTED, upload.owner)
        for change in (
            lambda: announce(upload, [Announced("dog.png", 5)]),
            lambda: remove_files(upload, [file.pk]),
            lambda: cancel_upload(upload),
            lambda: request_testset_of(upload, WANTED, upload.owner),
            lambda: take_piece(file, sha256(b"new"), 0, io.BytesIO(b"new")),
        ):
            with pytest.raises(UploadProblemError, match="worker is reading"):
                change()
        cancel_job(job)
        upload.refresh_from_db()
        remove_files(upload, [file.pk])

    def test_one_report_names_every_bad_file_and_the_good_ones_stay(self, upload: Upload) -> None:
        send(upload, "good.png", photo(1))
        bad = send(upload, "cut.png", photo(2)[:300])
        other = send(upload, "note.txt", b"hello")
        job = make(upload)
        assert job.state == "failed"
        assert set(named(upload)) == {"cut.png", "note.txt"}
        assert {line["file"] for line in upload.report} == {bad.pk, other.pk}
        assert not TestSet.objects.exists()
        send(upload, "cut.png", photo(2))
        remove_files(upload, [other.pk])
        upload.refresh_from_db()
        assert upload.report == []
        assert make(upload).state == "done"
        assert set(Content.objects.values_list("name", flat=True)) == {"good", "cut"}

    def test_a_job_retried_while_files_arrive_makes_nothing_of_the_others(self, upload: Upload) -> None:
        send(upload, "good.png", photo(1))
        send(upload, "cut.png", photo(2)[:300])
        job = make(upload)
        announce(upload, [Announced("cut.png", len(photo(2)))])
        assert retry_job(job)
        assert run_jobs()[-1].state == "failed"
        job.refresh_from_db()
        assert "1 file(s) have not arrived yet" in job.error
        assert not TestSet.objects.exists()
        send(upload, "cut.png", photo(2))
        assert make(upload).state == "done"
        assert set(Content.objects.values_list("name", flat=True)) == {"good", "cut"}

    def test_a_job_that_was_asked_for_anew_is_not_the_old_one(self, upload: Upload) -> None:
        send(upload, "cut.png", photo(2)[:300])
        old, new = make(upload), make(upload, name="other")
        assert old.pk != new.pk
        send(upload, "cut.png", photo(2))
        assert retry_job(old)
        run_jobs()
        old.refresh_from_db()
        assert (old.state, f"asked for anew since, by job #{new.pk}" in old.error) == ("failed", True)
        assert not TestSet.objects.exists()

    def test_a_job_whose_upload_has_become_another_test_set_made_none(self, upload: Upload) -> None:
        send(upload, "cut.png", photo(2)[:300])
        old = make(upload)
        send(upload, "cut.png", photo(2))
        assert make(upload, name="other").state == "done"
        assert retry_job(old)
        run_jobs()
        old.refresh_from_db()
        assert (old.state, "asked for anew since" in old.error) == ("failed", True)
        assert [one.name for one in TestSet.objects.all()] == ["other"]

    def test_wrapping_folders_are_unwrapped(self, upload: Upload) -> None:
        send(upload, "trip/DCIM/input/a.png", photo(1))
        send(upload, "trip/DCIM/reference/a.png", photo(2))
        assert make(upload).state == "done"
        assert Content.objects.get().reference_sha256 == sha256(photo(2))

    def test_folders_side_by_side_as_the_person_says(self, upload: Upload) -> None:
        send(upload, "both/phone/a.png", photo(1))
        send(upload, "both/dslr/a.png", photo(2))
        assert state_of(upload)["folders"] == ["dslr", "phone"]
        assert make(upload, inputs="phone", references="dslr").state == "done"
        content = Content.objects.get()
        assert (content.input_sha256, content.reference_sha256) == (sha256(photo(1)), sha256(photo(2)))

    def test_a_manifest_among_them(self, upload: Upload) -> None:
        send(upload, "set/a.png", photo(1))
        send(upload, "set/manifest.csv", b"input,scene,camera\na.png,street,iphone\n")
        assert make(upload).state == "done"
        content = Content.objects.get()
        assert (content.scene, content.camera) == ("street", "iphone")

    def test_names_that_differ_by_case_alone(self, upload: Upload) -> None:
        send(upload, "cat.png", photo(1))
        send(upload, "CAT.png", photo(2))
        make(upload)
        assert list(named(upload).values()) == ["its name clashes with CAT.png"]

    def test_a_frozen_name_is_told(self, upload: Upload, ada: User) -> None:
        request_stimuli(make_testset("mine", contents=1), make_method("original"))
        run_jobs()
        send(upload, "cat.png", photo(1))
        assert make(upload).state == "failed"
        assert "has stimuli" in upload.report[0]["what"]
        assert upload.report[0]["file"] is None

    def test_a_disk_that_fills_up_in_the_worker(self, upload: Upload) -> None:
        send(upload, "cat.png", photo(1))
        request_testset_of(upload, WANTED, upload.owner)
        with override_settings(UPLOAD_SPARE_MB=1 << 40):
            (job,) = run_jobs()
        upload.refresh_from_db()
        assert job.state == "failed"
        assert "disk has room for 0 MB" in upload.report[0]["what"]
        assert upload.files.count() == 1
        assert make(upload).state == "done"

    def test_a_job_that_runs_again_finds_its_test_set_made(self, upload: Upload) -> None:
        send(upload, "cat.png", photo(1))
        assert make(upload).state == "done"
        request_stimuli(TestSet.objects.get(), make_method("original"))
        run_jobs()
        Job.objects.filter(kind="upload").update(state=Job.State.QUEUED)
        (job,) = run_jobs()
        assert (job.state, job.error) == ("done", "")

    def test_a_cancelled_worker_stores_nothing(self, upload: Upload) -> None:
        send(upload, "cat.png", photo(1))
        job = request_testset_of(upload, WANTED, upload.owner)
        claim = claim_job(job.pk, "tests")
        assert claim is not None
        cancel_job(job)
        run(claim)
        assert not TestSet.objects.exists()
        assert upload.files.count() == 1


class TestZips:
    def test_it_works(self, upload: Upload) -> None:
        inside = {"input/a.png": photo(1), "reference/a.png": photo(2), "__MACOSX/._a.png": b"x"}
        send(upload, "mine.zip", zipped(**inside))
        assert (make(upload).state, upload.report) == ("done", [])
        content = Content.objects.get()
        assert (content.input_sha256, content.reference_sha256) == (sha256(photo(1)), sha256(photo(2)))

    def test_a_bad_file_in_it_is_mended_alone(self, upload: Upload) -> None:
        archive = send(upload, "mine.zip", zipped(**{"a.png": photo(1), "b.png": photo(2)[:300], "c.txt": b"no"}))
        make(upload)
        assert set(named(upload)) == {"b.png", "c.txt"}
        archive.refresh_from_db()
        assert archive.state == "expanded"
        assert not place_of(archive).exists()
        remove_files(upload, [line["file"] for line in upload.report if line["path"] == "c.txt"])
        send(upload, "b.png", photo(2))
        assert (make(upload).state, upload.report) == ("done", [])
        assert set(Content.objects.values_list("name", flat=True)) == {"a", "b"}

    def test_every_refusal_is_a_line_beside_what_else_is_wrong(self, upload: Upload) -> None:
        inside = {"a.png": photo(1), "../out.png": photo(2), "more.zip": b"PK", "bad.png": b"no photo"}
        archive = send(upload, "mine.zip", zipped(**inside))
        make(upload)
        assert set(named(upload)) == {"mine.zip/../out.png", "mine.zip/more.zip", "bad.png"}
        leave_out(upload, archive.pk, ["../out.png", "more.zip"])
        remove_files(upload, [line["file"] for line in upload.report if line["path"] == "bad.png"])
        upload.refresh_from_db()
        assert upload.report == []
        assert make(upload).state == "done"
        assert Content.objects.get().name == "a"

    def test_a_mended_entry_isn_t_brought_back_by_its_zip(self, upload: Upload) -> None:
        archive = send(upload, "mine.zip", zipped(**{"a.png": b"no photo", "../b.png": photo(2)}))
        make(upload)
        send(upload, "a.png", photo(1))
        leave_out(upload, archive.pk, ["../b.png"])
        assert (make(upload).state, upload.report) == ("done", [])
        assert Content.objects.get().input_sha256 == sha256(photo(1))

    def test_a_zip_that_is_none(self, upload: Upload) -> None:
        send(upload, "a.png", photo(1))
        archive = send(upload, "mine.zip", zipped(**{"b.png": photo(2)})[:60])
        make(upload)
        assert named(upload) == {"mine.zip": "it is no zip, or its end is missing"}
        remove_files(upload, [archive.pk])
        assert make(upload).state == "done"

    def test_a_file_that_is_there_already(self, upload: Upload) -> None:
        send(upload, "a.png", photo(1))
        send(upload, "mine.zip", zipped(**{"a.png": photo(2)}))
        make(upload)
        assert named(upload) == {"mine.zip/a.png": "a.png is in the upload already"}

    def test_removing_a_zip_removes_what_came_out_of_it(self, upload: Upload) -> None:
        archive = send(upload, "mine.zip", zipped(**{"a.png": photo(1), "b.png": b"no"}))
        make(upload)
        remove_files(upload, [archive.pk])
        assert not upload.files.exists()
        left = [place for place in folder_of(upload.pk).iterdir() if place.name != "upload"]
        assert left == []

    def test_a_killed_worker_is_gone_on_from(self, upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
        """The first attempt dies after one entry; the second takes out only the other two."""
        send(upload, "mine.zip", zipped(**{f"{name}.png": photo(seed) for seed, name in enumerate("abc")}))
        job = request_testset_of(upload, WANTED, upload.owner)
        claim = claim_job(job.pk, "tests")
        assert claim is not None
        die_after(monkeypatch, 1)
        with pytest.raises(KeyboardInterrupt):
            run(claim)
        monkeypatch.undo()
        assert upload.files.filter(state="whole", archive__isnull=False).count() == 1
        first = upload.files.get(archive__isnull=False)
        Job.objects.update(state=Job.State.QUEUED)
        (job,) = run_jobs()
        assert (job.state, job.error) == ("done", "")
        assert first.pk is not None
        assert Content.objects.count() == 3


def die_after(monkeypatch: pytest.MonkeyPatch, entries: int) -> None:
    """A signal after so many entries, as a killed worker has it."""
    from enhancement.archives import Archive

    taking, taken = Archive.take_out, []

    def take_out(self: Archive, *told: Any) -> None:
        if len(taken) == entries:
            raise KeyboardInterrupt
        taken.append(told)
        taking(self, *told)

    monkeypatch.setattr(Archive, "take_out", take_out)


def test_stale_uploads_go(ada: User) -> None:
    stale, fresh, making = begin_upload(ada), begin_upload(ada), begin_upload(ada)
    for one in (stale, fresh, making):
        send(one, "cat.png", photo(1))
    request_testset_of(making, WANTED, ada)
    long_ago = timezone.now() - timedelta(days=15)
    Upload.objects.filter(pk__in=[stale.pk, making.pk]).update(touched_at=long_ago)
    nobody = folder_of(999_999)
    nobody.mkdir(parents=True)
    assert remove_stale_uploads() == 1
    assert set(Upload.objects.all()) == {fresh, making}
    assert not folder_of(stale.pk).exists()
    assert not nobody.exists()
    assert folder_of(fresh.pk).exists()


@pytest.mark.parametrize(
    ("paths", "folders"),
    [
        (["a.jpg", "b.jpg"], []),
        (["trip/a.jpg", "trip/b.jpg"], []),
        (["set/phone/a.jpg", "set/dslr/a.jpg"], ["dslr", "phone"]),
        (["input/a.jpg"], ["input"]),
    ],
)
def test_folders_side_by_side(paths: list[str], folders: list[str]) -> None:
    assert folders_among(paths) == folders
