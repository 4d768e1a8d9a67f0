"""What each architecture may be told, so that a recipe can be checked where no torch is loaded."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

RGB = 3
Norm = Literal["instance", "batch"]
Start = Literal["random", "identity"]
Hidden = Literal["leaky_relu", "sigmoid"]


class Told(BaseModel):
    """Settings by their names: others, and values of another type, are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NoSettings(Told):
    """There is nothing to choose."""


class GeneratorSettings(Told):
    """Of DPED's generator."""

    blocks: int = Field(default=4, ge=1)
    channels: int = Field(default=64, ge=1)
    norm: Norm = "instance"
    start: Start = "random"

    @model_validator(mode="after")
    def _has_a_channel_for_each_colour(self) -> Self:
        if self.start == "identity" and self.channels < RGB:
            raise ValueError(f'start = "identity" needs {RGB} channels at least')
        return self


SETTINGS: Mapping[str, type[Told]] = {"dped": GeneratorSettings, "dong": NoSettings, "johnson": NoSettings}
"""The same architectures as ``architectures.ARCHITECTURES``; a test holds that."""


def problems(architecture: str, told: Mapping[str, Any]) -> list[str]:
    """What an architecture can't be built with; a line for each.

    Example:
        >>> problems("dped", {"blocks": 0})
        ['blocks: Input should be greater than or equal to 1, not 0']
        >>> problems("dong", {})
        []
    """
    if architecture not in SETTINGS:
        return [f"There is no architecture {architecture!r}; known are {', '.join(SETTINGS)}."]
    try:
        SETTINGS[architecture].model_validate(dict(told))
    except ValidationError as error:
        return list(lines_of(error))
    return []


def lines_of(error: ValidationError) -> Iterator[str]:
    """Each thing that is wrong, with its place and what stood there."""
    for one in error.errors():
        place = ".".join(map(str, one["loc"]))
        value = "" if isinstance(one["input"], dict) else f", not {one['input']!r}"
        words = one["msg"].removeprefix("Value error, ") + value
        yield f"{place}: {words}" if place else words
