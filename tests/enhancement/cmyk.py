"""A CMYK profile of our own, as none may be passed on: four inks on paper, by a table of 16 corners."""

import struct
from itertools import product

PASSES = 0.2
"""The share of its light that a full ink lets through."""

D50 = (0.9642, 1.0, 0.8249)
XYZ_OF_RGB = ((0.4360747, 0.3850649, 0.1430804), (0.2225045, 0.7168786, 0.0606169), (0.0139322, 0.0971045, 0.7141733))


def cmyk_profile() -> bytes:
    """ICC 2.4: a printer's profile with the one table (A2B0, from ink to Lab) that showing a picture needs."""
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"inks\0" + bytes(78),
        b"wtpt": b"XYZ " + bytes(4) + b"".join(map(_fixed, D50)),
        b"A2B0": _table(),
    }
    start, directory, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        directory += name + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    rest = struct.pack(">I", len(tags)) + directory + body
    return _header(128 + len(rest)) + rest


def _header(size: int) -> bytes:
    date = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    first = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02400000, b"prtr", b"CMYK", b"Lab ")
    return (first + date + b"acsp" + bytes(28) + b"".join(map(_fixed, D50))).ljust(128, b"\0")


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _table() -> bytes:
    """lut8Type: straight curves on both sides of a grid of two steps per ink."""
    identity = b"".join(_fixed(float(row == column)) for row, column in product(range(3), repeat=2))
    straight = bytes(range(256))
    grid = b"".join(bytes(_lab(inks)) for inks in product((0, 1), repeat=4))
    return b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + identity + straight * 4 + grid + straight * 3


def _lab(inks: tuple[int, ...]) -> tuple[int, int, int]:
    """Lab, as a byte each, of light through full inks."""
    key = PASSES ** inks[3]
    light = [key * PASSES**ink for ink in inks[:3]]
    x, y, z = (sum(weight * part for weight, part in zip(row, light, strict=True)) for row in XYZ_OF_RGB)
    fx, fy, fz = (_root(value / white) for value, white in zip((x, y, z), D50, strict=True))
    lab = ((116 * fy - 16) * 2.55, 500 * (fx - fy) + 128, 200 * (fy - fz) + 128)
    return tuple(min(255, max(0, round(value))) for value in lab)  # type: ignore[return-value]


def _root(share: float) -> float:
    return share ** (1 / 3) if share > 216 / 24389 else (24389 / 27 * share + 16) / 116
