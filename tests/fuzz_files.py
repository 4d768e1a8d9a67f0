"""Small whole files of every format that is read, by the encoders that people's photos come from."""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pillow_heif
import tifffile
from PIL import Image

from enhancement.formats.colour import rgb_profile
from enhancement.pictures import Photo
from fixtures.demo_photos import SOURCES, photograph
from fixtures.dng import encode_dng
from fixtures.phone_photos import DISPLAY_P3, heic, heic_10_bit, jpeg_p3, jpeg_with_gain_map
from tests.enhancement.cmyk import cmyk_profile

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"
REAL_JPEGS = ("city100/iphone/001.jpg", "dped/patches/iphone/000.jpg", "dped/photos/iphone/0.jpg")
WIDTH_PX = 150


@cache
def real_files() -> dict[str, list[bytes]]:
    """By format; real cameras' JPEGs too, where ../shared/data is present."""
    photos = [_small(photograph(source)) for source in (SOURCES[1], SOURCES[0], SOURCES[7])]
    made = {name: [write(photo) for photo in photos[:2] for write in writers] for name, writers in WRITERS.items()}
    made["JPEG"] += [(SHARED / name).read_bytes() for name in REAL_JPEGS if (SHARED / name).is_file()]
    return made


def _small(photo: Photo) -> Photo:
    scale = WIDTH_PX / photo.shape[1]
    return np.asarray(cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _pillow(kind: str, mode: str = "RGB", **options: Any) -> Callable[[Photo], bytes]:
    def write(photo: Photo) -> bytes:
        file = BytesIO()
        image = Image.fromarray(photo)
        image = image.quantize(64) if mode == "P" else image.convert(mode)
        image.save(file, kind, **options)
        return file.getvalue()

    return write


def _tiff(deep: bool = False, **options: Any) -> Callable[[Photo], bytes]:
    def write(photo: Photo) -> bytes:
        file = BytesIO()
        samples = photo.astype(np.uint16) * 257 if deep else photo
        if options.get("planarconfig") == "separate":
            samples = np.ascontiguousarray(np.moveaxis(samples, -1, 0))
        tifffile.imwrite(file, samples, photometric="rgb", **options)
        return file.getvalue()

    return write


def _tiff_with_thumbnail(photo: Photo) -> bytes:
    file = BytesIO()
    with tifffile.TiffWriter(file) as pages:
        pages.write(photo, photometric="rgb", compression="lzw", predictor=True)
        pages.write(np.ascontiguousarray(photo[::4, ::4]), photometric="rgb", subfiletype=1)
    return file.getvalue()


def _heic_of_several(photo: Photo) -> bytes:
    file, out = pillow_heif.HeifFile(), BytesIO()
    opaque = np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)])
    for pixels in (photo, opaque):
        file.add_from_pillow(Image.fromarray(pixels))
    file.save(out, quality=80, primary_index=1, color_primaries=12)
    return out.getvalue()


def _turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "Phoropter"
    return exif


P3 = rgb_profile(*DISPLAY_P3)
WRITERS: dict[str, list[Callable[[Photo], bytes]]] = {
    "JPEG": [
        _pillow("JPEG", quality=90, exif=_turned(6)),
        _pillow("JPEG", quality=75, progressive=True, subsampling=2),
        _pillow("JPEG", "L"),
        _pillow("JPEG", "CMYK", icc_profile=cmyk_profile()),
        lambda photo: jpeg_with_gain_map(photo, 8),
        lambda photo: jpeg_p3(photo, 1),
    ],
    "HEIC": [lambda photo: heic(photo, 6), lambda photo: heic_10_bit(photo, 1), _heic_of_several],
    "DNG": [
        encode_dng,
        lambda photo: encode_dng(photo, orientation=6, exposure_stops=0.5),
        lambda photo: encode_dng(photo, linear=True),
    ],
    "PNG": [
        _pillow("PNG", icc_profile=P3, exif=_turned(3)),
        _pillow("PNG", "RGBA"),
        _pillow("PNG", "P"),
        _pillow("PNG", "1"),
        _pillow("PNG", "LA"),
        lambda photo: imagecodecs.png_encode(photo.astype(np.uint16) * 257),
    ],
    "TIFF": [
        _tiff(),
        _tiff(deep=True, compression="zlib", predictor=True),
        _tiff(deep=True, planarconfig="separate", iccprofile=P3),
        _tiff(compression="jpeg"),
        _tiff(tile=(32, 32), compression="lzw"),
        _tiff(bigtiff=True, deep=True),
        _tiff_with_thumbnail,
        _pillow("TIFF", "CMYK", compression="tiff_lzw"),
        _pillow("TIFF", "1", compression="group4"),
    ],
    "WebP": [
        _pillow("WEBP", quality=80, exif=_turned(5)),
        _pillow("WEBP", lossless=True, icc_profile=P3),
        _pillow("WEBP", "RGBA", quality=60),
    ],
    "AVIF": [
        _pillow("AVIF", quality=80, icc_profile=P3, exif=_turned(7)),
        _pillow("AVIF", "RGBA", quality=60),
        lambda photo: imagecodecs.avif_encode(photo.astype(np.uint16) * 4, level=80, bitspersample=10),
    ],
}
