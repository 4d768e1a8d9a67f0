"""Letters of any script in figures and on paper: a font of the machine, or the number of the letter; never a box."""

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.font_manager import fontManager

from analysis.reporting import fonts
from analysis.reporting.document import document
from analysis.reporting.figures.bars import PairVotes, preference_bars
from analysis.reporting.figures.sheet import as_png, as_svg, broken, settle, shortened
from analysis.reporting.fonts import families, legible, legible_tree, shapeless
from analysis.reporting.print.pdf import pages
from analysis.reporting.sections.order import SECTIONS
from tests.analysis.reporting.made import told

UNKNOWN = "\U0010fffd"
"""For private use, at the very end of Unicode: in no font."""
INVENTED = "\U0010f123"


@pytest.fixture
def invented(tmp_path: Path) -> Iterator[str]:
    """A font of the machine with one letter that no other font has."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for point in ((0, 500), (500, 500), (500, 0)):
        pen.lineTo(point)
    pen.closePath()
    made = FontBuilder(1000, isTTF=True)
    made.setupGlyphOrder([".notdef", "it"])
    made.setupCharacterMap({ord(INVENTED): "it"})
    made.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "it": pen.glyph()})
    made.setupHorizontalMetrics({".notdef": (500, 0), "it": (600, 0)})
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupNameTable({"familyName": "Invented Sans", "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    place = tmp_path / "invented.ttf"
    made.save(place)
    fontManager.addfont(place)
    fonts._family_with.cache_clear()
    yield "Invented Sans"
    fontManager.ttflist = [entry for entry in fontManager.ttflist if entry.fname != str(place)]
    fonts._family_with.cache_clear()


def test_a_letter_that_no_font_has_is_its_number() -> None:
    assert legible(f"{UNKNOWN}{UNKNOWN} original") == "⟨10FFFD 10FFFD⟩ original"
    assert shapeless([f"a{UNKNOWN}", f"{UNKNOWN}b"]) == [UNKNOWN]
    assert legible_tree({"a": [UNKNOWN, 1, None]}) == {"a": ["⟨10FFFD⟩", 1, None]}


def test_scripts_of_the_usual_font_and_what_has_no_shape_stay_as_they_are() -> None:
    for text in ("תמונה", "تحسين الصورة", "Δ ≤ −1", "a\u200bb\u200fc", "x\ufe0f", "two\nlines"):
        assert legible(text) == text
        assert families(text) == ["DejaVu Sans"]


def test_a_font_of_the_machine_is_used_where_it_has_the_letter(invented: str, caplog: pytest.LogCaptureFixture) -> None:
    assert legible(INVENTED) == INVENTED
    assert families(f"a{INVENTED}") == ["DejaVu Sans", invented]
    figure = preference_bars([PairVotes(f"a {INVENTED}", "b", 3, 1, 2)])
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        settle(figure)
        as_png(figure, 50)
    assert not caplog.records
    (name,) = (label for label in figure.axes[0].get_yticklabels() if INVENTED in label.get_text())
    assert name.get_fontfamily() == ["DejaVu Sans", invented]


def test_figures_and_paper_say_nothing_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    names = (f"{UNKNOWN}{UNKNOWN}", "auto", "original")
    found = document(told(names), SECTIONS, title=f"study {UNKNOWN}")
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        drawn = {plot.name: as_svg(plot.draw()) for plot in found.plots}
        assert len(pages(found.as_json(), drawn, dots_per_inch=20)) > 3
    assert not caplog.records
    notes = next(blocks for name, _, blocks in found.sections if name == "notes")
    assert "No font of the machine that made this report has 1 letter of its names" in str(notes)


def test_names_of_known_letters_have_no_such_note() -> None:
    assert "No font of the machine" not in str(document(told(), SECTIONS, title="x").as_json())


def test_long_names_that_begin_alike_stay_apart() -> None:
    names = [f"retuned-tone-curve-with-local-contrast-and-{end}" for end in ("grain", "halo", "HDR")]
    assert len({shortened(name, 16) for name in names}) == 3
    assert all(len(shortened(name, 16)) <= 16 for name in names)
    assert shortened("$1 and two and three", 9) == r"\$1 a…hree"
    assert broken(UNKNOWN) == "⟨10FFFD⟩"
