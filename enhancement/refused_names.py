"""What is wrong with files before anybody opens one: their names, and what they are besides files."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from enhancement.photo_files import (
    CAMERA_MAX,
    NAME_MAX,
    SCENE_MAX,
    Found,
    Problem,
    ignored,
    leads_out,
    matching_name,
    printable,
)

PUT_INSIDE = "put the file itself into the folder"


def not_plain_files(folder: Path, root: Path) -> Iterator[Problem]:
    """Folders among photos, links that lead out or nowhere, pipes and devices."""
    for path in sorted(folder.iterdir()):
        if ignored(path):
            continue
        if path.is_symlink() and not path.exists():
            yield Problem(path, "this is a link to a file that isn't there", PUT_INSIDE)
        elif leads_out(path, root):
            yield Problem(path, f"this is a link that leads out of {printable(root.name)}/", PUT_INSIDE)
        elif path.is_dir():
            yield Problem(path, "a folder among photos", "move its photos up, load it by itself, or write a manifest")
        elif not path.is_file():
            yield Problem(path, "this is neither a file nor a folder", "take it out")


def same_names(paths: Sequence[Path]) -> Iterator[Problem]:
    """Files of which a content can be only one; the first is named in the others' problems."""
    first, *others = paths
    raw = {path for path in paths if path.suffix.lower() == ".dng"}
    for other in others:
        if len(raw) == 1 and raw & {first, other}:
            what = f"it has the same name as {first.name}, as phones name the raw and the developed file of one shot"
            yield Problem(other, what, "keep one of them: the developed one as the phone shows it, or the DNG")
        else:
            remedy = "rename one of them: names must differ by more than suffix, case or Unicode form"
            yield Problem(other, f"it has the same name as {first.name}", remedy)


def named_alike(found: Sequence[Found]) -> Iterator[Problem]:
    """Contents of one name from different folders, or from a manifest."""
    seen: dict[str, Found] = {}
    for entry in found:
        first = seen.setdefault(matching_name(entry.name), entry)
        if first is not entry:
            yield Problem(entry.input, f"its name, {entry.name}, is also that of {first.input}", "give it another name")


def unusable_names(found: Iterable[Found]) -> Iterator[Problem]:
    """Names that can't be kept, or can't be shown."""
    for entry in found:
        told = {"name": (entry.name, NAME_MAX), "camera": (entry.camera, CAMERA_MAX)}
        if entry.scene != entry.name:
            told["scene"] = (entry.scene, SCENE_MAX)
        for word, (text, most) in told.items():
            if len(text) > most:
                yield Problem(entry.input, f"its {word} has {len(text)} characters", f"give it one of at most {most}")
            elif any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
                what = f"its {word} has characters that can't be shown"
                yield Problem(entry.input, what, "rename it, with letters of any language in UTF-8")
