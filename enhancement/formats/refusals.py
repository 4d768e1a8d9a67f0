"""Why a file isn't taken, in words that say what to do."""

MAX_PIXELS = 200_000_000
"""The largest picture that is opened at all: 600 MB once decoded. Anything larger is taken for a decompression bomb."""

RESAVE = "open it in a photo editor and save it again as an 8- or 16-bit RGB JPEG, PNG, TIFF or WebP"
COPY_AGAIN = "copy it again from where it came, or leave it out"


class PictureError(ValueError):
    """A file that can't be read as a photo; says which, why, and what to do."""

    def __init__(self, name: str, what: str, remedy: str) -> None:
        super().__init__(f"{name}: {what}; {remedy}")
        self.name = name
        self.what = what
        self.remedy = remedy


def too_large(name: str) -> PictureError:
    return PictureError(name, f"the picture has more than {MAX_PIXELS // 10**6} megapixels", "scale it down first")


def check_pixels(width_px: int, height_px: int, name: str) -> None:
    """Before anything is decoded.

    Raises:
        PictureError: More than ``MAX_PIXELS``, or none.
    """
    if width_px * height_px > MAX_PIXELS:
        raise too_large(name)
    if width_px < 1 or height_px < 1:
        raise PictureError(name, "the picture has no pixels", COPY_AGAIN)
