"""docs/export.md says of every column what it holds, and of none that isn't there."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from studyapp.models import StudySession, Trial, Vote
from studyapp.services.exports import COLUMNS

PAGE = Path(settings.BASE_DIR, "docs/export.md")
TYPES = {"text", "integer", "number", "boolean", "time"}


def documented() -> dict[str, list[str]]:
    """Column → the other cells of its line: type, unit, values, empty when."""
    lines = re.findall(r"^\| `(\w+)` \|(.*)\|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in lines}


def test_every_column_is_documented_in_its_order() -> None:
    assert tuple(documented()) == COLUMNS


@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_says_its_type_its_values_and_when_it_is_empty(column: str) -> None:
    kind, _, values, empty = documented()[column]
    assert kind in TYPES
    assert values
    assert empty


@pytest.mark.parametrize(
    ("column", "values"), [("kind", Trial.Kind.values), ("vote", Vote._meta.get_field("answer").choices)]
)
def test_every_value_of_a_choice_is_named(column: str, values: list[object]) -> None:
    named = documented()[column][2]
    for value in values:
        assert f"`{value[0] if isinstance(value, tuple) else value}`" in named


def test_units_are_named_where_the_name_has_one() -> None:
    units = {"_ms": ("milliseconds",), "_px": ("CSS pixels", "image pixels")}
    for column, (_, unit, *_) in documented().items():
        for suffix, words in units.items():
            assert not column.endswith(suffix) or unit in words, column


def test_what_withdrawal_does_is_said() -> None:
    assert StudySession.State.WITHDRAWN in StudySession.State.values
    assert "withdraws" in PAGE.read_text(encoding="utf-8")
