"""What runs inside the measured installation: one way of writing a study's exposures to a file."""

import cProfile
import csv
import io
import pstats
import resource
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import pandas as pd
from django.db import connection

from studyapp.models import Study, Trial
from studyapp.services.pair_tables import EXPOSURES
from studyapp.services.parquet_files import parquet_pieces
from studyapp.services.tables import batches
from studyapp.services.text_files import csv_pieces, json_pieces

RELATED = (
    "session__study", "session__observer", "session__slot", "session__instructions", "session__consent",
    "content", "left__condition", "right__condition", "vote",
)  # fmt: skip


def streamed(pieces: Callable[..., Iterable[Any]]) -> Callable[[Study, Path], None]:
    """Ours: as the server sends it, to a file."""

    def write(study: Study, place: Path) -> None:
        with place.open("wb") as out:
            for piece in pieces(EXPOSURES.columns, batches(EXPOSURES, study)):
                out.write(piece.encode() if isinstance(piece, str) else piece)

    return write


def models_in_a_list(study: Study, place: Path) -> None:
    """The naive way with the ORM: every row a model, all of them a list of dicts, then one file."""
    trials = Trial.objects.filter(session__study=study).select_related(*RELATED).order_by("session", "position")
    rows = [
        {
            name: _follow(trial, column.source)
            for name, column in EXPOSURES.columns.items()
            if isinstance(column.source, str)
        }
        for trial in trials
    ]
    with place.open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def _follow(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name, None)
    return row


def pandas_whole(write: Callable[[pd.DataFrame, Path], Any]) -> Callable[[Study, Path], None]:
    """The naive way with pandas: the same query by `read_sql`, the whole table in memory, then one file."""

    def export(study: Study, place: Path) -> None:
        query, told = EXPOSURES.query().filter(session__study=study).query.sql_with_params()
        connection.ensure_connection()
        table = pd.read_sql(query, connection.connection, params=told)
        table.columns = list(EXPOSURES.columns)
        write(table, place)

    return export


WAYS: dict[str, Callable[[Study, Path], None]] = {
    "csv": streamed(csv_pieces),
    "jsonl": streamed(json_pieces),
    "parquet": streamed(parquet_pieces),
    "csv, models in a list": models_in_a_list,
    "csv, pandas.read_sql": pandas_whole(lambda table, place: table.to_csv(place, index=False)),
    "jsonl, pandas.read_sql": pandas_whole(lambda table, place: table.to_json(place, orient="records", lines=True)),
    "parquet, pandas.read_sql": pandas_whole(lambda table, place: table.to_parquet(place, index=False)),
}


def measure(way: str, folder: str) -> dict[str, float]:
    """Seconds, the process's highest memory, and the size of the file."""
    study, place = Study.objects.get(), Path(folder, "exported")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, worked = perf_counter(), process_time()
    WAYS[way](study, place)
    seconds, cpu = perf_counter() - began, process_time() - worked
    return {
        "seconds": seconds,
        "cpu": cpu,
        "before_mb": before / 1024,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "file_mb": place.stat().st_size / 1e6,
    }


def profile(way: str, folder: str) -> str:
    """Where the time goes."""
    watched = cProfile.Profile()
    watched.runcall(WAYS[way], Study.objects.get(), Path(folder, "exported"))
    told = io.StringIO()
    pstats.Stats(watched, stream=told).sort_stats("tottime").print_stats(25)
    return told.getvalue()
