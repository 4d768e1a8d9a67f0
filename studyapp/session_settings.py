"""What surrounds the trials of a study: its settings, by name and type, as the study file and the admin have them."""

from collections.abc import Iterator, Mapping
from typing import Any

from studyapp.questions import QuestionError, read_question

SETTINGS: dict[str, type] = {
    "screen_check": bool,
    "screen_required": bool,
    "screen_min_width_px": int,
    "colour_test": bool,
    "acuity_test": bool,
    "vision_required": bool,
    "ask_background": bool,
    "examples": list,
    "practice_contents": list,
    "practice_trials": int,
    "break_every": int,
    "minutes_left": bool,
    "closing_questions": list,
    "lab_mode": bool,
}
"""The keys of [session] in a study file; each is a field of the study."""

WORDS = {bool: "true or false", int: "a whole number", list: "a list of texts"}


def misread(told: Mapping[str, Any], where: str) -> Iterator[str]:
    """What a [session] table has too much, or of the wrong type."""
    for key, value in told.items():
        if key not in SETTINGS:
            yield f"{where}: [session] {key!r} is not known; known are {', '.join(SETTINGS)}."
        elif not _is(value, SETTINGS[key]):
            yield f"{where}: [session] {key} must be {WORDS[SETTINGS[key]]}, not {value!r}."
        elif key == "closing_questions":
            yield from (f"{where}: [session] closing_questions: {problem}" for problem in misread_questions(value))


def misread_questions(lines: list[str]) -> Iterator[str]:
    """What is wrong with the lines of closing questions."""
    for line in lines:
        try:
            read_question(line)
        except QuestionError as error:
            yield str(error)


def _is(value: Any, kind: type) -> bool:
    if kind is list:
        return isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31
    return isinstance(value, kind)
