"""Landolt's rings (ISO 8596): a ring five times as wide as its gap; which way is the gap?

They are drawn in CSS pixels, for nobody knows how large these are, nor how far away somebody sits. So they tell whether
an observer sees details of that size as they sit there, which is what the study needs; they measure no visual acuity.
"""

import random

WAYS = ("right", "down", "left", "up")
NONE = "none"
GAPS_PX = (6, 6, 3, 3, 2, 2, 1, 1)
"""The gap of each ring in CSS pixels, in the order shown. 1 CSS pixel is about 1/96 inch at arm's length."""
NEEDED_PX = 2
"""Gaps down to this size must be seen, both times."""
ROUND = 2.5
"""Half a ring is so many gaps."""
TURNS = {"right": 0, "down": 90, "left": 180, "up": 270}


def ways(seed: int) -> tuple[str, ...]:
    """Which way each ring of a sitting opens; not twice running the same.

    >>> len(ways(7)) == len(GAPS_PX)
    True
    """
    chance = random.Random(seed)  # noqa: S311 — nothing secret rests on it
    chosen: list[str] = []
    for _ in GAPS_PX:
        chosen.append(chance.choice([way for way in WAYS if way not in chosen[-1:]]))
    return tuple(chosen)


def svg(seed: int, part: int) -> str:
    """A ring as SVG in CSS pixels, black on white, with white around it.

    Args:
        seed: The sitting's.
        part: Which ring, from 1.
    """
    gap, way = GAPS_PX[part - 1], ways(seed)[part - 1]
    side = round(4 * ROUND * gap)
    middle = side / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" viewBox="0 0 {side} {side}">'
        f'<rect width="{side}" height="{side}" fill="#fff"/>'
        f'<circle cx="{middle}" cy="{middle}" r="{2 * gap}" fill="none" stroke="#000" stroke-width="{gap}"/>'
        f'<rect x="{middle}" y="{middle - gap / 2}" width="{(ROUND + 0.1) * gap}" height="{gap}" fill="#fff" '
        f'transform="rotate({TURNS[way]} {middle} {middle})"/></svg>'
    )


def side_px(part: int) -> int:
    """Width and height of a ring's picture in CSS pixels."""
    return round(4 * ROUND * GAPS_PX[part - 1])


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
