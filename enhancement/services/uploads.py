"""Photos on their way in: announced, sent piece by piece, gone on with after any interruption, removed."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from enhancement.models import Upload, UploadedFile
from enhancement.paths import StrangePathError, folders_among, inside, left_by_systems
from enhancement.services.jobs import OPEN

MEGABYTE = 1 << 20


class UploadProblemError(ValueError):
    """Something of an upload can't be taken or done; says what, and what to do."""


class NoRoomError(UploadProblemError):
    """The server's disk is as good as full."""


@dataclass(frozen=True)
class Announced:
    """A file that a browser wants to send."""

    path: str
    bytes: int


@dataclass(frozen=True)
class Outcome:
    """What became of an announcement: the file's row, or why it isn't taken. Both None: it needn't be sent at all."""

    path: str
    file: UploadedFile | None
    problem: str = ""


def begin_upload(owner: User) -> Upload:
    """A new, empty draft."""
    return Upload.objects.create(owner=owner)


def drafts_of(owner: User) -> list[Upload]:
    """What the person has begun and not made into a test set, the latest first; empty ones aside."""
    return list(Upload.objects.filter(owner=owner, testset=None, files__isnull=False).distinct())


def is_making(upload: Upload) -> bool:
    """Whether a worker is at it, or will be; then its files stay as they are."""
    return upload.job is not None and upload.job.state in OPEN


def refuse_changes_while_making(upload: Upload) -> None:
    """Raises `UploadProblemError` where a change would pull files from under a worker, or come too late."""
    if upload.testset_id is not None:
        raise UploadProblemError(f"This upload has become test set {upload.testset}; begin a new one for more photos.")
    if is_making(upload):
        raise UploadProblemError("A worker is reading these files; wait for it, or cancel its job first.")


@transaction.atomic
def announce(upload: Upload, files: Iterable[Announced]) -> list[Outcome]:
    """Say which files will be sent, so that a page opened later knows what is still missing.

    A file whose path and size are there already is gone on with; one of another size takes its place.

    Raises:
        UploadProblemError: A worker is at the upload.
        NoRoomError: The disk couldn't hold all of it.
    """
    upload = Upload.objects.select_for_update(of=("self",)).select_related("job", "testset").get(pk=upload.pk)
    refuse_changes_while_making(upload)
    there = {file.path: file for file in upload.files.all()}
    outcomes = [_announced(upload, one, there) for one in files]
    promised = sum(file.bytes for file in there.values() if file.state != UploadedFile.State.EXPANDED)
    _refuse_over_limits(len(there), promised)
    replaced = {line["file"] for line in upload.report} - {None, *(file.pk for file in there.values())}
    _strike(upload, lambda line: line["file"] in replaced)
    refuse_without_room(sum(file.bytes for file in there.values() if file.state == UploadedFile.State.ARRIVING))
    _touch(upload)
    return outcomes


def _announced(upload: Upload, one: Announced, there: dict[str, UploadedFile]) -> Outcome:
    try:
        path = inside(one.path)
    except StrangePathError as strange:
        return Outcome(one.path, None, f"{strange}; rename it")
    if left_by_systems(path):
        return Outcome(one.path, None)
    if problem := _size_problem(one.bytes):
        return Outcome(one.path, None, problem)
    name = str(path)
    file = there.get(name)
    if file is None or file.bytes != one.bytes:
        file = there[name] = _in_place_of(file, upload, name, one.bytes)
    return Outcome(one.path, file)


def _in_place_of(old: UploadedFile | None, upload: Upload, path: str, count: int) -> UploadedFile:
    """A new row; in the place of what came out of a zip it says so, or the zip would bring the old one back."""
    told = {"archive": old.archive, "entry": old.entry} if old is not None else {}
    if old is not None:
        discard(old)
    return UploadedFile.objects.create(upload=upload, path=path, bytes=count, **told)


def _size_problem(count: int) -> str:
    most = settings.UPLOAD_MAX_FILE_MB
    if count <= 0:
        return "it is empty; copy it again from where it came, or leave it out"
    if count > most * MEGABYTE:
        return f"it is larger than {most:,} MB; split it, scale it down, or leave it out"
    return ""


def _refuse_over_limits(files: int, promised: int) -> None:
    if files > settings.UPLOAD_MAX_FILES:
        raise UploadProblemError(
            f"These would be {files:,} files; one upload takes {settings.UPLOAD_MAX_FILES:,}. Make two test sets."
        )
    if promised > settings.UPLOAD_MAX_MB * MEGABYTE:
        raise UploadProblemError(
            f"These would be {promised // MEGABYTE:,} MB; one upload takes {settings.UPLOAD_MAX_MB:,} MB. "
            "Make two test sets, or ask the server's administrator to raise UPLOAD_MAX_MB."
        )


def room_bytes() -> int:
    """How much may still arrive before the disk has less left than it should."""
    settings.UPLOAD_DIR.mkdir(parents=True, exist_ok=True)
    free: int = shutil.disk_usage(settings.UPLOAD_DIR).free
    return max(0, free - int(settings.UPLOAD_SPARE_MB) * MEGABYTE)


def refuse_without_room(needed: int) -> None:
    """Raises `NoRoomError` where so many bytes more would fill the disk."""
    room = room_bytes()
    if needed > room:
        raise NoRoomError(
            f"The server's disk has room for {room // MEGABYTE:,} MB, and {max(needed // MEGABYTE, 1):,} MB are "
            "needed. Send fewer photos, or ask the server's administrator to make room."
        )


def folder_of(upload_id: int) -> Path:
    """Where an upload's bytes lie."""
    return Path(settings.UPLOAD_DIR) / str(upload_id)


def place_of(file: UploadedFile) -> Path:
    """Where a file's bytes lie; another content has another place, so that two never mix."""
    return folder_of(file.upload_id) / f"{file.pk}-{file.sha256[:16]}"


def offset_of(file: UploadedFile) -> int:
    """How many of its bytes are there."""
    if file.state != UploadedFile.State.ARRIVING:
        return file.bytes
    place = place_of(file)
    return place.stat().st_size if file.sha256 and place.exists() else 0


def discard(file: UploadedFile) -> None:
    """Forget a file and its bytes; of a zip, also what came out of it."""
    forget_bytes(file)
    file.delete()


def forget_bytes(file: UploadedFile) -> None:
    """Remove a file's bytes, and those that came out of it, once no row speaks of them any more."""
    for one in (*file.entries.all(), file):
        transaction.on_commit(partial(place_of(one).unlink, missing_ok=True))


@transaction.atomic
def remove_files(upload: Upload, pks: Iterable[int]) -> None:
    """Take files out of an upload.

    Raises:
        UploadProblemError: A worker is at it.
    """
    upload = Upload.objects.select_for_update(of=("self",)).select_related("job", "testset").get(pk=upload.pk)
    refuse_changes_while_making(upload)
    gone = set(pks)
    for file in upload.files.filter(pk__in=gone):
        archive = upload.files.filter(entries=file).first()
        if archive is not None:  # or the zip, should there be more in it, would bring it back
            archive.left_out = sorted({*archive.left_out, file.entry})
            archive.save(update_fields=["left_out"])
        discard(file)
    _strike(upload, lambda line: line["file"] in gone)
    _touch(upload)


@transaction.atomic
def leave_out(upload: Upload, pk: int, entries: Iterable[str]) -> None:
    """Do without some entries of a zip.

    Raises:
        UploadProblemError: A worker is at it.
    """
    upload = Upload.objects.select_for_update(of=("self",)).select_related("job", "testset").get(pk=upload.pk)
    refuse_changes_while_making(upload)
    file, out = upload.files.get(pk=pk), set(entries)
    file.left_out = sorted({*file.left_out, *out})
    file.save(update_fields=["left_out"])
    _strike(upload, lambda line: line["file"] == pk and line["entry"] in out)
    _touch(upload)


def cancel_upload(upload: Upload) -> None:
    """Forget an upload with all its bytes.

    Raises:
        UploadProblemError: A worker is at it.
    """
    with transaction.atomic():
        upload = Upload.objects.select_for_update(of=("self",)).select_related("job").get(pk=upload.pk)
        if is_making(upload):
            raise UploadProblemError("A worker is reading these files; cancel its job first.")
        pk = upload.pk
        upload.delete()
    shutil.rmtree(folder_of(pk), ignore_errors=True)


def remove_stale_uploads() -> int:
    """Forget the uploads that nobody has touched for `UPLOAD_KEEP_DAYS`, and folders that no upload knows of."""
    before = timezone.now() - timedelta(days=settings.UPLOAD_KEEP_DAYS)
    stale = Upload.objects.filter(touched_at__lt=before).exclude(job__state__in=OPEN)
    removed = list(stale)
    for upload in removed:
        cancel_upload(upload)
    _remove_folders_of_nobody()
    return len(removed)


def _remove_folders_of_nobody() -> None:
    if not Path(settings.UPLOAD_DIR).is_dir():
        return
    folders = {folder.name: folder for folder in Path(settings.UPLOAD_DIR).iterdir() if folder.name.isdigit()}
    known = {str(pk) for pk in Upload.objects.values_list("pk", flat=True)}
    for name in folders.keys() - known:
        shutil.rmtree(folders[name], ignore_errors=True)


def state_of(upload: Upload) -> dict[str, Any]:
    """What a page needs to go on: every file with how much of it is there, what is wrong, how the job stands."""
    files = list(upload.files.all())
    return {
        "files": [as_sent(file) for file in files if file.archive_id is None],
        "out_of_zips": len([file for file in files if file.archive_id is not None]),
        "report": upload.report,
        "folders": folders_among(file.path for file in files),
        "room_bytes": room_bytes(),
        "wanted": upload.wanted,
    }


def as_sent(file: UploadedFile) -> dict[str, Any]:
    """A file as the page counts it."""
    return {
        "id": file.pk,
        "path": file.path,
        "bytes": file.bytes,
        "sha256": file.sha256,
        "offset": offset_of(file),
        "state": file.state,
        "zip": file.path.lower().endswith(".zip"),
    }


def _strike(upload: Upload, dealt_with: Callable[[dict[str, Any]], bool]) -> None:
    """Take lines out of the report: what they speak of is gone, or other bytes now."""
    upload.report = [line for line in upload.report if not dealt_with(line)]
    upload.save(update_fields=["report"])


def _touch(upload: Upload) -> None:
    Upload.objects.filter(pk=upload.pk).update(touched_at=timezone.now())
