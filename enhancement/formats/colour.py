"""Samples of whatever meaning in, sRGB of 8 bits out, rounded once."""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
from PIL import ImageCms

from enhancement.formats.raster import Photo, Raster, Samples
from enhancement.formats.refusals import PictureError

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
ADOBE_RGB: bytes = imagecodecs.cms_profile("adobergb")
INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
DEEP_FLAGS = FLAGS | ImageCms.Flags.NOOPTIMIZE
"""Of 16 bits littlecms otherwise makes a table of 33 steps, which is up to 15/255 off in strong colours."""

WHITE_16 = np.uint16(65535)

BLOCK_PX = 4_000_000
"""Pixels that are converted at a time."""

D65 = (0.3127, 0.3290)
DCI_WHITE = (0.314, 0.351)
PRIMARIES: Mapping[int, tuple[tuple[float, float], ...]] = {
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), DCI_WHITE),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
}
"""ITU-T H.273, table 2: red, green, blue and white of what isn't sRGB's. Those are number 1, and 2, unknown."""

LIKE_SRGB = (1, 2, 6, 13, 14, 15)
"""H.273, table 3: sRGB's curve, and the video curves that every viewer shows still pictures of as if they were it."""

GAMMAS: Mapping[int, float] = {4: 2.2, 5: 2.8, 8: 1.0}
HDR: Mapping[int, str] = {16: "PQ", 18: "HLG"}


def to_srgb(raster: Raster, name: str) -> Photo:
    """Three channels of 8 bits, sRGB; row by row, so that nothing but the photo itself is made in full.

    Raises:
        PictureError: The profile can't be applied.
    """
    samples = raster.samples
    height, width = samples.shape[:2]
    step = max(1, BLOCK_PX // width)
    convert = _converter(raster, name)
    photo = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, step):
        rows = convert(np.ascontiguousarray(samples[top : top + step]))
        if rows.dtype == np.uint16:
            rows = ((rows.astype(np.uint32) + WHITE_16 // 255 // 2) // (WHITE_16 // 255)).astype(np.uint8)
        photo[top : top + step] = rows[:, :, None] if rows.ndim == 2 else rows
    return photo


def coded_profile(nclx: Mapping[str, Any] | None, name: str) -> bytes | None:
    """The ICC profile of colours that HEIC and AVIF name by number (H.273); None where they are sRGB.

    Raises:
        PictureError: HDR, or numbers that mean nothing here.
    """
    if not nclx:
        return None
    primaries, transfer = int(nclx["color_primaries"]), int(nclx["transfer_characteristics"])
    if transfer in HDR:
        what = f"it is an HDR picture ({HDR[transfer]}), and how bright its lights are meant on a screen is a choice"
        raise PictureError(name, what, "save it as an SDR picture on the phone or in a photo editor")
    if primaries in (1, 2) and transfer in LIKE_SRGB:
        return None
    if (primaries not in (1, 2) and primaries not in PRIMARIES) or (
        transfer not in LIKE_SRGB and transfer not in GAMMAS
    ):
        what = f"its colours are coded as {primaries}/{transfer} of H.273, which isn't known here"
        raise PictureError(name, what, "convert it to sRGB in a photo editor")
    return rgb_profile(primaries, transfer)


def rgb_profile(primaries: int, transfer: int) -> bytes:
    """The ICC profile of primaries and a curve, by their numbers in H.273; of Display P3 12 and 13."""
    red, green, blue, white = PRIMARIES.get(primaries, ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), D65))
    places = [coordinate for x, y in (red, green, blue) for coordinate in (x, y, 1.0)]
    curve = {"gamma": GAMMAS[transfer]} if transfer in GAMMAS else {"transferfunction": _srgb_curve()}
    return bytes(imagecodecs.cms_profile("rgb", whitepoint=[*white, 1.0], primaries=places, **curve))


def _srgb_curve() -> Any:
    """IEC 61966-2-1, encoded to linear, in 4096 steps."""
    coded = np.linspace(0, 1, 4096)
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    return (linear * 65535 + 0.5).astype(np.uint16)


def _inks_without_profile(inks: Samples) -> Samples:
    """What browsers show of CMYK without a profile: each ink takes away its share, black takes from all three."""
    white = np.uint16(255)
    paper = white - inks.astype(np.uint16)
    return ((paper[:, :, :3] * paper[:, :, 3:] + 127) // 255).astype(np.uint8)


def _converter(raster: Raster, name: str) -> Callable[[Samples], Samples]:
    """What brings samples to sRGB, in their own depth."""
    if not raster.profile:
        return _inks_without_profile if raster.cmyk else lambda samples: samples
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(raster.profile))
        space = source.profile.xcolor_space.strip()
        kind = "cmyk" if raster.cmyk else "gray" if raster.samples.ndim == 2 and space == "GRAY" else "rgb"
        if space != {"cmyk": "CMYK", "gray": "GRAY", "rgb": "RGB"}[kind]:
            raise ValueError(f"it is for {space or 'no'} pictures, and this one is {kind.upper()}")
        if kind == "rgb" and _is_srgb(source):
            return lambda samples: samples
        _transformed(raster.samples[:1, :1], source, kind)
    except (ImageCms.PyCMSError, imagecodecs.CmsError, OSError, ValueError) as error:
        remedy = "convert it to sRGB in a photo editor, or take the broken profile out"
        raise PictureError(name, f"its colour profile can't be applied ({error})", remedy) from error
    return lambda samples: _transformed(samples, source, kind)


def _is_srgb(source: ImageCms.ImageCmsProfile) -> bool:
    """Whether a profile is sRGB under whatever name: then pixels stay as they are, free of rounding."""
    ladder = np.linspace(0, 255, 17).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(ladder, ladder, ladder), axis=-1).reshape(17, 289, 3)
    moved = np.abs(_transformed(cube, source, "rgb").astype(np.int16) - cube)
    return int(moved.max()) <= 1


def _transformed(samples: Samples, source: ImageCms.ImageCmsProfile, kind: str) -> Samples:
    if kind == "rgb" and samples.ndim == 2:
        samples = np.repeat(samples[:, :, None], 3, axis=2)
    colours = imagecodecs.cms_transform(
        np.ascontiguousarray(samples),
        source.tobytes(),
        SRGB.tobytes(),
        colorspace=kind,
        outcolorspace="rgb",
        outdtype=samples.dtype.name,
        intent=int(INTENT),
        flags=int(DEEP_FLAGS if samples.dtype == np.uint16 else FLAGS),
    )
    # Grey comes out with channels that differ by a rounding: green has most of the luminance.
    return np.asarray(colours[:, :, 1] if kind == "gray" else colours)
