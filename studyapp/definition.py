"""A study as a researcher writes it down, read from TOML and checked key by key."""

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings as site
from django.utils.translation import gettext_noop

from studyapp.recruiting import misread as misread_recruiting
from studyapp.session_settings import misread as misread_session

DEFAULT_INSTRUCTIONS = gettext_noop(
    "You will see two versions of the same photo at a time. Pick the one that looks better to you.\n\n"
    "There is no right answer and no time limit. Ignore small differences in framing or perspective. "
    "Zoom in and move around as much as you like: both photos move together."
)

DESIGN_KEYS = ("trials_per_session", "gold_share", "repeat_share", "same_share", "lease_minutes", "seconds_per_trial")
DESIGN_WORDS = ("policy", "strata")
STRATA = ("camera", "scene")
COMPLETION_KEYS = ("code", "url")
# What a study file may hold, and of which type; those of dict are tables.
TYPES: dict[str, type] = {
    **dict.fromkeys(("name", "testset", "question", "instructions", "consent", "language"), str),
    **dict.fromkeys(("conditions", "gold", "design", "session", "recruiting", "completion", "texts"), dict),
    "allow_correction": bool,
    "answers": list,
    "seed": int,
}
ANSWERS = {"left", "right", "tie", "not_sure"}
TEXTS = ("question", "instructions", "consent")


class StudyProblemError(ValueError):
    """A study can't be made or opened as it is; one line for each thing to mend."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True)
class Definition:
    """A study as a researcher writes it down (docs/protocol.md shows the TOML).

    Attributes:
        conditions: Condition name → camera → method name; the camera "" stands for every camera not named.
        gold: Worse condition → better condition; the worse one only stands in gold pairs.
        texts: Language → question, instructions, consent, for observers who read another language than the study's.
        recruiting: How it finds its observers, as `studyapp.recruiting` has it.
    """

    name: str
    testset: str
    conditions: Mapping[str, Mapping[str, str]]
    gold: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    instructions: str = DEFAULT_INSTRUCTIONS
    consent: str = ""
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    recruiting: Mapping[str, Any] = field(default_factory=dict)


def read_definition(path: Path) -> Definition:
    """A study from a TOML file.

    Raises:
        StudyProblemError: The file can't be read, or has keys that mean nothing here.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # no UTF-8, no TOML, or a number too long to be read
        raise StudyProblemError([f"{path}: {error}"]) from error
    return define(told, str(path))


def _misread(told: Mapping[str, Any], where: str) -> Iterator[str]:
    """What a study file lacks, has too much, or has of the wrong type."""
    yield from (f"{where}: it needs a {key!r}." for key in ("name", "testset", "conditions") if not told.get(key))
    for key, value in told.items():
        if key not in TYPES:
            yield f"{where}: {key!r} is not known; known are {', '.join(sorted(TYPES))}."
        elif not isinstance(value, TYPES[key]):
            yield f"{where}: {key} must be a {TYPES[key].__name__}, not {value!r}."
    for table, keys in (("design", (*DESIGN_KEYS, *DESIGN_WORDS)), ("completion", COMPLETION_KEYS)):
        unknown = set(told[table]) - set(keys) if isinstance(told.get(table), dict) else ()
        yield from (f"{where}: [{table}] {key!r} is not known; known are {', '.join(keys)}." for key in unknown)
    design = told["design"].items() if isinstance(told.get("design"), dict) else ()
    yield from (
        f"{where}: [design] {key} must be a number, not {value!r}."
        for key, value in design
        if key not in DESIGN_WORDS and not _is_number(value)
    )
    yield from (
        f"{where}: [design] {key} must be a name in quotes, not {value!r}."
        for key, value in design
        if key in DESIGN_WORDS and not isinstance(value, str)
    )
    yield from (
        f"{where}: [design] strata must be one of {', '.join(STRATA)}, not {value!r}."
        for key, value in design
        if key == "strata" and value not in STRATA
    )
    for table, misread in (("session", misread_session), ("recruiting", misread_recruiting)):
        if isinstance(told.get(table), dict):
            yield from (f"{where}: {problem}" for problem in misread(told[table]))
    answers = told.get("answers", ["left", "right"])
    if not isinstance(answers, list) or not {"left", "right"} <= set(map(str, answers)) <= ANSWERS:
        yield f"{where}: answers must hold left and right, and may hold tie and not_sure."
    yield from (f"{where}: {problem}" for problem in misread_texts(told.get("texts", {})))
    if isinstance(told.get("texts"), dict) and not told.get("consent"):
        asking = [name for name, texts in told["texts"].items() if isinstance(texts, dict) and "consent" in texts]
        yield from (f"{where}: [texts.{name}] its consent translates none: the study has none." for name in asking)
    if isinstance(told.get("language", ""), str) and told.get("language", "en") not in dict(site.LANGUAGES):
        yield f"{where}: no page speaks {told['language']!r}; known are {', '.join(dict(site.LANGUAGES))}."
    for table in ("conditions", "gold"):
        rows = told[table].items() if isinstance(told.get(table), dict) else ()
        yield from (f"{where}: [{table}] {name} must name a method." for name, by in rows if not _names(by, table))


def misread_texts(texts: Any) -> Iterator[str]:
    """What is wrong with a table of texts in further languages."""
    known = dict(site.LANGUAGES)
    for language, told in texts.items() if isinstance(texts, dict) else ():
        if language not in known:
            yield f"[texts] no page speaks {language!r}; known are {', '.join(known)}."
        elif not isinstance(told, dict) or not all(
            key in TEXTS and isinstance(text, str) and text.strip() for key, text in told.items()
        ):
            yield f"[texts.{language}] it may hold {', '.join(TEXTS)}, each a text."
        elif "instructions" not in told:
            yield f"[texts.{language}] it needs instructions: a study is offered in the languages that they are in."


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _names(told: Any, table: str) -> bool:
    """A name, or (of conditions) a table of names by camera."""
    by_camera = table == "conditions" and isinstance(told, dict) and told
    return isinstance(told, str) or bool(by_camera and all(isinstance(name, str) for name in told.values()))


def define(told: Mapping[str, Any], where: str) -> Definition:
    """A study from the tables of a TOML file.

    Raises:
        StudyProblemError: Names every key that is missing, unknown or of the wrong type.
    """
    if problems := list(_misread(told, where)):
        raise StudyProblemError(problems)
    design, answers = told.get("design", {}), told.get("answers", ["left", "right"])
    settings = {
        **{"policy_version" if key == "policy" else key: value for key, value in design.items()},
        **told.get("session", {}),
        **{key: told[key] for key in ("question", "seed", "language", "allow_correction") if key in told},
        **{f"completion_{key}": value for key, value in told.get("completion", {}).items()},
        "allow_tie": "tie" in answers,
        "allow_not_sure": "not_sure" in answers,
    }
    by_camera = {name: {"": by} if isinstance(by, str) else by for name, by in told["conditions"].items()}
    return Definition(
        name=told["name"],
        testset=told["testset"],
        conditions=by_camera,
        gold=told.get("gold", {}),
        settings=settings,
        instructions=told.get("instructions", DEFAULT_INSTRUCTIONS),
        consent=told.get("consent", ""),
        texts=told.get("texts", {}),
        recruiting=told.get("recruiting", {}),
    )
