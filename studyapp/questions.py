"""Closing questions as a researcher writes them, one a line.

What did you look for?                          a text
Do you own a camera? | yes | no | not any more   a choice
How tired are you? | 1-5 | wide awake | tired    a scale, with a word for each end
"""

import re
from dataclasses import dataclass
from typing import Literal

LONGEST_ANSWER = 2000
_SCALE = re.compile(r"(\d+)\s*[-–]\s*(\d+)")


class QuestionError(ValueError):
    """A line that is no question; says why."""


@dataclass(frozen=True)
class Question:
    """A closing question.

    Attributes:
        choices: What can be chosen; of a scale its numbers. None for a text.
        low: The word at a scale's lower end; empty where there is none.
    """

    text: str
    kind: Literal["text", "choice", "scale"]
    choices: tuple[str, ...] = ()
    low: str = ""
    high: str = ""


def read_question(line: str) -> Question:
    """A question from its line.

    Raises:
        QuestionError: It asks nothing, offers one choice only, or its scale is none.

    >>> read_question("How tired are you? | 1-3 | awake | tired")
    Question(text='How tired are you?', kind='scale', choices=('1', '2', '3'), low='awake', high='tired')
    """
    text, *rest = (piece.strip() for piece in line.split("|"))
    if not text:
        raise QuestionError(f"{line!r} asks nothing.")
    if not rest:
        return Question(text, "text")
    if scale := _SCALE.fullmatch(rest[0]):
        return _scale(text, int(scale[1]), int(scale[2]), rest[1:])
    if len(rest) < 2 or len(set(rest)) < len(rest) or "" in rest:
        raise QuestionError(f"{text!r} needs two choices or more, all different.")
    return Question(text, "choice", tuple(rest))


def _scale(text: str, first: int, last: int, words: list[str]) -> Question:
    if not 1 <= last - first <= 10 or len(words) not in (0, 2):
        raise QuestionError(
            f"{text!r}: a scale has 2 to 11 numbers, and a word for each end or none: 1-5 | low | high."
        )
    low, high = words or ("", "")
    return Question(text, "scale", tuple(map(str, range(first, last + 1))), low, high)
