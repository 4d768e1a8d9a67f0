"""A CSV file that names photos, their references, scenes and cameras."""

import csv
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from enhancement.photo_files import Found, Problem, leads_out

COLUMNS = ("input", "reference", "scene", "camera", "name")
ENCODING = "utf-8-sig"
MOST_BYTES = 16 << 20


def read_manifest(manifest: Path, camera: str, problems: list[Problem]) -> Iterator[Found]:
    """The photos that a manifest names, in its order.

    Paths are relative to the manifest's folder and may not lead out of it, by ``..`` or by a link. Only ``input`` must
    be there; a name is by default the input's without its suffix, a scene the name.

    Args:
        manifest: A CSV file in UTF-8 with a header of some of `COLUMNS`, separated by commas.
        camera: What took the inputs, where the manifest doesn't say.
        problems: Is added to.
    """
    if manifest.exists() and manifest.stat().st_size > MOST_BYTES:
        what = f"a manifest of {manifest.stat().st_size:,} bytes"
        problems.append(Problem(manifest, what, f"keep it below {MOST_BYTES:,}: one line names one photo"))
        return
    try:
        rows = list(csv.reader(manifest.read_text(ENCODING).splitlines(), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problems.append(Problem(manifest, f"it can't be read ({error})", "save it as CSV in UTF-8"))
        return
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    if problem := _header_problem(manifest, header):
        problems.append(problem)
        return
    for number, row in enumerate(rows[1:], start=2):
        if any(cell.strip() for cell in row):
            yield from _entry(manifest, number, header, row, camera=camera, problems=problems)


def _header_problem(manifest: Path, header: list[str]) -> Problem | None:
    wrong = [name for name in header if name not in COLUMNS or header.count(name) > 1]
    if "input" in header and not wrong:
        return None
    what = f"its first line is {', '.join(header) or 'empty'}"
    return Problem(manifest, what, f"begin with the column input, and any of {', '.join(COLUMNS[1:])}, each once")


def _entry(
    manifest: Path, number: int, header: list[str], row: list[str], *, camera: str, problems: list[Problem]
) -> Iterator[Found]:
    if len(row) != len(header):
        what = f"line {number} has {len(row)} cells, the first line {len(header)}"
        problems.append(Problem(manifest, what, "put cells that hold a comma in quotes"))
        return
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
    before = len(problems)
    shot = _file(manifest, number, "input", cells["input"], problems)
    better = _file(manifest, number, "reference", cells["reference"], problems) if cells.get("reference") else None
    if shot is not None and len(problems) == before:
        name = unicodedata.normalize("NFC", cells.get("name") or shot.stem)
        scene = unicodedata.normalize("NFC", cells.get("scene") or name)
        yield Found(name, scene, cells.get("camera") or camera, shot, better)


def _file(manifest: Path, number: int, column: str, value: str, problems: list[Problem]) -> Path | None:
    path = manifest.parent / value
    if not value:
        problems.append(Problem(manifest, f"line {number} has no {column}", "name its file, or take the line out"))
    elif "\0" in value:
        problems.append(Problem(manifest, f"line {number} has a zero byte", "save the table as CSV in UTF-8"))
    elif leads_out(path, manifest.parent):
        what = f"line {number}: the {column} {value} lies outside the manifest's folder"
        problems.append(Problem(manifest, what, "put the file itself into the folder"))
    elif not os.path.isfile(path):  # noqa: PTH113 – Path's own raises over a name that is too long
        what = f"line {number}: there is no file {value}"
        problems.append(Problem(manifest, what, "check its name, relative to the manifest's folder"))
    else:
        return path
    return None
