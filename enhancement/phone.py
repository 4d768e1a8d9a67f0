"""A simulated phone camera: what a phone of about 2010 would have made of a scene that a good camera photographed.

It stands in for the phone side of a pair where there is none, and is called simulated wherever it is shown. The steps
follow light through the phone: another viewpoint, the sensor's pixels, the lens, noise, white balance and tone,
denoising, sharpening, JPEG. What has a range is drawn from the seed, so that photos differ as they do between shots.
"""

import cv2
import numpy as np
import numpy.typing as npt

from enhancement.classical.degraded import through_jpeg
from enhancement.pictures import Photo

Light = npt.NDArray[np.float32]
"""Shape (H, W, 3): linear light, 0 to 1."""

VIEWPOINT_SHARE = 0.012
"""How far a corner of the view moves at most, as a share of the width: two cameras side by side on a tripod."""

SENSOR_SCALE = (0.70, 0.85)
"""The phone's pixels per pixel of the good camera, along a line."""

LENS_BLUR_PX = (0.65, 0.95)
"""Standard deviation of the lens's blur in the centre, in the sensor's pixels."""

CORNER_BLUR = 1.8
"""How much wider the blur is in the corners."""

VIGNETTING = (0.12, 0.30)
"""Share of light lost in the corners."""

WELL_ELECTRONS = (900.0, 2200.0)
"""Electrons of a white pixel: the square root of their number is the shot noise."""

READ_NOISE_ELECTRONS = (4.0, 9.0)
"""Standard deviation of the read noise."""

COLOUR_ERROR = 0.09
"""How far the gain of red and of blue is off at most, as a share."""

CROSSTALK = (0.04, 0.10)
"""Share of a channel's light that the colour filters let into the others, and that isn't corrected."""

EXPOSURE_STOPS = (-0.45, 0.1)
"""How far the exposure is off."""

BLACK_LIFT = (0.0, 0.02)
"""Flare: light that the lens spreads over everything, of white."""

DENOISE = (18.0, 30.0)
"""Reach of the bilateral filter in 8-bit values of chroma; luma gets a third of it."""

SHARPENING = (0.4, 0.8)
"""What a phone adds to look sharp: share of the difference from the blur."""

JPEG_QUALITY = (68, 84)


def simulate_phone(photo: Photo, seed: int) -> Photo:
    """The scene as the phone would have shot it.

    Args:
        photo: The good camera's, shape (H, W, 3), uint8, sRGB, at least 32 px either way.
        seed: Non-negative; decides everything that differs between shots.

    Returns:
        A smaller photo of very nearly the same view, uint8, sRGB. The same photo and seed give the same pixels.

    Raises:
        ValueError: A photo too small to be one.
    """
    if min(photo.shape[:2]) < 32:
        raise ValueError(f"a photo of {photo.shape[1]}×{photo.shape[0]} px is too small to simulate a phone's of it")
    chance = np.random.default_rng(seed)
    light = to_light(photo)
    light = see_from_aside(light, chance)
    light = onto_sensor(light, chance)
    light = blur_by_lens(light, chance)
    light = vignette(light, chance)
    light = add_noise(light, chance)
    light = get_colour_wrong(light, chance)
    shot = develop(light, chance)
    shot = denoise(shot, chance)
    shot = sharpen(shot, chance)
    return through_jpeg(shot, int(chance.integers(*JPEG_QUALITY, endpoint=True)))


def to_light(photo: Photo) -> Light:
    """Linear light from sRGB (IEC 61966-2-1)."""
    values = np.arange(256) / 255
    table = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.asarray(cv2.LUT(photo, table.astype(np.float32)))


def from_light(light: Light) -> Light:
    """sRGB from linear light, both 0 to 1 (IEC 61966-2-1)."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def see_from_aside(light: Light, chance: np.random.Generator) -> Light:
    """A small homography that zooms in just enough to have scene in every corner."""
    height, width = light.shape[:2]
    reach = VIEWPOINT_SHARE * width
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], np.float32)
    seen = corners + inward * (reach + chance.uniform(-reach, reach, (4, 2))).astype(np.float32)
    view = cv2.getPerspectiveTransform(seen, corners)
    return np.asarray(
        cv2.warpPerspective(light, view, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    )


def onto_sensor(light: Light, chance: np.random.Generator) -> Light:
    """Fewer, larger pixels, each the mean of the light that falls on it."""
    scale = chance.uniform(*SENSOR_SCALE)
    size = (round(light.shape[1] * scale), round(light.shape[0] * scale))
    return np.asarray(cv2.resize(light, size, interpolation=cv2.INTER_AREA))


def blur_by_lens(light: Light, chance: np.random.Generator) -> Light:
    """Soft in the middle, softer towards the corners."""
    deviation = chance.uniform(*LENS_BLUR_PX)
    middle = cv2.GaussianBlur(light, (0, 0), deviation)
    corner = cv2.GaussianBlur(light, (0, 0), deviation * CORNER_BLUR)
    share = _from_centre(light)[:, :, None]
    return np.asarray(middle * (1 - share) + corner * share)


def vignette(light: Light, chance: np.random.Generator) -> Light:
    """Less light towards the corners."""
    return np.asarray(light * (1 - np.float32(chance.uniform(*VIGNETTING)) * _from_centre(light)[:, :, None]))


def add_noise(light: Light, chance: np.random.Generator) -> Light:
    """Shot noise (its variance is the number of electrons) and read noise, then clipping at the full well.

    Demosaicing spreads noise over neighbours: it is drawn fine and blurred a little, or it would look like salt.
    """
    well, read = chance.uniform(*WELL_ELECTRONS), chance.uniform(*READ_NOISE_ELECTRONS)
    deviation = np.sqrt(np.maximum(light, 0) * well + read**2) / well
    grain = cv2.GaussianBlur(chance.standard_normal(light.shape, np.float32), (0, 0), 0.6)
    return np.asarray(np.clip(light + grain / grain.std() * deviation, 0, 1), np.float32)


def get_colour_wrong(light: Light, chance: np.random.Generator) -> Light:
    """White balance that is off, colours that run into one another, and an exposure that isn't quite right."""
    gains = 1 + np.array([chance.uniform(-1, 1), 0, chance.uniform(-1, 1)]) * COLOUR_ERROR
    leak = chance.uniform(*CROSSTALK)
    mixing = (np.eye(3) * (1 - 3 * leak) + leak) * gains[:, None] * 2 ** chance.uniform(*EXPOSURE_STOPS)
    return np.asarray(cv2.transform(light, mixing.astype(np.float32)))


def develop(light: Light, chance: np.random.Generator) -> Photo:
    """To 8 bits by a tone curve that is too steep in the middle and burns out early, with flare over the blacks."""
    flare = chance.uniform(*BLACK_LIFT)
    exposed = np.clip(light * (1 - flare) + flare, 0, 1)
    encoded = from_light(exposed)
    steep = encoded - 0.035 * np.sin(2 * np.pi * encoded)
    return np.asarray(np.clip(steep * 255 + 0.5, 0, 255), np.uint8)


def denoise(shot: Photo, chance: np.random.Generator) -> Photo:
    """Edges stay, fine structure is smeared, colour more than light: the look of a phone's noise reduction."""
    reach = chance.uniform(*DENOISE)
    luma, *chroma = cv2.split(cv2.cvtColor(shot, cv2.COLOR_RGB2YCrCb))
    luma = cv2.bilateralFilter(luma, 5, reach / 3, 1.5)
    smeared = [cv2.bilateralFilter(plane, 9, reach, 4) for plane in chroma]
    return np.asarray(cv2.cvtColor(cv2.merge([luma, *smeared]), cv2.COLOR_YCrCb2RGB), np.uint8)


def sharpen(shot: Photo, chance: np.random.Generator) -> Photo:
    """Unsharp masking, as cheap cameras do it."""
    amount = chance.uniform(*SHARPENING)
    return np.asarray(cv2.addWeighted(shot, 1 + amount, cv2.GaussianBlur(shot, (0, 0), 1.2), -amount, 0), np.uint8)


def _from_centre(light: Light) -> Light:
    """0 in the middle, 1 in the corners, growing with the square of the distance."""
    height, width = light.shape[:2]
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] ** 2
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :] ** 2
    return np.asarray((down + across) / 2)
