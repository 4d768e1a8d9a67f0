"""What every method makes of some held-out patches, side by side: the table's numbers as pictures."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from enhancement.nn.inference import to_photo
from enhancement.nn.pairs.patch_set import PatchSet
from enhancement.pictures import Photo

REFERENCE = "Reference"

TIMES = 2
"""Each pixel of a patch is shown as so many squared: a crop is looked at closer than at 1:1."""

GAP_PX = 6
HEAD_PX = 34
PAPER, INK = 255, 20
FONT, FONT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.42

Run = Callable[[Photo], npt.NDArray[np.float32]]


def crops_sheet(patches: PatchSet, runs: Mapping[str, Run], which: Sequence[int]) -> Photo:
    """A row for each patch, a column for each method and one for the reference, the methods' names above.

    Args:
        patches: Whose patches are shown.
        runs: Method → function from photos of shape (N, H, W, 3), uint8, to the same shape, float32 on 0 to 1.
        which: Indices of the patches.

    Returns:
        Shape (height, width, 3), uint8.

    Raises:
        ValueError: There is nothing to show.
    """
    if not len(which) or not runs:
        raise ValueError("A sheet of crops needs a patch and a method at least.")
    indices = np.asarray(which)
    inputs = patches.inputs[indices]
    columns = {name: to_photo(run(inputs)) for name, run in runs.items()} | {REFERENCE: patches.references[indices]}
    return np.ascontiguousarray(np.hstack([column(name, shown) for name, shown in columns.items()])[:, GAP_PX:])


def column(name: str, shown: Photo) -> Photo:
    """One method's patches below each other, under its name, with a gap to the left."""
    tall = np.repeat(np.repeat(shown, TIMES, axis=1), TIMES, axis=2)  # (n, 2 H, 2 W, 3)
    gaps = ((0, 0), (0, GAP_PX), (GAP_PX, 0), (0, 0))
    body = np.pad(tall, gaps, constant_values=PAPER).reshape(-1, tall.shape[2] + GAP_PX, 3)
    return np.vstack([heading(name, body.shape[1]), body[:-GAP_PX]])


def heading(name: str, width: int) -> Photo:
    """A name on paper, over two lines where one is too short for it."""
    head = np.full((HEAD_PX, width, 3), PAPER, dtype=np.uint8)
    for place, line in enumerate(lines_of(name, width - GAP_PX)):
        at = (GAP_PX, 13 + 15 * place)
        cv2.putText(head, line, at, FONT, FONT_SCALE, (INK, INK, INK), 1, cv2.LINE_AA)
    return head


def lines_of(name: str, width: int) -> list[str]:
    """A name in at most two lines, broken between words where it must be; the last may be cut off.

    Example:
        >>> lines_of("DPED, without texture loss", 110)
        ['DPED, without', 'texture loss']
    """
    first, *rest = name.split()
    while rest and text_width(f"{first} {rest[0]}") <= width:
        first = f"{first} {rest.pop(0)}"
    return [first, " ".join(rest)] if rest else [first]


def text_width(text: str) -> int:
    """In px, as `heading` writes it."""
    size: tuple[Any, Any] = cv2.getTextSize(text, FONT, FONT_SCALE, 1)
    return int(size[0][0])


def spread_over_scenes(patches: PatchSet, most: int) -> list[int]:
    """Held-out patches to look at: one after the other from every scene, the most telling of each first.

    Most telling is the one whose reference has the greatest contrast: flat ones look alike whatever was done to them.
    Where scenes aren't known every patch is a scene, and they are spread evenly.

    Args:
        patches: Whose held-out patches are chosen from.
        most: How many at most.
    """
    if not patches.manifest.scenes_known:
        places = np.linspace(0, len(patches.test) - 1, min(most, len(patches.test))).round().astype(int)
        return [int(index) for index in patches.test[places]]
    contrast = {int(index): float(patches.references[np.asarray([index])].std()) for index in patches.test}
    by_scene: dict[Any, list[int]] = {}
    for index in sorted(contrast, key=lambda index: -contrast[index]):
        by_scene.setdefault(patches.scene_of[index], []).append(index)
    scenes = [by_scene[scene] for scene in sorted(by_scene)]
    rounds = max((len(scene) for scene in scenes), default=0)
    return [scene[turn] for turn in range(rounds) for scene in scenes if turn < len(scene)][:most]
