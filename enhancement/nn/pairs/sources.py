"""Photo pairs on disk: any two folders with matching names, or DPED's own full-size layout."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from enhancement.nn.pairs.manifest import Skipped
from enhancement.photo_files import files_by_name, ignored

CANON = "canon"


class PairsError(ValueError):
    """Photos can't be paired; the message says which, why, and what to do."""


@dataclass(frozen=True)
class PhotoPair:
    """Two photos of one scene.

    Attributes:
        scene: Unique among the pairs that are used together.
        input: The photo to be enhanced.
        reference: The better camera's.
    """

    scene: str
    input: Path
    reference: Path


@dataclass(frozen=True)
class Pairs:
    """What two folders hold, in natural order of names.

    Attributes:
        found: Photos with a partner.
        alone: Those without, and where their partner should be.
    """

    found: tuple[PhotoPair, ...]
    alone: tuple[Skipped, ...]


def natural(name: str) -> tuple[list[str | int], str]:
    """Sorts names as people count: by the numbers in them.

    Example:
        >>> sorted(["10.jpg", "9.jpg", "a2", "a10"], key=natural)
        ['9.jpg', '10.jpg', 'a2', 'a10']
    """
    parts = re.split(r"([0-9]+)", name)
    return [int(part) if number % 2 else part for number, part in enumerate(parts)], name


def find_pairs(inputs: Path, references: Path, *, prefix: str = "") -> Pairs:
    """Pair the photos of two folders by their names without endings, without regard to case and Unicode form.

    Args:
        inputs: Folder of the photos to be enhanced.
        references: Folder of the better camera's photos.
        prefix: Of the scenes' names.

    Raises:
        PairsError: A folder is missing, two photos of a folder have one name, or there is no pair.
    """
    shot, better = photos_of(inputs), photos_of(references)
    if len({inputs.resolve(), references.resolve()}) == 1:
        raise PairsError(f"{inputs}: inputs and references are the same folder; name two.")
    both = sorted(shot.keys() & better.keys(), key=natural)
    if not both:
        raise PairsError(f"{inputs} and {references}: no photo of one has a photo of its name in the other.")
    alone = [(shot[name], references) for name in shot.keys() - better.keys()]
    alone += [(better[name], inputs) for name in better.keys() - shot.keys()]
    return Pairs(
        tuple(PhotoPair(prefix + shot[name].stem, shot[name], better[name]) for name in both),
        tuple(
            Skipped(prefix + path.stem, f"{path.parent.name}/{path.name}: has no partner in {other.name}/.")
            for path, other in sorted(alone, key=lambda one: natural(one[0].name))
        ),
    )


def photos_of(folder: Path) -> dict[str, Path]:
    """The photos of a folder by name without ending; what systems and phones leave beside photos is left out.

    Raises:
        PairsError: There is no such folder, or two photos have one name.
    """
    if not folder.is_dir():
        raise PairsError(
            f"{folder}: there is no such folder; give the folder of the inputs and that of the references."
        )
    named = files_by_name(folder)
    for paths in named.values():
        if len(paths) > 1:
            raise PairsError(f"{folder}: {paths[0].name} and {paths[1].name} have one name; keep one of them.")
    return {name: paths[0] for name, paths in named.items()}


def find_dped_pairs(folder: Path, phone: str) -> Pairs:
    """The full-size pairs of a phone in DPED's own layout: one folder a camera, Canon's among them.

    Args:
        folder: Holds ``canon/`` and the phone's folder, itself or in folders of its own such as ``train/`` and
            ``test/``, whose names then begin those of the scenes: ``train-12``.
        phone: Name of the phone's folder: ``iphone``, ``blackberry`` or ``sony`` in DPED.

    Raises:
        PairsError: They aren't there, or the photos can't be paired.
    """
    if is_of(folder, phone):
        return find_pairs(folder / phone, folder / CANON)
    parts = [part for part in folders_in(folder) if is_of(part, phone)]
    if not parts:
        raise PairsError(f"{folder}: neither it nor a folder in it holds both {phone}/ and {CANON}/.")
    return joined(find_pairs(part / phone, part / CANON, prefix=f"{part.name}-") for part in parts)


def joined(parts: Iterable[Pairs]) -> Pairs:
    """Several finds as one."""
    listed = list(parts)
    return Pairs(
        tuple(pair for part in listed for pair in part.found), tuple(pair for part in listed for pair in part.alone)
    )


def is_of(folder: Path, phone: str) -> bool:
    """Whether a folder holds pairs of that phone and Canon."""
    return (folder / phone).is_dir() and (folder / CANON).is_dir()


def folders_in(folder: Path) -> list[Path]:
    """Folders in a folder, by name; none where there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not ignored(path))
