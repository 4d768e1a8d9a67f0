"""Auto: what it mends, what it must leave alone, what it refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data

from enhancement.classical.auto import SETTINGS, load_auto
from enhancement.pictures import decode
from enhancement.subject import Subject

Photo = npt.NDArray[np.uint8]
OFF = dict.fromkeys(SETTINGS, 0.0)


def auto(photo: Photo, **settings: Any) -> Photo:
    return load_auto(settings)(Subject("photo", photo)).photo


def luma(photo: Photo) -> npt.NDArray[np.float64]:
    return photo @ np.array([0.299, 0.587, 0.114])


def grey_ramp() -> Photo:
    return np.repeat(np.tile(np.linspace(20, 230, 300).astype(np.uint8), (200, 1))[:, :, None], 3, axis=2)


@pytest.fixture(scope="module")
def cat() -> Photo:
    return np.asarray(data.chelsea())


def test_with_every_amount_at_zero_it_changes_nothing(cat: Photo) -> None:
    assert np.abs(auto(cat, **OFF).astype(int) - cat).max() <= 1


def test_a_cast_is_taken_away_in_part() -> None:
    cast = (grey_ramp() * np.array([1.0, 0.95, 0.85])).astype(np.uint8)
    before, after = (
        np.abs(picture[:, 150].astype(int).mean(0) - picture[:, 150].mean()).max() for picture in (cast, auto(cast))
    )
    assert after < 0.6 * before


def test_a_flat_photo_gets_more_contrast(cat: Photo) -> None:
    flat = (cat * 0.4 + 80).astype(np.uint8)
    assert luma(auto(flat)).std() > 1.15 * luma(flat).std()


def test_a_dark_photo_gets_lighter_and_a_light_one_darker(cat: Photo) -> None:
    dark, light = (cat * 0.5).astype(np.uint8), (255 - (255 - cat.astype(int)) * 0.5).astype(np.uint8)
    assert luma(auto(dark)).mean() > luma(dark).mean() + 5
    assert luma(auto(light)).mean() < luma(light).mean()


def test_a_soft_photo_gets_sharper(cat: Photo) -> None:
    def edges(photo: Photo) -> float:
        return float(np.abs(np.diff(luma(photo), axis=1)).mean())

    assert edges(auto(cat, **{**OFF, "sharpening": 0.6})) > 1.15 * edges(cat)


def test_dull_colours_gain_more_than_vivid_ones() -> None:
    def gain(colour: list[int]) -> float:
        photo = np.full((64, 64, 3), colour, np.uint8)
        return float(np.ptp(auto(photo, **{**OFF, "saturation": 0.5})[32, 32].astype(int)) / np.ptp(colour))

    assert gain([130, 120, 110]) > 1.3
    assert gain([220, 110, 30]) < 1.1


def test_noise_is_not_blown_up() -> None:
    chance = np.random.default_rng(0)
    sky = np.linspace(90, 160, 300)[:, None, None] + chance.normal(0, 4, (300, 400, 3))
    photo = np.clip(sky, 0, 255).astype(np.uint8)
    before, after = (
        float((picture - np.roll(picture, 1, axis=1)).std()) for picture in (luma(photo), luma(auto(photo)))
    )
    assert after < 1.5 * before


def test_a_bright_sky_does_not_burn_out() -> None:
    sky = np.empty((200, 300, 3), np.uint8)
    sky[:] = np.linspace(180, 250, 300).astype(np.uint8)[None, :, None]
    sky[100:] = 60
    better = auto(sky)
    assert better.max() < 255
    assert (np.diff(luma(better)[50, 5:-5]) >= -0.5).all()  # still rising: nothing was flattened or turned over


def test_white_and_black_stay_white_and_black() -> None:
    photo = np.zeros((80, 120, 3), np.uint8)
    photo[:, 40:80] = 128
    photo[:, 80:] = 255
    better = auto(photo)
    assert (better[40, 5] <= 1).all()
    assert (better[40, 115] >= 254).all()


@given(st.integers(2, 40), st.integers(2, 40), st.integers(0, 999))
@settings(max_examples=30, deadline=None)
def test_any_photo_keeps_its_size_and_gives_the_same_twice(width: int, height: int, seed: int) -> None:
    photo = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    before = photo.copy()
    better = auto(photo)
    assert better.shape == photo.shape
    assert better.dtype == np.uint8
    assert np.array_equal(better, auto(photo))
    assert np.array_equal(photo, before)


def test_rows_that_are_worked_on_apart_show_no_seams(cat: Photo) -> None:
    from enhancement.classical import auto as module

    amounts = {name: known.default for name, known in SETTINGS.items()}
    plan = module.measure(cat, amounts)
    whole = module._rows(cat, plan, amounts, (0, cat.shape[0]))
    assert np.abs(module.enhance(cat, amounts).astype(int) - whole).max() <= 1


def test_real_phone_photos_are_not_burnt_out(shared: Callable[[str], Path]) -> None:
    for path in sorted(shared("city100/iphone").glob("*.jpg"))[::6]:
        photo = decode(path, name=path.name)
        better = auto(photo)
        assert (luma(better) > 252).mean() < (luma(photo) > 252).mean() + 0.01
        assert luma(better).std() > luma(photo).std()


def test_it_says_what_it_computed_on(cat: Photo) -> None:
    enhanced = load_auto({})(Subject("cat", cat))
    assert (enhanced.device, enhanced.dtype) == ("cpu", "float32")


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"glow": 1}, "glow is not one of white_balance"),
        ({"tone": 1.5}, "from 0 to 1, not 1.5"),
        ({"tone": "much"}, "a number"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        load_auto(wrong)


def test_all_wrong_settings_are_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"glow.*tone"):
        load_auto({"glow": 1, "tone": True})


def test_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="no weights"):
        load_auto({}, Path("net.safetensors"))
