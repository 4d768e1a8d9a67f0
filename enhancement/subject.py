"""What a method is given, and what it gives back."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

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


class Underway(Protocol):
    """A picture that a GPU is at; whoever asks for it waits until it is here, and the GPU can be given the next."""

    def photo(self) -> Photo:
        """The picture."""

    def seconds(self) -> float:
        """How long the GPU was at it."""


@dataclass(frozen=True, eq=False)
class Enhanced:
    """A method's picture, and what it was computed on.

    Attributes:
        made: The picture, or one that is underway.
        device: Where it was computed: ``cpu``, or a GPU's name.
        dtype: What it was computed in: ``float32``, ``bfloat16``; ``uint8`` where
            pixels were only handed on.
        mode: How a network was run over the whole picture: ``fast`` or ``lean``; empty where there is but one way.
        source_sha256: Of the file that it was read from, where it was made elsewhere.
    """

    made: Photo | Underway
    device: str
    dtype: str
    mode: str = ""
    source_sha256: str = ""

    @property
    def photo(self) -> Photo:
        """The picture; waits for one that is underway."""
        return self.made if isinstance(self.made, np.ndarray) else self.made.photo()

    def seconds(self, clock_s: float) -> float:
        """What the method took: a GPU's own word on a picture that was underway, for any other what the clock said."""
        return clock_s if isinstance(self.made, np.ndarray) else self.made.seconds()
