"""DNG: what a phone's sensor saw, developed the same way every time."""

from io import BytesIO

import numpy as np
import rawpy

from enhancement.formats.raster import Raster, Samples
from enhancement.formats.refusals import COPY_AGAIN, PictureError, check_pixels
from enhancement.formats.tiff_header import BASELINE_EXPOSURE_TAG, tiff_tags

MAX_EXPOSURE_STOPS = 4.0
SRGB_CURVE = (2.4, 12.92)
EXPORT = "export it as JPEG, HEIC or a 16-bit TIFF on the phone or in a raw developer"


def read_dng(data: bytes, name: str) -> Raster:
    """A DNG, developed by LibRaw to 16-bit sRGB and upright; docs/photos.md says why so.

    The white balance that the camera chose (AsShotNeutral), its own colour matrix, the file's BaselineExposure as the
    only brightening, sRGB's curve, AHD demosaicing, lights clipped. Nothing is measured on the picture.
    """
    try:
        with rawpy.imread(BytesIO(data)) as raw:
            check_pixels(raw.sizes.raw_width, raw.sizes.raw_height, name)
            developed: Samples = raw.postprocess(
                use_camera_wb=True,
                no_auto_bright=True,
                bright=2.0 ** _exposure_stops(data),
                adjust_maximum_thr=0.0,
                output_color=rawpy.ColorSpace.sRGB,
                output_bps=16,
                gamma=SRGB_CURVE,
                demosaic_algorithm=rawpy.DemosaicAlgorithm.AHD,
                highlight_mode=rawpy.HighlightMode.Clip,
            )
    except (rawpy.LibRawFileUnsupportedError, rawpy.LibRawNotImplementedError) as error:
        raise PictureError(name, f"this kind of DNG can't be developed here ({_said(error)})", EXPORT) from error
    except rawpy.LibRawError as error:
        raise PictureError(name, f"the picture is damaged or cut short ({_said(error)})", COPY_AGAIN) from error
    return Raster(np.asarray(developed))


def _said(error: Exception) -> str:
    told = error.args[0] if error.args else error
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)


def _exposure_stops(data: bytes) -> float:
    """What the maker says it must be brightened by: phones expose for the lights, and their zero isn't DNG's."""
    stops = float(tiff_tags(data).get(BASELINE_EXPOSURE_TAG, 0.0))
    return min(max(stops, -MAX_EXPOSURE_STOPS), MAX_EXPOSURE_STOPS)
