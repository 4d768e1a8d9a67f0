"""Tables as files: CSV for programs, LaTeX with booktabs for a paper."""

import csv
import io
from collections.abc import Sequence

from analysis.reporting.document import Table
from analysis.reporting.forms import raw, written

LATEX: dict[str, str] = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "−": "$-$",
    "∞": r"$\infty$",
    "Δ": r"$\Delta$",
    "ρ": r"$\rho$",
    "ν": r"$\nu$",
    "–": "--",
    "\N{NO-BREAK SPACE}": "~",
    "\n": " ",
    "\r": " ",
    "\t": " ",
}
"""What a sign of a text becomes, so that it is read as that sign."""


def as_csv(table: Table) -> str:
    """RFC 4180 in UTF-8: one head, whole numbers and limits in cells of their own, nothing where there is nothing."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(table.heads)
    for row in table.rows:
        cells = [raw(cell, column.form) for cell, column in zip(row, table.columns, strict=True)]
        rows.writerow([part for parts in cells for part in parts])
    return out.getvalue()


def as_latex(table: Table) -> str:
    """A longtable-free ``table`` with ``booktabs`` rules; a preamble needs ``\\usepackage{booktabs}`` and UTF-8."""
    letters = "".join("l" if column.form == "text" else "r" for column in table.columns)
    body = [
        _line([written(cell, column.form) for cell, column in zip(row, table.columns, strict=True)])
        for row in table.rows
    ]
    head = [*_groups(table), _line([column.title for column in table.columns])]
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{latex(table.caption)}}}",
            rf"  \label{{tab:{table.name}}}",
            rf"  \begin{{tabular}}{{{letters}}}",
            r"    \toprule",
            *(f"    {line}" for line in head),
            r"    \midrule",
            *(f"    {line}" for line in body),
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def latex(text: str) -> str:
    """Text with every sign that LaTeX would take for a command as itself.

    >>> latex("50 % of a_b & $c$")
    '50 \\\\% of a\\\\_b \\\\& \\\\$c\\\\$'
    """
    return "".join(LATEX.get(sign, sign) for sign in text if sign in LATEX or sign.isprintable())


def _line(cells: Sequence[str]) -> str:
    # An opening bracket after \\ would be read as that command's option.
    said = [latex(cell) for cell in cells]
    said = [f"{{{cell}}}" if cell.startswith("[") else cell for cell in said]
    return " & ".join(said) + r" \\"


def _groups(table: Table) -> list[str]:
    if not table.groups:
        return []
    heads, rules, place = [], [], 1
    for name, width in table.groups:
        heads.append(rf"\multicolumn{{{width}}}{{c}}{{{latex(name)}}}" if name else "")
        rules += [rf"\cmidrule(lr){{{place}-{place + width - 1}}}"] if name else []
        place += width
    return [" & ".join(heads) + r" \\", " ".join(rules)]
