"""The order within a slot: random, the same scene never twice running where that can be had."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np

from studyapp.design.randomness import Integers

Item = TypeVar("Item", bound=Hashable)
Draw = Callable[[int], int]
"""Gives a random integer from 0 to its argument, exclusive."""

REPEAT_DISTANCE = 3
"""A repeat stands at least this many positions after the first showing, where there is room."""


def spread(items: Sequence[Item], scene: Callable[[Item], str], draw: Draw) -> list[Item]:
    """The items in random order with as few neighbours of one scene as there can be.

    Each place is filled by chance from the items of another scene than the one before, unless some scene is left in
    such number that it must come now.

    Args:
        items: What is to be shown.
        scene: The scene of an item.
        draw: The source of chance.

    Returns:
        All items; neighbours of one scene only where more than half of all, rounded up, are of that scene.
    """
    left = [(item, scene(item)) for item in items]
    counts = Counter(shown for _, shown in left)
    ordered: list[Item] = []
    last: str | None = None
    while left:
        allowed = _allowed(counts, len(left), last)
        candidates = [place for place, (_, shown) in enumerate(left) if shown in allowed]
        item, last = left.pop(candidates[draw(len(candidates))])
        counts[last] -= 1
        ordered.append(item)
    return ordered


def _allowed(counts: Counter[str], remaining: int, last: str | None) -> set[str]:
    """The scenes that may come next: all but the last one; only the pressing one where one presses."""
    others = {scene for scene, count in counts.items() if count and scene != last}
    pressing = {scene for scene in others if 2 * counts[scene] > remaining}
    return pressing or others or {scene for scene, count in counts.items() if count}


def place_repeat(
    ordered: Sequence[Item], sources: Sequence[Item], scene: Callable[[Item], str], draw: Draw
) -> tuple[Item, int]:
    """Which item to show again, and where.

    Args:
        ordered: The slot so far.
        sources: The items that may be repeated, at least one, each in ``ordered``.
        scene: The scene of an item.
        draw: The source of chance.

    Returns:
        The item, and the place in ``ordered`` before which its repeat is put: by chance among those that are far enough
        from the first showing and leave the fewest neighbours of one scene. Where nothing is far enough, the farthest.
    """
    shown = {item: place for place, item in reversed(list(enumerate(ordered)))}
    numbers: dict[str, int] = {}
    scenes = np.array([numbers.setdefault(scene(item), len(numbers)) for item in ordered])
    costs = _costs(np.array([shown[item] for item in sources]), scenes)
    chosen = np.argwhere(costs == costs.min())
    source, gap = chosen[draw(len(chosen))].tolist()
    return sources[source], gap + 1


def _costs(firsts: Integers, scenes: Integers) -> Integers:
    """What a repeat costs, shape (sources, gaps): too near first, then the neighbours of one scene that it makes.

    Gap g lies behind place g. What stands before the first showing is no gap for it, and costs more than any.
    """
    gaps = np.arange(len(scenes))
    distance = gaps - firsts[:, np.newaxis] + 1
    scene, behind = scenes[firsts][:, np.newaxis], np.append(scenes[1:], -1)
    made = (scenes == scene).astype(np.int64) + (behind == scene) - (scenes == behind)
    near = np.maximum(REPEAT_DISTANCE - distance, 0)
    return np.where(distance >= 1, 4 * near + made, np.iinfo(np.int64).max)
