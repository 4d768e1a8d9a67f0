"""Closing questions and the [session] table, as researchers write them."""

import pytest

from studyapp.definition import StudyProblemError, define
from studyapp.models import Study
from studyapp.questions import Question, QuestionError, read_question
from studyapp.session_settings import SETTINGS

BARE = {"name": "a", "testset": "b", "conditions": {"x": "original", "y": "auto"}}


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("Why?", Question("Why?", "text")),
        (" Glasses? | yes |no", Question("Glasses?", "choice", ("yes", "no"))),
        ("Tired? | 0–2", Question("Tired?", "scale", ("0", "1", "2"))),
        ("Tired? | 1-3 | not at all | very", Question("Tired?", "scale", ("1", "2", "3"), "not at all", "very")),
    ],
)
def test_a_line_is_a_question(line: str, read: Question) -> None:
    assert read_question(line) == read


@pytest.mark.parametrize(
    "line", [" ", "| yes | no", "A? | yes", "A? | yes | yes", "A? | yes |", "A? | 5-1", "A? | 1-90", "A? | 1-5 | low"]
)
def test_a_line_that_is_none(line: str) -> None:
    with pytest.raises(QuestionError):
        read_question(line)


def test_every_setting_is_a_field_of_the_study_and_goes_from_the_file_into_it() -> None:
    session = {name: {bool: True, int: 3, list: ["Why?"]}[kind] for name, kind in SETTINGS.items()}
    study = Study(**dict(define({**BARE, "session": session}, "f").settings.items()))
    assert {name: getattr(study, name) for name in SETTINGS} == session


@pytest.mark.parametrize(
    ("session", "said"),
    [
        ({"screen": True}, "'screen' is not known"),
        ({"screen_check": "yes"}, "must be true or false"),
        ({"break_every": -1}, "must be a whole number"),
        ({"break_every": True}, "must be a whole number"),
        ({"examples": "photo"}, "must be a list of texts"),
        ({"closing_questions": ["A? | b"]}, "two choices or more"),
    ],
)
def test_what_is_misread_is_named(session: dict[str, object], said: str) -> None:
    with pytest.raises(StudyProblemError, match=said):
        define({**BARE, "session": session}, "study.toml")
