"""Results made elsewhere: a folder of pictures, matched to contents by name."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from enhancement.photo_files import files_by_name, matching_name
from enhancement.pictures import Photo, decode
from enhancement.subject import Enhanced, Subject

SIZES = ("refuse", "resample")
SETTINGS = {"folder": None, "size": SIZES[0]}
"""Their defaults; the folder has none."""

KERNEL = Image.Resampling.LANCZOS

Files = Mapping[str, list[Path]]


class ExternalResultError(ValueError):
    """A content's result is missing, there twice, or of another size; names the file and what to do."""


def load_external(settings: Mapping[str, Any], weights: Path | None = None) -> Callable[[Subject], Enhanced]:
    """The method `external`: anybody's results, APE's real output among them.

    Args:
        settings: ``folder``, the absolute path of the pictures, named like the contents (suffix, case and Unicode form
            don't matter); ``size``, what to do with a picture of another size than its input: ``refuse`` (default), or
            ``resample`` to the input's with an antialiased Lanczos kernel.
        weights: None: there are none.

    Raises:
        ValueError: A setting that isn't known or misses.
        ExternalResultError: A relative path, or no such folder. By the callable: a result that is missing, there twice,
            or of another size.
        PictureError: By the callable: a file that can't be read.
    """
    unknown = set(settings) - set(SETTINGS)
    if unknown or "folder" not in settings or weights is not None:
        raise ValueError(
            f"external takes the settings folder and size and no weights, not {sorted(settings)}, {weights}"
        )
    size = settings.get("size", SETTINGS["size"])
    if size not in SIZES:
        raise ValueError(f"external: size is one of {', '.join(SIZES)}, not {size!r}")
    folder = _whole(settings["folder"])
    files = _files(folder)

    def enhance(subject: Subject) -> Enhanced:
        file = _file_of(subject, folder, files)
        data = file.read_bytes()
        photo = _of_size(decode(data, name=file.name), subject, file.name, size)
        return Enhanced(photo, device="cpu", dtype="uint8", source_sha256=sha256(data).hexdigest())

    return enhance


def _whole(folder: object) -> Path:
    """A path that means the same to every worker, wherever it was started."""
    if not isinstance(folder, str) or not Path(folder).is_absolute():
        raise ExternalResultError(
            f"external: folder {folder!r} is not an absolute path, and workers may run elsewhere; write it from / on"
        )
    return Path(folder)


def _files(folder: Path) -> Files:
    if not folder.is_dir():
        raise ExternalResultError(f"{folder}: no such folder; give the folder that holds the method's pictures")
    return files_by_name(folder)


def _file_of(subject: Subject, folder: Path, files: Files) -> Path:
    candidates = files.get(matching_name(subject.name), [])
    if not candidates:
        raise ExternalResultError(f"{folder}: no picture named {subject.name}; add it, or leave this content out")
    if len(candidates) > 1:
        names = ", ".join(path.name for path in candidates)
        raise ExternalResultError(f"{folder}: {names} all mean {subject.name}; keep the one that is the result")
    return candidates[0]


def _of_size(photo: Photo, subject: Subject, file: str, size: Literal["refuse", "resample"]) -> Photo:
    height, width = subject.input.shape[:2]
    if photo.shape[:2] == (height, width):
        return photo
    if size == "refuse":
        raise ExternalResultError(
            f"{file} has {photo.shape[1]}×{photo.shape[0]} px, but its input has {width}×{height}; "
            f'make it that size, or set size = "resample"'
        )
    return np.array(Image.fromarray(photo).resize((width, height), KERNEL))
