"""Makes a store of patches: cuts aligned pairs, or takes over published patches; goes on where it was interrupted."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from enhancement.nn.pairs.aligning import Aligned, Alignments, check_sources, key_of, read_alignments, unchanged
from enhancement.nn.pairs.alignment import Alignment
from enhancement.nn.pairs.building import ScenePieces, build, standing
from enhancement.nn.pairs.manifest import Manifest, PatchesError, PatchSettings, Scene, Side
from enhancement.nn.pairs.pieces import PatchRow, Piece, kept_piece, write_piece
from enhancement.nn.pairs.processes import over_all
from enhancement.nn.pairs.split import Split, sides_of
from enhancement.nn.pairs.windows import corners, cut
from enhancement.nn.pairs.workplace import room_for, workplace
from enhancement.pictures import decode


@dataclass(frozen=True)
class CutTask:
    """A pair to cut, how, and the file that keeps its patches."""

    pair: Aligned
    alignment: Alignment
    settings: PatchSettings
    piece: Path


def cut_patches(aligned: Path, store: Path, *, settings: PatchSettings, split: Split, processes: int) -> Manifest:
    """Cut patches from aligned pairs into a store; run again after an interruption it goes on.

    Args:
        aligned: What ``align_all`` filled.
        store: Made; where it is there already, it must be the very one that is asked for.
        settings: Of the windows.
        split: Which scenes are held out for tests.
        processes: How many pairs at once.

    Returns:
        The store's manifest.

    Raises:
        PairsError: The pairs aren't aligned, or a photo was changed since.
        PatchesError: No patch is good, the split or the settings make no sense, another store is there.
        WorkplaceError: No room, or another process is making this store.
        ProcessesError: A process was killed.
    """
    alignments = read_alignments(aligned)
    if not alignments.good:
        raise PatchesError(f"{aligned}: not one pair is aligned; its report.csv says why.")
    sides = sides_of(alignments.pairs, split)
    asked = asked_for(alignments, settings, sides, split)
    if there := standing(store, asked):
        check_sources(pair for pair, _ in alignments.good)
        return there
    with workplace(store) as work:
        pieces = cut_pieces(alignments.good, settings, work, store, processes)
        parts = [
            ScenePieces(counted(scene, [piece]), [piece]) for scene, piece in zip(asked.scenes, pieces, strict=True)
        ]
        return build(store, work, parts, replace(asked, scenes=tuple(part.scene for part in parts)))


def asked_for(alignments: Alignments, settings: PatchSettings, sides: dict[str, Side], split: Split) -> Manifest:
    """The manifest as far as it is known before anything is cut."""
    return Manifest(
        settings.size_px,
        tuple(scene_of(pair, found, sides[pair.scene]) for pair, found in alignments.good),
        scenes_known=True,
        split=split.as_json,
        settings=settings,
        alignment=alignments.settings,
        skipped=alignments.skipped,
    )


def scene_of(pair: Aligned, found: Alignment, side: Side) -> Scene:
    """An aligned pair as a scene, still without patches."""
    photo, reference = pair.sources
    return Scene(
        pair.scene,
        side,
        0,
        matches=found.matches,
        inliers=found.inliers,
        overlap=found.overlap,
        residual=found.residual,
        input=photo,
        reference=reference,
    )


def counted(scene: Scene, pieces: Sequence[Piece]) -> Scene:
    """A scene with what its pieces hold."""
    correlations = [row.correlation for piece in pieces for row in piece.rows]
    return replace(
        scene,
        patches=len(correlations),
        windows=pieces[0].tried,
        median_correlation=float(np.median(correlations)) if correlations else None,
    )


def cut_pieces(
    pairs: Sequence[tuple[Aligned, Alignment]], settings: PatchSettings, work: Path, store: Path, processes: int
) -> list[Piece]:
    """Cut every pair; the patches wait in files, in the order of the pairs.

    Raises:
        PairsError: A photo was changed since it was aligned.
        WorkplaceError: No room.
    """
    windows = sum(len(list(corners(found, settings))) for _, found in pairs)
    tasks = [CutTask(pair, found, settings, work / f"{pair.scene}.npz") for pair, found in pairs]
    # Pieces and store lie side by side until the store is whole.
    with room_for(store, 2 * windows * 2 * 3 * settings.size_px**2, at_most=True):
        return over_all(cut_pair, tasks, processes=processes, title="cutting", unit="pair")


def cut_pair(task: CutTask) -> Piece:
    """Cut one pair, or take what is kept of it.

    Raises:
        PairsError: A photo was changed since it was aligned.
        OSError: The patches can't be kept.
    """
    pair, contents = task.pair, unchanged(task.pair)
    hashes = [source.sha256 for source in pair.sources]
    settings = {"windows": asdict(task.settings), "opencv": cv2.__version__}
    key = key_of({"photos": hashes, "alignment": task.alignment.as_json(), **settings})
    if (kept := kept_piece(task.piece, key)) is not None:
        return kept
    photo, reference = (
        decode(content, name=path.name) for content, path in zip(contents, (pair.input, pair.reference), strict=True)
    )
    found = cut(photo, reference, task.alignment, task.settings)
    rows = [PatchRow(window.correlation, window.x, window.y, window.dx, window.dy) for window in found.windows]
    return write_piece(task.piece, key, inputs=found.inputs, references=found.references, rows=rows, tried=found.tried)
