"""Landolt's rings (ISO 8596): a ring five times as wide as its gap; which way is the gap?

Here is how they are drawn, and the rings of somebody whose screen wasn't measured: these are in CSS pixels, and tell
whether details of so many pixels are seen, which is no visual acuity. Those by visual angle are in `acuity`.
"""

import random

WAYS = ("right", "down", "left", "up")
NONE = "none"
GAPS_PX = (6, 6, 3, 3, 2, 2, 1, 1)
"""The gap of each ring in CSS pixels, in the order shown. 1 CSS pixel is about 1/96 inch at arm's length."""
NEEDED_PX = 2
"""Gaps down to this size must be seen, both times."""
ACROSS = 7
"""A picture is so many gaps wide: the ring, and one of white on each side. Of the ring's edges and the gap's each lies
on a whole gap, so that they are sharp where a gap is whole pixels."""
TURNS = {"right": 0, "down": 90, "left": 180, "up": 270}


def ways(seed: int, count: int = len(GAPS_PX)) -> tuple[str, ...]:
    """Which way each ring of a sitting opens; not twice running the same, and the same for however many.

    >>> ways(7, count=12)[: len(GAPS_PX)] == ways(7)
    True
    """
    chance = random.Random(seed)  # noqa: S311 — nothing secret rests on it
    chosen: list[str] = []
    for _ in range(count):
        chosen.append(chance.choice([way for way in WAYS if way not in chosen[-1:]]))
    return tuple(chosen)


def svg(gap: int, way: str, side_px: float) -> str:
    """A ring as SVG, black on white, with white around it.

    Args:
        gap: Its gap in whole pixels, of the kind that it is to be sharp on.
        way: Which way it opens, one of `WAYS`.
        side_px: Width and height of the picture, CSS pixels.
    """
    side, middle = ACROSS * gap, ACROSS * gap / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side_px}" height="{side_px}" viewBox="0 0 {side} {side}">'
        f'<rect width="{side}" height="{side}" fill="#fff"/>'
        f'<circle cx="{middle}" cy="{middle}" r="{2 * gap}" fill="none" stroke="#000" stroke-width="{gap}"/>'
        f'<rect x="{middle}" y="{3 * gap}" width="{3 * gap}" height="{gap}" fill="#fff" '
        f'transform="rotate({TURNS[way]} {middle} {middle})"/></svg>'
    )


def finest_px(seen: list[str], shown: tuple[str, ...]) -> int | None:
    """The smallest gap of which, and of all larger ones, both rings were seen; None where not even the largest was.

    >>> finest_px(["up"] * 5 + ["none"] * 3, shown=("up",) * 8)
    3
    """
    finest = None
    for gap in sorted(set(GAPS_PX), reverse=True):
        here = [one == way for one, way, size in zip(seen, shown, GAPS_PX, strict=True) if size == gap]
        if not all(here):
            break
        finest = gap
    return finest


def passed(seen: list[str], shown: tuple[str, ...]) -> bool:
    """Whether details of `NEEDED_PX` are seen."""
    finest = finest_px(seen, shown)
    return finest is not None and finest <= NEEDED_PX
