"""Alignment: known homographies, real pairs, and pairs that can't be aligned."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from enhancement.nn.pairs.alignment import (
    Alignment,
    AlignmentError,
    align,
    check_plausible,
    crop,
    reference_on_input,
    residual_shift,
)
from enhancement.pictures import Photo, decode
from tests.enhancement.nn.pairs.synthetic import seen_through, similarity


def farthest_miss_px(alignment: Alignment, truth: npt.NDArray[np.float64], size: tuple[int, int]) -> float:
    """How far from its true place the alignment puts a point, at worst, in input px."""
    grid = np.stack(np.meshgrid(np.linspace(0, size[0] - 1, 9), np.linspace(0, size[1] - 1, 9)), -1).reshape(-1, 1, 2)
    found = cv2.perspectiveTransform(grid, np.linalg.inv(truth) @ np.array(alignment.homography))
    return float(np.abs(found - grid).max())


@pytest.mark.parametrize(
    ("scale", "turn", "perspective"),
    [(1.0, 0.0, 0.0), (1.45, 0.0, 0.0), (1.45, 0.02, 1e-5), (2.0, 0.02, 1e-5), (0.8, -0.05, 0.0)],
)
def test_a_known_homography_is_found_to_a_fifth_of_a_pixel(
    astronaut: Photo, scale: float, turn: float, perspective: float
) -> None:
    truth = similarity(scale, turn, 20.3, 11.7, perspective)
    size = (int(430 / max(scale, 1)), int(420 / max(scale, 1)))
    photo = seen_through(astronaut, truth, size)
    alignment = align(photo, astronaut)
    assert farthest_miss_px(alignment, truth, size) <= 0.2
    assert max(map(abs, alignment.residual)) <= 0.05
    difference = reference_on_input(astronaut, alignment).astype(float) - crop(photo, alignment)
    assert np.sqrt(np.mean(np.square(difference))) < 3


def test_colour_and_noise_do_not_matter(astronaut: Photo) -> None:
    truth = similarity(1.45, 0.01, 15.0, 9.0)
    photo = seen_through(astronaut, truth, (300, 290)).astype(float)
    noise = np.random.default_rng(0).normal(0, 6, photo.shape)
    changed = np.clip(255 * (photo / 255) ** 1.4 * [0.9, 1.0, 0.7] + noise, 0, 255).astype(np.uint8)
    assert farthest_miss_px(align(changed, astronaut), truth, (300, 290)) <= 0.5


def test_a_photo_aligns_to_itself_by_the_identity(coffee: Photo) -> None:
    alignment = align(coffee, coffee)
    np.testing.assert_allclose(alignment.homography, np.eye(3), atol=1e-9)
    assert alignment.inliers == alignment.matches
    assert alignment.residual == (0.0, 0.0)
    np.testing.assert_array_equal(reference_on_input(coffee, alignment), crop(coffee, alignment))


def test_the_rectangle_shows_no_border_of_the_reference(astronaut: Photo) -> None:
    truth = similarity(1.2, 0.06, -30.0, 40.0)
    photo = seen_through(astronaut, truth, (420, 400))
    alignment = align(photo, astronaut)
    x, y, width, height = alignment.rectangle
    corners = np.array([[x, y], [x + width - 1, y], [x + width - 1, y + height - 1], [x, y + height - 1]], float)
    on_reference = cv2.perspectiveTransform(corners[:, None], truth)[:, 0]
    assert (on_reference >= 3.5).all()
    assert (on_reference <= 511 - 3.5).all()
    assert reference_on_input(astronaut, alignment).shape == (height, width, 3)


def test_the_same_pair_always_gives_the_same_alignment(astronaut: Photo) -> None:
    photo = seen_through(astronaut, similarity(1.3, 0.03, 10, 10), (330, 320))
    first = align(photo, astronaut)
    cv2.setRNGSeed(12345)
    assert align(photo, astronaut) == first


def test_fine_stripes_are_blurred_before_they_are_scaled_down(astronaut: Photo) -> None:
    photo = seen_through(astronaut, similarity(3.0, 0, 6, 6), (160, 160))
    alignment = replace(align(photo, astronaut), homography=((3.0, 0.0, 6.0), (0.0, 3.0, 6.0), (0.0, 0.0, 1.0)))
    stripes = np.zeros_like(astronaut)
    stripes[:, ::2] = 255
    assert reference_on_input(stripes, alignment).std() < 2


def test_json_and_back(astronaut: Photo) -> None:
    alignment = align(seen_through(astronaut, similarity(1.3, 0.03, 10, 10), (330, 320)), astronaut)
    text = json.dumps(alignment.as_json())
    assert Alignment.from_json(json.loads(text)) == alignment


@pytest.mark.parametrize("scene", ["001", "018", "020", "024"])
def test_real_pairs(shared: Callable[[str], Path], scene: str) -> None:
    folder = shared("city100")
    photo, reference = (decode(folder / side / f"{scene}.jpg", name=scene) for side in ("iphone", "dslr"))
    alignment = align(photo, reference)
    assert alignment.inliers >= 19
    assert 0.93 < alignment.overlap < 0.97
    assert max(map(abs, alignment.residual)) < 0.6
    width, height = alignment.rectangle[2:]
    assert width * height > 0.9 * photo.shape[0] * photo.shape[1]


def test_shifts_are_measured_with_their_sign(coffee: Photo) -> None:
    photo = coffee[50:350, 50:550]
    moved = seen_through(coffee, np.array([[1, 0, 50 - 0.75], [0, 1, 50 + 1.25], [0, 0, 1]]), (500, 300))
    assert residual_shift(photo, moved) == pytest.approx((0.75, -1.25), abs=0.05)


def test_unrelated_photos_are_refused(coffee: Photo, astronaut: Photo) -> None:
    with pytest.raises(AlignmentError, match="is it the same scene"):
        align(coffee, astronaut)


@pytest.mark.parametrize(("photo_is_plain", "role"), [(True, "input"), (False, "reference")])
def test_a_plain_surface_is_refused(coffee: Photo, photo_is_plain: bool, role: str) -> None:
    plain = np.full((300, 400, 3), 128, np.uint8)
    with pytest.raises(AlignmentError, match=f"The {role} shows too little structure: 0 points"):
        align(*((plain, coffee) if photo_is_plain else (coffee, plain)))


def test_a_reference_of_one_corner_is_refused(astronaut: Photo) -> None:
    with pytest.raises(AlignmentError, match=r"share only \d+% of the input; at least 20% are needed"):
        align(astronaut, np.ascontiguousarray(astronaut[:200, 150:340]))


def test_a_mirrored_reference_is_refused(coffee: Photo) -> None:
    with pytest.raises(AlignmentError):
        align(coffee, np.ascontiguousarray(coffee[:, ::-1]))


@pytest.mark.parametrize(
    ("homography", "message"),
    [
        ([[1, 0, 0], [0, 1, 0], [-0.01, 0, 1]], "folds"),
        ([[-1, 0, 300], [0, 1, 0], [0, 0, 1]], "mirrors"),
        ([[20, 0, 0], [0, 20, 0], [0, 0, 1]], "scales by 20 to 20"),
        ([[1, 0, 0], [0, 3, 0], [0, 0, 1]], "stretches by 3"),
        ([[1, 0, 0], [0, 1, 0], [0.0025, 0, 1]], "scales by"),
    ],
)
def test_impossible_perspectives_are_refused(homography: list[list[float]], message: str) -> None:
    photo = np.zeros((200, 300, 3), np.uint8)
    with pytest.raises(AlignmentError, match=message):
        check_plausible(np.array(homography, dtype=np.float64), photo, photo)


def test_another_reference_than_the_aligned_one_is_refused(coffee: Photo) -> None:
    with pytest.raises(AlignmentError, match="This reference has 599×400 px, the one that was aligned had 600×400"):
        reference_on_input(np.ascontiguousarray(coffee[:, 1:]), align(coffee, coffee))


def test_a_picture_too_small_for_the_rectangle_is_refused(coffee: Photo) -> None:
    with pytest.raises(AlignmentError, match="A picture of 300×400 px doesn't hold the rectangle"):
        crop(coffee[:, :300], align(coffee, coffee))


def test_no_torch_is_loaded() -> None:
    code = "import sys, enhancement.nn.pairs.alignment; sys.exit('torch' in sys.modules or 'django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[4]).returncode == 0
