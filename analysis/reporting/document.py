"""A report as a page, a PDF and files have it in common: sections of words, figures and tables.

Everything in it is plain text: it is put on a page or on paper as data, never as markup.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from matplotlib.figure import Figure

from analysis.reporting.forms import Cell, written

Told = Mapping[str, Any]
"""The numbers of a report as its JSON has them (``Report.as_json``), with what an installation knows beside them."""


@dataclass(frozen=True)
class Words:
    """A paragraph.

    Attributes:
        text: Plain text.
        kind: ``plain``; ``note`` for the small print; ``warning``; ``item`` of a list; ``head`` within a section.
        lead: Its first words, set apart.
    """

    text: str
    kind: str = "plain"
    lead: str = ""


@dataclass(frozen=True)
class Plot:
    """A figure that can be drawn.

    Attributes:
        name: Of its files, unique in the report.
        caption: What it shows, in words, with n, model and kind of interval.
        heard: For who can't see it: what it shows and where the numbers are.
        draw: Draws it.
    """

    name: str
    caption: str
    heard: str
    draw: Callable[[], Figure]


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        title: Its head.
        key: Its name in a CSV file; an interval's become ``key_low`` and ``key_high``.
        form: A key of ``FORMS``.
        group: What stands above it and its neighbours of the same group.
    """

    title: str
    key: str
    form: str = "text"
    group: str = ""


@dataclass(frozen=True)
class Table:
    """A table; ``name`` is that of its files, unique in the report, and every row has a cell per column."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def heads(self) -> list[str]:
        """The names of a CSV file's columns."""
        return [
            name
            for column in self.columns
            for name in ([f"{column.key}_low", f"{column.key}_high"] if column.form == "interval" else [column.key])
        ]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Heads above the columns, each with how many columns it spans; empty where no column has one."""
        spans: list[tuple[str, int]] = []
        for column in self.columns:
            if spans and spans[-1][0] == column.group and column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        return spans if any(name for name, _ in spans) else []


@dataclass(frozen=True)
class Side:
    """One of two pictures, and what is said below it.

    Attributes:
        condition: Whose picture.
        chosen_by: Who prefers it, as "people".
        votes: What it got, in words.
        values: Names of metrics and what they say of it, as people read them.
    """

    condition: str
    chosen_by: str
    votes: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Pair:
    """Two pictures of a content; ``note`` is what is said of both."""

    content: str
    sides: tuple[Side, Side]
    note: str = ""


@dataclass(frozen=True)
class Pairs:
    """Pictures side by side. A page that has them at hand shows them; paper and files leave them out."""

    pairs: tuple[Pair, ...]


Block = Words | Plot | Table | Pairs
Kind = TypeVar("Kind", Plot, Table)


@dataclass(frozen=True)
class Section:
    """A part of the report; one that makes no block isn't there.

    Attributes:
        name: Of its anchor.
        title: Its heading.
        blocks: From the report's numbers to what it shows.
    """

    name: str
    title: str
    blocks: Callable[[Told], Iterable[Block]]


@dataclass(frozen=True)
class Document:
    """A whole report.

    Attributes:
        title: The study's name.
        stamp: What is stamped on it; None for nothing.
        sections: Name, title, blocks; none without blocks.
    """

    title: str
    stamp: str | None
    sections: tuple[tuple[str, str, tuple[Block, ...]], ...]

    @property
    def blocks(self) -> Iterator[Block]:
        """All of them, in order."""
        return (block for _, _, blocks in self.sections for block in blocks)

    @property
    def plots(self) -> list[Plot]:
        """The figures, in order."""
        return self._of(Plot)

    @property
    def tables(self) -> list[Table]:
        """The tables, in order."""
        return self._of(Table)

    def _of(self, kind: type[Kind]) -> list[Kind]:
        return [block for block in self.blocks if isinstance(block, kind)]

    def as_json(self) -> dict[str, Any]:
        """Plain data, with figures and tables numbered, cells as people read them."""
        numbers: dict[tuple[type, str], int] = {(Plot, plot.name): k for k, plot in enumerate(self.plots, start=1)}
        numbers |= {(Table, table.name): k for k, table in enumerate(self.tables, start=1)}
        return {
            "title": self.title,
            "stamp": self.stamp,
            "sections": [
                {"name": name, "title": title, "blocks": [_block(block, numbers) for block in blocks]}
                for name, title, blocks in self.sections
            ],
        }


def document(told: Told, sections: Sequence[Section], *, title: str) -> Document:
    """What ``sections`` show of a report's numbers.

    Raises:
        ValueError: Two figures or tables of one name.
    """
    made = [(section.name, section.title, tuple(section.blocks(told))) for section in sections]
    whole = Document(title, told["stamp"], tuple(part for part in made if part[2]))
    for names in ([plot.name for plot in whole.plots], [table.name for table in whole.tables]):
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(
                f"two are called {', '.join(sorted(twice))}; each figure and table needs a name for its files"
            )
    return whole


def _block(block: Block, numbers: Mapping[tuple[type, str], int]) -> dict[str, Any]:
    if isinstance(block, Words):
        return {"is": block.kind, "text": block.text, "lead": block.lead}
    if isinstance(block, Pairs):
        return {"is": "pairs", **asdict(block)}
    head = {"name": block.name, "number": numbers[type(block), block.name], "caption": block.caption}
    if isinstance(block, Plot):
        return {"is": "figure", **head, "heard": block.heard}
    return {
        "is": "table",
        **head,
        "groups": block.groups,
        "columns": [
            {"title": column.title, "is_text": column.form == "text", "starts_group": _starts(block, k)}
            for k, column in enumerate(block.columns)
        ],
        "rows": [
            [written(cell, column.form) for cell, column in zip(row, block.columns, strict=True)] for row in block.rows
        ],
    }


def _starts(table: Table, k: int) -> bool:
    return k > 0 and bool(table.groups) and table.columns[k].group != table.columns[k - 1].group
