"""A rendering as lossless PNG tiles at halving scales, all conditions' files of the same lengths."""

import struct
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import TypeAlias

import cv2
import numpy as np

from enhancement.pictures import Photo

Size: TypeAlias = tuple[int, int]
"""Width and height in pixels."""

TILE_PX = 512
THREADS = 2
"""OpenCV's encoder lets go of the interpreter's lock; more threads than cores gain nothing."""

ENCODER = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_AVG)
"""Measured by ``benchmarks/tiles.py``: within a few per cent of Pillow's smallest file in a fifth of its time."""

PADDING_CHUNK = b"phPd"
"""Ancillary, private, safe to copy (PNG third edition, 5.4): every decoder skips it without a word."""

CHUNK_OVERHEAD = 12
"""Bytes of a chunk without data: length, type, CRC."""

END = b"\0\0\0\0IEND\xaeB`\x82"


def levels(size: Size) -> int:
    """The number of the finest level: level 0 fits in one tile, and each next one is twice as large."""
    level, longest = 0, max(size)
    while longest > TILE_PX << level:
        level += 1
    return level


def level_size(size: Size, level: int) -> Size:
    """Width and height of a level in pixels: the raster's, halved and rounded up."""
    shift = levels(size) - level
    return -(-size[0] >> shift), -(-size[1] >> shift)


def grid(size: Size, level: int) -> Size:
    """Columns and rows of tiles at a level."""
    width, height = level_size(size, level)
    return -(-width // TILE_PX), -(-height // TILE_PX)


def tile_number(size: Size, level: int, column: int, row: int) -> int:
    """Where a tile stands in the order of `cut`.

    Raises:
        IndexError: There is no such tile.
    """
    if not 0 <= level <= levels(size):
        raise IndexError(f"no level {level}: a raster of {size[0]}×{size[1]} px has levels 0 to {levels(size)}")
    columns, rows = grid(size, level)
    if not (0 <= column < columns and 0 <= row < rows):
        raise IndexError(f"no tile {column}, {row}: level {level} has {columns}×{rows} tiles")
    coarser = sum(across * down for across, down in (grid(size, under) for under in range(level)))
    return coarser + row * columns + column


def cut(photo: Photo) -> list[bytes]:
    """PNG tiles of `TILE_PX` (smaller at the right and lower edge), from level 0 to the finest, row by row.

    Each coarser level is the mean of 2×2 pixels of the next, on the encoded sRGB values as a browser scales them too,
    so that nothing changes in brightness where the viewer goes from one level to another.

    Args:
        photo: Shape (H, W, 3), uint8, sRGB.
    """
    # OpenCV reads other memory layouts wrongly, and says nothing.
    pyramid = [np.ascontiguousarray(photo)]
    while max(pyramid[-1].shape[:2]) > TILE_PX:
        pyramid.append(_halved(pyramid[-1]))
    squares = [square for level in reversed(pyramid) for square in _squares(level)]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(_png, squares))


def pad_alike(tilesets: Sequence[list[bytes]]) -> list[list[bytes]]:
    """The tilesets with every place's files brought to one length, so that lengths tell nothing.

    The filling is a private ancillary chunk with a right CRC before the end chunk, in every file (an empty one in the
    longest): valid PNG by the letter, whereas bytes after the end are an error to strict readers. Pixels don't change.

    Args:
        tilesets: One list of PNG files per condition, all cut from rasters of one size.

    Raises:
        ValueError: The tilesets differ in number of tiles, or a file doesn't end as PNG does.
    """
    if len({len(tiles) for tiles in tilesets}) > 1:
        raise ValueError(f"tilesets of {[len(tiles) for tiles in tilesets]} tiles: their rasters differ in size")
    longest = [max(map(len, place)) for place in zip(*tilesets, strict=True)]
    return [
        [_padded(tile, length + CHUNK_OVERHEAD) for tile, length in zip(tiles, longest, strict=True)]
        for tiles in tilesets
    ]


def pack(tiles: Sequence[bytes]) -> bytes:
    """The tiles one after the other, as one file."""
    return b"".join(tiles)


def offsets(lengths: Sequence[int]) -> list[int]:
    """Where each tile begins in the file that `pack` made, in bytes."""
    return [0, *accumulate(lengths)][:-1]


def _halved(photo: Photo) -> Photo:
    """Half the size, rounded up: at an odd edge the last pixel stands for its missing neighbour."""
    height, width = photo.shape[:2]
    even = cv2.copyMakeBorder(photo, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    half = (even.shape[1] // 2, even.shape[0] // 2)
    return np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), np.uint8)


def _squares(photo: Photo) -> list[Photo]:
    height, width = photo.shape[:2]
    return [
        photo[top : top + TILE_PX, left : left + TILE_PX]
        for top in range(0, height, TILE_PX)
        for left in range(0, width, TILE_PX)
    ]


def _png(square: Photo) -> bytes:
    done, png = cv2.imencode(".png", cv2.cvtColor(square, cv2.COLOR_RGB2BGR), ENCODER)
    if not done:
        raise ValueError(f"a tile of shape {square.shape} and type {square.dtype} can't be written as PNG")
    return bytes(png)


def _padded(png: bytes, length: int) -> bytes:
    if not png.endswith(END):
        raise ValueError("a tile doesn't end with PNG's end chunk: it is cut short or not PNG")
    filling = PADDING_CHUNK + bytes(length - len(png) - CHUNK_OVERHEAD)
    chunk = struct.pack(">I", len(filling) - 4) + filling + struct.pack(">I", zlib.crc32(filling))
    return png[: -len(END)] + chunk + END
