"""What a method is given, and what it gives back."""

from dataclasses import dataclass

from enhancement.pictures import Photo


@dataclass(frozen=True, eq=False)
class Subject:
    """One content as a method sees it.

    Attributes:
        name: The content's name, unique within its test set.
        input: The photo to be made better.
        reference: The same scene by the better camera, in its own pixels, where there is one.
    """

    name: str
    input: Photo
    reference: Photo | None = None


@dataclass(frozen=True, eq=False)
class Enhanced:
    """A method's picture, and what it was computed on.

    Attributes:
        photo: The picture.
        device: Where it was computed: ``cpu``, or a GPU's name.
        dtype: What it was computed in: ``float32``, ``bfloat16``; ``uint8`` where
            pixels were only handed on.
        mode: How a network was run over the whole picture: ``fast`` or ``lean``; empty where there is but one way.
        source_sha256: Of the file that it was read from, where it was made elsewhere.
    """

    photo: Photo
    device: str
    dtype: str
    mode: str = ""
    source_sha256: str = ""
