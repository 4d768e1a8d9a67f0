"""The simulated phone: plausible, repeatable, and honest about what it can't do."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from skimage import data
from skimage.metrics import structural_similarity

from enhancement.phone import add_noise, develop, simulate_phone, to_light

Photo = npt.NDArray[np.uint8]
CAT = np.asarray(data.chelsea())


def likeness(shot: Photo, photo: Photo) -> float:
    """SSIM at the shot's size, the viewpoint brought back by the best affine map."""
    small = cv2.resize(photo, shot.shape[1::-1], interpolation=cv2.INTER_AREA)
    greys = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (small, shot)]
    _, view = cv2.findTransformECC(*greys, np.eye(2, 3, dtype=np.float32), cv2.MOTION_AFFINE)
    back = cv2.warpAffine(shot, view, shot.shape[1::-1], flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    return float(structural_similarity(small[20:-20, 20:-20], back[20:-20, 20:-20], channel_axis=2))


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_same_scene_shot_worse(seed: int) -> None:
    shot = simulate_phone(CAT, seed)
    assert 0.69 <= shot.shape[1] / CAT.shape[1] <= 0.86
    assert 0.4 < likeness(shot, CAT) < 0.95
    assert np.abs(shot.mean((0, 1)) - CAT.mean((0, 1))).max() < 60


def test_the_same_seed_gives_the_same_shot_and_another_another() -> None:
    assert np.array_equal(simulate_phone(CAT, 1), simulate_phone(CAT, 1))
    assert simulate_phone(CAT, 1).shape != simulate_phone(CAT, 2).shape


def test_every_corner_shows_scene() -> None:
    white = np.full((300, 400, 3), 250, np.uint8)
    for seed in range(8):
        shot = simulate_phone(white, seed)
        assert shot[[0, 0, -1, -1], [0, -1, 0, -1]].min() > 100


def test_linear_light_is_srgbs() -> None:
    greys = np.array([[[0, 10, 188]], [[119, 255, 255]]], np.uint8)
    assert np.allclose(to_light(greys).ravel(), [0, 0.003035, 0.502886, 0.184475, 1, 1], atol=1e-5)


def test_light_developed_without_flare_is_nearly_what_it_was() -> None:
    class NoFlare:
        def uniform(self, low: float, high: float) -> float:
            return 0.0

    developed = develop(to_light(CAT), NoFlare())  # type: ignore[arg-type]
    assert np.abs(developed.astype(int) - CAT).max() <= 10  # the tone curve alone


def test_shot_noise_grows_with_the_root_of_the_light() -> None:
    def deviation(level: float) -> float:
        light = np.full((200, 200, 3), level, np.float32)
        return float(add_noise(light, np.random.default_rng(3)).std())

    assert deviation(0.64) / deviation(0.16) == pytest.approx(2, rel=0.1)
    assert 0.005 < deviation(0.25) < 0.03


def test_a_thumbnail_is_refused() -> None:
    with pytest.raises(ValueError, match="20×400 px is too small"):
        simulate_phone(np.zeros((400, 20, 3), np.uint8), 0)
