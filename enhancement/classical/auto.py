"""A classical automatic enhancement: the open stand-in for a photo program's magic wand.

White balance, tone, local contrast, saturation and sharpening, each measured on the photo and each bounded: no step
burns out what wasn't, and none strengthens what is no stronger than the photo's noise.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
import scipy  # its parts are loaded when they are first used

from enhancement.classical.settings import Range, numbers
from enhancement.pictures import Photo
from enhancement.subject import Enhanced, Subject

Plane: TypeAlias = npt.NDArray[np.float32]

SETTINGS = {
    "white_balance": Range(0.6, 0.0, 1.0),  # share of the measured cast that is taken away
    "tone": Range(0.7, 0.0, 1.0),  # share of the way to the tone aimed at
    "local_contrast": Range(0.3, 0.0, 1.0),  # strengthening of structure of about 3 % of the photo's size
    "saturation": Range(0.2, 0.0, 1.0),  # strengthening of dull colours; vivid ones get less
    "sharpening": Range(0.6, 0.0, 2.0),  # strengthening of the finest structure
}

SMALL_PX = 512
"""The longer side of the copy that everything is measured on."""

GUIDED_RADIUS_PX = 14
GUIDED_EPSILON = 0.01
"""Of the guided filter (He, Sun, Tang 2010, eq. 5) on the small copy: what varies by more than 0.1 is an edge."""

NEUTRAL = 0.35
"""Colours whose log ratios to green are within this are taken for possibly neutral."""

MAX_GAIN = 1.25
"""The most that white balance multiplies a channel by, in linear light."""

MEDIAN_AIM = 0.46
SHADOW_AIM = 0.02
LIGHT_AIM = 0.95
"""Where the 50th, 1st and 99th percentile of luma should lie, of 1."""

MAX_LIFT = 1.5
"""The most that tone multiplies a luma by: deep shadows hold noise."""

SHARPENING_SD_PX = 1.0
COARSE_NOISE_MAX_SD = 0.03
"""More than this is texture, of 1."""

NOISE_SDS = 3.0
"""Structure weaker than about this many standard deviations of the noise isn't strengthened."""

STEP = 1 / 255
"""A step of 8 bits: a smooth sky is made of them, and they are no structure."""

HEADROOM = 0.5
"""Local contrast and sharpening use at most this share of the way to black or white: no halos, no clipping."""

ROWS = 64
"""Rows that are worked on at a time, so that they stay in the processor's cache."""

HALO = 4
THREADS = 2
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, eq=False)
class Plan:
    """What was measured on a photo, and what is to be done to each of its pixels.

    Attributes:
        channels: Shape (256, 1, 3), float32: value after white balance, of each 8-bit value.
        gains: Shape (256,), float32: what tone multiplies a luma by.
        base: Small, shape (h, w, 3): the guided filter's a and b, of base = a · luma + b, and how sure it is, 0 to 1,
            that what is there is more than noise.
        noise: Standard deviation of the noise in luma, of 1.
    """

    channels: Plane
    gains: Plane
    base: Plane
    noise: float


def load_auto(settings: Mapping[str, Any], weights: Path | None = None) -> Callable[[Subject], Enhanced]:
    """The method `auto`.

    Args:
        settings: Any of `SETTINGS`; at 0 each step does nothing.
        weights: None: there are none.

    Raises:
        ValueError: A setting that isn't known or is out of range, or weights.
    """
    if weights is not None:
        raise ValueError(f"auto takes no weights, but was given {weights.name}")
    amounts = numbers("auto", settings, SETTINGS)
    return lambda subject: Enhanced(enhance(subject.input, amounts), device="cpu", dtype="float32")


def enhance(photo: Photo, amounts: Mapping[str, float]) -> Photo:
    """The photo, enhanced. The same photo and amounts give the same pixels."""
    plan = measure(photo, amounts)
    height = photo.shape[0]
    out = np.empty_like(photo)

    def work(top: int) -> None:
        first, last = max(0, top - HALO), min(height, top + ROWS + HALO)
        done = _rows(photo[first:last], plan, amounts, (first, height))
        out[top : top + ROWS] = done[top - first : top - first + ROWS]

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(0, height, ROWS)))
    return out


def measure(photo: Photo, amounts: Mapping[str, float]) -> Plan:
    """Everything that depends on the photo as a whole."""
    shrink = min(1.0, SMALL_PX / max(photo.shape[:2]))
    small = cv2.resize(photo, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    channels = _balance(small, amounts["white_balance"])
    luma = _luma(cv2.LUT(small, channels))
    gains = _tone_gains(luma, amounts["tone"])
    toned = luma * _looked_up(gains, luma)
    return Plan(channels, gains, _guided(toned), _noise(photo))


def _balance(small: Photo, amount: float) -> Plane:
    """White balance from the colours that may be neutral: their mean log ratio to green is the cast."""
    linear = (small.reshape(-1, 3).astype(np.float32) / 255 + 1e-4) ** 2.2
    usable = linear[(small.reshape(-1, 3).max(1) < 250) & (small.reshape(-1, 3).min(1) > 12)]
    casts = np.log(usable[:, [0, 2]] / usable[:, 1:2])
    neutral = casts[np.hypot(casts[:, 0], casts[:, 1]) < NEUTRAL]
    # A photo with hardly a neutral thing in it says nothing about its light.
    trust = min(1.0, len(neutral) / (0.15 * small.shape[0] * small.shape[1]))
    red, blue = neutral.mean(0) * amount * trust if len(neutral) else (0.0, 0.0)
    gains = np.exp(np.array([-red, 0.0, -blue], np.float32))
    gains = np.clip(gains / (gains**0.5 @ LUMA) ** 2, 1 / MAX_GAIN, MAX_GAIN)
    return _channel_table(gains)


def _channel_table(gains: Plane) -> Plane:
    values = np.arange(256, dtype=np.float32)[:, None] / 255
    # White is white: towards it the gains fade, lest burnt-out skies take on a colour.
    fade = np.clip((1 - values) / 0.2, 0, 1)
    return np.ascontiguousarray((values * (1 + (gains ** (1 / 2.2) - 1) * fade))[:, None, :], np.float32)


def _tone_gains(luma: Plane, amount: float) -> Plane:
    """A rising curve through black, three percentiles and white: it can't clip, and each point moves only so far."""
    dark, middle, light = (float(value) for value in np.percentile(luma, [1, 50, 99]))
    points = {0.0: 0.0, 1.0: 1.0}
    # What is drawn apart has its noise made steeper too: each point may move only by a share of the distance.
    below, above = middle - dark, light - middle
    reaches = (min(0.06, 0.2 * below), min(0.09, 0.35 * below), min(0.12, 0.4 * above))
    aims = (min(SHADOW_AIM, dark), MEDIAN_AIM, max(LIGHT_AIM, light))
    for value, aim, reach in zip((dark, middle, light), aims, reaches, strict=True):
        moved = value + amount * float(np.clip(aim - value, -reach, reach))
        points[value] = float(np.clip(moved, value / MAX_LIFT, value * MAX_LIFT))
    values = np.linspace(0, 1, 256)
    curve = scipy.interpolate.PchipInterpolator(*_rising(points))(values)
    gains = np.ones(256)
    gains[1:] = np.minimum(curve[1:] / values[1:], MAX_LIFT)
    gains[0] = gains[1]
    return gains.astype(np.float32)


def _rising(points: Mapping[float, float]) -> tuple[list[float], list[float]]:
    """The points in order, without those that would make the curve fall or stand."""
    xs, ys = [0.0], [0.0]
    for x, y in sorted(points.items()):
        if x > xs[-1] + 0.02 and y > ys[-1] and (x == 1 or (x < 0.985 and y < 1)):
            xs.append(x)
            ys.append(y)
    return xs, ys


def _guided(luma: Plane) -> Plane:
    """Guided filter of a plane by itself (He, Sun, Tang 2010, eq. 5, 6, 8), and where there is texture."""
    window = (2 * GUIDED_RADIUS_PX + 1, 2 * GUIDED_RADIUS_PX + 1)
    mean = cv2.blur(luma, window)
    variance = np.maximum(cv2.blur(luma * luma, window) - mean * mean, 0)
    slope = variance / (variance + GUIDED_EPSILON)
    # The smoothest fifth of a photo shows its coarse noise, which denoising leaves and the finest scale doesn't show.
    smooth = min(float(np.percentile(variance, 20)), COARSE_NOISE_MAX_SD**2)
    texture = (variance / (variance + 2 * smooth + 1e-7)) ** 2
    return np.asarray(cv2.blur(np.dstack([slope, mean - slope * mean, texture]), window), np.float32)


def _noise(photo: Photo) -> float:
    """Immerkær 1996's mask, with a median in place of the mean so that texture doesn't count."""
    luma = cv2.cvtColor(_middle(photo), cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    return float(np.median(np.abs(cv2.filter2D(luma, -1, mask)))) / 0.6745 / 6


def _middle(photo: Photo, most: int = 1024) -> Photo:
    top, left = max(0, photo.shape[0] - most) // 2, max(0, photo.shape[1] - most) // 2
    return np.ascontiguousarray(photo[top : top + most, left : left + most])


def _rows(rows: Photo, plan: Plan, amounts: Mapping[str, float], place: tuple[int, int]) -> Photo:
    """The rows, enhanced; ``place`` is the first one's number and how many the photo has."""
    rgb = cv2.LUT(rows, plan.channels)
    luma = _luma(rgb)
    gains = _looked_up(plan.gains, luma)
    toned = luma * gains
    better = _detailed(toned, plan, amounts, place)
    ratio = better / np.maximum(luma, 1 / 255)
    return _coloured(rgb, luma, better, np.minimum(ratio, MAX_LIFT * 1.2), amounts["saturation"])


def _detailed(toned: Plane, plan: Plan, amounts: Mapping[str, float], place: tuple[int, int]) -> Plane:
    """Local contrast and sharpening: what stands out of the base and of its blur, strengthened."""
    slope, offset, texture = cv2.split(_enlarged_rows(plan.base, toned.shape, place))
    structure = toned - (slope * toned + offset)
    fine = toned - cv2.GaussianBlur(toned, (0, 0), SHARPENING_SD_PX)
    floor = np.float32((NOISE_SDS * plan.noise) ** 2 + STEP**2)
    added = amounts["local_contrast"] * _cored(structure, floor) + amounts["sharpening"] * _cored(fine, floor)
    added *= texture
    return np.asarray(toned + np.clip(added, -HEADROOM * toned, HEADROOM * np.maximum(1 - toned, 0)), np.float32)


def _cored(structure: Plane, floor: np.float32) -> Plane:
    """Structure, all but gone where it is weaker than the noise."""
    power = structure * structure
    return structure * (power / (power + floor))


def _coloured(rgb: Plane, luma: Plane, better: Plane, ratio: Plane, saturation: float) -> Photo:
    """The new luma with the old hue, and as much colour as fits into the gamut: no channel clips."""
    colour = rgb - luma[:, :, None]
    high, low = _extremes(colour)
    dull = np.float32(1) - np.minimum((high - low) * np.float32(1.6), 1)
    scale = ratio * (1 + np.float32(saturation) * dull)
    room_above = (1 - better) / np.maximum(high * scale, 1e-6)
    room_below = better / np.maximum(-low * scale, 1e-6)
    scale *= np.minimum(np.minimum(room_above, room_below), 1)
    colour *= scale[:, :, None]
    colour += better[:, :, None]
    return np.asarray(cv2.convertScaleAbs(colour, alpha=255), np.uint8)


def _extremes(colour: Plane) -> tuple[Plane, Plane]:
    red, green, blue = cv2.split(colour)
    return cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)


def _luma(rgb: Plane) -> Plane:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.float32)


def _looked_up(table: Plane, luma: Plane) -> Plane:
    """A smooth table of 256 values at a luma of 0 to 1."""
    return np.asarray(cv2.LUT(cv2.convertScaleAbs(luma, alpha=255), table), np.float32)


def _enlarged_rows(plane: Plane, shape: tuple[int, ...], place: tuple[int, int]) -> Plane:
    """Rows of small planes as they are at the photo's size, interpolated linearly."""
    height, width = shape[0], shape[1]
    first, rows = place
    down, across = plane.shape[0] / rows, plane.shape[1] / width
    where = np.array([[across, 0, across / 2 - 0.5], [0, down, (first + 0.5) * down - 0.5]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(plane, where, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE))
