"""Tiles: the same pixels, at halving scales, in files of one length."""

from io import BytesIO

import cv2
import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from studyapp.tiles import TILE_PX, cut, grid, level_size, levels, offsets, pack, pad_alike, tile_number

Photo = npt.NDArray[np.uint8]
Size = tuple[int, int]


def a_photo(width: int, height: int, seed: int = 0) -> Photo:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def read(png: bytes) -> Photo:
    with Image.open(BytesIO(png)) as image:
        assert image.mode == "RGB"
        return np.asarray(image)


def put_together(tiles: list[bytes], size: Size, level: int) -> Photo:
    columns, rows = grid(size, level)
    return np.vstack(
        [
            np.hstack([read(tiles[tile_number(size, level, column, row)]) for column in range(columns)])
            for row in range(rows)
        ]
    )


def chunks(png: bytes) -> list[tuple[bytes, int]]:
    found, at = [], 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        found.append((png[at + 4 : at + 8], length))
        at += 12 + length
    return found


@pytest.mark.parametrize(
    ("size", "finest", "sizes"),
    [
        ((512, 512), 0, [(512, 512)]),
        ((1, 1), 0, [(1, 1)]),
        ((513, 7), 1, [(257, 4), (513, 7)]),
        ((2047, 1301), 2, [(512, 326), (1024, 651), (2047, 1301)]),
        ((4000, 3000), 3, [(500, 375), (1000, 750), (2000, 1500), (4000, 3000)]),
    ],
)
def test_levels_halve_until_one_tile_is_enough(size: Size, finest: int, sizes: list[Size]) -> None:
    assert levels(size) == finest
    assert [level_size(size, level) for level in range(finest + 1)] == sizes
    assert grid(size, 0) == (1, 1)


@pytest.mark.parametrize("size", [(5, 3), (512, 512), (513, 511), (1030, 700), (1537, 520)])
def test_the_finest_level_is_the_raster_itself(size: Size) -> None:
    photo = a_photo(*size)
    tiles = cut(photo)
    assert np.array_equal(put_together(tiles, size, levels(size)), photo)
    assert len(tiles) == sum(across * down for across, down in (grid(size, level) for level in range(levels(size) + 1)))
    assert all(max(read(tile).shape[:2]) <= TILE_PX for tile in tiles)


@pytest.mark.parametrize("size", [(1030, 700), (1537, 521)])
def test_a_coarser_level_is_the_mean_of_two_by_two(size: Size) -> None:
    tiles = cut(a_photo(*size))
    for level in range(levels(size)):
        finer, coarser = put_together(tiles, size, level + 1), put_together(tiles, size, level)
        padded = np.pad(finer, ((0, finer.shape[0] % 2), (0, finer.shape[1] % 2), (0, 0)), mode="edge").astype(
            np.uint16
        )
        mean = (padded[::2, ::2] + padded[1::2, ::2] + padded[::2, 1::2] + padded[1::2, 1::2] + 2) // 4
        assert np.array_equal(coarser, mean)


def test_tiles_of_any_memory_layout_are_the_same() -> None:
    photo = a_photo(600, 300)
    planes = np.moveaxis(np.ascontiguousarray(np.moveaxis(photo, -1, 0)), 0, -1)
    assert cut(planes) == cut(photo)


@given(
    st.integers(1, 70), st.integers(1, 70), st.lists(st.sampled_from(["noise", "flat", "ramp"]), min_size=1, max_size=4)
)
@settings(max_examples=40, deadline=None)
def test_padding_makes_lengths_equal_and_leaves_pixels_alone(width: int, height: int, kinds: list[str]) -> None:
    ramp = np.add.outer(np.arange(height), np.arange(width))
    pictures = {
        "noise": a_photo(width, height),
        "flat": np.full((height, width, 3), 119, np.uint8),
        "ramp": np.repeat((ramp % 256).astype(np.uint8)[:, :, None], 3, axis=2),
    }
    photos = [pictures[kind] for kind in kinds]
    padded = pad_alike([cut(photo) for photo in photos])
    assert len({tuple(map(len, tiles)) for tiles in padded}) == 1
    for photo, tiles in zip(photos, padded, strict=True):
        assert np.array_equal(put_together(tiles, (width, height), 0), photo)


@pytest.fixture
def padded_tile() -> tuple[Photo, bytes]:
    flat = np.full((200, 300, 3), 7, np.uint8)
    return flat, pad_alike([cut(flat), cut(a_photo(300, 200))])[0][0]


def test_every_decoder_reads_a_padded_tile_alike(padded_tile: tuple[Photo, bytes]) -> None:
    photo, png = padded_tile
    assert np.array_equal(read(png), photo)
    assert np.array_equal(imagecodecs.png_decode(png), photo)  # libpng
    assert np.array_equal(imagecodecs.spng_decode(png), photo)  # libspng checks every CRC
    assert np.array_equal(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1], photo)


def test_a_padded_tile_is_valid_to_the_letter(padded_tile: tuple[Photo, bytes]) -> None:
    png = padded_tile[1]
    kinds = [kind for kind, _ in chunks(png)]
    assert kinds[-2:] == [b"phPd", b"IEND"]
    assert set(kinds) == {b"IHDR", b"IDAT", b"phPd", b"IEND"}
    with Image.open(BytesIO(png)) as image:
        assert isinstance(image, PngImagePlugin.PngImageFile)
        image.verify()  # every chunk's CRC


def test_equal_pictures_give_equal_files() -> None:
    first, second, _ = pad_alike([cut(a_photo(64, 64)), cut(a_photo(64, 64)), cut(a_photo(64, 64, seed=1))])
    assert first == second


def test_a_pack_gives_each_tile_back() -> None:
    tiles = cut(a_photo(1100, 600))
    packed, lengths = pack(tiles), [len(tile) for tile in tiles]
    cuts = zip(offsets(lengths), lengths, strict=True)
    assert [packed[start : start + length] for start, length in cuts] == tiles


@pytest.mark.parametrize("place", [(3, 0, 0), (-1, 0, 0), (0, 1, 0), (2, 4, 0), (2, 0, 3), (2, -1, 0)])
def test_there_is_no_other_tile(place: tuple[int, int, int]) -> None:
    with pytest.raises(IndexError, match=r"no (tile|level)"):
        tile_number((2047, 1301), *place)


def test_tilesets_of_two_rasters_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in size"):
        pad_alike([cut(a_photo(512, 512)), cut(a_photo(513, 512))])


def test_a_tile_cut_short_is_refused() -> None:
    with pytest.raises(ValueError, match="end chunk"):
        pad_alike([[cut(a_photo(9, 9))[0][:-3]]])
