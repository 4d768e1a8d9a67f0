"""Tables as text: CSV, and JSON Lines."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from studyapp.services.tables import Column, Kind, Row

Told = Callable[[Any], Any]


def iso(value: datetime | None) -> str | None:
    """A time as files and the API write it: UTC, with milliseconds."""
    return None if value is None else value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _true_or_false(value: bool | None) -> str:
    return "" if value is None else "true" if value else "false"


# What a value of a type is written as, where the writer itself would write something else.
IN_CSV: dict[Kind, Told] = {"boolean": _true_or_false, "time": iso}
IN_JSON: dict[Kind, Told] = {"time": iso, "text": lambda value: value or None}


def csv_pieces(columns: Mapping[str, Column], batches: Iterable[Sequence[Row]]) -> Iterator[str]:
    """A header line, then pieces of whole lines."""
    yield _written([tuple(columns)])
    told = _told(columns, IN_CSV)
    for rows in batches:
        yield _written(_changed(rows, told))


def json_pieces(columns: Mapping[str, Column], batches: Iterable[Sequence[Row]]) -> Iterator[str]:
    """One object a line; what is empty in CSV is null here."""
    write = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
    for rows in batches:
        yield "".join(f"{write(row)}\n" for row in json_rows(columns, rows))


def json_rows(columns: Mapping[str, Column], rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Rows as JSON has them, by the names of their columns."""
    names = tuple(columns)
    for row in _changed(rows, _told(columns, IN_JSON)):
        yield dict(zip(names, row, strict=True))


def _told(columns: Mapping[str, Column], words: Mapping[Kind, Told]) -> list[tuple[int, Told]]:
    """The places of a row that aren't written as they stand."""
    return [(place, words[column.kind]) for place, column in enumerate(columns.values()) if column.kind in words]


def _changed(rows: Iterable[Row], told: Sequence[tuple[int, Told]]) -> Iterator[list[Any]]:
    for row in rows:
        cells = list(row)
        for place, tell in told:
            cells[place] = tell(cells[place])
        yield cells


def _written(rows: Iterable[Sequence[Any]]) -> str:
    out = StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
