"""Relative paths as strangers name them: in a browser's list of files, in a zip."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from enhancement.photo_files import ignored, matching_name

MAX_PATH_CHARACTERS = 400
MAX_NAME_BYTES = 255
"""What file systems take for one name, in UTF-8."""

DRIVE = re.compile(r"^[A-Za-z]:")
APPLE_DOUBLES = "__macosx"
"""The folder in which macOS keeps what isn't part of the files that it zips; in lower case."""


class StrangePathError(ValueError):
    """A path that leads somewhere else, or that no file could have; says what is wrong with it."""


def inside(named: str) -> PurePosixPath:
    r"""The path below whatever folder it will be put in; ``\`` separates as ``/`` does.

    Raises:
        StrangePathError: It is absolute, names a drive, climbs, holds control characters or is too long.
    """
    slashed = named.replace("\\", "/")
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in slashed):
        raise StrangePathError("its name holds control characters")
    if slashed.startswith("/"):
        raise StrangePathError("its path is absolute: it begins with a slash")
    if DRIVE.match(slashed):
        raise StrangePathError("its path names a drive")
    parts = [part for part in slashed.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise StrangePathError("its path leads out of the folder, by ..")
    if not parts:
        raise StrangePathError("it has no name")
    if len(slashed) > MAX_PATH_CHARACTERS or any(_bytes(part) > MAX_NAME_BYTES for part in parts):
        raise StrangePathError(f"its name is too long: {MAX_PATH_CHARACTERS} characters with folders at most")
    return PurePosixPath(*parts)


def left_by_systems(path: PurePosixPath) -> bool:
    """Whether a system put the file there, not a person: hidden files, thumbnails, macOS's doubles."""
    return any(part.lower() == APPLE_DOUBLES or ignored(PurePosixPath(part)) for part in path.parts)


KNOWN_FOLDERS = {"input", "reference", "photos", "patches", "training_data", "test_data", "full_size_test_images"}
"""Folders by which a layout is known; they are never taken for a wrapping around the photos."""


def folders_among(paths: Iterable[str]) -> list[str]:
    """The folders that lie side by side, once those that wrap everything are unwrapped."""
    split = [path.split("/") for path in paths]
    while split and all(len(parts) > 1 and parts[0] == split[0][0] for parts in split):
        if matching_name(split[0][0]) in KNOWN_FOLDERS:
            break
        split = [parts[1:] for parts in split]
    return sorted({parts[0] for parts in split if len(parts) > 1})


def _bytes(part: str) -> int:
    try:
        return len(part.encode())
    except UnicodeEncodeError as error:
        raise StrangePathError("its name is no Unicode text") from error
