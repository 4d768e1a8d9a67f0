"""Colour deviation and noise amplification: planted flaws come out as planted, and scikit-image judges the colours."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, zoom
from skimage.color import deltaE_ciede2000, rgb2lab

from analysis.metrics import (
    FLAWS,
    MetricError,
    NothingFlatError,
    colour_deviation,
    colour_deviation_map,
    noise_amplification,
)
from analysis.metrics.ciede2000 import ciede2000, lab_from_linear, linear_from_srgb

Floats = npt.NDArray[np.float64]

# Sharma, Wu and Dalal 2005, table 1: pairs that find each wrong branch of an implementation.
SHARMA = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
    ((50, 2.8361, -74.0200), (50, 0, -82.7485), 3.4412),
    ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, -1, 2), (50, 0, 0), 2.3669),
    ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
    ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
    ((50, -0.001, 2.49), (50, 0.0009, -2.49), 4.8045),
    ((50, -0.001, 2.49), (50, 0.0011, -2.49), 4.7461),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((50, 2.5, 0), (61, -5, 29), 22.8977),
    ((50, 2.5, 0), (56, -27, -3), 31.9030),
    ((50, 2.5, 0), (58, 24, 15), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((63.0109, -31.0961, -5.8663), (62.8187, -29.7946, -4.0864), 1.2630),
    ((35.0831, -44.1164, 3.7933), (35.0232, -40.0716, 1.5901), 1.8645),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((90.9257, -0.5406, -0.9208), (88.6381, -0.8985, -0.7239), 1.5381),
    ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


def _scene(height: int, width: int, seed: int = 0) -> Floats:
    """Soft coloured shapes without noise, 0.2 to 0.8."""
    coarse = np.random.default_rng(seed).random((5, 6, 3))
    return np.asarray(0.2 + 0.6 * np.clip(zoom(coarse, (height / 5, width / 6, 1), order=3), 0, 1))


def _noise(shape: tuple[int, ...], sd: float, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).normal(0.0, sd, shape)


def _bytes(picture: Floats) -> npt.NDArray[np.uint8]:
    return np.round(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)


class TestCiede2000:
    @pytest.mark.parametrize(("one", "other", "told"), SHARMA)
    def test_the_published_pairs(self, one: Floats, other: Floats, told: float) -> None:
        assert float(ciede2000(np.array(one), np.array(other))) == pytest.approx(told, abs=5e-5)

    def test_scikit_image_agrees(self) -> None:
        rng = np.random.default_rng(0)
        low, high = (0, -100, -100), (100, 100, 100)
        one, other = rng.uniform(low, high, (2, 5000, 3))
        np.testing.assert_allclose(ciede2000(one, other), deltaE_ciede2000(one, other), atol=1e-9)

    def test_it_is_the_same_both_ways_round(self) -> None:
        one, other = np.random.default_rng(1).uniform((0, -80, -80), (100, 80, 80), (2, 500, 3))
        np.testing.assert_allclose(ciede2000(one, other), ciede2000(other, one), atol=1e-9)

    def test_from_srgb_as_scikit_image_has_it(self) -> None:
        encoded = np.random.default_rng(0).random((1000, 3))
        ours = lab_from_linear(linear_from_srgb(encoded))
        np.testing.assert_allclose(ours, rgb2lab(encoded), atol=0.02)  # it rounds its matrix and white to six digits
        greys = lab_from_linear(linear_from_srgb(np.repeat(np.linspace(0, 1, 50)[:, None], 3, axis=1)))
        np.testing.assert_allclose(greys[:, 1:], 0.0, atol=1e-12)


class TestColourDeviation:
    @pytest.mark.parametrize(("one", "other"), [((128, 128, 128), (138, 128, 128)), ((30, 90, 200), (60, 80, 190))])
    def test_a_planted_shift_is_told(self, one: tuple[int, ...], other: tuple[int, ...]) -> None:
        photo, picture = (np.full((60, 80, 3), colour, dtype=np.uint8) for colour in (one, other))
        told = deltaE_ciede2000(*(rgb2lab(np.array(colour) / 255.0) for colour in (one, other)))
        assert colour_deviation(picture, photo) == pytest.approx(float(told), abs=2e-3)

    def test_the_photo_itself_has_none(self) -> None:
        photo = _bytes(_scene(61, 83) + _noise((61, 83, 3), 0.03))
        assert colour_deviation(photo, photo) == 0.0

    @pytest.mark.parametrize("size", [(300, 400), (701, 405), (1200, 900), (40, 57)])
    def test_it_is_what_its_definition_gives(self, size: tuple[int, int]) -> None:
        """The Gaussian at every pixel, and scikit-image's colours."""
        photo = _scene(*size) + _noise((*size, 3), 0.02)
        picture = np.clip(_scene(*size, seed=3) * (1.0, 0.9, 0.95), 0.0, 1.0)
        sd = max(1.0, 0.01 * max(size))
        blurred = [gaussian_filter(linear_from_srgb(side), (sd, sd, 0), mode="nearest") for side in (picture, photo)]
        told = deltaE_ciede2000(*(lab_from_linear(side) for side in blurred)).mean()
        assert told > 5.0
        assert colour_deviation(picture, photo) == pytest.approx(float(told), rel=5e-3)

    def test_noise_and_sharpness_are_no_colour(self) -> None:
        scene = _scene(300, 400)
        light = linear_from_srgb(scene)
        noisy = np.clip(light + _noise(light.shape, 0.03), 0.0, 1.0)
        encoded = np.where(noisy <= 0.0031308, 12.92 * noisy, 1.055 * np.maximum(noisy, 1e-9) ** (1 / 2.4) - 0.055)
        per_pixel = deltaE_ciede2000(rgb2lab(encoded), rgb2lab(scene)).mean()
        assert colour_deviation(encoded, scene) < 0.1 * per_pixel
        checks = scene + 0.02 * (np.indices((300, 400)).sum(axis=0) % 2 * 2 - 1)[..., None]
        assert colour_deviation(checks, scene) < 0.1

    def test_the_map_shows_where(self) -> None:
        photo = np.full((200, 300, 3), 120, dtype=np.uint8)
        picture = photo.copy()
        picture[:, 200:, 2] += 40
        grid = colour_deviation_map(picture, photo)
        assert grid[:, : int(grid.shape[1] * 0.6)].max() < 0.01
        assert grid[:, int(grid.shape[1] * 0.75) :].min() > 5.0

    @given(st.integers(0, 1000), st.integers(-30, 30))
    @settings(max_examples=15, deadline=None)
    def test_never_negative_and_the_same_mirrored(self, seed: int, shift: int) -> None:
        photo = _bytes(_scene(48, 60, seed))
        picture = (photo + np.array([shift, 0, -shift])).clip(0, 255).astype(np.uint8)
        value = colour_deviation(picture, photo)
        assert (value == 0.0) if shift == 0 else value > 0.0
        assert colour_deviation(picture[:, ::-1], photo[:, ::-1]) == pytest.approx(value, rel=1e-9)
        assert colour_deviation(picture / 255.0, photo / 255.0) == pytest.approx(value, rel=1e-9)


class TestNoiseAmplification:
    @pytest.mark.parametrize(("before", "after"), [(2.0, 4.0), (4.0, 2.0), (1.5, 1.5), (3.0, 9.0), (12.0, 18.0)])
    def test_a_planted_ratio_is_told(self, before: float, after: float) -> None:
        """8-bit pictures with Gaussian noise of their own; sd in steps of 8 bits, to which rounding adds 1/12."""
        scene = 0.4 + 0.2 * _scene(320, 400)
        photo = _bytes(scene + _noise(scene.shape, before / 255.0, seed=1))
        picture = _bytes(scene + _noise(scene.shape, after / 255.0, seed=2))
        told = math.sqrt((after**2 + 1 / 12) / (before**2 + 1 / 12))
        assert 10 ** (noise_amplification(picture, photo) / 20) == pytest.approx(told, rel=0.03)

    def test_the_photo_itself_has_exactly_0_db(self) -> None:
        photo = _bytes(0.4 + 0.2 * _scene(200, 200) + _noise((200, 200, 3), 0.01))
        assert noise_amplification(photo, photo) == 0.0

    def test_texture_and_edges_do_not_count(self) -> None:
        """A noisy wall beside strong texture that the picture sharpens: only the wall's noise is compared."""
        texture = np.random.default_rng(5).random((256, 128, 3))
        wall = np.full((256, 128, 3), 0.5)
        photo = np.concatenate([wall + _noise(wall.shape, 0.01), 0.3 + 0.4 * texture], axis=1)
        picture = np.concatenate([wall + _noise(wall.shape, 0.01, seed=2), 0.1 + 0.8 * texture], axis=1)
        assert abs(noise_amplification(picture, photo)) < 0.3

    def test_a_few_squares_gone_wrong_do_not_count(self) -> None:
        photo = 0.5 + _noise((320, 320, 3), 0.01)
        picture = photo.copy()
        picture[:64, :160] += _noise((64, 160, 3), 0.2, seed=9)
        assert abs(noise_amplification(picture, photo)) < 0.5

    def test_clipped_places_do_not_count(self) -> None:
        photo = 0.5 + _noise((320, 320, 3), 0.01)
        photo[:200] = 1.0
        picture = np.where(photo == 1.0, 0.9, 0.5 + 2.0 * (photo - 0.5))
        assert noise_amplification(picture, photo) == pytest.approx(20 * math.log10(2.0), abs=1e-9)

    def test_where_none_is_left(self) -> None:
        photo = 0.5 + _noise((200, 200, 3), 0.01)
        assert noise_amplification(np.full(photo.shape, 0.5), photo) == -math.inf

    @given(st.integers(0, 1000), st.floats(0.25, 4.0))
    @settings(max_examples=15, deadline=None)
    def test_contrast_times_k_amplifies_by_k(self, seed: int, factor: float) -> None:
        photo = 0.5 + _noise((96, 96, 3), 0.008, seed)
        picture = 0.5 + factor * (photo - 0.5)
        value = noise_amplification(picture, photo)
        assert value == pytest.approx(20 * math.log10(factor), abs=1e-9)
        assert noise_amplification(photo[::-1], picture[::-1]) == pytest.approx(-value, abs=1e-9)

    @pytest.mark.parametrize(
        ("photo", "said"),
        [
            (np.random.default_rng(0).random((200, 200, 3)), "in the photo: 0;"),
            (np.full((15, 400, 3), 0.5), "in the photo: 0;"),
            (0.5 + _noise((48, 48, 3), 0.01), "in the photo: 9;"),
            (np.full((200, 200, 3), 255, dtype=np.uint8), "in the photo: 0;"),
            (np.full((200, 200, 3), 128, dtype=np.uint8), "no noise"),
        ],
    )
    def test_a_photo_with_nothing_flat_or_no_noise_says_so(self, photo: Floats, said: str) -> None:
        with pytest.raises(NothingFlatError, match=said):
            noise_amplification(photo, photo)


@pytest.mark.parametrize("flaw", FLAWS)
def test_what_is_no_pair_of_pictures_is_refused(flaw: str) -> None:
    with pytest.raises(MetricError, match=r"picture is \(20, 20, 3\) but photo is \(20, 21, 3\)"):
        FLAWS[flaw](np.zeros((20, 20, 3)), np.zeros((20, 21, 3)))
    with pytest.raises(MetricError, match="picture runs from"):
        FLAWS[flaw](np.full((20, 20, 3), 7.0), np.zeros((20, 20, 3)))
