"""HEIC and AVIF: what phones shoot instead of JPEG."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
from PIL import Image

from enhancement.formats.colour import coded_profile
from enhancement.formats.raster import Raster, Samples, full_range
from enhancement.formats.refusals import PictureError, check_pixels
from enhancement.formats.table import STILL

ORIENTATION_TAG = 0x0112

# A photo is wanted, not what lies beside it: gain maps, depth and previews aren't even opened.
pillow_heif.options.THUMBNAILS = False
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False


def read_heic(data: bytes, name: str) -> Raster:
    """The primary picture of a HEIC file, upright: libheif turns it, as ``irot`` and ``imir`` say.

    EXIF's orientation is not looked at: the format says that it is only a copy of theirs.
    """
    file = pillow_heif.open_heif(data, convert_hdr_to_8bit=False, hdr_to_16bit=False)
    image = file[file.primary_index]
    check_pixels(*image.size, name)
    told: Mapping[str, Any] = image.info
    profile = told.get("icc_profile") or coded_profile(told.get("nclx_profile"), name)
    return Raster(_samples(image), profile)


def _samples(image: pillow_heif.HeifImage) -> Samples:
    samples: Samples = np.asarray(image)
    if samples.ndim == 3 and samples.shape[2] == 1:
        samples = samples[:, :, 0]
    if samples.dtype == np.uint8:
        return samples
    return full_range(samples, int(image.mode.partition(";")[2]))


def read_avif(data: bytes, name: str) -> Raster:
    """A still AVIF picture; Pillow has its pixels, libheif's header what its colours mean."""
    with Image.open(BytesIO(data), formats=["AVIF"]) as image:
        check_pixels(*image.size, name)
        if getattr(image, "n_frames", 1) > 1:
            raise PictureError(name, "it is animated", STILL)
        header = pillow_heif.open_heif(data, convert_hdr_to_8bit=False)
        told: Mapping[str, Any] = header[header.primary_index].info
        bits = int(told["bit_depth"])
        samples = np.asarray(image) if bits <= 8 else full_range(np.asarray(imagecodecs.avif_decode(data)), bits)
        profile = image.info.get("icc_profile") or coded_profile(told.get("nclx_profile"), name)
        return Raster(samples, profile, int(image.getexif().get(ORIENTATION_TAG, 1)))
