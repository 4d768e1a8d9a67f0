"""docs/operations.md names every environment variable that the program reads, and no other."""

import re
from pathlib import Path

import environ
import pytest

from studyapp import environment, settings

ROOT = Path(__file__).resolve().parents[2]
READ = re.compile(r"""\benv(?:\.\w+)?\(\s*["']([A-Z][A-Z0-9_]*)["']""")
ROW = re.compile(r"^\| `([A-Z][A-Z0-9_]*)` \|", re.MULTILINE)


def read_by(*sources: str) -> set[str]:
    return {name for source in sources for name in READ.findall(source)}


def documented() -> dict[str, list[str]]:
    """Each variable's row: meaning, default, example."""
    lines = (ROOT / "docs/operations.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if ROW.match(line)]
    return {name.strip("`"): rest for name, *rest in rows}


def test_every_variable_is_documented_and_every_documented_one_is_read() -> None:
    sources = [Path(str(module.__file__)).read_text(encoding="utf-8") for module in (settings, environment)]
    assert read_by(*sources) == set(documented())


def test_each_has_its_meaning_default_and_example() -> None:
    lacking = [name for name, rest in documented().items() if len(rest) != 3 or not all(rest)]
    assert lacking == []


def test_nothing_else_reads_the_environment() -> None:
    """What isn't read in these two files wouldn't be looked for in the documentation."""
    files = [file for package in ("analysis", "enhancement", "studyapp") for file in (ROOT / package).rglob("*.py")]
    reading = [
        str(file.relative_to(ROOT))
        for file in files
        if re.search(
            r"os\.(getenv|environ\[|environ\.get)|environ\.Env\(|\bEnvironment\(\)", file.read_text(encoding="utf-8")
        )
    ]
    assert reading == ["studyapp/settings.py"]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('env.str("ONE", default="")', {"ONE"}),
        ("env('TWO')", {"TWO"}),
        ('env.list(\n    "THREE",\n)', {"THREE"}),
        ('env.db_url("FOUR")', {"FOUR"}),
        ('other.str("FIVE")', set()),
    ],
)
def test_the_search_finds_what_it_should(source: str, found: set[str]) -> None:
    assert read_by(source) == found


def test_the_ways_of_reading_are_those_of_the_reader() -> None:
    """The search knows ``env.name("VARIABLE"``; these are the names there are."""
    used = set(re.findall(r"\benv\.(\w+)\(", (ROOT / "studyapp/settings.py").read_text(encoding="utf-8")))
    assert all(callable(getattr(environ.Env, name)) for name in used)
