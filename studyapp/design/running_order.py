"""The order within a slot: random, the same scene never twice running where that can be had."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
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
    left = list(items)
    counts = Counter(scene(item) for item in left)
    ordered: list[Item] = []
    while left:
        last = scene(ordered[-1]) if ordered else None
        allowed = _allowed(counts, len(left), last)
        candidates = [place for place, item in enumerate(left) if scene(item) in allowed]
        item = left.pop(candidates[draw(len(candidates))])
        counts[scene(item)] -= 1
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
    scenes = [scene(item) for item in ordered]
    options = [option for item in sources for option in _options(ordered.index(item), scenes, item)]
    best = min(cost for cost, _, _ in options)
    chosen = [(item, gap) for cost, item, gap in options if cost == best]
    return chosen[draw(len(chosen))]


def _options(first: int, scenes: Sequence[str], item: Item) -> list[tuple[tuple[int, int], Item, int]]:
    return [
        ((max(0, REPEAT_DISTANCE - (gap - first)), _neighbours_made(scenes, gap, scenes[first])), item, gap)
        for gap in range(first + 1, len(scenes) + 1)
    ]


def _neighbours_made(scenes: Sequence[str], gap: int, scene: str) -> int:
    """By how many the pairs of neighbours of one scene grow when the scene is put before ``gap``."""
    around = scenes[gap - 1 : gap + 1]
    return sum(other == scene for other in around) - (len(around) == 2 and around[0] == around[1])
