"""Whether a file is a PNG of this program's making: every way of not being one is told apart."""

import struct
import zlib
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from enhancement.pictures import encode_png
from enhancement.png import problem_of_png

PHOTO = np.random.default_rng(3).integers(0, 256, (37, 53, 3), np.uint8)
PNG = encode_png(PHOTO)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_text() -> bytes:
    out, told = BytesIO(), PngInfo()
    told.add_text("Method", "dped")
    Image.fromarray(PHOTO).save(out, "PNG", pnginfo=told)
    return out.getvalue()


def grey() -> bytes:
    return bytes(cv2.imencode(".png", PHOTO[:, :, 0])[1])


def deep() -> bytes:
    return bytes(cv2.imencode(".png", PHOTO.astype(np.uint16))[1])


def of_too_few_rows() -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 53, 37, 8, 2, 0, 0, 0))
    return PNG[:8] + header + chunk(b"IDAT", zlib.compress(bytes(160 * 36))) + chunk(b"IEND", b"")


def test_it_works() -> None:
    assert problem_of_png(BytesIO(PNG), (53, 37)) == ""


def test_a_picture_larger_than_a_piece_is_read_whole() -> None:
    large = np.random.default_rng(1).integers(0, 256, (900, 1300, 3), np.uint8)
    assert problem_of_png(BytesIO(encode_png(large)), (1300, 900)) == ""


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"\xff\xd8\xff\xe0 a photo", "it is not PNG"),
        (b"", "cut short"),
        (PNG[:-20], "cut short"),
        (PNG[:100] + bytes([PNG[100] ^ 1]) + PNG[101:], "damaged or cut short"),
        (PNG + b"x", "bytes after its end"),
        (with_text(), "more than pixels (a tEXt chunk)"),
        (grey(), "not 8-bit RGB"),
        (deep(), "not 8-bit RGB"),
        (of_too_few_rows(), "its pixels are 5760 bytes, and should be 5920"),
    ],
)
def test_what_it_is_not(file: bytes, words: str) -> None:
    assert words in problem_of_png(BytesIO(file), None)


def test_another_size_than_meant() -> None:
    assert problem_of_png(BytesIO(PNG), (37, 53)) == "it is 53×37 px, and should be 37×53"


def test_a_chunk_that_is_allowed() -> None:
    padded = PNG[:-12] + chunk(b"phPd", bytes(7)) + PNG[-12:]
    assert problem_of_png(BytesIO(padded)) == "it carries more than pixels (a phPd chunk)"
    assert problem_of_png(BytesIO(padded), allowed={b"phPd"}) == ""
