"""DPED's published patches, and any of that layout, read as they are: pictures in folders, decoded when asked for."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from enhancement.nn.files import sha256_of
from enhancement.nn.pairs.manifest import Manifest, PatchesError, Scene, Side
from enhancement.nn.pairs.patch_set import DecodedPatches, PatchSet
from enhancement.nn.pairs.sources import folders_in, natural
from enhancement.photo_files import ignored
from enhancement.pictures import decode

REFERENCE_FOLDERS = ("canon", "reference")
TRAINING, TESTING = "training_data", "test_data/patches"


@dataclass(frozen=True)
class Part:
    """Published patches of one side of the split.

    Attributes:
        side: They train, or test.
        files: (input, reference) of each.
    """

    side: Side
    files: Sequence[tuple[Path, Path]]

    @property
    def scene(self) -> Scene:
        """All of them, as no one says which photo each is from."""
        return Scene(f"unknown ({self.side})", self.side, len(self.files))


@dataclass(frozen=True)
class Published:
    """Published patches, found but not yet read.

    Attributes:
        parts: Train first, then test; none is empty.
        split: How they were told apart, for the manifest.
        size: (height, width) of the first patch, in px.
    """

    parts: tuple[Part, ...]
    split: dict[str, Any]
    size: tuple[int, int]

    @property
    def files(self) -> list[tuple[Path, Path]]:
        """(input, reference) of every pair of patches."""
        return [pair for part in self.parts for pair in part.files]


def is_published(folder: Path) -> bool:
    """Whether a folder looks like one of published patches."""
    return bool(places_in(folder)) or holds_sides(folder) or holds_sides(folder / "patches")


def find_published(folder: Path, *, train_first: int | None = None) -> Published:
    """Find published patches.

    Args:
        folder: Holds ``training_data/`` and ``test_data/patches/``, which are then the split; or is, or holds as
            ``patches/``, one folder of patches. In each are two folders with the same names: ``canon`` (or
            ``reference``) and the phone's.
        train_first: Of one folder of patches, in natural order of names, so many are for training, the rest for tests.

    Raises:
        PatchesError: They aren't there, names have no partner, or the split isn't said or is said twice.
        PictureError: The first patch can't be read.
    """
    places = places_in(folder)
    if len(places) == 2 and train_first is not None:
        raise PatchesError(f"{folder}: {TRAINING}/ and {TESTING}/ are the split; leave train_first out.")
    if len(places) == 2:
        parts = [Part(side, paired(*sides_of(place))) for side, place in places.items()]
        return published(folder, parts, {"by": "folders"})
    place = next(iter(places.values()), folder / "patches" if holds_sides(folder / "patches") else folder)
    files = paired(*sides_of(place))
    if train_first is None or not 0 <= train_first <= len(files):
        raise PatchesError(
            f"{place}: {len(files)} patches of unknown scenes in one folder; say how many of the first train "
            f"(train_first, 0 to {len(files)}), the rest is for tests."
        )
    parts = [Part("train", files[:train_first]), Part("test", files[train_first:])]
    return published(place, parts, {"by": "order", "train_first": train_first})


def published(folder: Path, parts: Sequence[Part], split: dict[str, Any]) -> Published:
    """What was found, with the size of its first patch.

    Raises:
        PatchesError: There are none.
        PictureError: The first can't be read.
    """
    filled = tuple(part for part in parts if part.files)
    if not filled:
        raise PatchesError(f"{folder}: there are no patches here.")
    first = filled[0].files[0][0]
    height, width, _ = decode(first, name=str(first)).shape
    return Published(filled, split, (height, width))


def open_published(folder: Path, *, train_first: int | None = None) -> PatchSet:
    """Published patches as they are, as ``find_published`` finds them; nothing is copied.

    Raises:
        PatchesError: They can't be found or split.
        PictureError: The first patch can't be read.
    """
    found = find_published(folder, train_first=train_first)
    manifest = manifest_of(folder, found)
    sides = [DecodedPatches([pair[role] for pair in found.files], found.size) for role in (0, 1)]
    return PatchSet(sides[0], sides[1], manifest, sha256_of(manifest.as_json()))


def manifest_of(folder: Path, found: Published) -> Manifest:
    """What is known of published patches: which side each is on, and none of their scenes.

    Raises:
        PatchesError: They aren't square.
    """
    return Manifest(
        square(folder, found),
        tuple(part.scene for part in found.parts),
        scenes_known=False,
        split=found.split,
        listing_sha256=sha256_of_listing(found.files),
    )


def square(folder: Path, found: Published) -> int:
    """The patches' one side.

    Raises:
        PatchesError: They have two.
    """
    height, width = found.size
    if height != width:
        raise PatchesError(f"{folder}: patches must be square; these have {width}×{height} px.")
    return height


def places_in(folder: Path) -> dict[Side, Path]:
    """Where DPED's own folders of patches are."""
    places: dict[Side, Path] = {"train": folder / TRAINING, "test": folder / TESTING}
    return {side: place for side, place in places.items() if holds_sides(place)}


def holds_sides(folder: Path) -> bool:
    """Whether a folder holds one of references and one other."""
    names = [path.name for path in folders_in(folder)]
    return len(names) == 2 and len(set(names) & set(REFERENCE_FOLDERS)) == 1


def sides_of(folder: Path) -> tuple[Path, Path]:
    """The inputs' and the references' folder.

    Raises:
        PatchesError: The folder doesn't hold one of references and one other.
    """
    folders = folders_in(folder)
    if not holds_sides(folder):
        raise PatchesError(
            f"{folder}: should hold two folders, one of them named {' or '.join(REFERENCE_FOLDERS)}; "
            f"it holds {[path.name for path in folders] or 'none'}."
        )
    first, second = folders
    return (second, first) if first.name in REFERENCE_FOLDERS else (first, second)


def paired(inputs: Path, references: Path) -> list[tuple[Path, Path]]:
    """The files of two folders that hold the same names, in natural order.

    Raises:
        PatchesError: A name has no partner.
    """
    named = [
        {path.name for path in side.iterdir() if path.is_file() and not ignored(path)} for side in (inputs, references)
    ]
    unpaired = sorted(named[0] ^ named[1], key=natural)
    if unpaired:
        raise PatchesError(
            f"{inputs.parent}: {inputs.name} and {references.name} must hold the same names: "
            f"{unpaired[0]} has no partner."
        )
    return [(inputs / name, references / name) for name in sorted(named[0], key=natural)]


def sha256_of_listing(files: Sequence[tuple[Path, Path]]) -> str:
    """SHA-256 of the files' names and sizes, in hex: quick, and notices files that were added, lost or cut short."""
    digest = hashlib.sha256()
    for path in (path for pair in files for path in pair):
        digest.update(f"{path.parent.name}/{path.name} {path.stat().st_size}\n".encode())
    return digest.hexdigest()
