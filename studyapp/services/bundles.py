"""The bundle for a reviewer: one zip with all that leads from a study's definition to its numbers, and back."""

import json
import platform
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.utils import timezone
from django.utils.text import slugify

from studyapp.models import Study
from studyapp.services.definitions import study_file
from studyapp.services.moments import one_moment
from studyapp.services.pair_tables import EXPOSURES, REJECTED
from studyapp.services.parquet_files import Outbox, parquet_pieces
from studyapp.services.provenance import content_told, methods_shown, rendering_told, renderings_of
from studyapp.services.schedule_file import schedule_pieces
from studyapp.services.sitting_tables import PAGES, SESSIONS
from studyapp.services.tables import Table, batches
from studyapp.services.text_files import csv_pieces

SOFTWARE = (
    "phoropter", "django", "numpy", "scipy", "pandas", "choix", "pyarrow", "matplotlib", "typst", "pillow",
    "pillow-heif", "rawpy", "opencv-python-headless", "torch", "onnxruntime",
)  # fmt: skip

Part = Callable[[Study, bool], Iterable[str | bytes]]


def _table(table: Table, pieces: Callable[..., Iterator[Any]]) -> Part:
    def made(study: Study, include_simulated: bool) -> Iterator[str | bytes]:
        return pieces(table.columns, batches(table, study, include_simulated=include_simulated))

    return made


def _report(study: Study, include_simulated: bool) -> Iterable[str]:
    from studyapp.services.reports import report_as_json  # noqa: PLC0415

    return [_json(report_as_json(study, include_simulated=include_simulated))]


def _readme(study: Study, include_simulated: bool) -> Iterable[str]:
    from studyapp.services.bundle_readme import readme_of  # noqa: PLC0415

    return [readme_of(study, include_simulated=include_simulated)]


def _metrics(study: Study, _: bool) -> Iterable[str]:
    from studyapp.services.reports import metrics_of  # noqa: PLC0415

    return [metrics_of(study).to_csv(index=False, lineterminator="\n")]


def versions() -> dict[str, str]:
    """The software that made this bundle; each stimulus says what made it."""
    return {"python": platform.python_version(), **{name: _version(name) for name in SOFTWARE}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed as a package"


# File: what is in it. The report first: it is what the others are held against.
PARTS: dict[str, Part] = {
    "report.json": _report,
    "README.md": _readme,
    "study.toml": lambda study, _: study_file(study),
    "schedule.json": lambda study, simulated: schedule_pieces(study, include_simulated=simulated),
    "versions.json": lambda study, _: [_json(versions())],
    "contents.jsonl": lambda study, _: map(_line, map(content_told, study.testset.contents.order_by("pk"))),
    "methods.jsonl": lambda study, _: map(_line, methods_shown(study)),
    "stimuli.jsonl": lambda study, _: map(_line, map(rendering_told, renderings_of(study).iterator(chunk_size=500))),
    "exposures.csv": _table(EXPOSURES, csv_pieces),
    "metrics.csv": _metrics,
    "exposures.parquet": _table(EXPOSURES, parquet_pieces),
    "sessions.csv": _table(SESSIONS, csv_pieces),
    "pages.csv": _table(PAGES, csv_pieces),
    "rejected.csv": _table(REJECTED, csv_pieces),
}


def bundle_pieces(study: Study, *, include_simulated: bool = False) -> Iterator[bytes]:
    """The zip, piece by piece. Whatever is in it is of one moment, so that its exposures give its report."""
    out, folder, now = Outbox(), slugify(study.name) or "study", timezone.now().timetuple()[:6]
    with one_moment(), zipfile.ZipFile(out, "w") as bundle:
        study = Study.objects.select_related("testset", "owner").get(pk=study.pk)
        for name, pieces in _parts(study, include_simulated):
            entry = zipfile.ZipInfo(f"{folder}/{name}", now)
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".parquet") else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            with bundle.open(entry, "w", force_zip64=True) as file:
                for piece in pieces:
                    file.write(piece.encode() if isinstance(piece, str) else piece)
                    yield from out.take()
    yield from out.take()


def _parts(study: Study, include_simulated: bool) -> Iterator[tuple[str, Iterable[str | bytes]]]:
    for name, made in PARTS.items():
        yield name, made(study, include_simulated)
    for text in study.texts.order_by("kind", "language", "version"):
        yield f"texts/{text.kind}-{text.language}-v{text.version}.txt", [text.text, "\n"]


def _json(told: Mapping[str, Any]) -> str:
    return json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _line(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, allow_nan=False) + "\n"
