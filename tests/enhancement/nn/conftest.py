"""What several tests of networks need: photos with structure, and a writer of TensorFlow checkpoints."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import google_crc32c
import numpy as np
import numpy.typing as npt
import pytest
import skimage.data

from enhancement.nn.pairs.store import PatchSet, open_patches
from enhancement.pictures import Photo, encode_png

WriteBundle = Callable[[Path, Mapping[str, npt.NDArray[Any]]], Path]

TRAIN = 12
HELD_OUT = 50

DTYPE_NUMBERS = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int64": 9}


@pytest.fixture(scope="session")
def coffee() -> Photo:
    """A colour photo of 600 × 400 px."""
    photo: Photo = skimage.data.coffee()
    return photo


@pytest.fixture(scope="session")
def astronaut() -> Photo:
    """A colour photo of 512 × 512 px."""
    photo: Photo = skimage.data.astronaut()
    return photo


@pytest.fixture(scope="session")
def patches_folder(tmp_path_factory: pytest.TempPathFactory, coffee: Photo) -> Path:
    """Published patches, 12 to train and 50 held out: pieces of a photo, darker and softer on the phone's side."""
    folder = tmp_path_factory.mktemp("published")
    chance = np.random.default_rng(1)
    for number in range(TRAIN + HELD_OUT):
        y, x = (int(chance.integers(side - 100)) for side in coffee.shape[:2])
        reference = coffee[y : y + 100, x : x + 100]
        for side, patch in (("iphone", cv2.GaussianBlur(reference // 3 * 2, (0, 0), 1.2)), ("canon", reference)):
            path = folder / "patches" / side / f"{number:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_png(np.ascontiguousarray(patch)))
    return folder / "patches"


@pytest.fixture(scope="session")
def patches(patches_folder: Path) -> PatchSet:
    """The same, opened."""
    return open_patches(patches_folder, train_first=TRAIN)


@pytest.fixture(scope="session")
def write_bundle() -> WriteBundle:
    """Write tensors as a TensorFlow V2 checkpoint; gives the index's path."""
    return write


def write(index: Path, tensors: Mapping[str, npt.NDArray[Any]]) -> Path:
    pairs, content = [(b"", bytes.fromhex("08011a020801"))], b""
    for name in sorted(tensors):
        raw = np.ascontiguousarray(tensors[name]).tobytes()
        pairs.append((name.encode(), entry(tensors[name], len(content), raw)))
        content += raw
    index.with_name(f"{index.stem}.data-00000-of-00001").write_bytes(content)
    index.write_bytes(table(pairs))
    return index


def entry(tensor: npt.NDArray[Any], offset: int, raw: bytes) -> bytes:
    shape = b"".join(b"\x12" + varint(len(side)) + side for side in (b"\x08" + varint(n) for n in tensor.shape))
    parts = [b"\x08", varint(DTYPE_NUMBERS[tensor.dtype.name]), b"\x12", varint(len(shape)), shape]
    parts += [b"\x20", varint(offset), b"\x28", varint(len(raw)), b"\x35", masked(raw)]
    return b"".join(parts)


def table(pairs: list[tuple[bytes, bytes]]) -> bytes:
    data = block(pairs)
    meta = block([])
    top = block([(b"z", varint(0) + varint(len(data) - 5))])
    footer = b"".join(map(varint, (len(data), len(meta) - 5, len(data) + len(meta), len(top) - 5)))
    return data + meta + top + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def block(pairs: list[tuple[bytes, bytes]]) -> bytes:
    body, before = b"", b""
    for key, value in pairs:
        shared = next(
            (i for i, (a, b) in enumerate(zip(key, before, strict=False)) if a != b), min(len(key), len(before))
        )
        body += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    body += (0).to_bytes(4, "little") + (1).to_bytes(4, "little") + b"\0"
    return body + masked(body)


def masked(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    return ((((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF).to_bytes(4, "little")


def varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])
