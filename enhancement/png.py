"""Whether a file is the PNG that this program writes: read once, in pieces, however large it is."""

import struct
import zlib
from collections.abc import Collection, Iterator
from typing import Protocol

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PIECE_BYTES = 1 << 20
EIGHT_BIT_RGB = (8, 2, 0, 0, 0)
"""Depth, colour type, compression, filter and interlace, as the header has them."""


class Readable(Protocol):
    """Anything with ``read(size)``."""

    def read(self, size: int, /) -> bytes: ...


def problem_of_png(stream: Readable, size: tuple[int, int] | None = None, allowed: Collection[bytes] = ()) -> str:
    """Why a file isn't a whole 8-bit RGB PNG with nothing but pixels in it; empty when it is.

    Args:
        stream: Read to the end chunk, or to where it goes wrong.
        size: Width and height in pixels that it must have.
        allowed: Chunks it may have beside header, data and end.
    """
    try:
        return _problem(stream, size, {b"IDAT", *allowed})
    except (EOFError, zlib.error, struct.error) as damage:
        return f"it is damaged or cut short ({damage})"


def _problem(stream: Readable, size: tuple[int, int] | None, allowed: Collection[bytes]) -> str:
    if _exactly(stream, len(SIGNATURE)) != SIGNATURE:
        return "it is not PNG"
    kind, pieces = _chunk(stream)
    header = b"".join(pieces)
    if kind != b"IHDR" or len(header) != 13:
        return "it has no PNG header"
    width, height, *form = struct.unpack(">IIBBBBB", header)
    if tuple(form) != EIGHT_BIT_RGB:
        return f"it is not 8-bit RGB (header {form})"
    if size is not None and (width, height) != size:
        return f"it is {width}×{height} px, and should be {size[0]}×{size[1]}"
    return _problem_of_body(stream, (3 * width + 1) * height, allowed)


def _problem_of_body(stream: Readable, expected_bytes: int, allowed: Collection[bytes]) -> str:
    inflate, inflated_bytes = zlib.decompressobj(), 0
    while True:
        kind, pieces = _chunk(stream)
        if kind == b"IEND":
            break
        if kind not in allowed:
            return f"it carries more than pixels (a {kind.decode('latin-1')} chunk)"
        for piece in pieces:
            if kind == b"IDAT":
                inflated_bytes += _inflated_bytes(inflate, piece)
    list(pieces)
    if inflated_bytes != expected_bytes or not inflate.eof:
        return f"its pixels are {inflated_bytes} bytes, and should be {expected_bytes}"
    return "there are bytes after its end" if stream.read(1) else ""


def _inflated_bytes(inflate: "zlib._Decompress", piece: bytes) -> int:
    total = 0
    while piece:
        total += len(inflate.decompress(piece, PIECE_BYTES))
        piece = inflate.unconsumed_tail
    return total


def _chunk(stream: Readable) -> tuple[bytes, Iterator[bytes]]:
    length, kind = struct.unpack(">I4s", _exactly(stream, 8))
    return kind, _data(stream, length, kind)


def _data(stream: Readable, length: int, kind: bytes) -> Iterator[bytes]:
    """A chunk's data in pieces; must be read to the end, where its checksum stands."""
    crc = zlib.crc32(kind)
    while length:
        piece = _exactly(stream, min(length, PIECE_BYTES))
        length -= len(piece)
        crc = zlib.crc32(piece, crc)
        yield piece
    if struct.unpack(">I", _exactly(stream, 4))[0] != crc:
        raise EOFError(f"the checksum of its {kind.decode('latin-1')} chunk is wrong")


def _exactly(stream: Readable, count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise EOFError("it ends too early")
    return data
