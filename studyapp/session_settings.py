"""What surrounds the trials of a study: its settings, by name and type, as the study file and the admin have them."""

from collections.abc import Iterator
from typing import Any

from studyapp.questions import QuestionError, read_question
from studyapp.study_file import misread_keys

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


def misread(told: dict[str, Any]) -> Iterator[str]:
    """What a [session] table has too much, or of the wrong type, or wrong."""
    problems = list(misread_keys(told, SETTINGS, "session"))
    yield from problems
    if not problems:
        questions = told.get("closing_questions", [])
        yield from (f"[session] closing_questions: {problem}" for problem in misread_questions(questions))


def misread_questions(lines: list[str]) -> Iterator[str]:
    """What is wrong with the lines of closing questions."""
    for line in lines:
        try:
            read_question(line)
        except QuestionError as error:
            yield str(error)
