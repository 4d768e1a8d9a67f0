"""The few numbers that must be known of a TIFF before anybody decodes it."""

import struct
from dataclasses import dataclass

SUBFILE_TAG = 0x00FE
DNG_VERSION_TAG = 50706
BASELINE_EXPOSURE_TAG = 50730

SHAPES = {1: "B", 2: "B", 3: "H", 4: "I", 5: "II", 9: "i", 10: "ii", 11: "f", 12: "d", 13: "I", 16: "Q"}
"""TIFF's types by number: how one value is packed. Fractions are two numbers."""

MAX_ENTRIES = 4096


@dataclass(frozen=True)
class Layout:
    """How numbers lie in a file: byte order, and how wide addresses and counts are in it."""

    order: str
    address: str
    count: str
    entry: str
    inline: int

    def read(self, shape: str, data: bytes, at: int) -> tuple[float, ...]:
        return struct.unpack_from(self.order + shape, data, at)

    def size(self, shape: str) -> int:
        return struct.calcsize(self.order + shape)


def tiff_tags(data: bytes) -> dict[int, float]:
    """The first value of each tag of the first page, as far as the file can be understood.

    A reader for broken files: what doesn't fit is left out, nothing is raised.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\x00", b"\x00+")
    layout = Layout(order, "Q", "Q", "HHQ", 8) if big else Layout(order, "I", "H", "HHI", 4)
    tags: dict[int, float] = {}
    try:
        start = int(layout.read(layout.address, data, 8 if big else 4)[0])
        entries = int(layout.read(layout.count, data, start)[0])
        at = start + layout.size(layout.count)
        width = layout.size(layout.entry) + layout.inline
        for place in range(at, at + min(entries, MAX_ENTRIES) * width, width):
            tag = int(layout.read("H", data, place)[0])
            value = _value(data, layout, place)
            if value is not None:
                tags[tag] = value
    except (struct.error, OverflowError):
        return tags
    return tags


def _value(data: bytes, layout: Layout, place: int) -> float | None:
    """The first value of an entry: in it where all of them fit, elsewhere where not."""
    _, kind, count = layout.read(layout.entry, data, place)
    shape = SHAPES.get(int(kind))
    if shape is None or count < 1:
        return None
    at = place + layout.size(layout.entry)
    if count * layout.size(shape) > layout.inline:
        at = int(layout.read(layout.address, data, at)[0])
    if at + layout.size(shape) > len(data):
        return None
    first, *rest = layout.read(shape, data, at)
    if not rest:
        return first
    return first / rest[0] if rest[0] else None
