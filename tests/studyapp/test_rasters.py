"""One raster per content."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from studyapp.rasters import SURROUND, bring, common_size

Sizes = st.lists(st.tuples(st.integers(1, 6000), st.integers(1, 6000)), min_size=1, max_size=6)


def waves(width: int, height: int, period_px: float) -> npt.NDArray[np.uint8]:
    across = 127.5 + 127.5 * np.sin(2 * np.pi * np.arange(width) / period_px)
    return np.repeat(np.repeat(across[None, :, None], height, axis=0), 3, axis=2).astype(np.uint8)


@pytest.mark.parametrize(
    ("sizes", "raster"),
    [
        ([(840, 600), (840, 600), (1218, 870)], (840, 600)),  # City100: the phone's own pixels
        ([(4000, 3000), (6000, 4000)], (4000, 3000)),  # 3:2 beside 4:3, nothing enlarged
        ([(4000, 3000), (3000, 2000)], (3000, 2250)),  # a smaller reference: fitted without enlarging
        ([(3000, 4000), (4000, 3000)], (3000, 4000)),  # held upright by one of them
        ([(800, 600), (400, 300)], (400, 300)),
        ([(7, 5)], (7, 5)),
    ],
)
def test_known_rasters(sizes: list[tuple[int, int]], raster: tuple[int, int]) -> None:
    assert common_size(sizes) == raster


@given(Sizes)
def test_nothing_is_enlarged_and_the_shape_is_the_inputs(sizes: list[tuple[int, int]]) -> None:
    width, height = common_size(sizes)
    shot_width, shot_height = sizes[0]
    assert 1 <= width <= shot_width
    assert 1 <= height <= shot_height
    assert abs(width - shot_width * height / shot_height) <= max(1, shot_width / shot_height)
    for wide, high in sizes:
        assert min(width / wide, height / high) <= 1 or (width, height) == (1, 1)


def test_a_photo_of_the_rasters_size_comes_back_as_it_is() -> None:
    photo = waves(40, 30, 7)
    assert bring(photo, (40, 30)) is photo


def test_a_reduced_photo_is_what_pillow_makes_of_it() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (87, 122, 3), dtype=np.uint8)
    judge = Image.fromarray(photo).resize((84, 60), Image.Resampling.LANCZOS)
    assert np.array_equal(bring(photo, (84, 60)), np.asarray(judge))


def test_what_the_raster_cannot_hold_is_grey_not_moire() -> None:
    reduced = bring(waves(1000, 100, period_px=3.1), (400, 40))[:, 20:-20]
    assert int(reduced.max()) - int(reduced.min()) <= 12


def test_another_shape_stands_whole_in_the_middle_of_the_surround() -> None:
    photo = np.full((200, 300, 3), 250, np.uint8)
    raster = bring(photo, (120, 90))
    assert raster.shape == (90, 120, 3)
    assert (raster[5:85] == 250).all()
    assert (raster[:5] == SURROUND).all()
    assert (raster[85:] == SURROUND).all()


def test_a_cameras_rounding_is_filled() -> None:
    assert (bring(np.full((201, 300, 3), 250, np.uint8), (150, 100)) == 250).all()


@pytest.mark.parametrize("sizes", [[], [(0, 5)], [(5, 5), (3, -1)]])
def test_no_size_is_refused(sizes: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="whole pixels"):
        common_size(sizes)
