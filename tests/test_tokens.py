"""Colours stand in tokens.css alone, and every pair that the pages use can be read in both themes (WCAG 2.2, AA)."""

import re
from pathlib import Path

import pytest

STYLES = Path(__file__).parents[1] / "studyapp/static/studyapp"
TOKENS = (STYLES / "tokens.css").read_text()
TEXT, CONTROL = 4.5, 3.0

ON_PAPER = ("ground", "surface", "surface-sunken")
PAIRS = [
    *((ink, paper, TEXT) for ink in ("ink", "ink-soft", "accent", "good", "caution", "bad") for paper in ON_PAPER),
    *((word, f"{word}-wash", TEXT) for word in ("good", "caution", "bad", "accent")),
    *(
        (ink, wash, TEXT)
        for ink in ("ink", "accent")
        for wash in ("good-wash", "caution-wash", "bad-wash", "accent-wash")
    ),
    ("accent-ink", "accent", TEXT),
    ("accent-ink", "accent-near", TEXT),
    *(("edge-control", paper, CONTROL) for paper in ON_PAPER),
    # observers' pages, and pictures on researchers'
    *(("grey-0", paper, TEXT) for paper in ("mat", "grey-127", "grey-142", "grey-153", "grey-163")),
    *(("grey-255", button, TEXT) for button in ("grey-25", "grey-43", "grey-56", "grey-74")),
    ("grey-255", "grey-90", CONTROL),
]


def colours(theme: int) -> dict[str, str]:
    """Every colour token; 0 is light, 1 is dark."""
    found = re.findall(r"--([\w-]+):\s*(?:light-dark\((#\w{6}), (#\w{6})\)|(#\w{6}))\s*;", TOKENS)
    return {name: (light, dark)[theme] or both for name, light, dark, both in found}


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2.2, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour, 0 to 1."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_contrast_is_what_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_pair_can_be_read(theme: int) -> None:
    known = colours(theme)
    faint = [
        f"{ink} on {paper}: {contrast(known[ink], known[paper]):.2f} < {least}"
        for ink, paper, least in PAIRS
        if contrast(known[ink], known[paper]) < least
    ]
    assert not faint


def test_pictures_lie_on_srgb_119() -> None:
    assert colours(0)["mat"] == colours(1)["mat"] == "#777777"
    assert all(len({grey[1:3], grey[3:5], grey[5:7]}) == 1 for name, grey in colours(0).items() if "grey" in name)


@pytest.mark.parametrize(
    "sheet", sorted(set(STYLES.rglob("*.css")) - {STYLES / "tokens.css"}), ids=lambda path: path.name
)
def test_no_other_stylesheet_names_a_colour(sheet: Path) -> None:
    code = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{}]*;)|\b(?:rgb|hsl|lch|oklch|lab|oklab)a?\(", code) == []


def test_every_token_that_is_used_is_there() -> None:
    defined = set(re.findall(r"(--[\w-]+):", TOKENS))
    for sheet in STYLES.rglob("*.css"):
        code = sheet.read_text()
        used = set(re.findall(r"var\((--[\w-]+)", code))
        assert used <= defined | set(re.findall(r"(--[\w-]+):", code)), sheet.name
