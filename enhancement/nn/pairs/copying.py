"""Takes published patches over into a store, which reads faster than 320,000 small pictures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from enhancement.nn.pairs.aligning import key_of
from enhancement.nn.pairs.building import ScenePieces, build, standing
from enhancement.nn.pairs.cutting import counted
from enhancement.nn.pairs.manifest import Manifest, Side
from enhancement.nn.pairs.patch_set import DecodedPatches
from enhancement.nn.pairs.pieces import PatchRow, Piece, kept_piece, write_piece
from enhancement.nn.pairs.processes import over_all
from enhancement.nn.pairs.published import find_published, manifest_of
from enhancement.nn.pairs.windows import correlation
from enhancement.nn.pairs.workplace import room_for, workplace

CHUNK = 1000


@dataclass(frozen=True)
class CopyTask:
    """Some patches to read, and the file that keeps them."""

    files: Sequence[tuple[Path, Path]]
    size: tuple[int, int]
    piece: Path


def copy_published(folder: Path, store: Path, *, train_first: int | None, processes: int) -> Manifest:
    """Take published patches over into a store; run again after an interruption it goes on.

    Args:
        folder: Of published patches; ``find_published`` says which layouts.
        store: Made; where it is there already, it must be the very one that is asked for.
        train_first: Of one folder of patches, so many are for training.
        processes: How many at once.

    Returns:
        The store's manifest.

    Raises:
        PatchesError: They can't be found or split, sizes differ, another store is there.
        WorkplaceError: No room, or another process is making this store.
        PictureError: A patch can't be read.
        ProcessesError: A process was killed.
    """
    found = find_published(folder, train_first=train_first)
    asked = manifest_of(folder, found)
    if there := standing(store, asked):
        return there
    with workplace(store) as work:
        tasks = [
            (part.side, CopyTask(part.files[first : first + CHUNK], found.size, work / f"{part.side}-{first}.npz"))
            for part in found.parts
            for first in range(0, len(part.files), CHUNK)
        ]
        # Pieces and store lie side by side until the store is whole.
        with room_for(store, 2 * asked.patches * 2 * 3 * asked.size_px**2):
            pieces = over_all(copy, [task for _, task in tasks], processes=processes, title="reading", unit="thousand")
        parts = of_sides(asked, [side for side, _ in tasks], pieces)
        return build(store, work, parts, replace(asked, scenes=tuple(part.scene for part in parts)))


def of_sides(asked: Manifest, sides: Sequence[Side], pieces: Sequence[Piece]) -> list[ScenePieces]:
    """The pieces of each side of the split."""
    parts = []
    for scene in asked.scenes:
        of_scene = [piece for side, piece in zip(sides, pieces, strict=True) if side == scene.side]
        parts.append(ScenePieces(counted(scene, of_scene), of_scene))
    return parts


def copy(task: CopyTask) -> Piece:
    """Read some patches, or take what is kept of them.

    Raises:
        PatchesError: One has another size.
        PictureError: One can't be read.
        OSError: They can't be kept.
    """
    told = [path.stat() for pair in task.files for path in pair]
    names = [str(path.absolute()) for pair in task.files for path in pair]
    key = key_of({"files": names, "sizes": [[one.st_size, one.st_mtime_ns] for one in told]})
    if (kept := kept_piece(task.piece, key)) is not None:
        return kept
    inputs, references = (DecodedPatches([pair[role] for pair in task.files], task.size)[:] for role in (0, 1))
    grey = [[cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY) for patch in side] for side in (inputs, references)]
    rows = [
        PatchRow(correlation(first, second), file=pair[0].name)
        for first, second, pair in zip(*grey, task.files, strict=True)
    ]
    return write_piece(task.piece, key, inputs=inputs, references=references, rows=rows)
