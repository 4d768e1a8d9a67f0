"""What is kept of patches until their store is made: a file a scene, whole or not there, so that work goes on."""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from enhancement.nn.files import written_whole
from enhancement.pictures import Photo


@dataclass(frozen=True)
class PatchRow:
    """Where one patch comes from.

    Attributes:
        correlation: Of input and reference, as they are in the store.
        x: Of the reference's window on the input's pixels; None of published patches, and so for the next three.
        y: Its row.
        dx: The input's window lies so many px further right.
        dy: So many px further down.
        file: Name of a published patch's file.
    """

    correlation: float
    x: int | None = None
    y: int | None = None
    dx: int | None = None
    dy: int | None = None
    file: str | None = None


@dataclass(frozen=True)
class Piece:
    """A file of patches.

    Attributes:
        path: The file.
        rows: One a patch, in its order.
        tried: How many windows there were; None of published patches.
    """

    path: Path
    rows: tuple[PatchRow, ...]
    tried: int | None

    def read(self, role: str) -> Photo:
        """Its ``inputs`` or ``references``, shape (n, size, size, 3), uint8."""
        with np.load(self.path, allow_pickle=False) as kept:
            patches: Photo = kept[role]
        return patches


def write_piece(
    path: Path, key: str, *, inputs: Photo, references: Photo, rows: Sequence[PatchRow], tried: int | None = None
) -> Piece:
    """Keep patches.

    Args:
        path: Where to.
        key: One word for all that the patches depend on.
        inputs: Shape (n, size, size, 3), uint8.
        references: Same shape.
        rows: One a patch.
        tried: How many windows there were; None of published patches.

    Raises:
        OSError: They can't be written; nothing is left then.
    """
    about = json.dumps({"key": key, "tried": tried, "rows": [asdict(row) for row in rows]})
    with written_whole(path) as file:
        np.savez(file, inputs=inputs, references=references, about=np.array(about))
    return Piece(path, tuple(rows), tried)


def kept_piece(path: Path, key: str) -> Piece | None:
    """What an earlier run kept; None where it didn't come so far, or where it depended on something else."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            about = json.loads(str(kept["about"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if about["key"] != key:
        return None
    return Piece(path, tuple(PatchRow(**row) for row in about["rows"]), about["tried"])
