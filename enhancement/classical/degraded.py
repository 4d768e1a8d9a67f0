"""A photo made worse beyond doubt: the other half of a gold pair, which shows whether an observer is looking."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from enhancement.classical.settings import Range, numbers
from enhancement.pictures import Photo
from enhancement.subject import Enhanced, Subject

SETTINGS = {"strength": Range(1.0, 0.5, 3.0)}  # 1 is plain to anybody at a glance; 0.5 on a second look

BLUR_SHARE = 0.0035
"""Standard deviation of the blur at strength 1, of the photo's longer side: seen at every zoom."""

NOISE_SD = 0.07
"""Standard deviation of the noise at strength 1, of 1."""

CAST = 0.24
"""How far the two channels of the cast are moved apart at strength 1, as a share of their values."""

JPEG_QUALITY = 15
"""At strength 1; less is worse."""


def load_degraded(settings: Mapping[str, Any], weights: Path | None = None) -> Callable[[Subject], Enhanced]:
    """The method `degraded`: blur, colour cast, noise and JPEG blocks.

    Args:
        settings: ``strength``, 0.5 to 3.
        weights: None: there are none.

    Raises:
        ValueError: A setting that isn't known or is out of range, or weights.
    """
    if weights is not None:
        raise ValueError(f"degraded takes no weights, but was given {weights.name}")
    strength = numbers("degraded", settings, SETTINGS)["strength"]
    return lambda subject: Enhanced(degrade(subject.input, subject.name, strength), device="cpu", dtype="float32")


def degrade(photo: Photo, name: str, strength: float) -> Photo:
    """The photo made worse; chance comes from the content's name, so the same content is always made worse alike."""
    chance = np.random.default_rng(int.from_bytes(sha256(name.encode()).digest()[:8], "big"))
    return _blocky(_noisy(_cast(_blurred(photo, strength), chance, strength), chance, strength), strength)


def _blurred(photo: Photo, strength: float) -> Photo:
    deviation = max(0.8, BLUR_SHARE * max(photo.shape[:2])) * strength
    return np.asarray(cv2.GaussianBlur(photo, (0, 0), deviation), np.uint8)


def _cast(photo: Photo, chance: np.random.Generator, strength: float) -> Photo:
    """Green, magenta or cyan: no evening light makes them, and nobody takes them for warmth."""
    casts = np.array([[-1, 0.6, -1], [0.6, -1, 0.6], [-1, 0.3, 0.4]])
    gains = 1 + CAST / 2 * strength * casts[chance.integers(len(casts))]
    values = np.clip(np.arange(256)[:, None] * gains + 0.5, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(photo, values[:, None, :]), np.uint8)


def _noisy(photo: Photo, chance: np.random.Generator, strength: float) -> Photo:
    noise = chance.standard_normal(photo.shape, np.float32) * np.float32(255 * NOISE_SD * strength)
    return np.clip(photo + noise + 0.5, 0, 255).astype(np.uint8)


def _blocky(photo: Photo, strength: float) -> Photo:
    quality = max(3, round(JPEG_QUALITY / strength))
    return through_jpeg(photo, quality)


def through_jpeg(photo: Photo, quality: int) -> Photo:
    """The photo as it comes out of a JPEG file of a quality of 1 to 100, colours at half resolution."""
    parameters = (
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    )
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(photo, cv2.COLOR_RGB2BGR), parameters)
    return np.asarray(cv2.cvtColor(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)
