"""Registers a reference photo on an input photo of the same scene. numpy and OpenCV only.

DPED's way (Ignatov et al., ICCV 2017, section 2.2): SIFT matches (Lowe 2004) that pass the ratio test, a homography by
RANSAC (Fischler and Bolles 1981), and the overlap of both pictures. Coordinates are in pixels, pixel centres at whole
numbers.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from enhancement.nn.pairs.overlap import (
    Homography,
    Rectangle,
    as_homography,
    corners_of,
    crosses_horizon,
    inscribed_rectangle,
    jacobian,
    overlap_polygon,
    polygon_area,
)
from enhancement.pictures import Photo

Floats = npt.NDArray[np.float64]

DETECTION_SIDE_PX = (
    2400  # larger photos are shrunk to this for the search; matches are found to a tenth of a pixel there
)
MAX_POINTS = 12_000  # the strongest; the time of matching grows with the product of both numbers
RATIO = 0.75
RANSAC_SEED = 1
RANSAC_THRESHOLD_PX = 3.0
RANSAC_ITERATIONS = 10_000
RANSAC_CONFIDENCE = 0.9999
MIN_INLIERS = 15
MIN_INLIER_SHARE = 0.3
SCALE_RANGE = (1 / 8, 8.0)
MAX_UNEVEN = 2.0
MAX_STRETCH = 2.0
MIN_OVERLAP = 0.2
MARGIN_PX = 4.0  # of the reference: what the interpolation reaches beyond a point
MIN_SIDE_PX = 32
RESIDUAL_UNTIL = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-6)
RESIDUAL_BLUR_PX = 5


class AlignmentError(ValueError):
    """Two photos can't be aligned; the message says why."""


@dataclass(frozen=True)
class Alignment:
    """How a reference photo lies on an input photo.

    Attributes:
        homography: 3×3, rows first: input px (x, y, 1) → reference px, up to scale.
        matches: SIFT matches that passed the ratio test, one to one.
        inliers: Those of them that the homography explains.
        overlap: Share of the input's area that the reference covers, 0 to 1.
        rectangle: (x, y, width, height) in input px, inside the overlap: where both are compared.
        residual: (dx, dy) in px: how far the reference still lies to the right of and below the input within the
            rectangle. Measured, not corrected.
        reference_size: (width, height) of the reference that was aligned, in px.
    """

    homography: Homography
    matches: int
    inliers: int
    overlap: float
    rectangle: tuple[int, int, int, int]
    residual: tuple[float, float]
    reference_size: tuple[int, int]

    def as_json(self) -> dict[str, Any]:
        """As plain lists and numbers; ``from_json`` gives the same alignment back."""
        return dict(json.loads(json.dumps(asdict(self))))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Alignment":
        """The alignment that ``as_json`` wrote.

        Raises:
            KeyError: A field is missing.
        """
        return cls(
            homography=as_homography(np.array(data["homography"], dtype=np.float64)),
            matches=data["matches"],
            inliers=data["inliers"],
            overlap=data["overlap"],
            rectangle=Rectangle(*data["rectangle"]),
            residual=(data["residual"][0], data["residual"][1]),
            reference_size=(data["reference_size"][0], data["reference_size"][1]),
        )


def align(photo: Photo, reference: Photo) -> Alignment:
    """Find where a reference photo lies on an input photo. The same pictures always give the same alignment.

    Args:
        photo: The input, shape (H, W, 3), uint8, RGB.
        reference: The same scene, any size.

    Returns:
        The homography with its evidence, and the rectangle in which both can be compared.

    Raises:
        AlignmentError: Too few points match, or the homography is none that two photos of one scene could have.
    """
    here, there = match(photo, reference)
    homography, inliers = fit(here, there, tolerance_px(reference))
    check_plausible(homography, photo, reference)
    overlap = overlap_polygon(homography, photo, reference)
    share = float(polygon_area(overlap) / (photo.shape[0] * photo.shape[1]))
    rectangle = inscribed_rectangle(overlap_polygon(homography, photo, reference, MARGIN_PX))
    if share < MIN_OVERLAP or min(rectangle.width, rectangle.height) < MIN_SIDE_PX:
        raise AlignmentError(f"The photos share only {share:.0%} of the input; at least {MIN_OVERLAP:.0%} are needed.")
    size = (reference.shape[1], reference.shape[0])
    rough = Alignment(as_homography(homography), len(here), inliers, share, rectangle, (0.0, 0.0), size)
    residual = residual_shift(crop(photo, rough), reference_on_input(reference, rough))
    return Alignment(rough.homography, rough.matches, inliers, share, rectangle, residual, size)


def crop(photo: Photo, alignment: Alignment) -> Photo:
    """The rectangle of an alignment, cut from the input or from a picture made of it.

    Raises:
        AlignmentError: The picture doesn't hold the rectangle.
    """
    x, y, width, height = alignment.rectangle
    if photo.shape[0] < y + height or photo.shape[1] < x + width:
        raise AlignmentError(
            f"A picture of {photo.shape[1]}×{photo.shape[0]} px doesn't hold the rectangle {alignment.rectangle}; "
            "give the input that was aligned, or a picture of its size."
        )
    return np.ascontiguousarray(photo[y : y + height, x : x + width])


def reference_on_input(reference: Photo, alignment: Alignment) -> Photo:
    """The reference as it lies on the input's pixels, within the rectangle.

    Where it is scaled down it is low-passed first, by a Gaussian of sd ½·√(s² − 1) px of the reference along each axis,
    s being its pixels to one of the input along that axis at the rectangle's centre: the blur that takes a picture of
    sd ½ px, a camera's (Lowe 2004, section 3.3), to sd ½ px of the new pixels. Then sampled bicubically.

    Args:
        reference: The photo that was aligned.
        alignment: As ``align`` gives it.

    Returns:
        Shape (height, width, 3) of the rectangle, uint8.

    Raises:
        AlignmentError: The reference has another size than the one that was aligned.
    """
    size = (reference.shape[1], reference.shape[0])
    if size != tuple(alignment.reference_size):
        raise AlignmentError(
            f"This reference has {size[0]}×{size[1]} px, the one that was aligned had "
            f"{alignment.reference_size[0]}×{alignment.reference_size[1]}; align this one."
        )
    x, y, width, height = alignment.rectangle
    homography = np.array(alignment.homography)
    centre = np.array([x + (width - 1) / 2, y + (height - 1) / 2])
    per_pixel = np.linalg.norm(jacobian(homography, centre), axis=1)
    smooth = low_pass(reference.astype(np.float32), 0.5 * np.sqrt(np.maximum(np.square(per_pixel) - 1, 0)))
    from_rectangle = homography @ np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    warped: npt.NDArray[np.float32] = cv2.warpPerspective(smooth, from_rectangle, (width, height), flags=flags)
    return np.asarray(np.rint(np.clip(warped, 0, 255)), dtype=np.uint8)


def low_pass(pixels: npt.NDArray[np.float32], sd_px: Floats) -> npt.NDArray[np.float32]:
    """Blur along x and y; an axis whose sd is under a tenth of a pixel is left as it is."""
    for axis, sd in enumerate(sd_px):
        if sd >= 0.1:
            taps = cv2.getGaussianKernel(2 * int(np.ceil(4 * sd)) + 1, float(sd), cv2.CV_64F)
            along_x, along_y = (taps, np.ones(1)) if axis == 0 else (np.ones(1), taps)
            pixels = cv2.sepFilter2D(pixels, -1, along_x, along_y, borderType=cv2.BORDER_REPLICATE)
    return pixels


def match(photo: Photo, reference: Photo) -> tuple[Floats, Floats]:
    """SIFT matches that pass the ratio test, at most one for each point.

    Returns:
        Points of the photo and of the reference, each of shape (matches, 2), x and y in px.

    Raises:
        AlignmentError: A picture has too few points.
    """
    here, of_here = features(photo, "input")
    there, of_there = features(reference, "reference")
    nearest: dict[int, Any] = {}
    for first, second in cv2.BFMatcher(cv2.NORM_L2).knnMatch(of_here, of_there, k=2):
        rival = nearest.get(first.trainIdx)
        if first.distance < RATIO * second.distance and (rival is None or first.distance < rival.distance):
            nearest[first.trainIdx] = first
    pairs = np.array([(found.queryIdx, found.trainIdx) for found in nearest.values()], dtype=np.intp).reshape(-1, 2)
    return here[pairs[:, 0]], there[pairs[:, 1]]


def features(picture: Photo, role: str) -> tuple[Floats, npt.NDArray[np.float32]]:
    """SIFT points in the picture's own pixels, and their descriptors.

    Raises:
        AlignmentError: There are too few.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    shrink = min(1.0, DETECTION_SIDE_PX / max(grey.shape))
    if shrink < 1:
        grey = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    # Without the precise upscale every point sits a quarter pixel off.
    sift = cv2.SIFT.create(MAX_POINTS, enable_precise_upscale=True)
    points, descriptors = sift.detectAndCompute(grey, None)
    if len(points) < MIN_INLIERS:
        raise AlignmentError(
            f"The {role} shows too little structure: {len(points)} points to hold on to, {MIN_INLIERS} are needed."
        )
    ratio = np.array([picture.shape[1] / grey.shape[1], picture.shape[0] / grey.shape[0]])
    return (np.array([point.pt for point in points]) + 0.5) * ratio - 0.5, descriptors


def tolerance_px(reference: Photo) -> float:
    """How far from its place a matching point may lie: the points of a shrunk picture are known less well."""
    return float(RANSAC_THRESHOLD_PX * max(1.0, max(reference.shape) / DETECTION_SIDE_PX))


def fit(here: Floats, there: Floats, within_px: float) -> tuple[Floats, int]:
    """The homography that most matches agree on, and how many do.

    Raises:
        AlignmentError: Too few do, or too small a share.
    """
    if len(here) < MIN_INLIERS:
        raise AlignmentError(f"Only {len(here)} points match, {MIN_INLIERS} are needed: is it the same scene?")
    cv2.setRNGSeed(RANSAC_SEED)
    homography, mask = cv2.findHomography(
        here, there, cv2.RANSAC, within_px, maxIters=RANSAC_ITERATIONS, confidence=RANSAC_CONFIDENCE
    )
    inliers = 0 if homography is None else int(mask.sum())
    if homography is None or inliers < max(MIN_INLIERS, MIN_INLIER_SHARE * len(here)):
        raise AlignmentError(
            f"Only {inliers} of {len(here)} matching points agree on one perspective; at least {MIN_INLIERS} and "
            f"{MIN_INLIER_SHARE:.0%} must: is it the same scene, from the same place?"
        )
    return np.asarray(homography, dtype=np.float64), inliers


def check_plausible(homography: Floats, photo: Photo, reference: Photo) -> None:
    """Refuse a homography that two photos of one scene can't have.

    Raises:
        AlignmentError: It folds or mirrors the picture, or scales it by an absurd, very uneven or lopsided amount.
    """
    corners = corners_of(photo)
    if crosses_horizon(homography, corners) or crosses_horizon(np.linalg.inv(homography), corners_of(reference)):
        raise AlignmentError("The best perspective folds the picture over: it isn't the same scene.")
    slopes = [jacobian(homography, corner) for corner in corners]
    areas = np.array([np.linalg.det(slope) for slope in slopes])
    if (areas <= 0).any():
        raise AlignmentError("The best perspective mirrors the picture: is one of the two flipped?")
    scales = np.sqrt(areas)
    stretch = max(np.linalg.cond(slope) for slope in slopes)
    uneven = scales.max() / scales.min()
    if scales.min() < SCALE_RANGE[0] or scales.max() > SCALE_RANGE[1] or uneven > MAX_UNEVEN or stretch > MAX_STRETCH:
        raise AlignmentError(
            f"The best perspective scales by {scales.min():.3g} to {scales.max():.3g} and stretches by {stretch:.3g}: "
            "it isn't the same scene, or not from the same place."
        )


def residual_shift(photo: Photo, reference: Photo) -> tuple[float, float]:
    """How far a reference lies to the right of and below a photo of the same size, in px.

    The shift with the highest enhanced correlation coefficient (Evangelidis and Psarakis 2008,
    doi:10.1109/TPAMI.2008.113), which doesn't mind other brightness and contrast. Phase correlation would weigh all
    frequencies alike and so measure the resampling, up to 0.15 px.

    Args:
        photo: Shape (H, W, 3), uint8, RGB.
        reference: Same shape.

    Raises:
        AlignmentError: No shift near zero correlates.
    """
    here, there = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) for picture in (photo, reference))
    still = np.eye(2, 3, dtype=np.float32)
    try:
        _, moved = cv2.findTransformECC(
            here, there, still, cv2.MOTION_TRANSLATION, RESIDUAL_UNTIL, None, RESIDUAL_BLUR_PX
        )
    except cv2.error as error:
        raise AlignmentError("The photos don't correlate where they should lie on each other.") from error
    return float(moved[0, 2]), float(moved[1, 2])
