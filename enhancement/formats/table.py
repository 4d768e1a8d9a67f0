"""Which formats are read, and how a file tells which one it is: by its content, never by its name."""

from collections.abc import Mapping
from dataclasses import dataclass

from enhancement.formats.refusals import PictureError
from enhancement.formats.tiff_header import DNG_VERSION_TAG, SUBFILE_TAG, tiff_tags


@dataclass(frozen=True)
class Format:
    """A format that photos are read from.

    Attributes:
        name: What people call it.
        suffix: What a stored file of it ends in.
        suffixes: What files of it may end in, in lower case.
        told: What is read of it, for the docs.
    """

    name: str
    suffix: str
    suffixes: tuple[str, ...]
    told: str


FORMATS: Mapping[str, Format] = {
    found.name: found
    for found in (
        Format(
            "JPEG",
            ".jpg",
            (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
            "colour, grey and CMYK; of several pictures in a file (MPO, a gain map, a motion photo) the first",
        ),
        Format("HEIC", ".heic", (".heic", ".heif", ".hif"), "8, 10 and 12 bit; of several pictures the primary one"),
        Format("DNG", ".dng", (".dng",), "mosaics and linear DNG, developed by LibRaw"),
        Format("PNG", ".png", (".png",), "8 and 16 bit, colour, grey and palette"),
        Format("TIFF", ".tif", (".tif", ".tiff"), "8 and 16 bit, RGB and grey; CMYK of 8 bit; one page"),
        Format("WebP", ".webp", (".webp",), "lossy and lossless, still"),
        Format("AVIF", ".avif", (".avif", ".avifs"), "8, 10 and 12 bit, still"),
    )
}
"""The one table of formats: the loader, its messages, the upload page and the docs go by it."""

KINDS = f"{', '.join(list(FORMATS)[:-1])} or {list(FORMATS)[-1]}"
SUFFIXES = tuple(suffix for found in FORMATS.values() for suffix in found.suffixes)
"""Every ending, for file dialogs; what a file is, its content decides."""

AVIF_BRANDS = (b"avif", b"avis")
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
VIDEO_BRANDS = (b"qt  ", b"isom", b"iso2", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"3gp4", b"3gp5", b"3gp6")

DEVELOP = "convert it to DNG with its maker's program or Adobe's DNG Converter, or develop it to a 16-bit TIFF"
STILL = "save the one picture that is meant as PNG or JPEG"
VIDEO = ("this is a video", "take it out, or save the frame that is meant as a picture")
RAW = ("this is a camera's own raw file", DEVELOP)

OTHERS: Mapping[bytes, tuple[str, str]] = {
    b"GIF8": ("this is a GIF, which has no more than 256 colours", "give the photo that it was made from"),
    b"BM": ("this is a BMP", "save it as PNG, which loses nothing"),
    b"%PDF": ("this is a PDF", "export the photo in it as JPEG, PNG or TIFF"),
    b"8BPS": ("this is a Photoshop file", "export it as a 16-bit TIFF or as PNG, without layers"),
    b"PK\x03\x04": ("this is a zip archive or an office document", "unpack it, and load the photos that were in it"),
    b"\x00\x00\x00\x0cjP  ": ("this is a JPEG 2000", "save it as PNG, which loses nothing"),
    b"\x00\x00\x00\x0cJXL ": ("this is a JPEG XL", "save it as PNG, which loses nothing"),
    b"\xff\x0a": ("this is a JPEG XL", "save it as PNG, which loses nothing"),
    b"FUJIFILMCCD-RAW": RAW,
    b"IIU\x00": RAW,
    b"IIRO": RAW,
    b"IIRS": RAW,
    b"MMOR": RAW,
    b"FOVb": RAW,
    b"bplist": ("this is a list of edits, not a picture", "take it out"),
    b"\x1a\x45\xdf\xa3": VIDEO,
}
"""What people mistake for a photo of ours: how it begins, what it is, what to do."""


def format_of(data: bytes, name: str) -> Format:
    """The format of a file.

    Args:
        data: The whole file; or at least its beginning, if it isn't a TIFF.
        name: What to call it in an error.

    Raises:
        PictureError: It is empty, or of no format that is read; says what it is instead, where that is known.
    """
    if not data:
        raise PictureError(name, "the file is empty", "copy it again from where it came, or leave it out")
    if known := _by_signature(data):
        return FORMATS[known]
    if data[4:8] == b"ftyp":
        return _of_boxes(data, name)
    if data[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        return _of_tiff(data, name)
    raise _unknown(data, name)


def _by_signature(data: bytes) -> str | None:
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WebP"
    return None


def _of_boxes(data: bytes, name: str) -> Format:
    """ISO base media: one family of files for HEIC, AVIF, Canon's raw and most videos, told apart by brands."""
    end = max(16, min(int.from_bytes(data[:4], "big"), 256))
    major, compatible = data[8:12], [data[at : at + 4] for at in range(16, end, 4)]
    if major in AVIF_BRANDS or (major in (b"mif1", b"msf1") and set(compatible) & set(AVIF_BRANDS)):
        return FORMATS["AVIF"]
    if major in HEIC_BRANDS:
        return FORMATS["HEIC"]
    if major == b"crx ":
        raise PictureError(name, *RAW)
    if major in VIDEO_BRANDS or set(compatible) & set(VIDEO_BRANDS):
        raise PictureError(name, *VIDEO)
    raise _unknown(data, name)


def _of_tiff(data: bytes, name: str) -> Format:
    """A TIFF, or a DNG; the raw files of many cameras are TIFFs too, and only their preview would be read."""
    tags = tiff_tags(data)
    if DNG_VERSION_TAG in tags:
        return FORMATS["DNG"]
    if data[8:10] == b"CR" or int(tags.get(SUBFILE_TAG, 0)) & 1:
        raise PictureError(name, *RAW)
    return FORMATS["TIFF"]


def _unknown(data: bytes, name: str) -> PictureError:
    for begins, (what, remedy) in OTHERS.items():
        if data.startswith(begins):
            return PictureError(name, what, remedy)
    return PictureError(name, f"this is not a {KINDS} picture", "convert it to one of them, or take it out")
