"""Large pictures are decoded one at a time on a machine, however many web processes are asked for them at once."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

LARGE_BYTES = 40 << 20
"""From here on a file may be 200 MP, or a DNG that takes gigabytes while it is developed."""


def lock_file() -> Path:
    """Who holds a lock on it decodes a large picture."""
    return Path(settings.DATA_DIR) / "large-picture.lock"


@contextmanager
def in_turn(file: str) -> Iterator[None]:
    """Decode a stored file in here: where it is large, others that are large wait; a killed process holds up nobody."""
    if not default_storage.exists(file) or default_storage.size(file) < LARGE_BYTES:
        yield
        return
    with lock_file().open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
