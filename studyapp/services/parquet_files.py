"""Tables as Parquet, written a group of rows at a time to a stream that is never sought in.

pyarrow is imported when the first such file is asked for: no web process waits for it when it starts.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from studyapp.services.tables import Column, Kind, Row

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_IN_A_GROUP = 50_000


class Outbox(io.RawIOBase):
    """A file that is only ever written on, for what writes files; what was written is taken out and sent."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, part: Any, /) -> int:
        """Keep a part until it is taken."""
        kept = bytes(part)
        self._parts.append(kept)
        self._at += len(kept)
        return len(kept)

    def tell(self) -> int:
        """How much was written in all."""
        return self._at

    def take(self) -> Iterator[bytes]:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        if parts:
            yield b"".join(parts)


def parquet_pieces(columns: Mapping[str, Column], batches: Iterable[Sequence[Row]]) -> Iterator[bytes]:
    """The file, piece by piece; what is empty in CSV is null here."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    schema, out = schema_of(columns), Outbox()
    with pq.ParquetWriter(pa.PythonFile(out, mode="w"), schema, compression="zstd") as writer:
        for group in _groups(schema, columns, batches):
            writer.write_table(group, row_group_size=group.num_rows)
            yield from out.take()
    yield from out.take()


def schema_of(columns: Mapping[str, Column]) -> "pa.Schema":
    """The columns with their types; times are milliseconds in UTC."""
    import pyarrow as pa  # noqa: PLC0415

    types: dict[Kind, pa.DataType] = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "time": pa.timestamp("ms", tz="UTC"),
    }
    return pa.schema([(name, types[column.kind]) for name, column in columns.items()])


def _groups(
    schema: "pa.Schema", columns: Mapping[str, Column], batches: Iterable[Sequence[Row]]
) -> Iterator["pa.Table"]:
    """Rows by the group; they wait for the rest of it as Arrow holds them, which is far less than Python needs."""
    import pyarrow as pa  # noqa: PLC0415

    text = [place for place, column in enumerate(columns.values()) if column.kind == "text"]
    waiting: list[pa.RecordBatch] = []
    for rows in batches:
        cells: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for place in text:
            cells[place] = [cell or None for cell in cells[place]]
        waiting.append(
            pa.record_batch(
                [pa.array(of, field.type) for of, field in zip(cells, schema, strict=True)],
                schema=schema,
            )
        )
        if sum(batch.num_rows for batch in waiting) >= ROWS_IN_A_GROUP:
            yield pa.Table.from_batches(waiting, schema)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting, schema)
