"""Builds a store of patches out of pieces: it appears whole, or not at all."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from enhancement.nn.files import sha256_of_file
from enhancement.nn.pairs.manifest import Manifest, PatchesError, Scene
from enhancement.nn.pairs.patch_set import MappedPatches
from enhancement.nn.pairs.pieces import PatchRow, Piece
from enhancement.nn.pairs.report import as_csv, chosen_for_sheet, contact_sheet, scene_rows
from enhancement.nn.pairs.store import INPUTS, MANIFEST, REFERENCES, read_manifest
from enhancement.nn.pairs.workplace import no_room, room_for
from enhancement.pictures import encode_png

PATCHES, REPORT, SHEET = "patches.csv", "report.csv", "contact_sheet.png"


@dataclass(frozen=True)
class ScenePieces:
    """A scene, and the files that hold its patches."""

    scene: Scene
    pieces: Sequence[Piece]

    @property
    def rows(self) -> list[PatchRow]:
        """One a patch, in order."""
        return [row for piece in self.pieces for row in piece.rows]


def build(store: Path, work: Path, parts: Sequence[ScenePieces], manifest: Manifest) -> Manifest:
    """Put a store together.

    Args:
        store: Where it appears.
        work: Its ``workplace``.
        parts: Scenes in their order.
        manifest: Of these scenes, still without files.

    Returns:
        The manifest as it was written.

    Raises:
        PatchesError: There is no patch.
        WorkplaceError: No room.
        OSError: It can't be written.
    """
    if not manifest.patches:
        raise PatchesError(f"{store}: not made, as there is no patch to keep; the pairs' report says what was found.")
    needed = 2 * manifest.patches * 3 * manifest.size_px**2
    if needed > shutil.disk_usage(work).free:
        raise no_room(store, needed)
    half = work / "store"
    shutil.rmtree(half, ignore_errors=True)
    try:
        with room_for(store, needed):
            half.mkdir()
            whole = write_store(half, parts, manifest)
            half.rename(store)
            synced(store.absolute().parent)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return whole


def write_store(folder: Path, parts: Sequence[ScenePieces], manifest: Manifest) -> Manifest:
    """Write every file of a store, the manifest last."""
    shape = (manifest.patches, manifest.size_px, manifest.size_px, 3)
    files = {}
    for name, role in ((INPUTS, "inputs"), (REFERENCES, "references")):
        pieces = (piece.read(role) for part in parts for piece in part.pieces)
        files[name] = write_array(folder / name, shape, pieces)
    sheet = sheet_of(folder, parts)
    for name, content in ((PATCHES, as_csv(patch_rows(parts))), (REPORT, as_csv(scene_rows(manifest))), (SHEET, sheet)):
        write(folder / name, content)
        files[name] = sha256_of_file(folder / name)
    whole = replace(manifest, files=files, code_version=version("phoropter"))
    write(folder / MANIFEST, whole.as_json())
    synced(folder)
    return whole


def write_array(path: Path, shape: tuple[int, ...], arrays: Iterable[np.ndarray[Any, Any]]) -> str:
    """Write one array after another as a single ``.npy`` file; its sha256 in hex.

    Not through a memory map: on a full disk that kills the process.
    """
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    with path.open("xb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for array in arrays:
            file.write(np.ascontiguousarray(array).data)
        flushed(file)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def patch_rows(parts: Sequence[ScenePieces]) -> list[dict[str, Any]]:
    """A row a patch, for ``patches.csv``."""
    rows = [(part.scene, row) for part in parts for row in part.rows]
    return [
        {
            "patch": number,
            "scene": scene.name,
            "side": scene.side,
            **asdict(row),
            "correlation": f"{row.correlation:.6f}",
        }
        for number, (scene, row) in enumerate(rows)
    ]


def sheet_of(folder: Path, parts: Sequence[ScenePieces]) -> bytes:
    """The contact sheet of the arrays that were just written."""
    rows = [(part.scene.name, row) for part in parts for row in part.rows]
    which = chosen_for_sheet(len(rows))
    captions = [f"{rows[number][0]}  {rows[number][1].correlation:.3f}" for number in which]
    inputs, references = MappedPatches(folder / INPUTS), MappedPatches(folder / REFERENCES)
    return encode_png(contact_sheet(inputs, references, which, captions))


def write(path: Path, content: bytes) -> None:
    """Write a new file, down to the disk."""
    with path.open("xb") as file:
        file.write(content)
        flushed(file)


def flushed(file: BinaryIO) -> None:
    """Bring what was written to the disk."""
    file.flush()
    os.fsync(file.fileno())


def synced(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def standing(store: Path, asked: Manifest) -> Manifest | None:
    """The manifest of a store that is there already; None where there is none.

    Raises:
        PatchesError: It is another one than is asked for, and what differs; or no store.
    """
    if not store.exists():
        return None
    if not (store / MANIFEST).is_file():
        raise PatchesError(f"{store}: is there, and no store of patches; give another name.")
    there, _ = read_manifest(store)
    parts = ("settings", "alignment", "split", "size_px", "listing_sha256", "skipped")
    differing = [name for name in parts if getattr(there, name) != getattr(asked, name)]
    if not differing and [told(scene) for scene in there.scenes] != [told(scene) for scene in asked.scenes]:
        differing = ["photos"]
    if differing:
        raise PatchesError(
            f"{store}: holds patches of other {' and '.join(differing)}; give another name, or delete it first."
        )
    return there


def told(scene: Scene) -> Scene:
    """A scene without what is only known after cutting."""
    return replace(scene, patches=0, windows=None, median_correlation=None)
