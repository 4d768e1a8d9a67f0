"""Lossless tiles of a 12-megapixel photo, against Pillow's default PNG: `python benchmarks/tiles.py [PHOTO]`.

Without a photo, one is made of smooth structure and a sensor's noise.
"""

import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from time import perf_counter

import cv2
import imagecodecs
import numpy as np
from PIL import Image

from enhancement.pictures import Photo, decode
from studyapp import tiles

SIZE = (4000, 3000)
RUNS = 3
BAR_S = 2.0


def the_photo() -> Photo:
    """The photo of the command line at 12 megapixels, or a made one."""
    if len(sys.argv) > 1:
        return np.array(
            Image.fromarray(decode(Path(sys.argv[1]), name=sys.argv[1])).resize(SIZE, Image.Resampling.BICUBIC)
        )
    chance = np.random.default_rng(0)
    coarse = chance.integers(0, 256, (75, 100, 3), dtype=np.uint8)
    structure = cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return np.clip(structure + chance.normal(0, 3, structure.shape), 0, 255).astype(np.uint8)


def with_encoder(encoder: Callable[[Photo], bytes]) -> Callable[[Photo], list[bytes]]:
    """The same tiles by another encoder, one after the other."""

    def cut(photo: Photo) -> list[bytes]:
        pyramid = [photo]
        while max(pyramid[-1].shape[:2]) > tiles.TILE_PX:
            pyramid.append(tiles._halved(pyramid[-1]))
        return [
            encoder(np.ascontiguousarray(square)) for level in reversed(pyramid) for square in tiles._squares(level)
        ]

    return cut


def by_pillow(square: Photo, **options: int) -> bytes:
    file = BytesIO()
    Image.fromarray(square).save(file, "PNG", **options)
    return file.getvalue()


WAYS: dict[str, Callable[[Photo], list[bytes]]] = {
    "Phoropter (OpenCV, two threads)": tiles.cut,
    "Pillow, default": with_encoder(by_pillow),
    "Pillow, compress_level=1": with_encoder(lambda square: by_pillow(square, compress_level=1)),
    "imagecodecs libpng, level 1": with_encoder(lambda square: imagecodecs.png_encode(square, level=1)),
    "imagecodecs libspng, level 1": with_encoder(lambda square: imagecodecs.spng_encode(square, level=1)),
}


def main() -> None:
    photo = the_photo()
    print(f"{photo.shape[1]}×{photo.shape[0]} px, best of {RUNS}")
    print(f"{'':34}{'seconds':>9}{'MB':>8}{'× Pillow':>10}")
    measured: dict[str, tuple[float, float]] = {}
    for name, way in WAYS.items():
        best, size = float("inf"), 0
        for _ in range(RUNS):
            start = perf_counter()
            size = sum(map(len, way(photo)))
            best = min(best, perf_counter() - start)
        measured[name] = best, size / 1e6
    peer = measured["Pillow, default"][0]
    for name, (seconds, megabytes) in measured.items():
        print(f"{name:34}{seconds:9.2f}{megabytes:8.1f}{peer / seconds:10.1f}")
    ours = measured["Phoropter (OpenCV, two threads)"][0]
    print(f"bar: {BAR_S:g} s: {'met' if ours <= BAR_S else 'MISSED'}")


if __name__ == "__main__":
    main()
