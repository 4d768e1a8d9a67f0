"""The report on paper: typst sets the same sections, figures and tables that the page shows.

Everything that people have written reaches typst in a JSON file, as strings, so that no sign in it is markup.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import matplotlib
import typst

from analysis.reporting.fonts import legible_tree

TEMPLATE = Path(__file__).with_name("report.typ")
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
"""DejaVu, which comes with matplotlib, for letters that typst's own serif lacks: Arabic, Hebrew and others."""
KEY_SHOWN = 12


def printed(
    told: Mapping[str, Any],
    figures: Mapping[str, bytes],
    *,
    question: str = "",
    made: str = "",
    key: str = "",
) -> bytes:
    """The report as a PDF with its fonts in it, A4.

    Args:
        told: ``Document.as_json``.
        figures: An SVG for each figure, by name.
        question: What was asked, below the title.
        made: When and by what, for the foot of each page.
        key: The hash that the report is kept under; its first letters stand at the head of each page.
    Raises:
        KeyError: A figure of the document is missing.
    """
    (pdf,) = _set(told, figures, question=question, made=made, key=key, format="pdf")
    return pdf


def pages(told: Mapping[str, Any], figures: Mapping[str, bytes], *, dots_per_inch: float = 100.0) -> list[bytes]:
    """Each page of the same as a PNG, to be looked at."""
    return _set(told, figures, format="png", dots_per_inch=dots_per_inch)


def _set(
    told: Mapping[str, Any],
    figures: Mapping[str, bytes],
    *,
    format: Literal["pdf", "png"],
    question: str = "",
    made: str = "",
    key: str = "",
    dots_per_inch: float = 100.0,
) -> list[bytes]:
    data = legible_tree({**told, "question": question, "made": made, "key": key[:KEY_SHOWN]})
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copyfile(TEMPLATE, folder / TEMPLATE.name)
        (folder / "report.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        (folder / "figures").mkdir()
        for block in (block for section in told["sections"] for block in section["blocks"] if block["is"] == "figure"):
            (folder / "figures" / f"{block['name']}.svg").write_bytes(figures[block["name"]])
        made_of = typst.compile(
            str(folder / TEMPLATE.name), root=str(folder), font_paths=[str(FONTS)], format=format, ppi=dots_per_inch
        )
    return list(made_of) if isinstance(made_of, list) else [made_of]
