"""Whose pixels they are: of formats that leave much to their decoder, which decoder of which version."""

from pathlib import Path

import pillow_heif
import rawpy

from enhancement.formats.table import FORMATS


def library_of(stored: str) -> str:
    """The library that developed a stored photo, by its ending; empty where a format leaves nothing to choose.

    >>> library_of("photos/ab/abcd.png")
    ''
    """
    suffix = Path(stored).suffix
    if suffix == FORMATS["DNG"].suffix:
        return f"LibRaw {'.'.join(map(str, rawpy.libraw_version))}"
    if suffix == FORMATS["HEIC"].suffix:
        return f"libheif {pillow_heif.libheif_version()}"
    return ""
