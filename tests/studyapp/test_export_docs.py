"""docs/export.md says of every column what it holds, and of none that isn't there."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from studyapp.models import StudySession, Trial, Vote
from studyapp.services.bundles import PARTS
from studyapp.services.data_files import DATA_FILES
from studyapp.services.pair_tables import EXPOSURES, PWCMP, REJECTED
from studyapp.services.sitting_tables import PAGES, SESSIONS
from studyapp.services.tables import Table

PAGE = Path(settings.BASE_DIR, "docs/export.md")
TABLES = {
    "exposures": EXPOSURES,
    "sessions": SESSIONS,
    "pages.csv": PAGES,
    "rejected.csv": REJECTED,
    "pwcmp.csv": PWCMP,
}
EVERY_COLUMN = [(name, column) for name, table in TABLES.items() for column in table.columns]


def documented(name: str) -> dict[str, list[str]]:
    """Column → the other cells of its line: type, unit, values, empty when."""
    section = re.split(
        r"^## ", PAGE.read_text(encoding="utf-8").split(f"## Columns of {name}\n")[1], flags=re.MULTILINE
    )[0]
    lines = re.findall(r"^\| `(\w+)` \|(.*)\|$", section, flags=re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in lines}


@pytest.mark.parametrize(("name", "table"), TABLES.items())
def test_every_column_is_documented_in_its_order(name: str, table: Table) -> None:
    assert tuple(documented(name)) == tuple(table.columns)


@pytest.mark.parametrize(("name", "column"), EVERY_COLUMN)
def test_a_column_says_its_type_its_values_and_when_it_is_empty(name: str, column: str) -> None:
    kind, _, values, empty = documented(name)[column]
    assert kind == TABLES[name].columns[column].kind
    assert values
    assert empty


def test_every_file_is_named() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in (*DATA_FILES, *PARTS) if f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    ("column", "values"), [("kind", Trial.Kind.values), ("vote", Vote._meta.get_field("answer").choices)]
)
def test_every_value_of_a_choice_is_named(column: str, values: list[object]) -> None:
    named = documented("exposures")[column][2]
    for value in values:
        assert f"`{value[0] if isinstance(value, tuple) else value}`" in named


@pytest.mark.parametrize(("name", "column"), EVERY_COLUMN)
def test_units_are_named_where_the_name_has_one(name: str, column: str) -> None:
    units = {"_ms": ("milliseconds",), "_px": ("CSS pixels", "image pixels")}
    unit = documented(name)[column][1]
    assert all(unit in words for suffix, words in units.items() if column.endswith(suffix))


def test_what_withdrawal_does_is_said() -> None:
    assert StudySession.State.WITHDRAWN in StudySession.State.values
    assert "withdraws" in PAGE.read_text(encoding="utf-8")
