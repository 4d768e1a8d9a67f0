"""CSV files as tables of text, with the line of whatever is wrong in them.

Each file is walked once before it is parsed, line by line and in constant memory: pandas would fill a line that breaks
off with empty cells, and then nobody could tell it from one that was meant so.
"""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pandas as pd


class TableError(ValueError):
    """A file that is no table; says where and what to do."""


def read_table(path: Path) -> pd.DataFrame:
    """Read a CSV file.

    Args:
        path: UTF-8, comma-separated, with a header line.
    Returns:
        All cells as text, empty ones as "".
    Raises:
        TableError: Names the file, the line and what to do.
    """
    if not path.is_file():
        raise TableError(f"{path}: no such file; give the CSV file of an export")
    try:
        _require_whole(path)
    except UnicodeDecodeError as error:
        raise TableError(f"{path}, line {_undecodable(path)}: not UTF-8; save the file as CSV in UTF-8") from error
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", skip_blank_lines=False)
    if not len(table):
        raise TableError(f"{path}: a header but no votes below it")
    return table


def line_of(path: Path, row: int) -> int:
    """The line that a row of the table begins at, both counted from where a person would: row 0 is below the header.

    A quoted cell may run over several lines, so the file is walked again.
    """
    return next(line for line, _ in islice(_lines(path), row + 1, None))


def _require_whole(path: Path) -> None:
    lines = _lines(path)
    try:
        header = next(lines, (1, []))[1]
        _require_header(path, header)
        for line, cells in lines:
            if len(cells) != len(header) and cells:
                said = f"{len(cells)} cells where the header has {len(header)}"
                raise TableError(f"{path}, line {line}: {said}; not a table: every line needs as many cells")
            if cells and "\0" in "".join(cells):
                raise TableError(f"{path}, line {line}: holds a NUL byte; the file is damaged, export it again")
    except csv.Error as error:
        raise TableError(f"{path}: not a table: {error}; look for a quote that is never closed") from error


def _require_header(path: Path, header: list[str]) -> None:
    if not header:
        raise TableError(f"{path}: the file is empty; its first line must name the columns")
    twice = [name for k, name in enumerate(header) if name in header[:k]]
    if twice:
        raise TableError(f"{path}, line 1: the header names column {twice[0]!r} twice; rename one of them")


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each line of cells, with the line of the file it begins at."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        begins = 1
        for cells in reader:
            yield begins, cells
            begins = reader.line_num + 1


def _undecodable(path: Path) -> int:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    raise AssertionError("a file that failed to decode as a whole fails in one of its lines")
