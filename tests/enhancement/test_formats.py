"""What phones and studios write: HEIC, AVIF, DNG, CMYK; and what only looks like a photo."""

import struct
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
import tifffile
from PIL import Image

from enhancement.formats.colour import PRIMARIES, rgb_profile
from enhancement.formats.dng import read_dng
from enhancement.formats.libraries import library_of
from enhancement.formats.raster import full_range, turned
from enhancement.formats.table import FORMATS, format_of
from enhancement.formats.tiff_header import tiff_tags
from enhancement.pictures import READERS, Photo, PictureError, decode
from fixtures.demo_photos import SOURCES, photograph
from fixtures.dng import encode_dng
from fixtures.phone_photos import DISPLAY_P3, STORED_TURN, heic
from tests.enhancement.cmyk import cmyk_profile
from tests.enhancement.test_pictures import WIDE, a_photo, saved

LOSSLESS = {"quality": -1, "chroma": 444, "matrix_coefficients": 0}


def heif(*photos: npt.NDArray[np.uint8], **options: object) -> bytes:
    """A HEIC that keeps every pixel."""
    file = pillow_heif.HeifFile()
    for photo in photos:
        file.add_from_pillow(Image.fromarray(photo))
    out = BytesIO()
    file.save(out, **{**LOSSLESS, **options})
    return out.getvalue()


def nearly(read: Photo, meant: Photo, most: float) -> bool:
    return read.shape == meant.shape and float(np.abs(read.astype(int) - meant).mean()) <= most


@pytest.fixture(scope="module")
def cat() -> Photo:
    return photograph(SOURCES[1])


def test_every_format_has_a_reader_and_its_own_endings() -> None:
    assert list(READERS) == list(FORMATS)
    endings = [suffix for found in FORMATS.values() for suffix in found.suffixes]
    assert len(endings) == len(set(endings))
    assert all(found.suffix in found.suffixes for found in FORMATS.values())


def test_the_docs_have_the_same_table() -> None:
    rows = [f"| {found.name} | {' '.join(found.suffixes)} | {found.told} |" for found in FORMATS.values()]
    told = (Path(__file__).resolve().parents[2] / "docs" / "photos.md").read_text()
    assert "\n".join(rows) in told


def test_a_developed_photo_says_by_which_library() -> None:
    assert library_of("photos/ab/abcd.dng").startswith("LibRaw 0.")
    assert library_of("photos/ab/abcd.heic").startswith("libheif 1.")
    assert not library_of("photos/ab/abcd.jpg")


# HEIC and AVIF


def test_a_lossless_heic_keeps_every_pixel() -> None:
    assert np.array_equal(decode(heif(a_photo()), name="a"), a_photo())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_heic_is_turned_once(cat: Photo, orientation: int) -> None:
    small = np.ascontiguousarray(cat[::3, ::3])
    assert nearly(decode(heic(small, orientation, wide=False), name="a"), small, 5)


def test_exif_alone_does_not_turn_a_heic() -> None:
    """The format says that EXIF's orientation is informative; libheif's ``irot`` is what counts."""
    exif = Image.Exif()
    exif[0x0112] = 6
    plain = heif(a_photo())
    image = pillow_heif.open_heif(heif(a_photo(), exif=exif.tobytes()))
    assert image.size == (43, 61)  # the encoder made irot of it
    assert decode(plain, name="a").shape == a_photo().shape


def test_display_p3_by_profile_and_by_number_agree(cat: Photo) -> None:
    by_profile = decode(heic(cat, 1), name="a")
    assert nearly(by_profile, cat, 3)
    red, green = (np.full((16, 16, 3), colour, np.uint8) for colour in ((200, 60, 60), (60, 200, 60)))
    for colour in (red, green):
        coded = decode(heif(colour, color_primaries=DISPLAY_P3[0], transfer_characteristics=13), name="a")
        with_icc = saved(colour, "PNG", icc_profile=rgb_profile(*DISPLAY_P3))
        assert np.abs(coded.astype(int) - decode(with_icc, name="a")).max() <= 1
        assert np.abs(coded.astype(int) - colour).max() > 10


def test_display_p3_is_what_it_is() -> None:
    """Red of sRGB is (0.9175, 0.2003, 0.1386) in Display P3 (CSS Color 4, sample conversions)."""
    in_p3 = np.array([[[0.9175, 0.2003, 0.1386]]]) * 65535 + 0.5
    deep = imagecodecs.cms_transform(
        in_p3.astype(np.uint16), rgb_profile(*DISPLAY_P3), imagecodecs.cms_profile("srgb"),
        colorspace="rgb", outcolorspace="rgb", outdtype="uint16", intent=1, flags=0x0100,
    )  # fmt: skip
    assert np.abs(deep.astype(float) / 65535 - [[[1, 0, 0]]]).max() < 0.01


def test_every_numbered_colour_makes_a_profile() -> None:
    for primaries in PRIMARIES:
        assert decode(saved(a_photo(), "PNG", icc_profile=rgb_profile(primaries, 13)), name="a").shape == (43, 61, 3)


def test_10_bits_are_rounded_not_cut(cat: Photo) -> None:
    assert full_range(np.array([[0, 1, 512, 1023]], np.uint16), 10).tolist() == [[0, 64, 32800, 65535]]
    white = np.full((64, 64, 3), 255, np.uint8)
    assert decode(heic(white, 1, bits=10, wide=False), name="a").min() >= 254
    assert nearly(decode(heic(cat, 1, bits=10), name="a"), cat, 3)


@pytest.mark.parametrize(("transfer", "word"), [(16, "PQ"), (18, "HLG"), (17, "9/17")])
def test_hdr_is_refused_by_name(transfer: int, word: str) -> None:
    with pytest.raises(PictureError, match=word):
        decode(heif(a_photo(), color_primaries=9, transfer_characteristics=transfer), name="a")


def test_of_several_pictures_in_a_heic_the_primary_one_is_taken() -> None:
    first, second = a_photo(), a_photo(seed=1)
    assert np.array_equal(decode(heif(first, second, primary_index=1), name="a"), second)
    assert np.array_equal(decode(heif(first, second, primary_index=0), name="a"), first)


def test_a_grey_heic_has_three_equal_channels() -> None:
    grey = decode(heif(a_photo()[:, :, 0], matrix_coefficients=6), name="a")
    assert nearly(grey, np.repeat(a_photo()[:, :, :1], 3, axis=2), 2)
    assert np.array_equal(grey[:, :, 0], grey[:, :, 2])


def test_a_transparent_heic_is_refused_and_an_opaque_one_read() -> None:
    alpha = np.full((43, 61, 1), 255, np.uint8)
    assert nearly(decode(heif(np.dstack([a_photo(), alpha])), name="a"), a_photo(), 2)
    alpha[:20] = 90
    with pytest.raises(PictureError, match="transparent"):
        decode(heif(np.dstack([a_photo(), alpha])), name="a")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_avif_is_read_and_turned(orientation: int) -> None:
    photo = a_photo(64, 48)
    exif = Image.Exif()
    exif[0x0112] = orientation
    lying = Image.fromarray(np.ascontiguousarray(turned(photo, STORED_TURN[orientation])))
    assert nearly(decode(saved(lying, "AVIF", exif=exif, quality=95), name="a"), photo, 3)


def test_deep_avif_is_read_whole() -> None:
    deep = a_photo(64, 48).astype(np.uint16) * 4
    file = imagecodecs.avif_encode(deep, level=100, bitspersample=10)
    assert nearly(decode(file, name="a"), a_photo(64, 48), 2)


def test_an_avif_with_a_profile_goes_through_it() -> None:
    plain, wide = (decode(saved(a_photo(), "AVIF", icc_profile=icc, quality=95), name="a") for icc in (None, WIDE))
    assert np.abs(wide.astype(int) - plain).max() > 15


def test_an_animated_avif_is_refused() -> None:
    with pytest.raises(PictureError, match="animated"):
        decode(saved(a_photo(), "AVIF", save_all=True, append_images=[Image.fromarray(a_photo(seed=1))]), name="a")


# DNG


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("exposure_stops", [0.0, 1.0])
def test_a_dng_develops_to_the_photo_it_was_made_of(cat: Photo, linear: bool, exposure_stops: float) -> None:
    read = decode(encode_dng(cat, linear=linear, exposure_stops=exposure_stops), name="a.dng")
    assert nearly(read, cat, 0.6 if linear else 4)
    assert abs(float(read.mean() - cat.mean())) < 0.5


@pytest.mark.parametrize("grey", [5, 20, 64, 128, 200, 250, 255])
def test_grey_in_a_dng_stays_the_same_grey(grey: int) -> None:
    """White balance, sRGB's curve and no brightening: every grey comes back."""
    card = np.full((64, 64, 3), grey, np.uint8)
    for linear in (False, True):
        assert np.abs(decode(encode_dng(card, linear=linear), name="a").astype(int) - grey).max() <= 1


def test_a_dark_dng_stays_dark() -> None:
    """No brightness is measured on the picture, as raw developers do by default."""
    dark = a_photo(64, 48) // 8
    assert nearly(decode(encode_dng(dark), name="a"), dark, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_dng_stands_upright(cat: Photo, orientation: int) -> None:
    lying = np.ascontiguousarray(turned(cat, STORED_TURN[orientation]))
    assert nearly(decode(encode_dng(lying, orientation=orientation, linear=True), name="a"), cat, 0.6)


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_dng_cut_short_is_refused(cat: Photo, share: float) -> None:
    for linear in (False, True):
        file = encode_dng(cat, linear=linear)
        with pytest.raises(PictureError, match="damaged or cut short"):
            decode(file[: int(len(file) * share)], name="a")


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_heic_cut_short_is_refused(cat: Photo, share: float) -> None:
    file = heic(cat, 1)
    with pytest.raises(PictureError, match="damaged or cut short"):
        decode(file[: int(len(file) * share)], name="a")


def test_the_exposure_that_a_dng_states_is_kept_within_reason(cat: Photo) -> None:
    file = encode_dng(cat, linear=True, exposure_stops=1.0)
    place = file.index(struct.pack("<II", 10**6, 10**6))
    wild = file[:place] + struct.pack("<ii", 2**31 - 1, 1) + file[place + 8 :]
    assert read_dng(wild, "a").samples.shape == cat.shape


# CMYK


def test_cmyk_without_a_profile_is_what_browsers_show() -> None:
    inks = np.zeros((16, 32, 4), np.uint8)
    inks[:, :8], inks[:, 8:16], inks[:, 16:24] = (255, 0, 0, 0), (0, 255, 255, 0), (0, 0, 0, 128)
    file = saved(Image.fromarray(inks, "CMYK"), "JPEG", quality=100)
    read = decode(file, name="a")
    for place, colour in ((4, (0, 255, 255)), (12, (255, 0, 0)), (20, (127, 127, 127)), (28, (255, 255, 255))):
        assert np.abs(read[8, place].astype(int) - colour).max() <= 2
    tiff = decode(saved(Image.fromarray(inks, "CMYK"), "TIFF"), name="a")
    assert np.abs(tiff.astype(int) - read).max() <= 3


def test_cmyk_goes_through_its_profile() -> None:
    """The test's own profile makes each ink take 80 % of its light, so full cyan leaves red at a fifth."""
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[:, 8:] = (255, 0, 0, 0)
    read = decode(saved(Image.fromarray(inks, "CMYK"), "JPEG", quality=100, icc_profile=cmyk_profile()), name="a")
    assert np.abs(read[8, 2].astype(int) - 255).max() <= 2
    assert read[8, 13, 0] < 160
    assert read[8, 13, 1] > 200
    assert read[8, 13, 0] > 60


def test_cmyk_that_does_not_say_which_way_round_is_refused() -> None:
    file = saved(Image.fromarray(a_photo()).convert("CMYK"), "JPEG")
    marker = file.index(b"\xff\xee")
    length = int.from_bytes(file[marker + 2 : marker + 4], "big")
    with pytest.raises(PictureError, match="no Adobe marker"):
        decode(file[:marker] + file[marker + 2 + length :], name="a")


def test_a_profile_for_other_pictures_is_refused() -> None:
    with pytest.raises(PictureError, match="it is for RGB pictures, and this one is CMYK"):
        decode(saved(Image.fromarray(a_photo()).convert("CMYK"), "JPEG", icc_profile=WIDE), name="a")


def test_adobe_rgb_said_in_exif_alone_is_believed() -> None:
    """DSLRs write no profile: their JPEGs say R03 in EXIF's interoperability index."""
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    told = decode(saved(a_photo(), "JPEG", exif=exif), name="a").astype(int)
    meant = decode(saved(a_photo(), "JPEG", icc_profile=WIDE), name="a")
    assert np.abs(told - meant).max() <= 1


# What a file is


def boxes(major: bytes, *compatible: bytes) -> bytes:
    return struct.pack(">I", 16 + 4 * len(compatible)) + b"ftyp" + major + bytes(4) + b"".join(compatible) + bytes(64)


def raw_preview() -> bytes:
    file = BytesIO()
    tifffile.imwrite(file, a_photo(16, 12), photometric="rgb", subfiletype=1)
    return file.getvalue()


OTHERS = {
    "video of an iPhone": (boxes(b"qt  ", b"qt  "), "this is a video"),
    "video of an Android phone": (boxes(b"mp42", b"isom", b"mp42"), "this is a video"),
    "video of unknown kind": (boxes(b"abcd", b"isom"), "this is a video"),
    "Canon's new raw": (boxes(b"crx ", b"crx ", b"isom"), "camera's own raw file"),
    "Canon's old raw": (b"II*\x00\x10\x00\x00\x00CR\x02\x00" + bytes(64), "camera's own raw file"),
    "Nikon's and Sony's raw": (raw_preview(), "camera's own raw file"),
    "Fuji's raw": (b"FUJIFILMCCD-RAW 0201" + bytes(64), "camera's own raw file"),
    "boxes of nobody": (boxes(b"abcd"), "not a JPEG, HEIC"),
    "gif": (saved(Image.fromarray(a_photo()), "GIF"), "256 colours"),
    "bmp": (saved(Image.fromarray(a_photo()), "BMP"), "this is a BMP"),
    "pdf": (saved(Image.fromarray(a_photo()), "PDF"), "this is a PDF"),
    "jpeg 2000": (saved(Image.fromarray(a_photo()), "JPEG2000"), "JPEG 2000"),
    "zip": (b"PK\x03\x04" + bytes(64), "zip archive"),
    "photoshop": (b"8BPS" + bytes(64), "Photoshop"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_it_is_instead_is_said(case: str) -> None:
    file, word = OTHERS[case]
    with pytest.raises(PictureError, match=word):
        decode(file, name="a.jpg")


def test_the_content_says_what_a_file_is() -> None:
    made = {
        "JPEG": saved(a_photo(), "JPEG"),
        "HEIC": heif(a_photo()),
        "DNG": encode_dng(a_photo()),
        "PNG": saved(a_photo(), "PNG"),
        "TIFF": saved(a_photo(), "TIFF"),
        "WebP": saved(a_photo(), "WEBP"),
        "AVIF": saved(a_photo(), "AVIF"),
    }
    assert {name: format_of(file, "a").name for name, file in made.items()} == {name: name for name in FORMATS}


def test_tags_of_a_broken_tiff_are_those_that_can_be_read() -> None:
    page = struct.pack("<HHHIHHHHII", 2, 0x0112, 3, 1, 6, 0, 50730, 10, 1, 2**31)
    assert tiff_tags(b"II*\x00" + struct.pack("<I", 8) + page) == {0x0112: 6}
    assert tiff_tags(b"II*\x00" + struct.pack("<I", 2**31)) == {}
    assert tiff_tags(b"MM\x00+" + b"\xff" * 12) == {}
    assert tiff_tags(b"II") == {}
