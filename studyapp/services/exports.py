"""Every exposure of a study as one tidy row: what was on the screen, and what was said."""

from collections.abc import Iterator
from typing import Any

from studyapp.models import Study
from studyapp.services.pair_tables import EXPOSURES
from studyapp.services.tables import batches
from studyapp.services.text_files import csv_pieces

COLUMNS = tuple(EXPOSURES.columns)


def exposures(study: Study, *, include_simulated: bool = False) -> Iterator[dict[str, Any]]:
    """One row per showing, answered or abandoned, in the order of sittings and positions.

    Simulated ones are there only where they are asked for; a column then says which they are.
    """
    for rows in batches(EXPOSURES, study, include_simulated=include_simulated):
        for row in rows:
            yield dict(zip(COLUMNS, row, strict=True))


def csv_lines(study: Study, *, include_simulated: bool = False) -> Iterator[str]:
    """All exposures as CSV, in pieces of whole lines, for an answer that is streamed."""
    return csv_pieces(EXPOSURES.columns, batches(EXPOSURES, study, include_simulated=include_simulated))
