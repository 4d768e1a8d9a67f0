"""Small JPEGs of stored pictures, kept beside them: made with the picture, or when first asked for."""

from io import BytesIO
from threading import Lock

from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile
from PIL import Image

from enhancement.pictures import Photo, decode
from enhancement.services.files import keep_as, read
from enhancement.services.turns import in_turn

LONG_SIDE_PX = 640
QUALITY = 82

_decoding = Lock()
"""A web process decodes one photo at a time: eight threads with a 12-MP photo each would take its memory."""


def thumbnail(file: FieldFile, sha256: str) -> bytes:
    """A small JPEG of a stored picture, with nothing in it but pixels; never larger than the picture.

    Raises:
        DamagedFileError: The stored picture is gone, or isn't what was stored.
        PictureError: It can't be read as a photo.
    """
    name = _name(sha256)
    if not default_storage.exists(name):
        with in_turn(str(file)), _decoding:  # the lock last: small ones go on while a large one waits
            if not default_storage.exists(name):
                keep_thumbnail(decode(read(file, sha256), name=str(file)), sha256)
    with default_storage.open(name, "rb") as kept:
        made: bytes = kept.read()
    return made


def keep_thumbnail(photo: Photo, sha256: str) -> None:
    """Make the thumbnail of a stored picture that lies decoded here anyway, unless it is there."""
    name = _name(sha256)
    if not default_storage.exists(name):
        keep_as(name, _reduced(photo))


def _name(sha256: str) -> str:
    return f"thumbnails/{LONG_SIDE_PX}/{sha256[:2]}/{sha256}.jpg"


def _reduced(photo: Photo) -> bytes:
    image = Image.fromarray(photo)
    image.thumbnail((LONG_SIDE_PX, LONG_SIDE_PX), Image.Resampling.LANCZOS)
    out = BytesIO()
    image.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()
