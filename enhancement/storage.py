"""A folder of files that are whole or not there."""

import os
import secrets
from pathlib import Path
from typing import Any, BinaryIO

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage


class WholeFileStorage(FileSystemStorage):
    """Django's folder storage, but a file appears under its name only once all of it is on the disk.

    A process killed while writing leaves nothing, or, where files can't be without a name, a ``.partial`` file at
    most, which nothing refers to and `manage.py verify --remove-orphans` removes.
    """

    def _save(self, name: str, content: "File[Any]") -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            if not self._save_unnamed(folder, target, content):
                self._save_partial(target, content)
            os.fsync(folder)  # so that the new name itself survives a power cut
        finally:
            os.close(folder)
        return name

    def _save_unnamed(self, folder: int, target: Path, content: "File[Any]") -> bool:
        """Write a file without a name, which dies with its process, and name it at last. False where that can't be."""
        try:
            out = open(os.open(".", os.O_TMPFILE | os.O_RDWR, 0o600, dir_fd=folder), "wb")  # noqa: PTH123, SIM115
        except (AttributeError, OSError):  # not Linux, or a file system that has no such files
            return False
        with out:
            self._write(out, content)
            try:
                os.link(f"/proc/self/fd/{out.fileno()}", target.name, src_dir_fd=folder, dst_dir_fd=folder)
            except FileExistsError:  # another process was faster; names here are hashes of what is in them
                pass
            except OSError:
                return False
        return True

    def _save_partial(self, target: Path, content: "File[Any]") -> None:
        partial = target.with_name(f"{target.name}.{secrets.token_hex(8)}.partial")
        try:
            with partial.open("xb") as out:
                self._write(out, content)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def _write(self, out: BinaryIO, content: "File[Any]") -> None:
        content.seek(0)
        for chunk in content.chunks():
            out.write(chunk)
        out.flush()
        if self.file_permissions_mode is not None:
            os.fchmod(out.fileno(), self.file_permissions_mode)
        os.fsync(out.fileno())
