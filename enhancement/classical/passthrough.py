"""The two methods that change nothing: the input as it is, and its reference."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from enhancement.subject import Enhanced, Subject


class NoReferenceError(ValueError):
    """A content without a reference photo was asked for it."""


def load_original(settings: Mapping[str, Any], weights: Path | None = None) -> Callable[[Subject], Enhanced]:
    """The method `original`: the photo as shot. It has no settings and no weights."""
    _nothing_set("original", settings, weights)
    return lambda subject: Enhanced(subject.input, device="cpu", dtype="uint8")


def load_reference(settings: Mapping[str, Any], weights: Path | None = None) -> Callable[[Subject], Enhanced]:
    """The method `reference`: the photo by the better camera, in its own pixels. It has no settings and no weights.

    The callable raises NoReferenceError for a content that has none.
    """
    _nothing_set("reference", settings, weights)
    return _reference


def _reference(subject: Subject) -> Enhanced:
    if subject.reference is None:
        raise NoReferenceError(
            f"{subject.name} has no reference photo; load the test set with its references, or leave the method out"
        )
    return Enhanced(subject.reference, device="cpu", dtype="uint8")


def _nothing_set(method: str, settings: Mapping[str, Any], weights: Path | None) -> None:
    if settings:
        raise ValueError(f"{method} hands pixels on and has nothing to set, but was given {', '.join(settings)}")
    if weights is not None:
        raise ValueError(f"{method} hands pixels on and takes no weights, but was given {weights.name}")
