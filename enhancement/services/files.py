"""Pictures and weights by the hash of their bytes: the same are kept once, and a name can't lie about its content."""

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile

log = logging.getLogger(__name__)


class DamagedFileError(Exception):
    """A stored file is missing, or isn't what its hash says."""


def keep(folder: str, data: bytes, suffix: str) -> tuple[str, str]:
    """Store bytes under their hash; storing the same again changes nothing. Returns the name and the sha256."""
    sha256 = hashlib.sha256(data).hexdigest()
    name = place_of(folder, sha256, suffix)
    if not touch(name):
        keep_as(name, data)
    return name, sha256


def touch(name: str) -> bool:
    """Whether a file is stored. It is young again: it may have been nobody's, and about to be removed."""
    try:
        os.utime(default_storage.path(name))
    except FileNotFoundError:
        return False
    except PermissionError:
        log.debug("%s belongs to another user, and keeps its time", name)
        return default_storage.exists(name)
    return True


def place_of(folder: str, sha256: str, suffix: str) -> str:
    """The name under which bytes of this hash are kept."""
    return f"{folder}/{sha256[:2]}/{sha256}{suffix}"


def keep_as(name: str, data: bytes) -> None:
    """Store bytes under a name that says what they are; whoever else did so meanwhile stored the same."""
    saved = default_storage.save(name, ContentFile(data))
    if saved != name:
        default_storage.delete(saved)


def read(file: FieldFile | str, sha256: str) -> bytes:
    """The bytes of a stored file, given or named.

    Raises:
        DamagedFileError: They are gone, or don't hash to ``sha256``.
    """
    name = str(file)
    if not default_storage.exists(name):
        raise DamagedFileError(f"{name} is missing from the picture store; restore it from a backup.")
    with default_storage.open(name, "rb") as stored:
        data: bytes = stored.read()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DamagedFileError(f"{name} is not what was stored (its hash differs); restore it from a backup.")
    return data


@contextmanager
def as_local_file(name: FieldFile | str, sha256: str) -> Iterator[Path]:
    """A stored file, given or named, as a path on this machine, whole and hash checked, for as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / Path(str(name)).name
        place.write_bytes(read(name, sha256))
        yield place
