"""Which scenes train and which test. Scenes, never patches: patches of one photo look alike."""

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from enhancement.nn.pairs.aligning import Aligned
from enhancement.nn.pairs.manifest import PatchesError, Side
from enhancement.nn.pairs.sources import natural


@dataclass(frozen=True)
class HeldOutNames:
    """Scenes that are held out for tests by name.

    Attributes:
        chosen: Names, patterns with ``*``, ``?`` and ``[…]``, or ranges ``first..last`` in natural order,
            both included.
    """

    chosen: tuple[str, ...]

    def of(self, scenes: Sequence[str]) -> frozenset[str]:
        """The scenes that are held out.

        Raises:
            PatchesError: Something chosen is no scene's.

        Example:
            >>> sorted(HeldOutNames(("2..9", "test-*")).of(["1", "2", "9", "10", "test-4"]))
            ['2', '9', 'test-4']
        """
        return frozenset(scene for one in self.chosen for scene in self._of_one(one, scenes))

    @property
    def as_json(self) -> dict[str, Any]:
        """For the manifest."""
        return {"by": "names", "held_out": list(self.chosen)}

    def _of_one(self, one: str, scenes: Sequence[str]) -> list[str]:
        if one in scenes:
            return [one]
        first, dots, last = one.partition("..")
        if dots:
            low, high = natural(first)[0], natural(last)[0]
            found = [scene for scene in scenes if low <= natural(scene)[0] <= high]
        else:
            found = fnmatch.filter(scenes, one)
        if not found:
            raise PatchesError(f"{one!r}: no scene to hold out; there are {scenes[0]} to {scenes[-1]}.")
        return found


@dataclass(frozen=True)
class HeldOutShare:
    """A random share of the scenes that is held out for tests.

    Attributes:
        share: 0 to 1; more than 0 holds out one scene at least.
        seed: The same seed holds out the same of the same scenes.
    """

    share: float
    seed: int

    def of(self, scenes: Sequence[str]) -> frozenset[str]:
        """The scenes that are held out.

        Raises:
            PatchesError: The share is none.

        Example:
            >>> len(HeldOutShare(0.1, seed=1).of([str(number) for number in range(30)]))
            3
        """
        if not 0 <= self.share <= 1:
            raise PatchesError(f"{self.share}: a share is from 0 to 1.")
        many = max(round(self.share * len(scenes)), 1 if self.share else 0)
        order = np.random.default_rng(self.seed).permutation(len(scenes))
        return frozenset(scenes[number] for number in order[:many])

    @property
    def as_json(self) -> dict[str, Any]:
        """For the manifest."""
        return {"by": "share", "share": self.share, "seed": self.seed}


Split = HeldOutNames | HeldOutShare


def sides_of(pairs: Iterable[Aligned], split: Split) -> dict[str, Side]:
    """The side of every scene.

    Raises:
        PatchesError: A held-out scene isn't there, or one photo is in two scenes on different sides.
    """
    listed = list(pairs)
    scenes = sorted({pair.scene for pair in listed}, key=natural)
    held_out = split.of(scenes)
    sides: dict[str, Side] = {scene: "test" if scene in held_out else "train" for scene in scenes}
    check_no_photo_twice([pair for pair in listed if pair.alignment], sides)
    return sides


def check_no_photo_twice(pairs: Iterable[Aligned], sides: Mapping[str, Side]) -> None:
    """Refuse a split that puts the same bytes on both sides.

    Raises:
        PatchesError: Names the two scenes.
    """
    seen: dict[str, str] = {}
    for pair in pairs:
        for sha256 in (pair.input_sha256, pair.reference_sha256):
            first = seen.setdefault(sha256, pair.scene)
            if sides[first] != sides[pair.scene]:
                raise PatchesError(
                    f"scenes {first} and {pair.scene} hold the same photo, one trains and one tests: hold out both."
                )
