"""``reproduce``: the numbers of a bundle made again from its votes and metrics, and held against its report.

The bundle is the zip that a study gives a reviewer (docs/export.md). Nothing but `analysis` is needed.
"""

import argparse
import json
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from analysis.reporting.metric_means import METRIC_COLUMNS
from analysis.reporting.whole import whole_report
from analysis.votes import read_votes

HELP = "make the report of a bundle again from its votes, and compare every number"
REPORT, VOTES, METRICS = "report.json", "exposures.csv", "metrics.csv"
TOLERANCE = 1e-9
DIFFERENCES_NAMED = 5
SETTINGS = ("conditions", "replicates", "seed", "level", "include_simulated")


class BundleError(ValueError):
    """A bundle that can't be read, or whose report doesn't follow from its votes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``reproduce`` takes."""
    parser.add_argument("bundle", type=Path, help="BUNDLE.zip of a study, or the folder that was in it")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the report that was made here")


def run(asked: argparse.Namespace) -> str:
    """What ``reproduce`` prints.

    Raises:
        BundleError: It isn't such a bundle, or a number differs; names what.
    """
    with TemporaryDirectory() as name:
        folder = asked.bundle if asked.bundle.is_dir() else unpacked(asked.bundle, Path(name))
        stored = _text(folder, REPORT)
        made = reproduced(folder)
    if asked.output is not None:
        asked.output.write_text(made, encoding="utf-8")
    said = verdict(stored, made)
    return json.dumps({"bit_for_bit": stored == made, "said": said}, ensure_ascii=False) if asked.json else said


def unpacked(bundle: Path, folder: Path) -> Path:
    """The three files that matter, out of the zip and into a folder.

    Raises:
        BundleError: No such zip, or a file is not in it.
    """
    try:
        with zipfile.ZipFile(bundle) as archive:
            within = {PurePosixPath(name).name: name for name in archive.namelist()}
            for name in (REPORT, VOTES, METRICS):
                if name not in within:
                    raise BundleError(f"{bundle}: no {name} in it; give the bundle.zip of a study as it was downloaded")
                (folder / name).write_bytes(archive.read(within[name]))
    except (OSError, zipfile.BadZipFile) as error:
        raise BundleError(f"{bundle}: not a zip file that can be read ({error}); download the bundle again") from error
    return folder


def reproduced(folder: Path) -> str:
    """The report made again from the votes and metrics in a folder, as text like the stored one.

    What no vote says (the study's words, decisions, devices) is taken over from the stored report.

    Raises:
        BundleError: A file is missing or not what it should be.
        VotesError: The votes can't be read; names line and column.
    """
    stored = _json(folder, REPORT)
    lacking = [name for name in SETTINGS if name not in stored]
    if lacking:
        raise BundleError(
            f"{folder / REPORT}: lacks {', '.join(lacking)}; it is of a version that made no whole report"
        )
    settings = {name: stored[name] for name in SETTINGS}
    made = whole_report(read_votes(folder / VOTES, "phoropter"), metrics=_metrics(folder), **settings)
    facts = {name: value for name, value in stored.items() if name not in made}
    return json.dumps({**facts, **made}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def verdict(stored: str, made: str) -> str:
    """In words, whether two reports are the same.

    Raises:
        BundleError: They differ by more than 1e-9; names where.

    >>> verdict('{"score": 1.0, "versions": {"numpy": "1"}}', '{"score": 1.0, "versions": {"numpy": "1"}}')
    'The same report, bit for bit: numpy 1.'
    """
    one, other = json.loads(stored), json.loads(made)
    used = ", ".join(f"{name} {number}" for name, number in other["versions"].items())
    if stored == made:
        return f"The same report, bit for bit: {used}."
    then = ", ".join(f"{name} {number}" for name, number in one.pop("versions").items())
    del other["versions"]
    apart = list(differences(one, other))
    if apart:
        named = "; ".join(apart[:DIFFERENCES_NAMED])
        more = f"; and {len(apart) - DIFFERENCES_NAMED} more" if len(apart) > DIFFERENCES_NAMED else ""
        raise BundleError(f"the report doesn't follow from its votes: {named}{more} (stored, made; made with {used})")
    return f"The same report to 1e-9, not bit for bit: then {then}; now {used}."


def differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    """Where two trees of plain data differ, numbers by more than 1e-9.

    >>> list(differences({"a": [1.0, 2.0]}, {"a": [1.0, 2.5]}))
    ['a.1: 2.0, 2.5']
    """
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key, value in one.items():
            yield from differences(value, other[key], f"{where}.{key}" if where else str(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, value in enumerate(one):
            yield from differences(value, other[place], f"{where}.{place}" if where else str(place))
    elif not _same(one, other):
        yield f"{where or 'the whole'}: {_short(one)}, {_short(other)}"


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(one == other)


def _short(value: Any) -> str:
    said = json.dumps(value, ensure_ascii=False)
    return said if len(said) <= 60 else f"{said[:59]}…"


def _metrics(folder: Path) -> pd.DataFrame:
    _text(folder, METRICS)
    table = pd.read_csv(folder / METRICS, dtype=str, keep_default_na=False)
    lacking = [name for name in ("content", "condition", *METRIC_COLUMNS) if name not in table.columns]
    if lacking:
        raise BundleError(f"{folder / METRICS}, line 1: lacks {', '.join(lacking)}; download the bundle again")
    return table.assign(**{name: [_number(folder, name, cell) for cell in table[name]] for name in METRIC_COLUMNS})


def _number(folder: Path, column: str, cell: str) -> float:
    try:
        return float(cell) if cell else math.nan
    except ValueError as error:
        said = f"{folder / METRICS}: {cell!r} in column {column} is no number; download the bundle again"
        raise BundleError(said) from error


def _json(folder: Path, name: str) -> dict[str, Any]:
    try:
        told = json.loads(_text(folder, name))
    except json.JSONDecodeError as error:
        raise BundleError(f"{folder / name}: not JSON ({error}); download the bundle again") from error
    if not isinstance(told, dict) or "versions" not in told:
        raise BundleError(f"{folder / name}: not the report of a study; download the bundle again")
    return told


def _text(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"{folder / name}: can't be read ({error}); give a bundle of a study") from error
