"""A file's bytes as they arrive: written where they belong, whatever was interrupted, and checked at the end."""

import fcntl
import hashlib
import os
from errno import EDQUOT, ENOSPC
from typing import BinaryIO, Protocol

from django.db import transaction
from django.utils import timezone

from enhancement.models import Upload, UploadedFile
from enhancement.services.uploads import (
    NoRoomError,
    forget_bytes,
    offset_of,
    place_of,
    refuse_changes_while_making,
    refuse_without_room,
)

COPY_BYTES = 256 << 10


class Readable(Protocol):
    """A request's body."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


class ElsewhereError(ValueError):
    """The bytes don't follow those that are there.

    Attributes:
        offset: Where to go on.
    """

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(what)
        self.offset = offset


def take_piece(file: UploadedFile, sha256: str, offset: int, body: Readable) -> int:
    """Append a piece to a file; with the last one it is checked, and whole. Returns how many bytes are there.

    A body that breaks off leaves what arrived of it: the next piece goes on from there.

    Args:
        sha256: Of the whole file. Another than before means another file: what was there of the old one goes.

    Raises:
        ElsewhereError: The piece doesn't belong at the end, or the whole isn't what its hash says.
        NoRoomError: The disk is full; what was there stays.
        UploadProblemError: A worker is at the upload.
    """
    file = _meant(file, sha256)
    if file.state != UploadedFile.State.ARRIVING:
        return file.bytes
    refuse_without_room(0)
    there = _append(file, offset, body)
    if there == file.bytes:
        _finish(file)
    return there


@transaction.atomic
def _meant(file: UploadedFile, sha256: str) -> UploadedFile:
    """The row, for this content."""
    upload = Upload.objects.select_for_update(of=("self",)).select_related("job", "testset").get(pk=file.upload_id)
    refuse_changes_while_making(upload)
    file = UploadedFile.objects.select_for_update().get(pk=file.pk)
    if file.sha256 == sha256:
        return file
    forget_bytes(file)
    file.entries.all().delete()
    file.sha256, file.state, file.left_out = sha256, UploadedFile.State.ARRIVING, []
    file.save(update_fields=["sha256", "state", "left_out"])
    # What was wrong with the old bytes says nothing of the new ones.
    upload.report = [line for line in upload.report if line["file"] != file.pk]
    upload.save(update_fields=["report"])
    return file


def _append(file: UploadedFile, offset: int, body: Readable) -> int:
    place = place_of(file)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with place.open("ab") as target:
            _hold(target, file)
            there = target.tell()
            if there != offset:
                raise ElsewhereError(there, f"{there} bytes are there")
            return _copy(body, target, there, file.bytes)
    except OSError as error:
        if error.errno in (ENOSPC, EDQUOT):
            raise NoRoomError("The server's disk is full. What has arrived stays; make room, then go on.") from error
        raise


def _hold(target: BinaryIO, file: UploadedFile) -> None:
    """Two pages that send the same file take turns, and the second hears where the first one is."""
    try:
        fcntl.flock(target, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ElsewhereError(offset_of(file), "another page is sending this file") from error


def _copy(body: Readable, target: BinaryIO, there: int, most: int) -> int:
    """Memory stays flat: the body goes to the disk as it comes."""
    while piece := body.read(COPY_BYTES):
        if there + len(piece) > most:
            raise ElsewhereError(there, f"the file was announced with {most} bytes, and more came")
        target.write(piece)
        there += len(piece)
    if there == most:
        target.flush()
        os.fsync(target.fileno())
    return there


def _finish(file: UploadedFile) -> None:
    place = place_of(file)
    with place.open("rb") as source:
        arrived = hashlib.file_digest(source, "sha256").hexdigest()
    if arrived != file.sha256:
        place.unlink()
        raise ElsewhereError(0, "what arrived is not what was sent, or the file changed meanwhile")
    UploadedFile.objects.filter(pk=file.pk, sha256=file.sha256).update(state=UploadedFile.State.WHOLE)
    Upload.objects.filter(pk=file.upload_id).update(touched_at=timezone.now())
