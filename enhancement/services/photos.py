"""Storing the photos of a survey: every one of them, or none."""

import errno
import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction
from django.db.models import Q

from enhancement.apart import Looked
from enhancement.folders import Problem, Survey, SurveyError
from enhancement.formats.table import FORMATS
from enhancement.models import Content
from enhancement.pictures import PictureError, bytes_of, unreadable
from enhancement.services.files import keep, place_of, touch

log = logging.getLogger(__name__)

FOLDER = "photos"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MB = 10**6

PHOTOS_LOCK = 3_141_592_653
"""PostgreSQL's advisory lock under which rows come to name stored photos, and unnamed photos are taken away."""


def stored_name(looked: Looked) -> str:
    """Where a photo is kept: under the hash of its bytes, ending in what it is."""
    return place_of(FOLDER, looked.sha256, FORMATS[looked.format].suffix)


@contextmanager
def all_stored(surveyed: Survey) -> Iterator[None]:
    """Within, every photo of a survey is stored; if anything fails, there or before, none is that wasn't already.

    Raises:
        SurveyError: There is no room, the store can't be written to, or a file changed after it was read.
    """
    added: list[str] = []
    try:
        with _saying_where():
            _check_room(surveyed)
            for path in surveyed.files:
                added += _stored(path, surveyed.looked[path])
        yield
    except BaseException:
        _take_away(added)
        raise


@contextmanager
def naming_photos(surveyed: Survey) -> Iterator[None]:
    """A transaction in which rows may name the photos: none of them can be taken away by a load that failed beside."""
    with transaction.atomic():
        _lock()
        for path in surveyed.files:
            _stored(path, surveyed.looked[path])
        yield


def _stored(path: Path, looked: Looked) -> list[str]:
    """Store one photo; returns its name if it is new there."""
    if touch(stored_name(looked)):
        return []
    try:
        data = bytes_of(path, path.name)
    except PictureError as error:
        raise SurveyError([Problem(path, error.what, error.remedy)]) from error
    name, sha256 = keep(FOLDER, data, FORMATS[looked.format].suffix)
    if sha256 != looked.sha256:
        default_storage.delete(name)
        remedy = "load the photos once nothing writes to them"
        raise SurveyError([Problem(path, "the file changed while it was being loaded", remedy)])
    return [name]


def _take_away(names: Iterable[str]) -> None:
    """Delete photos that no content names; what a dead database keeps us from is found by its hash next time."""
    try:
        with transaction.atomic():
            _lock()
            for name in names:
                if not Content.objects.filter(Q(input_file=name) | Q(reference_file=name)).exists():
                    default_storage.delete(name)
    except (DatabaseError, OSError) as error:
        log.warning("photos of a load that failed stay in the store (%s); loading them again uses them", error)


def _lock() -> None:
    """On SQLite every transaction is alone already."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PHOTOS_LOCK])


def _check_room(surveyed: Survey) -> None:
    """Refuse before anything is written what can't be written whole."""
    folder = _local_folder()
    new = {stored_name(surveyed.looked[path]): path for path in surveyed.files}
    needed = sum(_size(path) for name, path in new.items() if not default_storage.exists(name))
    if folder is not None and needed > (free := shutil.disk_usage(_standing(folder)).free):
        raise _no_room(folder, f"the photos need {needed / MB:.1f} MB, and {free / MB:.1f} MB are free")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        gone = unreadable(path.name, error)
        raise SurveyError([Problem(path, gone.what, gone.remedy)]) from error


@contextmanager
def _saying_where() -> Iterator[None]:
    """The store's errors, as lines of the report."""
    folder = _local_folder() or Path("the picture store")
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise _no_room(folder, f"writing a photo failed ({os.strerror(error.errno)})") from error
        what = f"photos can't be written there ({error.strerror or error})"
        raise SurveyError([Problem(folder, what, "let the user of this program write there")]) from error


def _no_room(folder: Path, what: str) -> SurveyError:
    remedy = "make room on its disk, or keep the pictures on a larger one (STORAGE_URL), and load again"
    return SurveyError([Problem(folder, f"there is no room left in the picture store: {what}", remedy)])


def _local_folder() -> Path | None:
    """The folder of the picture store; None where it is no folder of this machine."""
    try:
        return Path(default_storage.path(""))
    except NotImplementedError:
        return None


def _standing(folder: Path) -> Path:
    """The folder, or the one in which it will be made."""
    return folder if folder.exists() else _standing(folder.parent)
