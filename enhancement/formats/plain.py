"""JPEG, PNG, TIFF and WebP, through Pillow; deep samples through what keeps all their bits."""

from io import BytesIO

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from enhancement.formats.colour import ADOBE_RGB, WHITE_16
from enhancement.formats.raster import Raster, Samples
from enhancement.formats.refusals import MAX_PIXELS, RESAVE, PictureError, check_pixels
from enhancement.formats.table import STILL
from enhancement.formats.tiff_header import SUBFILE_TAG

PILLOW_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP")
"""Pillow's names. Its JPEG opens MPO too, which phones write as .jpg when a preview or a gain map follows the photo."""

PNG_DEPTH_AT = 24
"""Where a PNG file's header has its bit depth, in bytes from the start."""

ORIENTATION_TAG = 0x0112
BITS_TAG = 0x0102
INTEROP_IFD, INTEROP_INDEX = 0xA005, 1
ADOBE_RGB_INDEX = "R03"
REDUCED_PAGE = 1
MIN_IS_WHITE, MIN_IS_BLACK, RGB = 0, 1, 2

# Pillow's own limit would warn at 89 megapixels, which today's phones exceed; ours is checked below.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def read_plain(data: bytes, name: str) -> Raster:
    """The one picture of a JPEG, PNG, TIFF or WebP file; of an MPO the first."""
    with Image.open(BytesIO(data), formats=PILLOW_FORMATS) as image:
        check_pixels(*image.size, name)
        _check(image, name)
        deep = _deep_samples(data, image)
        samples = _plain_samples(image) if deep is None else deep
        return Raster(samples, _profile(image), _orientation(image), image.mode == "CMYK")


def _check(image: Image.Image, name: str) -> None:
    if image.mode in ("LAB", "HSV", "F", "I"):
        raise PictureError(name, f"its pixels are stored as {image.mode}, not as RGB or grey of 8 or 16 bits", RESAVE)
    if image.mode == "CMYK" and image.format in ("JPEG", "MPO") and "adobe" not in image.info:
        raise PictureError(name, "it is in CMYK and doesn't say which way round (no Adobe marker)", RESAVE)
    if image.format != "MPO" and _has_more_pictures(image):
        what = "it has several pages" if image.format == "TIFF" else "it is animated"
        raise PictureError(name, what, STILL)


def _has_more_pictures(image: Image.Image) -> bool:
    frames = getattr(image, "n_frames", 1)
    if frames == 1:
        return False
    if image.format != "TIFF":
        return True
    reduced = []
    for page in range(1, frames):
        image.seek(page)
        reduced.append(bool(image.tag_v2.get(SUBFILE_TAG, 0) & REDUCED_PAGE))  # type: ignore[attr-defined]
    image.seek(0)
    return not all(reduced)


def _deep_samples(data: bytes, image: Image.Image) -> Samples | None:
    """The samples of a 16-bit file, which Pillow would cut to 8 before the profile is applied; None for any other."""
    if image.format == "PNG" and data[PNG_DEPTH_AT] == 16:
        return np.asarray(imagecodecs.png_decode(data))
    if image.format == "TIFF" and 16 in image.tag_v2.get(BITS_TAG, ()):  # type: ignore[attr-defined]
        return _deep_tiff(data)
    return None


def _deep_tiff(data: bytes) -> Samples:
    with tifffile.TiffFile(BytesIO(data)) as file:
        page = file.pages[0]
        samples = np.asarray(page.asarray())
        if samples.dtype != np.uint16 or page.photometric not in (MIN_IS_WHITE, MIN_IS_BLACK, RGB):
            raise ValueError(f"16-bit TIFF of the kind {page.photometric!r}, {samples.dtype}")
        samples = np.moveaxis(samples, 0, -1) if page.axes == "SYX" else samples
        return WHITE_16 - samples if page.photometric == MIN_IS_WHITE else samples


def _plain_samples(image: Image.Image) -> Samples:
    """The samples of a picture of at most 8 bits: grey (H, W), or (H, W, channels)."""
    image.load()
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK") and "transparency" not in image.info:
        return np.asarray(image)
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("LA" if "transparency" in image.info else "L"))
    return np.asarray(image.convert("RGBA"))


def _profile(image: Image.Image) -> bytes | None:
    """The embedded one; or Adobe RGB, where a camera says so in EXIF alone, as DSLRs do."""
    if profile := image.info.get("icc_profile"):
        return bytes(profile)
    if image.format in ("JPEG", "MPO") and image.mode == "RGB":
        index = image.getexif().get_ifd(INTEROP_IFD).get(INTEROP_INDEX)
        return ADOBE_RGB if isinstance(index, str) and index.strip("\0 ") == ADOBE_RGB_INDEX else None
    return None


def _orientation(image: Image.Image) -> int:
    """EXIF's 1 to 8, once pixels are loaded: Pillow turns a TIFF itself, and takes the tag away."""
    return int(image.getexif().get(ORIENTATION_TAG, 1))
