"""Pictures of the library as tiles for the zoom viewer: cut when somebody first looks, kept beside the pictures.

A study's tiles are its renderings, made by workers and padded alike; these are for researchers, who may know what they
look at. Whatever is kept here can be made again.
"""

import struct
from dataclasses import dataclass
from threading import Lock

from django.core.files.storage import default_storage
from django.core.signing import BadSignature, Signer

from enhancement.models import Stimulus
from enhancement.pictures import decode
from enhancement.services.files import keep_as, read
from enhancement.services.turns import in_turn
from studyapp.rasters import Size, bring, common_size
from studyapp.tiles import TILE_PX, cut, grid, levels, offsets, pack, tile_number

FOLDER = "library-tiles"
LENGTH = struct.Struct("<I")

_cutting = Lock()
"""A web process cuts one picture at a time: 12 MP take a second or two, and two hundred MB of memory."""


@dataclass(frozen=True)
class Seen:
    """A stored picture, as large as it is looked at."""

    file: str
    sha256: str
    size: Size

    @property
    def token(self) -> str:
        """Stands in the address of its tiles; always the same, so that a browser keeps them, and never made up."""
        return str(Signer(salt=FOLDER).sign_object([self.file, self.sha256, *self.size]))

    @property
    def place(self) -> str:
        """Where its tiles are kept."""
        width_px, height_px = self.size
        return f"{FOLDER}/{TILE_PX}/{width_px}x{height_px}/{self.sha256[:2]}/{self.sha256}.tiles"


def seen(token: str) -> Seen:
    """What a token stands for.

    Raises:
        LookupError: This server made no such token.
    """
    try:
        file, sha256, width_px, height_px = Signer(salt=FOLDER).unsign_object(token)
    except BadSignature as unknown:
        raise LookupError("no picture has this address") from unknown
    return Seen(file, sha256, (width_px, height_px))


def size_for(one: Size, other: Size, shot: Size) -> Size:
    """The raster on which two pictures of a content are compared: their own pixels where both have the same size.

    Otherwise the one that a study would show them on, on which neither is enlarged; ``shot`` is the input photo's size.
    """
    return one if one == other else common_size([shot, one, other])


def tile_of(picture: Seen, level: int, column: int, row: int) -> bytes:
    """One tile as PNG.

    Raises:
        IndexError: There is no such tile.
        DamagedFileError: The stored picture is gone, or isn't what was stored.
        PictureError: It can't be read as a photo.
    """
    number = tile_number(picture.size, level, column, row)
    if not default_storage.exists(picture.place):
        with in_turn(picture.file), _cutting:  # the lock last: small ones go on while a large one waits
            if not default_storage.exists(picture.place):
                keep_as(picture.place, _tiles(picture))
    return _read(picture, number)


def _tiles(picture: Seen) -> bytes:
    """The lengths of the tiles, then the tiles."""
    photo = decode(read(Stimulus(file=picture.file).file, picture.sha256), name=picture.file)
    tiles = cut(bring(photo, picture.size))
    return b"".join(LENGTH.pack(len(tile)) for tile in tiles) + pack(tiles)


def _read(picture: Seen, number: int) -> bytes:
    count = sum(across * down for across, down in (grid(picture.size, level) for level in _levels(picture.size)))
    with default_storage.open(picture.place, "rb") as stored:
        lengths = [length for (length,) in LENGTH.iter_unpack(stored.read(count * LENGTH.size))]
        stored.seek(count * LENGTH.size + offsets(lengths)[number])
        tile: bytes = stored.read(lengths[number])
    return tile


def _levels(size: Size) -> range:
    return range(levels(size) + 1)
