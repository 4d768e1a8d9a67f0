"""From an upload to a test set, in a worker: zips unpacked, photos read; all of it stored, or nothing and a report."""

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from enhancement.archives import ZIP, Archive, Entry, Limits, Refusal, RefusedError, opened
from enhancement.folders import SurveyError, survey
from enhancement.models import Job, TestSet, Upload, UploadedFile
from enhancement.paths import KNOWN_FOLDERS, left_by_systems
from enhancement.photo_files import matching_name
from enhancement.services.imports import NothingStoredError, progress_of
from enhancement.services.jobs import Claim, request_job
from enhancement.services.testsets import FrozenError, load_testset
from enhancement.services.uploads import (
    MEGABYTE,
    NoRoomError,
    UploadProblemError,
    folder_of,
    place_of,
    refuse_changes_while_making,
    refuse_without_room,
)

TREE = "upload"
"""The name of the folder; a test set says it was loaded from there."""


@transaction.atomic
def request_testset_of(upload: Upload, wanted: dict[str, Any], by: User) -> Job:
    """Ask a worker to make a test set of what has arrived.

    Raises:
        UploadProblemError: Files are still missing, or a worker is at it already.
    """
    upload = Upload.objects.select_for_update(of=("self",)).select_related("job", "testset").get(pk=upload.pk)
    refuse_changes_while_making(upload)
    if not upload.files.exists():
        raise UploadProblemError("There are no files yet; add some photos first.")
    if missing := _missing(upload):
        raise UploadProblemError(missing)
    label = f"make test set {wanted['name']} of uploaded photos"
    upload.job = request_job("upload", "cpu", label, {"upload": upload.pk, **wanted}, by=by)
    upload.wanted, upload.report = wanted, []
    upload.save(update_fields=["job", "wanted", "report"])
    return upload.job


def make_testset_job(claim: Claim) -> None:
    """Make the test set, or write down everything that is wrong; a worker killed meanwhile is gone on from.

    Raises:
        NothingStoredError: Something is wrong; the upload's report has it line by line.
        SupersededError: The job was cancelled or given to another worker meanwhile.
    """
    upload = _as_asked_for(claim)
    if upload.testset_id is None:
        try:
            lines = _made(claim, upload)
        except (FrozenError, NoRoomError) as wrong:
            lines = [_line("", str(wrong), "")]
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            lines = [_line("", "the server's disk is full", "ask its administrator to make room, then try again")]
        if lines:
            with claim.writing():
                Upload.objects.filter(pk=upload.pk).update(report=lines)
            raise NothingStoredError("\n".join(_as_text(line) for line in lines))
        Upload.objects.get(pk=upload.pk).files.all().delete()
    shutil.rmtree(folder_of(upload.pk), ignore_errors=True)


@transaction.atomic
def _as_asked_for(claim: Claim) -> Upload:
    """The upload of a job, which may have been retried after its files were changed.

    Raises:
        NothingStoredError: It is gone, was asked for anew since, or files are still on their way.
    """
    upload = Upload.objects.select_for_update(of=("self",)).filter(pk=claim.params["upload"]).first()
    if upload is None:
        raise NothingStoredError("The upload has been removed.")
    if upload.job_id != claim.job_id:
        raise NothingStoredError(f"Its test set has been asked for anew since, by job #{upload.job_id}.")
    if upload.testset_id is not None:
        return upload
    if missing := _missing(upload):
        raise NothingStoredError(missing)
    return upload


def _missing(upload: Upload) -> str:
    """That files are still on their way, in words; empty where none is."""
    arriving = upload.files.filter(state=UploadedFile.State.ARRIVING).count()
    return f"{arriving} file(s) have not arrived yet; send them again, or remove them." if arriving else ""


def _made(claim: Claim, upload: Upload) -> list[dict[str, Any]]:
    """Make the test set; what stands in the way, where something does."""
    lines = _unpack_all(claim, upload)
    files = list(upload.files.filter(state=UploadedFile.State.WHOLE).exclude(pk__in=_refused_zips(lines)))
    files = [file for file in files if not left_by_systems(PurePosixPath(file.path))]
    root, clashes = _lay_out(upload, files)
    lines += clashes
    try:
        _load(claim, upload, root, only_look=bool(lines))
    except SurveyError as wrong:
        rows = {file.path: file for file in files}
        lines += [_problem_line(folder_of(upload.pk) / TREE, one, rows) for one in wrong.problems]
    return lines


def _load(claim: Claim, upload: Upload, root: Path, *, only_look: bool) -> None:
    told, progress = claim.params, progress_of(claim)
    inputs, references = told["inputs"] or None, told["references"] or None
    if only_look:
        survey(root, inputs=inputs, references=references, camera=told["camera"], progress=progress)
        return
    refuse_without_room(sum(file.stat().st_size for file in root.rglob("*") if file.is_file()))
    load_testset(
        told["name"],
        root / (inputs or ""),
        reference=root / references if references else None,
        camera=told["camera"],
        simulated=told["simulated"],
        note=told["note"],
        by=User.objects.get(pk=upload.owner_id),
        progress=progress,
        writing=lambda: _becoming(claim, upload),
    )


@contextmanager
def _becoming(claim: Claim, upload: Upload) -> Iterator[None]:
    """One transaction for the test set and for the upload's knowing of it: a job that runs again finds it made."""
    with claim.writing():
        yield
        made = TestSet.objects.get(name=claim.params["name"])
        Upload.objects.filter(pk=upload.pk).update(testset=made, report=[])


# ---- zips


def _unpack_all(claim: Claim, upload: Upload) -> list[dict[str, Any]]:
    """Take every zip's files out, each a row of its own; what stays in, line by line."""
    lines: list[dict[str, Any]] = []
    for left_by_a_kill in folder_of(upload.pk).glob("*.partial"):
        left_by_a_kill.unlink(missing_ok=True)
    for file in upload.files.filter(state=UploadedFile.State.WHOLE, archive=None):
        if PurePosixPath(file.path).suffix.lower() == ZIP:
            lines += _unpack(claim, file)
    return lines


def _unpack(claim: Claim, file: UploadedFile) -> list[dict[str, Any]]:
    most = Limits(
        entries=settings.UPLOAD_MAX_FILES,
        entry_bytes=settings.UPLOAD_MAX_FILE_MB * MEGABYTE,
        total_bytes=settings.UPLOAD_MAX_MB * MEGABYTE,
    )
    try:
        with opened(place_of(file), most) as archive:
            refused = [one for one in archive.refusals if one.name not in file.left_out]
            refused += _take_all_out(claim, file, archive)
    except RefusedError as whole:
        refused = [whole.refusal]
    if not refused:
        # Its bytes have all come out; the row stays, so that the page can say where they came from.
        UploadedFile.objects.filter(pk=file.pk).update(state=UploadedFile.State.EXPANDED)
        place_of(file).unlink(missing_ok=True)
    return [_refusal_line(file, one) for one in refused]


def _take_all_out(claim: Claim, file: UploadedFile, archive: Archive) -> list[Refusal]:
    """Take out what isn't out yet; a worker that was killed has left the entries that it had finished."""
    wanted = [entry for entry in archive.entries if entry.name not in file.left_out]
    beside = PurePosixPath(file.path).parent
    there = {row.path: row for row in file.upload.files.all()}
    tell, refused = progress_of(claim), []
    refuse_without_room(sum(entry.bytes for entry in wanted if str(beside / entry.path) not in there))
    for done, entry in enumerate(wanted):
        tell(done, len(wanted))
        row = there.get(str(beside / entry.path))
        if row is not None and row.archive_id == file.pk:
            continue
        if row is not None:
            what = f"{row.path} is in the upload already"
            refused.append(Refusal(entry.name, what, "leave one of them out"))
            continue
        try:
            _take_out(claim, file, archive, entry)
        except RefusedError as broken:
            refused.append(broken.refusal)
    return refused


def _take_out(claim: Claim, file: UploadedFile, archive: Archive, entry: Entry) -> None:
    """One entry's bytes on the disk, then its row."""
    partial = folder_of(file.upload_id) / f"{secrets.token_hex(8)}.partial"
    try:
        with partial.open("wb") as target:
            archive.take_out(entry, target)
            target.flush()
            os.fsync(target.fileno())
        with partial.open("rb") as source:
            sha256 = hashlib.file_digest(source, "sha256").hexdigest()
        with claim.writing():
            row = UploadedFile.objects.create(
                upload_id=file.upload_id,
                path=str(PurePosixPath(file.path).parent / entry.path),
                bytes=entry.bytes,
                sha256=sha256,
                state=UploadedFile.State.WHOLE,
                archive=file,
                entry=entry.name,
            )
            partial.replace(place_of(row))
    finally:
        partial.unlink(missing_ok=True)


# ---- the files as a folder


def _lay_out(upload: Upload, files: Sequence[UploadedFile]) -> tuple[Path, list[dict[str, Any]]]:
    """The files under their own names, as links; the folder in which photos begin, and names that clash."""
    tree = folder_of(upload.pk) / TREE
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    lines: list[dict[str, Any]] = []
    taken: dict[str, str] = {}
    for file in files:
        first = taken.setdefault(matching_name(file.path), file.path)
        try:
            if first != file.path:
                raise FileExistsError
            place = tree / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            _link(place_of(file), place)
        except (FileExistsError, NotADirectoryError):
            what = f"its name clashes with {first}" if first != file.path else "its name clashes with a folder's"
            lines.append(_line(file.path, what, "rename one of them, or remove one", file))
    return _unwrapped(tree), lines


def _link(source: Path, place: Path) -> None:
    try:
        os.link(source, place)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK):
            raise
        shutil.copyfile(source, place)  # a disk that knows no links


def _unwrapped(folder: Path) -> Path:
    """Past folders that hold nothing but one folder: what was dropped may come wrapped."""
    within = list(folder.iterdir())
    if len(within) == 1 and within[0].is_dir() and matching_name(within[0].name) not in KNOWN_FOLDERS:
        return _unwrapped(within[0])
    return folder


# ---- the report


def _refused_zips(lines: Sequence[dict[str, Any]]) -> set[int]:
    """Zips with something wrong in them are named by that, not once more as no photo."""
    return {line["file"] for line in lines}


def _problem_line(tree: Path, problem: Any, rows: dict[str, UploadedFile]) -> dict[str, Any]:
    """A survey's problem, by the file's name in the upload."""
    inside = problem.path.is_relative_to(tree)
    path = str(problem.path.relative_to(tree)) if inside else str(problem.path)
    what = problem.what.replace(f"{tree}/", "")
    return _line("" if path == "." else path, what, problem.remedy, rows.get(path))


def _refusal_line(file: UploadedFile, refusal: Refusal) -> dict[str, Any]:
    path = f"{file.path}/{refusal.name}" if refusal.name else file.path
    return {**_line(path, refusal.what, refusal.remedy, file), "entry": refusal.name}


def _line(path: str, what: str, remedy: str, file: UploadedFile | None = None) -> dict[str, Any]:
    return {"path": path, "what": what, "remedy": remedy, "file": file.pk if file else None, "entry": ""}


def _as_text(line: dict[str, Any]) -> str:
    said = "; ".join(part for part in (line["what"], line["remedy"]) if part)
    return f"{line['path']}: {said}" if line["path"] else said
