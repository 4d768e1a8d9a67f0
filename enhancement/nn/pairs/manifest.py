"""What a set of patches says of itself: settings, sources, scenes, split. Plain data, JSON and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, TypeAlias

FORMAT = 1

Side: TypeAlias = Literal["train", "test"]


class PatchesError(ValueError):
    """Patches can't be made or used; the message says which, why, and what to do."""


@dataclass(frozen=True)
class PatchSettings:
    """How windows move over a pair, and which are kept. The defaults are DPED's.

    Attributes:
        size_px: Side of a window.
        stride_px: From one window to the next; ``size_px`` makes windows that don't overlap.
        max_shift_px: The input's window is moved by up to so many pixels along each axis to where it correlates best.
        threshold: Kept if the normalised cross-correlation of the grey, zero-mean windows is higher, −1 to 1.

    Raises:
        PatchesError: Some value makes no sense.
    """

    size_px: int = 100
    stride_px: int = 100
    max_shift_px: int = 5
    threshold: float = 0.9

    def __post_init__(self) -> None:
        """Refuse nonsense."""
        if self.size_px < 2 or self.stride_px < 1 or self.max_shift_px < 0 or not -1 <= self.threshold <= 1:
            raise PatchesError(
                f"{self}: size must be 2 px or more, stride 1 or more, shift 0 or more, the threshold from -1 to 1."
            )


@dataclass(frozen=True)
class SourceFile:
    """A photo that patches were cut from: its file's name, and the sha256 of its bytes in hex."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Scene:
    """One scene of a set of patches.

    Attributes:
        name: Of the scene; unique.
        side: Whether its patches train or test: all of them, never some.
        patches: How many are in the set.
        windows: How many were tried; None where somebody else cut them, and so for all below.
        median_correlation: Of the patches; None also where there are none.
        matches: Points that matched when the pair was aligned.
        inliers: Those of them that the alignment explains.
        overlap: Share of the input's area that the reference covers, 0 to 1.
        residual: (dx, dy) in px that the alignment left over.
        input: The input photo.
        reference: The reference photo.
    """

    name: str
    side: Side
    patches: int
    windows: int | None = None
    median_correlation: float | None = None
    matches: int | None = None
    inliers: int | None = None
    overlap: float | None = None
    residual: tuple[float, float] | None = None
    input: SourceFile | None = None
    reference: SourceFile | None = None


@dataclass(frozen=True)
class Skipped:
    """A pair that gave no patches, and why."""

    scene: str
    why: str


@dataclass(frozen=True)
class Manifest:
    """What a set of patches says of itself.

    Attributes:
        size_px: Side of a patch.
        scenes: In the order of the patches, all patches of one scene together.
        scenes_known: False for DPED's published patches: nobody says which come from one photo; ``scenes`` are then the
            two sides of the split.
        split: How sides were told apart: ``by`` is ``names``, ``share``, ``order`` or ``folders``, and what it needs.
        settings: How the patches were cut; None where somebody else cut them.
        alignment: The settings of the alignment.
        skipped: Pairs that gave no patches.
        files: Name → sha256 in hex of the store's other files; empty where there is no store.
        listing_sha256: Of published patches that are read where they are: of their names and sizes, in hex.
        code_version: The version of this program that wrote it.
        format: Of the set.
    """

    size_px: int
    scenes: tuple[Scene, ...]
    scenes_known: bool
    split: Mapping[str, Any]
    settings: PatchSettings | None = None
    alignment: Mapping[str, Any] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    listing_sha256: str = ""
    code_version: str = ""
    format: int = FORMAT

    @property
    def patches(self) -> int:
        """How many there are."""
        return sum(scene.patches for scene in self.scenes)

    def count(self, side: Side) -> int:
        """How many there are on a side of the split."""
        return sum(scene.patches for scene in self.scenes if scene.side == side)

    def as_json(self) -> bytes:
        """As JSON; the same manifest gives the same bytes.

        Example:
            >>> known = Manifest(100, (Scene("1", "train", 7), Scene("2", "test", 3)), True, {"by": "names"})
            >>> Manifest.from_json(known.as_json()) == known, known.count("train"), known.patches
            (True, 7, 10)
        """
        counts = {"patches": self.patches, "train": self.count("train"), "test": self.count("test")}
        return (json.dumps({**asdict(self), "counts": counts}, indent=1, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_json(cls, content: bytes) -> "Manifest":
        """The manifest that ``as_json`` wrote.

        Raises:
            PatchesError: It is another format's, or incomplete.
        """
        try:
            data = json.loads(content)
            if data["format"] != FORMAT:
                raise PatchesError(f"its format is {data['format']!r}, this version reads {FORMAT}; update it.")
            data["scenes"] = tuple(scene_from(scene) for scene in data["scenes"])
            data["skipped"] = tuple(Skipped(**pair) for pair in data["skipped"])
            data["settings"] = PatchSettings(**data["settings"]) if data["settings"] else None
            return cls(**{one.name: data[one.name] for one in fields(cls)})
        except (KeyError, TypeError, json.JSONDecodeError, UnicodeDecodeError) as error:
            raise PatchesError(f"its manifest is damaged ({error}); make the patches again.") from error


def scene_from(data: Mapping[str, Any]) -> Scene:
    """A scene of a manifest's JSON.

    Raises:
        TypeError: Fields are missing or unknown.
    """
    sources = {role: SourceFile(**data[role]) if data.get(role) else None for role in ("input", "reference")}
    residual = tuple(data["residual"]) if data.get("residual") else None
    return Scene(**{**data, **sources, "residual": residual})
