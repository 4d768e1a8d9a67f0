"""All pictures of one content: what they are, what the metrics say of them, and where they came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from django.urls import reverse

from enhancement.models import Content, Measurement, Method, Stimulus, TestSet
from enhancement.services.pace import precisely
from studyapp.rasters import Size
from studyapp.services.picture_tiles import Seen, size_for
from studyapp.tiles import TILE_PX, levels

INPUT, REFERENCE = "input", "reference"
PHOTO_OF = {"original": INPUT, "reference": REFERENCE}
"""The methods whose stimulus is the photo itself; beside it they would stand twice."""


@dataclass(frozen=True)
class Picture:
    """One of a content's pictures: a photo as it came, or what a method made of it.

    Attributes:
        key: What it is called in addresses: ``input``, ``reference``, or ``m`` and the method's number.
        stimulus: What a method made; of the photos, the stimulus by ``original`` or ``reference`` where there is one.
    """

    key: str
    name: str
    file: str
    sha256: str
    size: Size
    stimulus: Stimulus | None = None

    @property
    def is_photo(self) -> bool:
        """Whether it came from a camera."""
        return self.key in (INPUT, REFERENCE)

    @property
    def measurement(self) -> Measurement | None:
        """What the metrics say, if they were asked."""
        return getattr(self.stimulus, "measurement", None)

    @property
    def provenance(self) -> list[tuple[str, str]]:
        """Everything that it was made from and by, in words."""
        if self.stimulus is None:
            return [("Photo", "as loaded; no method has stored it as a stimulus"), ("Hash of the photo", self.sha256)]
        return provenance_of(self.stimulus)


def key_of(method: Method) -> str:
    """What a method's picture is called in addresses."""
    return PHOTO_OF.get(method.kind, f"m{method.pk}")


def provenance_of(stimulus: Stimulus) -> list[tuple[str, str]]:
    """What is kept with a stimulus, so that it could be made again."""
    method = stimulus.method
    settings = ", ".join(f"{name} = {value}" for name, value in sorted(stimulus.settings.items()))
    return [
        ("Method", f"{method.name}, version {method.version} ({method.get_kind_display()})"),
        ("Settings", settings or "none"),
        ("Hash of the source photo", stimulus.source_sha256),
        ("Hash of the weights", stimulus.weights_sha256 or "no weights"),
        ("Hash of the stimulus", stimulus.sha256),
        ("Code version", stimulus.code_version),
        ("Device", f"{stimulus.device}, {stimulus.dtype}"),
        ("Time taken", precisely(stimulus.seconds)),
    ]


def pictures_of(content: Content) -> list[Picture]:
    """The input, the reference if there is one, then what each method made, by name."""
    stimuli = content.stimuli.select_related("method", "measurement", "job").order_by("method__name", "method__version")
    rows = list(stimuli)
    photos = {key_of(stimulus.method): stimulus for stimulus in rows if stimulus.method.kind in PHOTO_OF}
    made = [stimulus for stimulus in rows if stimulus.method.kind not in PHOTO_OF]
    return [*_photos(content, photos), *(_made(stimulus) for stimulus in made)]


def _photos(content: Content, stimuli: dict[str, Stimulus]) -> list[Picture]:
    size = (content.input_width_px, content.input_height_px)
    file = str(content.input_file.name)
    photos = [Picture(INPUT, "Input", file, content.input_sha256, size, stimuli.get(INPUT))]
    if content.reference_sha256:
        size = (content.reference_width_px or 0, content.reference_height_px or 0)
        file = str(content.reference_file.name)
        photos.append(Picture(REFERENCE, "Reference", file, content.reference_sha256, size, stimuli.get(REFERENCE)))
    return photos


def _made(stimulus: Stimulus) -> Picture:
    size = (stimulus.width_px, stimulus.height_px)
    name = str(stimulus.method)
    return Picture(key_of(stimulus.method), name, str(stimulus.file.name), stimulus.sha256, size, stimulus)


def chosen(pictures: Sequence[Picture], wanted: str | None, other: str | None) -> tuple[str, str]:
    """The two pictures to begin with: those that the address names, as far as they are there."""
    keys = [picture.key for picture in pictures]
    right = other if other in keys else _first_made(keys)
    return (wanted if wanted in keys else INPUT), right


def _first_made(keys: Sequence[str]) -> str:
    """What a method made is the most interesting beside the input, then the reference."""
    return ([key for key in keys if key not in (INPUT, REFERENCE)] + [key for key in keys if key != INPUT] + [INPUT])[0]


def as_shown(content: Content, pictures: Sequence[Picture], first: str, second: str) -> dict[str, Any]:
    """What the viewer's script is told."""
    shot = (content.input_width_px, content.input_height_px)
    sizes = sorted({picture.size for picture in pictures})
    rasters = {_pair(one, other): size_for(one, other, shot) for one, other in combinations(sizes, 2)}
    return {
        "first": first,
        "second": second,
        "tile": TILE_PX,
        "pictures": [_as_shown(picture, [picture.size, *rasters.values()]) for picture in pictures],
        "rasters": {
            pair: {"size": list(size), "levels": levels(size)} for pair, size in _every(sizes, rasters).items()
        },
    }


def _every(sizes: Sequence[Size], rasters: dict[str, Size]) -> dict[str, Size]:
    return {**{_pair(size, size): size for size in sizes}, **rasters}


def _pair(one: Size, other: Size) -> str:
    small, large = sorted((one, other))
    return f"{small[0]}x{small[1]} {large[0]}x{large[1]}"


def _as_shown(picture: Picture, sizes: Sequence[Size]) -> dict[str, Any]:
    tokens = {f"{size[0]}x{size[1]}": Seen(picture.file, picture.sha256, size).token for size in sizes}
    return {
        "key": picture.key,
        "name": picture.name,
        "size": list(picture.size),
        "seen": {size: _address(token) for size, token in tokens.items()},
    }


def _address(token: str) -> str:
    """Where the tiles lie: level, column and row are added to it."""
    return reverse("library-tile", args=[token, 0, 0, 0]).removesuffix("0/0/0")


def neighbours(content: Content) -> tuple[Content | None, Content | None]:
    """The contents before and after it in its test set, by name."""
    others: Any = TestSet(pk=content.testset_id).contents
    before = others.filter(name__lt=content.name).order_by("-name").first()
    after = others.filter(name__gt=content.name).order_by("name").first()
    return before, after
