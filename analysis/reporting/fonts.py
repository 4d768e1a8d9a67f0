"""Letters that figures and paper can show: the fonts of this machine, and what stands for a letter that none has.

DejaVu Sans comes with matplotlib and has Latin, Greek, Cyrillic, Arabic, Hebrew and signs. For other scripts any
font of the machine will do. A letter that no font has is written as its Unicode number between angle brackets, which
is legible and says which letter it is; an empty box would be neither.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Any

from matplotlib.font_manager import FontEntry, fontManager
from matplotlib.ft2font import FT2Font

USUAL = "DejaVu Sans"
BOXES = "Last Resort"
"""What comes with matplotlib to draw a box for any letter whatever."""
SHAPELESS = ("Cc", "Cf", "Zs", "Zl", "Zp")
SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
PLAIN_WEIGHTS = (400, "normal", "regular", "book")
INSTALL = (
    "Install a font that has them (on Debian or Ubuntu: fonts-noto-cjk, fonts-noto-core) where workers run, and make "
    "the report again."
)


@cache
def _letters(path: str) -> frozenset[int]:
    """What a font has; nothing of a file that isn't one, such as a font of bitmaps."""
    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()


@cache
def _family_with(letter: str) -> str | None:
    """A font family that has the letter, the usual one first; None where no font of the machine has it."""
    for entry in sorted(fontManager.ttflist, key=_liking):
        if not entry.name.startswith(BOXES) and ord(letter) in _letters(entry.fname):
            return entry.name
    return None


def _liking(entry: FontEntry) -> tuple[bool, bool, bool, str, str]:
    """What the best font comes first by: the usual one, upright and regular ones, those without serifs."""
    is_plain = entry.style == "normal" and entry.weight in PLAIN_WEIGHTS
    return entry.name != USUAL, not is_plain, "sans" not in entry.name.lower(), entry.name, entry.fname


def _needs_no_shape(letter: str) -> bool:
    return unicodedata.category(letter) in SHAPELESS or SELECTORS.match(letter) is not None


def families(text: str) -> list[str]:
    """The font families that show a text, the usual one first.

    >>> families("score, ΔE00, צבע")
    ['DejaVu Sans']
    """
    found = {_family_with(letter) for letter in set(text) if not _needs_no_shape(letter)}
    return [USUAL, *sorted(family for family in found if family not in (None, USUAL))]


def shapeless(texts: Iterable[str]) -> list[str]:
    """The letters that no font of the machine has, each once, in their order.

    >>> shapeless(["plain", "text"])
    []
    """
    letters = dict.fromkeys(letter for text in texts for letter in text)
    return [letter for letter in letters if not _needs_no_shape(letter) and _family_with(letter) is None]


def legible(text: str) -> str:
    """The text, letters that no font has written as their Unicode numbers; words stay apart.

    >>> legible("auto, ΔE00"), legible("a\U0010fffdb")
    ('auto, ΔE00', 'a⟨10FFFD⟩b')
    """
    without = set(shapeless([text]))
    if not without:
        return text
    runs = re.compile(f"[{re.escape(''.join(sorted(without)))}]+")
    return runs.sub(lambda run: f"⟨{' '.join(f'{ord(letter):04X}' for letter in run.group())}⟩", text)


def legible_tree(told: Any) -> Any:
    """The same for every text in plain data, keys left as they are."""
    if isinstance(told, str):
        return legible(told)
    if isinstance(told, dict):
        return {key: legible_tree(value) for key, value in told.items()}
    return [legible_tree(one) for one in told] if isinstance(told, list | tuple) else told
