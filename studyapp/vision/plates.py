"""Colour plates in the manner of the pseudo-isochromatic ones: a digit of dots among dots of another colour.

The two colours of a plate lie on a line that somebody without one kind of cone can't see along: they excite the other
two kinds alike. Dots differ in lightness at random, so that lightness doesn't betray the digit. On a screen of unknown
colours this is a screening: it tells who should not judge colours here, and diagnoses nothing.

Viénot, Brettel, Mollon: Digital video colourmaps for checking the legibility of displays by dichromats. Color Research
and Application 24 (1999) 243-252: the matrix from linear RGB of the primaries of BT.709 to the cones.
"""

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

KINDS = ("control", "deutan", "protan", "deutan", "protan")
"""What each plate tests, in the order shown. The control is seen by all who understood what is asked."""
ALLOWED_WRONG = 1
"""Of the plates after the control; two or more wrong is a colour vision that differs, or a screen that does."""
DIGITS = "2345679"
NONE = "none"

LMS_OF_RGB = np.array(
    [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]], dtype=np.float64
)
CONE = {"protan": 0, "deutan": 1}
GREY = 0.27
STRENGTHS = (1.0, 0.9, 0.9, 0.75, 0.75)
JITTER = 0.28
"""Dots are up to so much lighter or darker, in linear light."""

SIZE = 100.0
RADII = ((3.1, 500), (2.4, 900), (1.8, 1500), (1.3, 2200))
"""Radius of dots, of a plate 100 across, and how often a place is tried for one."""
SPACE = 0.35
SQUARE = 2 * RADII[0][0] + SPACE
STROKE = 5.6
SEGMENTS = {
    "a": ((33, 23), (67, 23)), "b": ((67, 23), (67, 50)), "c": ((67, 50), (67, 77)), "d": ((33, 77), (67, 77)),
    "e": ((33, 50), (33, 77)), "f": ((33, 23), (33, 50)), "g": ((33, 50), (67, 50)),
}  # fmt: skip
STROKES = {
    "2": "abged", "3": "abgcd", "4": "fgbc", "5": "afgcd", "6": "afgecd", "7": "abc", "9": "abcdfg",
}  # fmt: skip


@dataclass(frozen=True)
class Dot:
    """One dot of a plate; the colour is sRGB as ``#rrggbb``."""

    x: float
    y: float
    radius: float
    colour: str
    is_figure: bool


def digits(seed: int) -> str:
    """The digits of a sitting's plates, all different.

    >>> len(set(digits(7)))
    5
    """
    return "".join(random.Random(seed).sample(DIGITS, len(KINDS)))  # noqa: S311 — nothing secret rests on it


def seed_of(secret: str) -> int:
    """A sitting's seed for its plates and rings, 32 bits of a hash: stored with what was answered.

    >>> seed_of("a") == seed_of("a") != seed_of("b")
    True
    """
    return int.from_bytes(hashlib.sha256(secret.encode()).digest()[:4])


@lru_cache(maxsize=64)
def plate(seed: int, part: int) -> tuple[Dot, ...]:
    """The dots of one plate.

    Args:
        seed: The sitting's, from `seed_of`.
        part: Which plate, from 1.

    >>> {dot.is_figure for dot in plate(7, part=1)}
    {False, True}
    """
    kind, digit = KINDS[part - 1], digits(seed)[part - 1]
    chance = random.Random(seed * len(KINDS) + part)  # noqa: S311
    figure, ground = colours(kind, STRENGTHS[part - 1])
    dots = []
    for x, y, radius in _places(chance):
        is_figure = _is_in(digit, x, y)
        lightness = 1 + JITTER * (2 * chance.random() - 1)
        colour = _as_srgb((figure if is_figure else ground) * lightness)
        dots.append(Dot(round(x, 2), round(y, 2), radius, colour, is_figure))
    return tuple(dots)


def colours(kind: str, strength: float) -> tuple[Floats, Floats]:
    """The colours of digit and ground, linear RGB of shape (3,), before lightness varies.

    Of a plate that tests a kind of cone, both excite the other two kinds alike.

    Raises:
        KeyError: No such kind.
    """
    if kind == "control":
        return np.array([0.62, 0.36, 0.06]), np.array([0.1, 0.1, 0.13])
    along = np.linalg.inv(LMS_OF_RGB)[:, CONE[kind]]
    step = along / np.abs(along).max() * GREY * strength * (1 if along[0] > 0 else -1)
    return GREY + step, GREY - step


def _places(chance: random.Random) -> Iterator[tuple[float, float, float]]:
    """Dots that don't touch, the largest first, in a disc; only those in the squares around a place are asked."""
    middle, near = SIZE / 2, defaultdict[tuple[int, int], list[tuple[float, float, float]]](list)
    for radius, tries in RADII:
        for _ in range(tries):
            x, y = chance.random() * SIZE, chance.random() * SIZE
            if (x - middle) ** 2 + (y - middle) ** 2 > (middle - radius) ** 2:
                continue
            column, row = int(x / SQUARE), int(y / SQUARE)
            around = (near[column + right, row + down] for right in (-1, 0, 1) for down in (-1, 0, 1))
            if any(_touch((x, y, radius), other) for others in around for other in others):
                continue
            near[column, row].append((x, y, radius))
            yield x, y, radius


def _touch(one: tuple[float, float, float], other: tuple[float, float, float]) -> bool:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 < (one[2] + other[2] + SPACE) ** 2


def _is_in(digit: str, x: float, y: float) -> bool:
    return any(_distance(x, y, *SEGMENTS[name]) <= STROKE for name in STROKES[digit])


def _distance(x: float, y: float, start: tuple[int, int], end: tuple[int, int]) -> float:
    along = (end[0] - start[0], end[1] - start[1])
    share = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / (along[0] ** 2 + along[1] ** 2)
    share = min(max(share, 0.0), 1.0)
    return float(np.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1]))


def _as_srgb(linear: Floats) -> str:
    clipped = np.clip(linear, 0, 1)
    encoded = np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055)
    red, green, blue = np.rint(encoded * 255).astype(int).tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"


def svg(seed: int, part: int) -> str:
    """A plate as SVG."""
    circles = "".join(
        f'<circle cx="{dot.x}" cy="{dot.y}" r="{dot.radius}" fill="{dot.colour}"/>' for dot in plate(seed, part)
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE:g} {SIZE:g}">{circles}</svg>'


def passed(seen: list[str], shown: str) -> bool:
    """Whether the control was seen, and all but one of the others.

    >>> passed(["2", "3", "4", "none", "6"], shown="23456"), passed(["none", "3", "4", "5", "6"], shown="23456")
    (True, False)
    """
    right = [one == other for one, other in zip(seen, shown, strict=True)]
    return right[0] and right[1:].count(False) <= ALLOWED_WRONG
