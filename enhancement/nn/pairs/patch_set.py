"""Aligned patches as training and scoring see them, wherever they lie: indexable, never all in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from enhancement.nn.pairs.manifest import Manifest, PatchesError, Side
from enhancement.pictures import Photo, decode

Indices = npt.NDArray[np.intp]


class Patches(Protocol):
    """Patches of one size, which are read when they are asked for. Can be pickled: what is sent is where they lie."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, size, size, 3)."""
        ...

    def __len__(self) -> int:
        """How many there are."""
        ...

    def __getitem__(self, which: Indices | slice) -> Photo:
        """Those patches, in the order asked for: shape (n, size, size, 3), uint8, sRGB; the caller's own copy."""
        ...


class MappedPatches:
    """Patches in a ``.npy`` file, mapped into memory.

    Args:
        path: The file.

    Raises:
        PatchesError: Missing, cut short, or no array of patches.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise PatchesError(f"{path}: missing or cut short ({error}); make the patches again.") from error
        if self._array.dtype != np.uint8 or self._array.ndim != 4 or self._array.shape[3] != 3:
            raise PatchesError(f"{path}: no patches, but {self._array.dtype} of shape {self._array.shape}.")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, size, size, 3)."""
        count, height, width, channels = self._array.shape
        return count, height, width, channels

    def __len__(self) -> int:
        """How many there are."""
        return len(self._array)

    def __getitem__(self, which: Indices | slice) -> Photo:
        """Those patches, copied."""
        return np.array(self._array[which])

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as its path."""
        return MappedPatches, (self.path,)


@dataclass(frozen=True)
class DecodedPatches:
    """Patches that are pictures in a folder, decoded whenever they are asked for.

    Attributes:
        files: One a patch.
        size: (height, width) that each must have, in px.
    """

    files: Sequence[Path]
    size: tuple[int, int]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, height, width, 3)."""
        return len(self.files), *self.size, 3

    def __len__(self) -> int:
        """How many there are."""
        return len(self.files)

    def __getitem__(self, which: Indices | slice) -> Photo:
        """Those patches, decoded.

        Raises:
            PictureError: A picture can't be read.
            PatchesError: It has another size.
        """
        numbers = range(len(self.files))[which] if isinstance(which, slice) else np.asarray(which)
        patches = np.empty((len(numbers), *self.size, 3), dtype=np.uint8)
        for place, number in enumerate(numbers):
            patches[place] = self.decoded(self.files[int(number)])
        return patches

    def decoded(self, path: Path) -> Photo:
        """One patch.

        Raises:
            PictureError: It can't be read.
            PatchesError: It has another size.
        """
        patch = decode(path, name=str(path))
        if patch.shape[:2] != self.size:
            raise PatchesError(
                f"{path}: patches must be of one size; this one has {patch.shape[1]}×{patch.shape[0]} px, "
                f"not {self.size[1]}×{self.size[0]}."
            )
        return patch


@dataclass(frozen=True, eq=False)
class PatchSet:
    """Pairs of patches, their scenes, and which of them train.

    Attributes:
        inputs: Of the phone. Index with an array of whole numbers, or a slice.
        references: Of the better camera; ``references[i]`` lies on ``inputs[i]``.
        manifest: What the set says of itself.
        manifest_sha256: Of the manifest's bytes, in hex: names the set, pixels included.
        scene_of: Shape (N,): index into ``scenes`` of each patch.
        train: Indices of the patches that train, ascending.
        test: Indices of those that never do.

    Raises:
        PatchesError: The patches aren't those that the manifest speaks of.
    """

    inputs: Patches
    references: Patches
    manifest: Manifest
    manifest_sha256: str
    scene_of: Indices = field(init=False, repr=False)
    train: Indices = field(init=False, repr=False)
    test: Indices = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Lay the manifest's scenes out over the patches."""
        expected = (self.manifest.patches, self.size_px, self.size_px, 3)
        if not self.inputs.shape == self.references.shape == expected:
            raise PatchesError(
                f"the manifest speaks of patches of shape {expected}; inputs have {self.inputs.shape}, references "
                f"{self.references.shape}: make the patches again."
            )
        counts = [scene.patches for scene in self.manifest.scenes]
        object.__setattr__(self, "scene_of", np.repeat(np.arange(len(counts)), counts))
        object.__setattr__(self, "train", self._on("train"))
        object.__setattr__(self, "test", self._on("test"))

    def __len__(self) -> int:
        """How many pairs of patches there are."""
        return self.manifest.patches

    @property
    def scenes(self) -> tuple[str, ...]:
        """Their names, in the order of the patches."""
        return tuple(scene.name for scene in self.manifest.scenes)

    @property
    def size_px(self) -> int:
        """Side of a patch."""
        return self.manifest.size_px

    def _on(self, side: Side) -> Indices:
        on_side = np.array([scene.side == side for scene in self.manifest.scenes], dtype=bool)
        return np.flatnonzero(on_side[self.scene_of])
