"""Picture files in, sRGB pixels out, and back: every format, profile and orientation ends here."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from enhancement.formats.colour import to_srgb
from enhancement.formats.dng import read_dng
from enhancement.formats.heif import read_avif, read_heic
from enhancement.formats.plain import read_plain
from enhancement.formats.raster import Photo, Raster, turned, without_alpha
from enhancement.formats.refusals import COPY_AGAIN, MAX_PIXELS, PictureError, too_large
from enhancement.formats.table import FORMATS, KINDS, Format, format_of

__all__ = [
    "FORMATS",
    "MAX_PIXELS",
    "Format",
    "Photo",
    "PictureError",
    "bytes_of",
    "decode",
    "encode_png",
    "format_of",
    "unreadable",
]

MAX_BYTES = 2 * 2**30
"""The largest file that is opened: 200 megapixels in 16 bits, uncompressed, with room to spare."""

PNG_COMPRESSION = 4
"""zlib's level. Fixed, as the bytes of a stored picture are hashed."""

READERS: Mapping[str, Callable[[bytes, str], Raster]] = {
    "JPEG": read_plain,
    "HEIC": read_heic,
    "DNG": read_dng,
    "PNG": read_plain,
    "TIFF": read_plain,
    "WebP": read_plain,
    "AVIF": read_avif,
}


def decode(source: Path | bytes, *, name: str) -> Photo:
    """Read a picture file of any of `FORMATS` as 8-bit sRGB, upright. The content says which format it is.

    An embedded ICC profile is applied (littlecms, relative colorimetric with black point compensation), then the
    orientation. Files of more than 8 bits are converted in 16 bits and rounded once, at the end. Grey becomes three
    equal channels, a palette its colours; an alpha channel is dropped where it is opaque everywhere. Of several
    pictures in a JPEG or HEIC the primary one is taken, as the phone shows it. A DNG is developed by fixed settings.

    Args:
        source: The file, or its bytes.
        name: What to call it in an error.

    Returns:
        Shape (H, W, 3), uint8, sRGB.

    Raises:
        PictureError: Not a picture, truncated, animated or of several pages, HDR or Lab, transparent, of more than
            ``MAX_PIXELS``, or with a profile that can't be applied.
    """
    data = source if isinstance(source, bytes) else bytes_of(source, name)
    with _refusing(name):
        raster = READERS[format_of(data, name).name](data, name)
        samples = raster.samples if raster.cmyk else without_alpha(raster.samples, name)
        upright = replace(raster, samples=turned(samples, raster.orientation), orientation=1)
        return to_srgb(upright, name)


def encode_png(photo: Photo) -> bytes:
    """The photo as PNG: the same pixels give the same bytes, and nothing but pixels is in them.

    Args:
        photo: Shape (H, W, 3), uint8, sRGB.

    Returns:
        A PNG file.

    Raises:
        ValueError: Not a photo, or OpenCV can't write it.
        MemoryError: Writing it takes more than there is.
    """
    # OpenCV reads other memory layouts wrongly, and says nothing.
    whole = np.ascontiguousarray(photo)
    if whole.dtype != np.uint8 or whole.ndim != 3 or whole.shape[2] != 3 or not whole.size:
        raise ValueError(f"a photo is uint8 of shape (height, width, 3), not {photo.dtype} of {photo.shape}")
    refused = f"a PNG of {whole.shape[1]}×{whole.shape[0]} px can't be written"
    try:
        bgr = cv2.cvtColor(whole, cv2.COLOR_RGB2BGR)
        is_whole, png = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, PNG_COMPRESSION])
    except cv2.error as error:
        kind = MemoryError if "Insufficient memory" in str(error) else ValueError
        raise kind(f"{refused}: {error}") from error
    if not is_whole:  # what is there of it would be half a file; of a photo only memory was ever found to be missing
        raise MemoryError(refused)
    return bytes(png)


def bytes_of(path: Path, name: str) -> bytes:
    """The file's bytes.

    Raises:
        PictureError: It can't be read, or is larger than any photo.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PictureError(name, f"the file is larger than {MAX_BYTES // 2**30} GB", "scale the picture down first")
        return path.read_bytes()
    except OSError as error:
        raise unreadable(name, error) from error


def unreadable(name: str, error: OSError) -> PictureError:
    reason = error.strerror or str(error)
    return PictureError(name, f"the file can't be read ({reason})", "check that it is there and readable")


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Whatever a decoder says about broken data, said our way."""
    try:
        yield
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise too_large(name) from error
    except UnidentifiedImageError as error:
        what = f"it begins like a {KINDS} picture, but is damaged or cut short"
        raise PictureError(name, what, COPY_AGAIN) from error
    except MemoryError as error:
        raise PictureError(name, "reading it takes more memory than there is", "scale it down first") from error
    except (
        Exception
    ) as error:  # decoders raise OSError, SyntaxError, struct.error, zlib.error, IndexError… over bad data
        what = f"the picture is damaged or cut short ({error})"
        raise PictureError(name, what, COPY_AGAIN) from error
