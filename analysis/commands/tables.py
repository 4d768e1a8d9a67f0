"""Tables for a terminal, and numbers in them."""

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]], text: int = 1) -> str:
    """Columns as wide as their widest cell: the first ``text`` of them flush left, the numbers flush right.

    >>> print(aligned([["name", "n"], ["a", "10"]]))
      name   n
      a     10
    """
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    flush = [str.ljust if k < text else str.rjust for k in range(len(widths))]
    return "\n".join(
        "  " + "  ".join(put(cell, width) for put, cell, width in zip(flush, row, widths, strict=True)).rstrip()
        for row in rows
    )


def number(value: float | None, shown: str = ".2f") -> str:
    """A value as ``shown``, or a dash where there is none.

    >>> number(0.256), number(None), number(0.5, ".0%")
    ('0.26', '–', '50%')
    """
    return "–" if value is None else format(value, shown)
