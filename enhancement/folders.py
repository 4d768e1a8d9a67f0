"""Photos on disk, found and paired: four layouts in, one list out, or one report of everything that is wrong."""

import os
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias

from enhancement.apart import Looked, look
from enhancement.formats.table import FORMATS
from enhancement.manifest import read_manifest
from enhancement.photo_files import Found, Problem, ignored, leads_out, listed, matching_name, printable
from enhancement.pictures import PictureError
from enhancement.refused_names import named_alike, not_plain_files, same_names, unusable_names

__all__ = ["Found", "Part", "Problem", "Survey", "SurveyError", "matching_name", "survey"]

Part: TypeAlias = Literal["patches", "photos", "training"]
Progress: TypeAlias = Callable[[int, int], None]
"""Called with how many files have been read, and of how many."""

MANIFEST = "manifest.csv"
INPUT, REFERENCE = "input", "reference"
DPED_REFERENCE = "canon"
DPED_PAIRS: Mapping[Part, Sequence[str]] = {
    "patches": ("test_data/patches", "patches"),
    "training": ("training_data",),
}
DPED_PHOTOS = ("test_data/full_size_test_images", "full_size_test_images")
DPED_PHOTOS_BY_PHONE = "photos"

LAYOUTS = (
    f"a folder with {INPUT}/ and {REFERENCE}/, DPED's own layout, a folder of photos, "
    f"or a {MANIFEST} with the columns input, reference, scene, camera, name"
)


class SurveyError(ValueError):
    """What is wrong with a folder of photos: everything at once, one line each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = list(problems)


@dataclass(frozen=True)
class Survey:
    """What was found, in the order of names (of a manifest: its own), every file of it read once.

    Attributes:
        looked: What each file was when it was read.
        notes: What a person should know, though nothing is wrong: a line each.
    """

    layout: Literal["pairs", "dped", "photos", "manifest"]
    found: tuple[Found, ...]
    looked: Mapping[Path, Looked] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file once: inputs and references as they were found."""
        both = (path for entry in self.found for path in (entry.input, entry.reference) if path is not None)
        return tuple(dict.fromkeys(both))


@dataclass
class Search:
    """What is looked for, and what was met on the way."""

    root: Path
    camera: str
    problems: list[Problem] = field(default_factory=list)
    left_out: list[Path] = field(default_factory=list)


def survey(
    path: Path,
    *,
    inputs: str | None = None,
    references: str | None = None,
    camera: str = "",
    part: Part | None = None,
    progress: Progress | None = None,
) -> Survey:
    """Find the photos in a folder, or those that a manifest names, and read each of them to be sure.

    Each is read in a process of its own (`enhancement.apart`), by content, whatever its name ends in.

    Args:
        path: A folder, or a CSV file.
        inputs: Name of the inputs' folder within it, where it isn't ``input``.
        references: Name of the references' folder within it, where it isn't ``reference``.
        camera: What took the inputs, where the layout doesn't say.
        part: Of DPED's layout: its test ``patches``, its full-size ``photos``, or its ``training`` patches. By default
            the first of these that is there.
        progress: Called after each file.

    Raises:
        SurveyError: Anything wrong with any file: unreadable, named like another, a reference without its input, not
            found, a link out of the folder; or nothing there.
    """
    if not os.path.exists(path):  # noqa: PTH110 – unlike Path.exists it doesn't raise where a folder can't be entered
        raise SurveyError([Problem(path, "there is no such file or folder", "check its name")])
    search = Search(path if path.is_dir() else path.parent, camera)
    try:
        surveyed = _found(path, search, inputs=inputs, references=references, part=part)
    except OSError as error:
        named = Path(error.filename or path)
        folder = named if os.path.isdir(named) else named.parent  # noqa: PTH112 – Path.is_dir would raise again
        what = f"the folder can't be read ({error.strerror})"
        raise SurveyError([*search.problems, Problem(folder, what, "let this user read it")]) from error
    search.problems += [*named_alike(surveyed.found), *unusable_names(surveyed.found)]
    looked = _look(surveyed.files, search.problems, progress)
    if not surveyed.found and not search.problems:
        search.problems.append(Problem(path, "no photos found", f"give {LAYOUTS}"))
    if search.problems:
        raise SurveyError(search.problems)
    return replace(surveyed, looked=looked, notes=tuple(_notes(surveyed, looked, search)))


def _found(path: Path, search: Search, *, inputs: str | None, references: str | None, part: Part | None) -> Survey:
    if path.is_file() and path.suffix.lower() != ".csv":
        search.problems.append(Problem(path, "this is neither a folder nor a CSV manifest", f"give {LAYOUTS}"))
        return Survey("photos", ())
    if path.is_file() or ((path / MANIFEST).is_file() and inputs is None):
        manifest = path if path.is_file() else path / MANIFEST
        return Survey("manifest", tuple(read_manifest(manifest, search.camera, search.problems)))
    if part is None and (inputs or (path / INPUT).is_dir()):
        names = (inputs or INPUT, references or (None if inputs else REFERENCE))
        return Survey("pairs", tuple(_pairs(path, *names, search)))
    if dped := _dped(path, part, search):
        return Survey("dped", dped)
    if part is not None:
        search.problems.append(Problem(path, f"there are no {part} in DPED's layout here", f"give {LAYOUTS}"))
        return Survey("dped", ())
    return Survey("photos", tuple(_pair(path, None, search)))


def _pairs(path: Path, inputs: str, references: str | None, search: Search) -> Iterator[Found]:
    """Two folders by name; the default one for references may be missing, one that was asked for may not."""
    missing = [name for name in (inputs, references) if name and name != REFERENCE and not (path / name).is_dir()]
    search.problems += [Problem(path / name, "there is no such folder", "check its name") for name in missing]
    if missing:
        return
    beside = path / references if references and (path / references).is_dir() else None
    if beside is not None and beside.samefile(path / inputs):
        remedy = "name the folder of the better camera's photos, or none"
        search.problems.append(Problem(beside, "the folder of references is that of the photos themselves", remedy))
        return
    yield from _pair(path / inputs, beside, search)


def _pair(inputs: Path, references: Path | None, search: Search, prefix: str = "") -> Iterator[Found]:
    """The photos of a folder with their namesakes in another."""
    shot, better = _single(inputs, search), _single(references, search) if references else {}
    for key in better.keys() - shot.keys():
        remedy = f"add its input to {inputs.name}/, or take it out"
        search.problems.append(Problem(better[key], "this reference has no input of its name", remedy))
    for key, path in shot.items():
        name = prefix + unicodedata.normalize("NFC", path.stem)
        yield Found(name, name, search.camera, path, better.get(key))


def _single(folder: Path, search: Search) -> dict[str, Path]:
    """One file per name; others of that name, and what is no file of the folder's own, are problems."""
    # A folder that was named by itself, as references may be, is a root of its own.
    root = folder if leads_out(folder, search.root) else search.root
    search.problems += not_plain_files(folder, root)
    listing = listed(folder)
    search.left_out += listing.left_out
    files = {key: [path for path in paths if not leads_out(path, root)] for key, paths in listing.files.items()}
    for paths in files.values():
        search.problems += same_names(paths) if paths else ()
    return {key: paths[0] for key, paths in files.items() if paths}


def _dped(path: Path, part: Part | None, search: Search) -> tuple[Found, ...]:
    """DPED's layout, of one phone or with one folder for each."""
    bases = [path, *_folders_in(path)]
    parts: tuple[Part, ...] = (part,) if part else ("patches", "photos", "training")
    for wanted in parts:
        # test_data/ is itself a folder in which patches/ is found: each is taken once.
        places = {
            place[1]: place for base in reversed(bases) for place in _dped_places(base, wanted, search.camera)
        }.values()
        several = len({phone for phone, _, _ in places}) > 1
        found = [
            replace(entry, camera=phone)
            for phone, inputs, references in sorted(places, key=lambda place: place[1])
            for entry in _pair(inputs, references, search, prefix=f"{phone}-" if several else "")
        ]
        if found:
            return tuple(found)
    return ()


def _dped_places(base: Path, part: Part, camera: str) -> Iterator[tuple[str, Path, Path | None]]:
    """Phone, its folder, and Canon's, of one part of DPED under one folder."""
    if part == "photos":
        yield from ((camera or base.name, base / name, None) for name in DPED_PHOTOS if (base / name).is_dir())
        by_phone = base / DPED_PHOTOS_BY_PHONE
        yield from ((phone.name, phone, None) for phone in _phones(by_phone))
        return
    for name in DPED_PAIRS[part]:
        canon = base / name / DPED_REFERENCE
        if canon.is_dir():
            yield from ((phone.name, phone, canon) for phone in _phones(base / name))


def _phones(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in _folders_in(folder) if path.name != DPED_REFERENCE]


def _folders_in(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and not ignored(path)]


def _look(files: Sequence[Path], problems: list[Problem], progress: Progress | None) -> dict[Path, Looked]:
    """Every file, each read as it will be read later: what can't be, can't be shown."""
    looked = {}
    for done, path in enumerate(files, start=1):
        try:
            looked[path] = look(path, name=path.name)
        except PictureError as error:
            problems.append(Problem(path, error.what, error.remedy))
        if progress is not None:
            progress(done, len(files))
    return looked


def _notes(surveyed: Survey, looked: Mapping[Path, Looked], search: Search) -> Iterator[str]:
    """What was understood otherwise than the names say."""
    for path in search.left_out:
        yield f"{printable(path.name)}: not a photo of its own, but part of one or written beside it; left out"
    for path in surveyed.files:
        found = FORMATS[looked[path].format]
        if path.suffix.lower() not in found.suffixes:
            yield f"{printable(path.name)}: this is a {found.name}, whatever its name ends in; taken as that"
    seen: dict[str, Path] = {}
    for entry in surveyed.found:
        first = seen.setdefault(looked[entry.input].sha256, entry.input)
        if first is not entry.input:
            yield f"{printable(entry.input.name)}: the same photo, byte by byte, as {printable(first.name)}"
