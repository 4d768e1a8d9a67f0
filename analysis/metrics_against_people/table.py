"""Metrics per stimulus: a table of contents and conditions with a column for each metric."""

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.text_tables import TableError, line_of, read_table

KEYS = ("content", "condition")
NOT_METRICS = ("why", "flaws_why")
"""Reasons for values that are missing, as the study's own export names them."""
LESS_IS_BETTER = ("colour_deviation", "noise_amplification")
"""Of the columns that we know, those of which people should like little."""


def read_metrics(path: Path | str) -> pd.DataFrame:
    """Read a CSV file of metrics.

    Args:
        path: UTF-8, comma-separated: ``content``, ``condition`` and any number of metrics, one column each. An empty
            cell, ``nan`` or ``inf`` has no finite value.
    Returns:
        ``content`` and ``condition`` as text without blanks around it, each other column as float64.
    Raises:
        TableError: Names the file, line and column, and what to do.
    """
    path = Path(path)
    table: pd.DataFrame = read_table(path).apply(lambda column: column.str.strip())
    lacking = [name for name in KEYS if name not in table.columns]
    if lacking:
        raise TableError(f"{path}, line 1: the header lacks {', '.join(lacking)}; each row is of one of each")
    twice = table.duplicated(list(KEYS)).to_numpy()
    if twice.any():
        at = int(twice.argmax())
        named = f"content {table.loc[at, 'content']!r}, condition {table.loc[at, 'condition']!r}"
        raise TableError(f"{path}, line {line_of(path, at)}: a second row of {named}; keep one of them")
    names = metric_names(table)
    if not names:
        raise TableError(f"{path}, line 1: no metric beside content and condition; add a column for each")
    numbers = {name: _numbers(path, table[name]) for name in names}
    return table[list(KEYS)].assign(**numbers)


def metric_names(table: pd.DataFrame) -> tuple[str, ...]:
    """The columns that are metrics.

    >>> metric_names(pd.DataFrame(columns=["content", "condition", "psnr_db", "why"]))
    ('psnr_db',)
    """
    return tuple(str(name) for name in table.columns if name not in (*KEYS, *NOT_METRICS))


def _numbers(path: Path, column: "pd.Series[str]") -> "pd.Series[float]":
    values = pd.to_numeric(column.mask(column == "", "nan"), errors="coerce")
    wrong = (values.isna() & ~column.str.strip().str.lower().isin(("", "nan"))).to_numpy()
    if wrong.any():
        at = int(np.argmax(wrong))
        said = f"{column.iloc[at]!r} is no number; leave the cell empty where there is no value"
        raise TableError(f"{path}, line {line_of(path, at)}, column {column.name}: {said}")
    return values.astype(np.float64)
