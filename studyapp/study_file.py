"""The keys of a table in a study file: which there are, and of what type."""

from collections.abc import Iterator, Mapping
from typing import Any

WORDS = {
    bool: "true or false",
    int: "a whole number from 0",
    str: "a text",
    list: "a list of texts",
    dict: "a table",
}


def misread_keys(told: Mapping[str, Any], known: Mapping[str, type], table: str) -> Iterator[str]:
    """What a table has too much, or of the wrong type."""
    for key, value in told.items():
        if key not in known:
            yield f"[{table}] {key!r} is not known; known are {', '.join(known)}."
        elif not _is(value, known[key]):
            yield f"[{table}] {key} must be {WORDS[known[key]]}, not {value!r}."


def _is(value: Any, kind: type) -> bool:
    if kind is list:
        return isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31
    return isinstance(value, kind)
