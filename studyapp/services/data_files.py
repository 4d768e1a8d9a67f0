"""Every file that a study gives away, by its name: for the pages, and for the API."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from studyapp.models import Study
from studyapp.services.bundles import bundle_pieces
from studyapp.services.definitions import study_file
from studyapp.services.pair_tables import EXPOSURES, PWCMP, REJECTED
from studyapp.services.parquet_files import parquet_pieces
from studyapp.services.sitting_tables import PAGES, SESSIONS
from studyapp.services.tables import Table, batches
from studyapp.services.text_files import csv_pieces, json_pieces

Pieces = Iterator[str] | Iterator[bytes]


@dataclass(frozen=True)
class DataFile:
    """How a file is called on the way, and made."""

    content_type: str
    pieces: Callable[..., Pieces]


def _of(table: Table, pieces: Callable[..., Pieces]) -> Callable[..., Pieces]:
    def made(study: Study, *, include_simulated: bool = False) -> Pieces:
        return pieces(table.columns, batches(table, study, include_simulated=include_simulated))

    return made


def _definition(study: Study, *, include_simulated: bool = False) -> Pieces:
    return study_file(study)


CSV, JSON_LINES, TOML = "text/csv; charset=utf-8", "application/jsonl; charset=utf-8", "application/toml; charset=utf-8"
PARQUET, ZIP = "application/vnd.apache.parquet", "application/zip"

DATA_FILES: dict[str, DataFile] = {
    "exposures.csv": DataFile(CSV, _of(EXPOSURES, csv_pieces)),
    "exposures.jsonl": DataFile(JSON_LINES, _of(EXPOSURES, json_pieces)),
    "exposures.parquet": DataFile(PARQUET, _of(EXPOSURES, parquet_pieces)),
    "sessions.csv": DataFile(CSV, _of(SESSIONS, csv_pieces)),
    "sessions.jsonl": DataFile(JSON_LINES, _of(SESSIONS, json_pieces)),
    "sessions.parquet": DataFile(PARQUET, _of(SESSIONS, parquet_pieces)),
    "pages.csv": DataFile(CSV, _of(PAGES, csv_pieces)),
    "rejected.csv": DataFile(CSV, _of(REJECTED, csv_pieces)),
    "pwcmp.csv": DataFile(CSV, _of(PWCMP, csv_pieces)),
    "study.toml": DataFile(TOML, _definition),
    "bundle.zip": DataFile(ZIP, bundle_pieces),
}
