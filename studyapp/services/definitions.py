"""A study written down again, as the TOML that `create_study` reads (studyapp/definition.py)."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from studyapp.definition import DESIGN_KEYS
from studyapp.models import Condition, Study, StudyText
from studyapp.services.recruiting import recruiting_without_pay
from studyapp.services.texts import texts_by_language
from studyapp.session_settings import SETTINGS

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def definition_of(study: Study) -> dict[str, Any]:
    """What a researcher would have written; all that the study's schedule and pages rest on.

    Codes and addresses to go back to aren't in it: they pay people, and this goes to whoever reviews the study.
    """
    conditions = list(study.conditions.select_related("worse_than").prefetch_related("methods__method"))
    texts = texts_by_language(study)
    own = texts.pop(study.language)
    return {
        "name": study.name,
        "testset": study.testset.name,
        "question": study.question,
        "answers": ["left", "right", *["tie"] * study.allow_tie, *["not_sure"] * study.allow_not_sure],
        "allow_correction": study.allow_correction,
        "language": study.language,
        "seed": study.seed,
        **{kind: text for kind, text in own.items() if kind != StudyText.Kind.QUESTION},
        "conditions": {condition.name: _methods_of(condition) for condition in conditions},
        "gold": {condition.name: condition.worse_than.name for condition in conditions if condition.worse_than},
        "design": {
            **{key: getattr(study, key) for key in DESIGN_KEYS},
            "policy": study.policy_version,
            **({"strata": study.strata} if study.strata else {}),
        },
        "session": {key: getattr(study, key) for key in SETTINGS},
        "recruiting": recruiting_without_pay(study),
        "texts": texts,
    }


def study_file(study: Study) -> Iterator[str]:
    """The definition as a file to take away."""
    yield as_toml(definition_of(study)) + "\n"


def _methods_of(condition: Condition) -> str | dict[str, str]:
    by_camera = {row.camera: str(row.method) for row in condition.methods.all()}
    return by_camera[""] if set(by_camera) == {""} else by_camera


def as_toml(told: Mapping[str, Any]) -> str:
    """Text, numbers, booleans, lists and tables as TOML; the keys of every table stay in their order.

    Tables in tables are written inline: a table of their own would have to come after its parent's other keys.

    Example:
        >>> print(as_toml({"name": "x", "conditions": {"a": {"phone": "m"}, "b": "n"}}))
        name = "x"
        <BLANKLINE>
        [conditions]
        a = { phone = "m" }
        b = "n"
    """
    plain = {key: value for key, value in told.items() if not isinstance(value, Mapping)}
    tables = {key: value for key, value in told.items() if isinstance(value, Mapping)}
    parts = ["\n".join(_lines(plain)), *(f"[{_key(key)}]\n" + "\n".join(_lines(of)) for key, of in tables.items())]
    return "\n\n".join(part for part in parts if part)


def _lines(table: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{_key(key)} = {_value(value)}" for key, value in table.items())


def _key(key: str) -> str:
    return key if BARE_KEY.fullmatch(key) else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_lines(value)) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    # JSON's escapes are TOML's; only DEL must be escaped there and needn't here.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
