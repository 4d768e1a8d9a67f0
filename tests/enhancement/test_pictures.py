"""Pictures in: every format, orientation, profile and depth; and every file that must be refused."""

import struct
import subprocess
import sys
import zlib
from io import BytesIO
from itertools import product
from pathlib import Path

import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from enhancement.formats import refusals
from enhancement.pictures import PictureError, decode, encode_png

FORMATS = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "TIFF": {},
    "WEBP": {"lossless": True},
}
WIDE = imagecodecs.cms_profile("adobergb")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def a_photo(width: int = 61, height: int = 43, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Smooth colours, so that JPEG keeps them, with nothing alike in any two corners."""
    chance = np.random.default_rng(seed)
    small = Image.fromarray(chance.integers(0, 256, (5, 7, 3), dtype=np.uint8))
    return np.array(small.resize((width, height), Image.Resampling.BICUBIC))


def saved(image: Image.Image | npt.NDArray[np.uint8], kind: str, **options: object) -> bytes:
    file = BytesIO()
    picture = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    picture.save(file, kind, **{**FORMATS.get(kind, {}), **options})
    return file.getvalue()


def deep_tiff(samples: npt.NDArray[np.uint16], **options: object) -> bytes:
    file = BytesIO()
    tifffile.imwrite(file, samples, **options)
    return file.getvalue()


def with_chunk(png: bytes, kind: bytes, data: bytes) -> bytes:
    """A PNG with another chunk after its header, which is 33 bytes."""
    crc = struct.pack(">I", zlib.crc32(kind + data))
    return png[:33] + struct.pack(">I", len(data)) + kind + data + crc + png[33:]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_lossless_formats_keep_every_pixel(kind: str) -> None:
    photo = a_photo()
    read = decode(saved(photo, kind), name="a")
    assert np.array_equal(read, photo)
    assert read.dtype == np.uint8
    assert read.flags.c_contiguous
    assert read.flags.writeable


def test_a_jpeg_reads_as_pillow_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(saved(a_photo(), "JPEG"))
    with Image.open(path) as image:
        assert np.array_equal(decode(path, name="a.jpg"), np.asarray(image))


@pytest.mark.parametrize(("kind", "orientation"), list(product(FORMATS, range(1, 9))))
def test_every_orientation_stands_upright(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = saved(a_photo(), kind, exif=exif)
    with Image.open(BytesIO(file)) as image:
        assert np.array_equal(decode(file, name="a"), np.asarray(ImageOps.exif_transpose(image)))


def test_orientation_6_brings_the_left_edge_up() -> None:
    photo = np.zeros((2, 3, 3), np.uint8)
    photo[1, 0] = 255  # the file's lower left corner is the scene's upper left
    exif = Image.Exif()
    exif[0x0112] = 6
    read = decode(saved(photo, "PNG", exif=exif), name="a")
    assert read.shape == (3, 2, 3)
    assert read[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_16_bit_tiffs_are_turned_as_8_bit_ones(orientation: int) -> None:
    photo = a_photo()
    deep = deep_tiff(photo.astype(np.uint16) * 257, photometric="rgb", extratags=[(274, "H", 1, orientation, True)])
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(decode(deep, name="a"), decode(saved(photo, "TIFF", exif=exif), name="a"))


def test_16_bits_are_rounded_not_cut() -> None:
    samples = np.array([[[0, 128, 129], [256, 257 * 7 + 128, 257 * 7 + 129], [65535, 65407, 65406]]], np.uint16)
    rounded = [[[0, 0, 1], [1, 7, 8], [255, 255, 254]]]
    assert decode(imagecodecs.png_encode(samples), name="a").tolist() == rounded
    assert decode(deep_tiff(samples, photometric="rgb"), name="a").tolist() == rounded
    planes = np.ascontiguousarray(np.moveaxis(samples, -1, 0))
    assert decode(deep_tiff(planes, photometric="rgb", planarconfig="separate"), name="a").tolist() == rounded


def test_a_wide_gamut_profile_is_applied_as_littlecms_does() -> None:
    photo = a_photo()
    read = decode(saved(photo, "PNG", icc_profile=WIDE), name="a").astype(int)
    judge = ImageCms.profileToProfile(
        Image.fromarray(photo),
        ImageCms.ImageCmsProfile(BytesIO(WIDE)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert np.abs(read - np.asarray(judge)).max() <= 1
    assert np.abs(read - photo).max() > 20


@pytest.mark.parametrize("kind", list(FORMATS))
def test_profiles_are_applied_in_every_format(kind: str) -> None:
    plain, wide = (decode(saved(a_photo(), kind, icc_profile=icc), name="a") for icc in (None, WIDE))
    assert np.abs(wide.astype(int) - plain).max() > 20


def test_16_bit_profiles_agree_with_8_bit_ones() -> None:
    photo = a_photo()
    shallow = decode(saved(photo, "PNG", icc_profile=WIDE), name="a").astype(int)
    png = imagecodecs.png_encode(photo.astype(np.uint16) * 257)
    deep_png = with_chunk(png, b"iCCP", b"wide\0\0" + zlib.compress(WIDE))
    tiff = deep_tiff(photo.astype(np.uint16) * 257, photometric="rgb", iccprofile=WIDE)
    assert np.abs(decode(deep_png, name="a") - shallow).max() <= 1
    assert np.abs(decode(tiff, name="a") - shallow).max() <= 1


def test_srgb_under_any_name_leaves_every_pixel_alone() -> None:
    photo = a_photo()
    assert np.array_equal(decode(saved(photo, "PNG", icc_profile=SRGB), name="a"), photo)
    assert np.array_equal(decode(saved(photo, "PNG", icc_profile=imagecodecs.cms_profile("srgb")), name="a"), photo)


def test_grey_becomes_three_equal_channels() -> None:
    grey = a_photo()[:, :, 0]
    for file in (
        saved(Image.fromarray(grey), "PNG"),
        saved(Image.fromarray(grey), "TIFF"),
        imagecodecs.png_encode(grey.astype(np.uint16) * 257),
        deep_tiff(grey.astype(np.uint16) * 257, photometric="minisblack"),
        deep_tiff(65535 - grey.astype(np.uint16) * 257, photometric="miniswhite"),
    ):
        assert np.array_equal(decode(file, name="a"), np.repeat(grey[:, :, None], 3, axis=2))


def test_a_grey_photo_with_a_grey_profile_goes_through_it() -> None:
    linear = imagecodecs.cms_profile("gray", gamma=1.0)
    read = decode(saved(Image.fromarray(a_photo()[:, :, 0]), "PNG", icc_profile=linear), name="a")
    assert (read.astype(int) - a_photo()[:, :, :1]).max() > 30  # linear grey is lighter once encoded
    assert np.array_equal(read[:, :, 0], read[:, :, 2])


def test_a_palette_becomes_its_colours() -> None:
    palette = Image.fromarray(a_photo()).quantize(16)
    assert np.array_equal(decode(saved(palette, "PNG"), name="a"), np.asarray(palette.convert("RGB")))


def test_black_and_white_is_grey() -> None:
    bits = Image.fromarray(a_photo()).convert("1")
    assert np.array_equal(decode(saved(bits, "PNG"), name="a"), np.asarray(bits.convert("RGB")))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_an_opaque_alpha_channel_is_dropped(kind: str) -> None:
    opaque = np.dstack([a_photo(), np.full((43, 61), 255, np.uint8)])
    assert np.array_equal(decode(saved(opaque, kind), name="a"), a_photo())


def test_an_opaque_16_bit_alpha_channel_is_dropped() -> None:
    deep = np.dstack([a_photo(), np.full((43, 61), 255, np.uint8)]).astype(np.uint16) * 257
    assert np.array_equal(decode(imagecodecs.png_encode(deep), name="a"), a_photo())


def test_a_phones_jpeg_with_a_second_picture_behind_it_is_its_photo() -> None:
    file = saved(a_photo(), "MPO", save_all=True, append_images=[Image.fromarray(a_photo(seed=1))], quality=95)
    with Image.open(BytesIO(file)) as image:
        assert image.format == "MPO"
        assert np.array_equal(decode(file, name="a"), np.asarray(image))


def test_a_tiff_with_a_thumbnail_is_its_photo() -> None:
    file = BytesIO()
    with tifffile.TiffWriter(file) as pages:
        pages.write(a_photo(), photometric="rgb")
        pages.write(a_photo(16, 12), photometric="rgb", subfiletype=1)
    assert np.array_equal(decode(file.getvalue(), name="a"), a_photo())


def transparent(mode: str) -> Image.Image:
    image = Image.fromarray(a_photo()).convert(mode)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def colour_key() -> bytes:
    photo = a_photo()
    return saved(photo, "PNG", transparency=tuple(int(value) for value in photo[3, 4]))


REFUSED = {
    "text": (b"not a picture at all", "not a JPEG, HEIC, DNG, PNG, TIFF, WebP or AVIF picture"),
    "nothing": (b"", "the file is empty"),
    "lab": (saved(Image.fromarray(a_photo()).convert("LAB"), "TIFF"), "LAB"),
    "float": (saved(Image.fromarray(a_photo()[:, :, 0].astype(np.float32)), "TIFF"), "stored as F"),
    "animated": (saved(a_photo(), "WEBP", save_all=True, append_images=[Image.fromarray(a_photo(seed=1))]), "animated"),
    "animated png": (
        saved(a_photo(), "PNG", save_all=True, append_images=[Image.fromarray(a_photo(seed=1))]),
        "animated",
    ),
    "pages": (
        saved(a_photo(), "TIFF", save_all=True, append_images=[Image.fromarray(a_photo(seed=1))]),
        "several pages",
    ),
    "transparent": (saved(transparent("RGB"), "PNG"), "transparent"),
    "transparent webp": (saved(transparent("RGB"), "WEBP"), "transparent"),
    "transparent grey": (saved(transparent("L"), "PNG"), "transparent"),
    "colour key": (colour_key(), "transparent"),
    "broken profile": (saved(a_photo(), "PNG", icc_profile=b"no profile at all" * 20), "colour profile"),
    "profile of another kind": (
        saved(a_photo(), "PNG", icc_profile=imagecodecs.cms_profile("gray", gamma=2.2)),
        "profile",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_photo_is_refused_by_name(case: str) -> None:
    file, word = REFUSED[case]
    with pytest.raises(PictureError, match=word) as refused:
        decode(file, name="holiday.jpg")
    assert str(refused.value).startswith("holiday.jpg: ")
    assert refused.value.remedy in str(refused.value)


@pytest.mark.parametrize("kind", list(FORMATS))
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_cut_short_is_refused_not_half_grey(kind: str, share: float) -> None:
    noisy = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    file = saved(noisy, kind)
    with pytest.raises(PictureError, match="damaged or cut short"):
        decode(file[: int(len(file) * share)], name="a")


def test_a_deep_file_cut_short_is_refused() -> None:
    samples = np.random.default_rng(0).integers(0, 65536, (200, 300, 3), dtype=np.uint16)
    for file in (imagecodecs.png_encode(samples), deep_tiff(samples, photometric="rgb")):
        with pytest.raises(PictureError, match="damaged or cut short"):
            decode(file[: len(file) // 2], name="a")


def test_a_decompression_bomb_is_refused_before_it_is_decoded() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    png = (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + b"IHDR"
        + header
        + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    )
    bomb = png + saved(a_photo(), "PNG")[33:]
    with pytest.raises(PictureError, match="200 megapixels"):
        decode(bomb, name="a")


def test_the_largest_picture_is_read_and_one_row_more_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MAX_PIXELS", 61 * 43)
    assert decode(saved(a_photo(), "PNG"), name="a").shape == (43, 61, 3)
    with pytest.raises(PictureError, match="megapixels"):
        decode(saved(a_photo(61, 44), "PNG"), name="a")


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"gone.png: the file can't be read \(No such file"):
        decode(tmp_path / "gone.png", name="gone.png")


@given(st.sampled_from(list(FORMATS)), st.data())
@settings(max_examples=150, deadline=None)
def test_broken_bytes_are_a_photo_or_refused(kind: str, data: st.DataObject) -> None:
    file = bytearray(saved(a_photo(24, 16), kind))
    for place in data.draw(st.lists(st.integers(0, len(file) - 1), min_size=1, max_size=6)):
        file[place] = data.draw(st.integers(0, 255))
    try:
        read = decode(bytes(file), name="a")
    except PictureError:
        return
    assert read.dtype == np.uint8
    assert read.ndim == 3
    assert read.shape[2] == 3


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_what_is_read(width: int, height: int, seed: int) -> None:
    photo = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert np.array_equal(decode(encode_png(photo), name="a"), photo)
    assert encode_png(photo) == encode_png(photo.copy())


def test_any_memory_layout_is_written_right() -> None:
    photo = a_photo()
    planes = np.moveaxis(np.ascontiguousarray(np.moveaxis(photo, -1, 0)), 0, -1)
    for layout in (planes, np.asfortranarray(photo), photo.repeat(2, axis=1)[:, ::2], photo[:, :, ::-1][:, :, ::-1]):
        assert encode_png(layout) == encode_png(photo)


def test_a_png_holds_nothing_but_pixels() -> None:
    file, kinds, at = encode_png(a_photo()), [], 8
    while at < len(file):
        length = int.from_bytes(file[at : at + 4], "big")
        kinds.append(file[at + 4 : at + 8])
        at += length + 12
    assert set(kinds) == {b"IHDR", b"IDAT", b"IEND"}


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)]
)
def test_only_photos_are_written(wrong: npt.NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="a photo is uint8"):
        encode_png(wrong)


WITHOUT_MEMORY = """
import resource, sys
from pathlib import Path
import numpy as np
from enhancement.pictures import encode_png

photo = np.random.default_rng(0).integers(0, 256, (3000, 4000, 3), dtype=np.uint8)
encode_png(photo[:10])
words = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmSize")).split()
limit = int(words[1]) * 1024 + int(sys.argv[1]) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    encode_png(photo)
except MemoryError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory so")
@pytest.mark.parametrize("left_mb", [10, 44])
def test_memory_that_runs_out_in_writing_is_told_as_that(left_mb: int) -> None:
    """There are no 36 MB for the channels' order; or there are, and none for the file, of which OpenCV gives half."""
    command = [sys.executable, "-c", WITHOUT_MEMORY, str(left_mb)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout, "half a file"
