"""The catalogs of what observers read, in every language of settings.LANGUAGES.

    python -m docs.messages            bring studyapp/locale/ up to what pages and code say, and compile it
    python -m docs.messages --check    change nothing; fail where it would change something, or a translation is missing

New strings come into the catalogs empty: write their translations there, and run it again. Both files of a language
are kept, the one that people write (.po) and the one that the program reads (.mo), so that installing needs no tool.
"""

import argparse
import io
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import django
from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "studyapp"
PLURALS = {
    "fr": (2, "(n > 1)"),
    "de": (2, "(n != 1)"),
    "es": (2, "(n != 1)"),
    "zh-hans": (1, "0"),
    "ar": (6, "n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 && n%100<=99 ? 4 : 5"),
}
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
}
PLURAL_FORMS = re.compile(r'\{%\s*plural_forms\s+("[^"]*")\s+("[^"]*")\s*%\}')

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

Message = tuple[str, int, str | tuple[str, ...], str | None]


def languages() -> list[str]:
    """The languages that need a catalog: all but the one that the strings are written in."""
    return [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def catalog_path(language: str) -> Path:
    return APP / "locale" / to_locale(language) / "LC_MESSAGES" / "django.po"


def messages() -> Iterator[Message]:
    """Every string that can be translated: its file, line, words and context."""
    for path in sorted(APP.rglob("*.html")) + sorted(APP.rglob("*.txt")):
        told = PLURAL_FORMS.sub(r"{{ _ngettext \1, \2 }}", path.read_text(encoding="utf-8"))
        as_code = templatize(told).replace("\r", "")
        plain = "\n".join(line.strip() for line in as_code.splitlines())
        yield from _found(path, plain)
        for one, more in re.findall(r'_ngettext ("[^"]*"), ("[^"]*")', told):
            yield from _found(path, f"ngettext({one}, {more})")
    for path in sorted(APP.rglob("*.py")):
        yield from _found(path, path.read_text(encoding="utf-8"))


def _found(path: Path, code: str) -> Iterator[Message]:
    where = path.relative_to(ROOT).as_posix()
    for line, words, _, context in extract("python", io.BytesIO(code.encode()), KEYWORDS):
        yield where, line, words, context


def template() -> Catalog:
    """All strings without translations. Files are named, lines are not: they would change with every edit."""
    catalog = Catalog()
    for where, _, words, context in messages():
        catalog.add(words, locations=[(where, 1)], context=context)
    return catalog


def brought_up(language: str, wanted: Catalog) -> Catalog:
    """A language's catalog with exactly the strings that there are now, and the translations that it had."""
    path = catalog_path(language)
    known = read_po(io.BytesIO(path.read_bytes())) if path.exists() else Catalog()
    catalog = Catalog(locale=to_locale(language), charset="utf-8", header_comment=f"# {language}")
    catalog._num_plurals, catalog._plural_expr = PLURALS[language]
    for message in sorted(wanted, key=lambda one: (one.locations, str(one.id))):
        if message.id:
            had = known.get(message.id, message.context)
            catalog.add(
                message.id,
                had.string if had else None,
                locations=sorted(set(message.locations)),
                flags=had.flags if had else (),
                context=message.context,
            )
    return catalog


def as_po(catalog: Catalog) -> bytes:
    """The catalog as it is kept, without times and names: the same strings give the same bytes."""
    out = io.BytesIO()
    write_po(out, catalog, width=120, omit_header=True, include_lineno=False)
    count, rule = catalog.num_plurals, catalog.plural_expr
    head = (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {catalog.locale_identifier}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: nplurals={count}; plural={rule};\\n"\n\n'
    )
    return head.encode() + out.getvalue()


class Unsigned(Catalog):
    """A catalog that doesn't say which version of Babel wrote it: the same strings give the same bytes."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        vars(self).update(vars(catalog))

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """All others."""
        return [(name, value) for name, value in super().mime_headers if name != "Generated-By"]


def as_mo(po: bytes) -> bytes:
    """The catalog as the program reads it, without the time."""
    out = io.BytesIO()
    catalog = Unsigned(read_po(io.BytesIO(po)))
    catalog.creation_date = catalog.revision_date = LONG_AGO
    write_mo(out, catalog)
    return out.getvalue()


def untranslated(catalog: Catalog) -> list[str]:
    """Strings whose translation is missing, not finished, or doubted."""
    lacking = []
    for message in catalog:
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and (message.fuzzy or not all(strings)):
            lacking.append(str(message.id))
    return lacking


def main() -> int:
    """Write or check; the answer is the exit status."""
    parser = argparse.ArgumentParser(description="Bring the observers' catalogs up to date.")
    parser.add_argument("--check", action="store_true", help="change nothing, and fail where something would change")
    only_check = parser.parse_args().check
    wanted, wrong = template(), 0
    for language in languages():
        path = catalog_path(language)
        catalog = brought_up(language, wanted)
        po = as_po(catalog)
        for place, content in ((path, po), (path.with_suffix(".mo"), as_mo(po))):
            if not place.exists() or place.read_bytes() != content:
                print(f"{place.relative_to(ROOT)} {'is out of date' if only_check else 'written'}")
                wrong += only_check
                if not only_check:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(content)
        for words in untranslated(catalog):
            print(f"{path.relative_to(ROOT)}: not translated: {words}")
            wrong += 1
    return int(wrong > 0)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")
    django.setup()
    sys.exit(main())
