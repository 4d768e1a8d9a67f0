"""The table as text, CSV and LaTeX: the paper's layout, cameras down and methods across, once for each definition."""

import csv
import io
from collections.abc import Iterator

from enhancement.nn.evaluation.comparison import Cell, Comparison
from enhancement.nn.evaluation.intervals import Estimate

DEFINITIONS = {
    "As in the paper: PSNR pooled over 50 patches, and MS-SSIM": ("psnr_batch50", "ms_ssim_batch50"),
    "Per image: PSNR and single-scale SSIM of each patch, averaged": ("psnr_per_image", "ssim_per_image"),
}
DECIMALS = {"psnr_batch50": 2, "psnr_per_image": 2, "ms_ssim_batch50": 4, "ssim_per_image": 4}


def as_text(comparison: Comparison) -> str:
    """For people: both definitions, each value with its interval under it, then all differences."""
    parts = [comparison.title]
    for title, measures in DEFINITIONS.items():
        parts.append("\n".join([title, *aligned(list(grid(comparison, measures)))]))
    parts.append("\n".join(["Differences, on the same scenes", *aligned(list(differences(comparison)))]))
    return "\n\n".join([*parts, *footnotes(comparison)])


def grid(comparison: Comparison, measures: tuple[str, str]) -> Iterator[list[str]]:
    """The paper's layout: for each camera a row of values and a row of intervals."""
    yield ["", *comparison.methods]
    for camera in comparison.cameras:
        cells = [comparison.cell(camera, method) for method in comparison.methods]
        yield [camera, *(" / ".join(number(cell, name) for name in measures) if cell else "–" for cell in cells)]
        yield ["", *(" / ".join(interval_of(cell, name) for name in measures) if cell else "" for cell in cells)]


def differences(comparison: Comparison) -> Iterator[list[str]]:
    """A row for each camera and pair of methods; a star where the interval excludes zero."""
    yield ["", "", *DECIMALS]
    for one in comparison.differences:
        yield [one.camera, f"{one.method} − {one.other}", *(signed(one.estimates[name], name) for name in DECIMALS)]


def footnotes(comparison: Comparison) -> Iterator[str]:
    """What the intervals are over."""
    for camera in comparison.cameras:
        cell = next(cell for cell in comparison.cells if cell.camera == camera)
        over = f"{cell.units} held-out scenes" if cell.scenes_known else "patches, whose scenes aren't known: too short"
        yield f"{camera}: {cell.patches} patches; 95 % intervals over {over}."


def aligned(rows: list[list[str]]) -> list[str]:
    """Columns as wide as their widest entry."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def number(cell: Cell, measure: str) -> str:
    """A value, as the paper prints it."""
    return f"{cell.estimates[measure].value:.{DECIMALS[measure]}f}"


def interval_of(cell: Cell, measure: str) -> str:
    """Its interval."""
    one, places = cell.estimates[measure], DECIMALS[measure]
    return f"[{one.low:.{places}f}, {one.high:.{places}f}]"


def signed(one: Estimate, measure: str) -> str:
    """A difference with its interval."""
    places = DECIMALS[measure]
    return f"{one.value:+.{places}f} [{one.low:+.{places}f}, {one.high:+.{places}f}]{'*' if one.excludes_zero else ' '}"


def as_csv(comparison: Comparison) -> str:
    """A tidy row for each number: values have no ``minus``, differences name what was taken off."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["camera", "method", "minus", "measure", "value", "low", "high", "patches", "units", "scenes_known"])
    for cell in comparison.cells:
        sizes = (cell.patches, cell.units, cell.scenes_known)
        for measure, one in cell.estimates.items():
            rows.writerow([cell.camera, cell.method, "", measure, one.value, one.low, one.high, *sizes])
    for other in comparison.differences:
        sizes = next(
            (one.patches, one.units, one.scenes_known) for one in comparison.cells if one.camera == other.camera
        )
        for measure, one in other.estimates.items():
            rows.writerow([other.camera, other.method, other.other, measure, one.value, one.low, one.high, *sizes])
    return file.getvalue()


def as_latex(comparison: Comparison) -> str:
    """A booktabs table for each definition, as the paper's Table 1."""
    return "\n".join(tabular(comparison, title, measures) for title, measures in DEFINITIONS.items())


def tabular(comparison: Comparison, title: str, measures: tuple[str, str]) -> str:
    """One table; needs the packages booktabs and makecell."""
    columns = "l" + "c" * len(comparison.methods)
    lines = [f"% {title}", f"\\begin{{tabular}}{{{columns}}}", "\\toprule"]
    lines += [" & ".join(["", *map(escaped, comparison.methods)]) + " \\\\", "\\midrule"]
    for camera in comparison.cameras:
        cells = [comparison.cell(camera, method) for method in comparison.methods]
        lines.append(" & ".join([escaped(camera), *(cell_latex(cell, measures) for cell in cells)]) + " \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def cell_latex(cell: Cell | None, measures: tuple[str, str]) -> str:
    """Values over their intervals."""
    if cell is None:
        return "--"
    values = " / ".join(number(cell, name) for name in measures)
    intervals = " / ".join(interval_of(cell, name) for name in measures)
    return f"\\makecell{{{values} \\\\ {{\\scriptsize {intervals}}}}}"


def escaped(text: str) -> str:
    """A name as LaTeX prints it.

    Example:
        >>> escaped("A_1 & 50 %")
        'A\\\\_1 \\\\& 50 \\\\%'
    """
    table = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    return "".join(table.get(one, f"\\{one}" if one in "&%$#_{}" else one) for one in text)
