"""Photos whose place on each other is known."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from enhancement.pictures import Photo, encode_png


def similarity(scale: float, turn: float, dx: float, dy: float, perspective: float = 0.0) -> npt.NDArray[np.float64]:
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    return np.array([[c, -s, dx], [s, c, dy], [perspective, perspective / 2, 1.0]])


def seen_through(reference: Photo, homography: npt.NDArray[np.float64], size: tuple[int, int]) -> Photo:
    """The input photo whose pixels lie on the reference by a known homography; filtered, then sampled with Lanczos."""
    scale = float(np.sqrt(abs(np.linalg.det(homography[:2, :2]))))
    pixels = reference.astype(np.float32)
    if scale > 1:
        pixels = cv2.GaussianBlur(pixels, (0, 0), 0.5 * np.sqrt(scale**2 - 1))
    flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(pixels, homography, size, flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.rint(np.clip(warped, 0, 255)).astype(np.uint8)


def recoloured(photo: Photo) -> Photo:
    """As a worse camera takes it: other tone and colour."""
    return np.clip(255 * (photo / 255.0) ** 1.4 * [0.9, 1.0, 0.7], 0, 255).astype(np.uint8)


def write_pair(folder: Path, scene: str, photo: Photo, reference: Photo) -> None:
    """As ``folder/phone/SCENE.png`` and ``folder/canon/SCENE.png``."""
    for side, picture in (("phone", photo), ("canon", reference)):
        (folder / side).mkdir(parents=True, exist_ok=True)
        (folder / side / f"{scene}.png").write_bytes(encode_png(picture))
