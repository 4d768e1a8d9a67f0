"""Reads TensorFlow V2 checkpoints ("tensor bundles") without TensorFlow.

A bundle is ``NAME.index``, a LevelDB table whose values are protocol buffers, and ``NAME.data-00000-of-00001`` (or
more shards), the raw little-endian tensors. Formats: LevelDB ``doc/table_format.md`` (Dean and Ghemawat, 2011) and
TensorFlow's ``tensor_bundle.proto``. Every checksum, of blocks and of tensors, is verified.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import google_crc32c
import numpy as np
import numpy.typing as npt

Tensors = dict[str, npt.NDArray[Any]]

FOOTER_BYTES = 48
MAGIC = bytes.fromhex("57fb808b247547db")
TRAILER_BYTES = 5  # one byte for the compression, four for the checksum
DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 19: "<f2"}


class TensorFlowCheckpointError(ValueError):
    """A checkpoint can't be read; the message says which file, what is wrong there, and what to do."""


class Handle(NamedTuple):
    """Where something lies in a file, in bytes."""

    offset: int
    size: int


class Entry(NamedTuple):
    """What the index says of one tensor."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    place: Handle
    masked_crc: int
    sliced: bool


def read_checkpoint(index: Path) -> Tensors:
    """Read every tensor of a TensorFlow V2 checkpoint.

    Args:
        index: The checkpoint's ``.index`` file; its data files must lie beside it.

    Returns:
        Name → array of the stored shape and dtype, sorted by name.

    Raises:
        TensorFlowCheckpointError: A file is missing, truncated, changed (a checksum differs), no checkpoint at all,
            or holds something that no plain checkpoint holds (compressed blocks, partitioned or non-numeric tensors).
    """
    try:
        shards, entries = read_index(index)
    except (IndexError, ValueError) as error:
        if isinstance(error, TensorFlowCheckpointError):
            raise
        raise TensorFlowCheckpointError(f"{index}: its table can't be understood ({error}); copy it again.") from error
    return {name: read_tensor(index, name, entry, shards) for name, entry in entries.items()}


def data_files(index: Path) -> list[Path]:
    """The data files that an index speaks of, in order.

    Raises:
        TensorFlowCheckpointError: As ``read_checkpoint``.
    """
    shards, _ = read_index(index)
    return [shard_path(index, shard, shards) for shard in range(shards)]


def read_index(index: Path) -> tuple[int, dict[str, Entry]]:
    """The number of data files, and name → entry."""
    table = dict(read_table(index))
    header = table.pop(b"", None)
    if header is None:
        raise TensorFlowCheckpointError(f"{index}: the table has no checkpoint header; it is some other LevelDB table.")
    fields = dict(read_fields(header))
    if fields.get(2, 0) != 0:
        raise TensorFlowCheckpointError(f"{index}: written on a big-endian machine, which isn't supported.")
    return fields.get(1, 1), {key.decode(): read_entry(value) for key, value in table.items()}


def read_table(index: Path) -> Iterator[tuple[bytes, bytes]]:
    """Every key and value of a LevelDB table."""
    if not index.is_file():
        raise TensorFlowCheckpointError(f"{index}: no such file; give the checkpoint's file that ends in .index.")
    content = index.read_bytes()
    if content[-len(MAGIC) :] != MAGIC or len(content) < FOOTER_BYTES:
        raise TensorFlowCheckpointError(
            f"{index}: not the index of a TensorFlow V2 checkpoint, or its end is missing; "
            "give the file that ends in .index, and copy it again if it is that."
        )
    footer = content[-FOOTER_BYTES:]
    meta, position = read_handle(footer, 0)
    read_block(index, content, meta)
    blocks, _ = read_handle(footer, position)
    for _, value in read_pairs(read_block(index, content, blocks)):
        yield from read_pairs(read_block(index, content, read_handle(value, 0)[0]))


def read_block(index: Path, content: bytes, place: Handle) -> bytes:
    """One block of a table, its checksum verified."""
    end = place.offset + place.size
    trailer = content[end : end + TRAILER_BYTES]
    if end + TRAILER_BYTES > len(content) - FOOTER_BYTES:
        raise TensorFlowCheckpointError(
            f"{index}: truncated: a block should end at byte {end + TRAILER_BYTES}, the file has {len(content)} bytes; "
            "copy it again."
        )
    if unmask(int.from_bytes(trailer[1:], "little")) != google_crc32c.value(content[place.offset : end + 1]):
        raise TensorFlowCheckpointError(
            f"{index}: the block at byte {place.offset} was changed (its CRC32C differs); copy the file again."
        )
    if trailer[0] != 0:
        raise TensorFlowCheckpointError(
            f"{index}: the block at byte {place.offset} is compressed, a checkpoint's isn't."
        )
    return content[place.offset : end]


def read_pairs(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a block; each key is stored without the prefix that it shares with the one before."""
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * restarts
    position, key = 0, b""
    while position < end:
        shared, position = read_varint(block, position)
        own, position = read_varint(block, position)
        length, position = read_varint(block, position)
        key = key[:shared] + block[position : position + own]
        position += own
        yield key, block[position : position + length]
        position += length


def read_entry(message: bytes) -> Entry:
    """Parse a BundleEntryProto."""
    fields = dict(read_fields(message))
    dimensions = [dict(read_fields(value)) for number, value in read_fields(fields.get(2, b"")) if number == 2]
    return Entry(
        dtype=fields.get(1, 0),
        shape=tuple(dimension.get(1, 0) for dimension in dimensions),
        shard=fields.get(3, 0),
        place=Handle(fields.get(4, 0), fields.get(5, 0)),
        masked_crc=fields.get(6, 0),
        sliced=7 in fields,
    )


def read_fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Field numbers and values of a protocol buffer: whole numbers, or bytes where the field has a length."""
    position = 0
    while position < len(message):
        tag, position = read_varint(message, position)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, position = read_varint(message, position)
            yield number, value
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            yield number, int.from_bytes(message[position : position + size], "little")
            position += size
        elif wire == 2:
            size, position = read_varint(message, position)
            yield number, message[position : position + size]
            position += size
        else:
            raise ValueError(f"a message holds the wire type {wire}")


def read_handle(data: bytes, position: int) -> tuple[Handle, int]:
    """A block's place, and the position behind it."""
    offset, position = read_varint(data, position)
    size, position = read_varint(data, position)
    return Handle(offset, size), position


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """A whole number of seven bits a byte, lowest first, and the position behind it.

    Example:
        >>> read_varint(bytes([0b10101100, 0b00000010]), 0)
        (300, 2)
    """
    value, shift = 0, 0
    while data[position] & 0x80:
        value |= (data[position] & 0x7F) << shift
        position, shift = position + 1, shift + 7
    return value | data[position] << shift, position + 1


def unmask(masked: int) -> int:
    """Undo LevelDB's masking of a CRC32C, which keeps checksums of data that holds checksums meaningful."""
    rotated = (masked - 0xA282EAD8) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF


def shard_path(index: Path, shard: int, shards: int) -> Path:
    """Where a data file must lie."""
    return index.with_name(f"{index.name.removesuffix('.index')}.data-{shard:05d}-of-{shards:05d}")


def read_tensor(index: Path, name: str, entry: Entry, shards: int) -> npt.NDArray[Any]:
    """One tensor, its checksum verified."""
    dtype = DTYPES.get(entry.dtype)
    if dtype is None or entry.sliced:
        kind = "partitioned" if entry.sliced else f"of the unsupported type {entry.dtype}"
        raise TensorFlowCheckpointError(f"{index}: the tensor {name} is {kind}; only plain numeric tensors are read.")
    if math.prod(entry.shape) * np.dtype(dtype).itemsize != entry.place.size:
        raise TensorFlowCheckpointError(f"{index}: {name} of shape {entry.shape} can't have {entry.place.size} bytes.")
    path = shard_path(index, entry.shard, shards)
    content = read_place(path, entry.place, name)
    if google_crc32c.value(content) != unmask(entry.masked_crc):
        raise TensorFlowCheckpointError(
            f"{path}: the tensor {name} was changed (its CRC32C differs from the index's); copy both files again."
        )
    return np.frombuffer(content, dtype).reshape(entry.shape)


def read_place(path: Path, place: Handle, name: str) -> bytes:
    """The bytes of one tensor."""
    if not path.is_file():
        raise TensorFlowCheckpointError(f"{path}: the checkpoint's data file is missing; put it beside its index.")
    if path.stat().st_size < place.offset + place.size:
        raise TensorFlowCheckpointError(
            f"{path}: truncated: the tensor {name} should end at byte {place.offset + place.size}, "
            f"the file has {path.stat().st_size} bytes; copy it again."
        )
    with path.open("rb") as file:
        file.seek(place.offset)
        return file.read(place.size)
