"""Aligns many photo pairs: in several processes, going on where it was interrupted, each pair reported.

The folder that it fills::

    pairs/SCENE.json   one pair's alignment, or why there is none; written whole, and used again while both photos'
                       bytes, the settings and OpenCV's version stay the same
    alignments.json    all of them, once all are done: what `enhancement.nn.pairs.cutting` reads
    report.csv         a row a pair
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2

from enhancement.nn.files import replace, sha256_of
from enhancement.nn.pairs import alignment as how
from enhancement.nn.pairs.alignment import Alignment, AlignmentError, align
from enhancement.nn.pairs.manifest import Skipped, SourceFile
from enhancement.nn.pairs.processes import over_all
from enhancement.nn.pairs.sources import Pairs, PairsError, PhotoPair
from enhancement.nn.pairs.workplace import alone_in, room_for
from enhancement.pictures import PictureError, bytes_of, decode

FORMAT = 1
RECORD_BYTES = 16_384  # of a pair, in its own file and in the list, in whole blocks of a disk
ALIGNMENTS, PIECES = "alignments.json", "pairs"

SETTINGS: Mapping[str, Any] = {
    "detection_side_px": how.DETECTION_SIDE_PX,
    "max_points": how.MAX_POINTS,
    "ratio": how.RATIO,
    "ransac_seed": how.RANSAC_SEED,
    "ransac_threshold_px": how.RANSAC_THRESHOLD_PX,
    "ransac_iterations": how.RANSAC_ITERATIONS,
    "ransac_confidence": how.RANSAC_CONFIDENCE,
    "min_inliers": how.MIN_INLIERS,
    "min_inlier_share": how.MIN_INLIER_SHARE,
    "scale_range": list(how.SCALE_RANGE),
    "max_uneven": how.MAX_UNEVEN,
    "max_stretch": how.MAX_STRETCH,
    "min_overlap": how.MIN_OVERLAP,
    "margin_px": how.MARGIN_PX,
    "min_side_px": how.MIN_SIDE_PX,
    "opencv": cv2.__version__,
}
"""What an alignment depends on beside the photos."""


@dataclass(frozen=True)
class Aligned:
    """What became of one pair.

    Attributes:
        scene: Unique among the pairs of a folder.
        input: Absolute path of the input photo.
        reference: That of the reference photo.
        input_sha256: Of the file's bytes, in hex.
        reference_sha256: The same of the reference's.
        alignment: How they lie on each other; None where that can't be told.
        why: What was in the way; empty where nothing was.
    """

    scene: str
    input: Path
    reference: Path
    input_sha256: str
    reference_sha256: str
    alignment: Alignment | None
    why: str = ""

    @property
    def sources(self) -> tuple[SourceFile, SourceFile]:
        """Both photos by name and hash."""
        return SourceFile(self.input.name, self.input_sha256), SourceFile(self.reference.name, self.reference_sha256)

    def as_json(self) -> dict[str, Any]:
        """As plain lists and numbers; ``from_json`` gives the same back."""
        found = self.alignment.as_json() if self.alignment else None
        paths = {"input": str(self.input), "reference": str(self.reference)}
        return {**asdict(self), **paths, "alignment": found}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Aligned":
        """What ``as_json`` wrote.

        Raises:
            KeyError: A field is missing.
        """
        found = Alignment.from_json(data["alignment"]) if data["alignment"] else None
        paths = {role: Path(data[role]) for role in ("input", "reference")}
        return cls(**{**data, **paths, "alignment": found})


@dataclass(frozen=True)
class Task:
    """A pair to align, and the file that keeps what became of it."""

    pair: PhotoPair
    piece: Path


@dataclass(frozen=True)
class Alignments:
    """What became of all pairs of a folder.

    Attributes:
        pairs: In natural order of scenes.
        alone: Photos that had no partner.
        settings: Of the alignment.
    """

    pairs: tuple[Aligned, ...]
    alone: tuple[Skipped, ...]
    settings: Mapping[str, Any]

    @property
    def good(self) -> list[tuple[Aligned, Alignment]]:
        """The pairs that are aligned, and how."""
        return [(pair, pair.alignment) for pair in self.pairs if pair.alignment is not None]

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """What can't be used, and why."""
        return (*(Skipped(pair.scene, pair.why) for pair in self.pairs if pair.alignment is None), *self.alone)


def align_all(pairs: Pairs, folder: Path, *, processes: int) -> Alignments:
    """Align every pair; run again after an interruption it goes on.

    Args:
        pairs: As ``find_pairs`` or ``find_dped_pairs`` finds them.
        folder: Where alignments go; made if it isn't there.
        processes: How many pairs at once.

    Raises:
        ProcessesError: A process was killed.
        WorkplaceError: No room, or another process fills this folder.
        OSError: The folder can't be written to.
    """
    tasks = [Task(pair, folder / PIECES / f"{pair.scene}.json") for pair in pairs.found]
    with room_for(folder, len(tasks) * RECORD_BYTES, at_most=True), alone_in(folder / PIECES, folder):
        done = over_all(align_pair, tasks, processes=processes, title="aligning", unit="pair")
        alignments = Alignments(tuple(done), pairs.alone, SETTINGS)
        write_alignments(folder, alignments)
    return alignments


def align_pair(task: Task) -> Aligned:
    """Align one pair, or take what is kept of it.

    Raises:
        OSError: What was found can't be kept.
    """
    pair = task.pair
    try:
        photos = [bytes_of(path, named(path)) for path in (pair.input, pair.reference)]
    except PictureError as error:
        return Aligned(pair.scene, pair.input.resolve(), pair.reference.resolve(), "", "", None, str(error))
    hashes = [sha256_of(photo) for photo in photos]
    key = key_of({"format": FORMAT, "photos": hashes, "settings": SETTINGS})
    kept = kept_in(task.piece, key)
    found, why = kept or estimated(pair, photos)
    if kept is None:
        result = {"alignment": found.as_json() if found else None, "why": why}
        replace(task.piece, json_bytes({"key": key, **result}))
    return Aligned(pair.scene, pair.input.resolve(), pair.reference.resolve(), hashes[0], hashes[1], found, why)


def estimated(pair: PhotoPair, photos: Sequence[bytes]) -> tuple[Alignment | None, str]:
    """A pair's alignment, or why there is none."""
    try:
        photo, reference = (
            decode(content, name=named(path))
            for content, path in zip(photos, (pair.input, pair.reference), strict=True)
        )
        return align(photo, reference), ""
    except (AlignmentError, PictureError) as error:
        return None, str(error)


def named(path: Path) -> str:
    """A photo's name and its folder's, as both photos of a pair have one name; no more, as others read the report."""
    return f"{path.parent.name}/{path.name}"


def kept_in(piece: Path, key: str) -> tuple[Alignment | None, str] | None:
    """What an earlier run found; None where it didn't come so far, or found it for other photos or settings."""
    try:
        data = json.loads(piece.read_bytes())
        if data["key"] != key:
            return None
        return Alignment.from_json(data["alignment"]) if data["alignment"] else None, data["why"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write_alignments(folder: Path, alignments: Alignments) -> None:
    """Write ``alignments.json``, whole or not at all."""
    content = {
        "format": FORMAT,
        "settings": dict(alignments.settings),
        "pairs": [pair.as_json() for pair in alignments.pairs],
        "alone": [asdict(photo) for photo in alignments.alone],
    }
    replace(folder / ALIGNMENTS, json_bytes(content))


def read_alignments(folder: Path) -> Alignments:
    """What ``align_all`` wrote.

    Raises:
        PairsError: It isn't there, damaged, or another format's.
    """
    again = "run `python -m enhancement.nn align` to its end"
    try:
        data = json.loads((folder / ALIGNMENTS).read_bytes())
        if data["format"] != FORMAT:
            raise PairsError(f"{folder}: its format is {data['format']!r}, this version reads {FORMAT}; {again}.")
        pairs = tuple(Aligned.from_json(pair) for pair in data["pairs"])
        return Alignments(pairs, tuple(Skipped(**photo) for photo in data["alone"]), data["settings"])
    except FileNotFoundError as error:
        raise PairsError(f"{folder}: holds no {ALIGNMENTS}; {again}.") from error
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise PairsError(f"{folder / ALIGNMENTS}: damaged ({error}); {again}.") from error


def check_sources(pairs: Iterable[Aligned]) -> None:
    """Read all photos again.

    Raises:
        PairsError: One was changed since it was aligned, or can't be read.
    """
    for pair in pairs:
        unchanged(pair)


def unchanged(pair: Aligned) -> tuple[bytes, bytes]:
    """The bytes of both photos.

    Raises:
        PairsError: One was changed since it was aligned, or can't be read.
    """
    contents = []
    for path, expected in ((pair.input, pair.input_sha256), (pair.reference, pair.reference_sha256)):
        try:
            contents.append(bytes_of(path, str(path)))
        except PictureError as error:
            raise PairsError(str(error)) from error
        if sha256_of(contents[-1]) != expected:
            raise PairsError(f"{path}: was changed since it was aligned; align again, then cut patches.")
    return contents[0], contents[1]


def key_of(depends_on: Mapping[str, Any]) -> str:
    """One word for all that a result depends on."""
    return sha256_of(json.dumps(depends_on, sort_keys=True).encode())


def json_bytes(content: Mapping[str, Any]) -> bytes:
    """JSON for people and programs."""
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()
