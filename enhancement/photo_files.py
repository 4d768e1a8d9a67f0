"""What a survey of photos speaks of: a photo that was found, a problem with a file, names that mean the same."""

import os
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePath

NAME_MAX, SCENE_MAX, CAMERA_MAX = 200, 200, 100
"""Characters that the database keeps of each."""

IGNORED = ("thumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin")
"""What systems leave in folders, beside hidden files; in lower case."""

SIDECARS = (".aae", ".xmp", ".thm", ".json")
"""What phones, photo editors and clouds write beside a photo: edits, ratings, previews."""

VIDEOS = (".mov", ".mp4")
"""Beside a photo of the same name: the moving part of a Live Photo. Alone, a video."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one file."""

    path: Path
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{printable(str(self.path))}: {printable(self.what)}; {printable(self.remedy)}"


@dataclass(frozen=True)
class Found:
    """A photo, and its reference if there is one.

    Attributes:
        name: Unique in its survey, also without regard to case and Unicode form.
        scene: What is shown; several cameras' photos may share one.
        camera: What took the input; empty where nobody said.
        input: The photo's file.
        reference: The better camera's file.
    """

    name: str
    scene: str
    camera: str
    input: Path
    reference: Path | None = None


@dataclass(frozen=True)
class Listing:
    """What is in a folder: photos, or what must be one, by `matching_name` of their stems; and what hangs on them."""

    files: dict[str, list[Path]]
    left_out: list[Path]


def printable(text: str) -> str:
    """The text as it can be shown and stored: bytes that aren't UTF-8, and what moves the cursor, are spelt out."""
    shown = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
    return shown.encode("utf-8", "backslashreplace").decode()


def matching_name(name: str) -> str:
    """What two names have alike when they mean one content: no case, one Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def listed(folder: Path) -> Listing:
    """What is in a folder, without what systems leave there, and with sidecars apart."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.iterdir()):
        if path.is_file() and not ignored(path):
            found[matching_name(path.stem)].append(path)
    files, left_out = {}, []
    for key, paths in found.items():
        aside = [path for path in paths if _hangs_on(path, paths)]
        left_out += aside
        if kept := [path for path in paths if path not in aside]:
            files[key] = kept
    return Listing(files, left_out)


def _hangs_on(path: Path, namesakes: list[Path]) -> bool:
    suffix = path.suffix.lower()
    return suffix in SIDECARS or (suffix in VIDEOS and any(_is_still(other) for other in namesakes))


def _is_still(path: Path) -> bool:
    return path.suffix.lower() not in (*SIDECARS, *VIDEOS)


def files_by_name(folder: Path) -> dict[str, list[Path]]:
    """The files of a folder by `matching_name` of their stems, without what systems leave there, and sidecars."""
    return listed(folder).files


def ignored(path: PurePath) -> bool:
    return path.name.startswith(".") or path.name.lower() in IGNORED


def leads_out(path: Path, root: Path) -> bool:
    """Whether a file isn't really in a folder, but linked from elsewhere, or named so."""
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
