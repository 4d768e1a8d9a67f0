"""Observers read their language: catalogs without gaps, and nothing on their pages that no catalog knows."""

import ast
import json
import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client, RequestFactory
from django.utils.translation import gettext, ngettext, override

from docs import messages
from studyapp.admin.forms import as_toml
from studyapp.definition import DEFAULT_INSTRUCTIONS, StudyProblemError, define
from studyapp.languages import language_for
from studyapp.models import Study, StudyText
from studyapp.services.definitions import definition_of
from studyapp.services.drafts import write_text, write_translations
from studyapp.services.studies import create_study
from studyapp.services.texts import current_text, languages_of, newest_texts, translations
from studyapp.templatetags.words import plural_forms
from tests.studyapp.factories import sit

APP = Path(messages.APP)
PAGES = [
    path
    for path in sorted((APP / "templates/studyapp").rglob("*.html"))
    if not {"researcher", "account"} & set(path.parts) and path.name not in ("login.html", "api.html")
]
SCRIPTS = sorted((APP / "static/studyapp/trial").glob("*.js"))
LANGUAGES = messages.languages()
PLACES = re.compile(r"\{\w+\}|%\(\w+\)s|</?\w+[^>]*>")


@pytest.fixture(scope="module")
def wanted() -> messages.Catalog:
    return messages.template()


class TestCatalogs:
    def test_there_is_something_to_translate(self, wanted: messages.Catalog) -> None:
        assert len(wanted) > 100
        assert {"ar", "de", "es", "fr", "zh-hans"} == set(LANGUAGES)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_string_is_translated_and_none_is_doubted(self, wanted: messages.Catalog, language: str) -> None:
        assert messages.untranslated(messages.brought_up(language, wanted)) == []

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_the_files_are_those_of_the_strings(self, wanted: messages.Catalog, language: str) -> None:
        """`make messages` would change nothing: no string is new, none is gone, and what was written is compiled."""
        po = messages.as_po(messages.brought_up(language, wanted))
        path = messages.catalog_path(language)
        assert path.read_bytes() == po
        assert path.with_suffix(".mo").read_bytes() == messages.as_mo(po)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_places_and_tags_are_those_of_the_string(self, wanted: messages.Catalog, language: str) -> None:
        for message in messages.brought_up(language, wanted):
            if not message.id:
                continue
            plural = isinstance(message.id, tuple)
            places = set(PLACES.findall(message.id[1] if plural else message.id))
            for string in message.string if plural else [message.string]:
                found = set(PLACES.findall(string))
                assert found == places or (plural and found < places), string
                assert not set('"<>&') & set(PLACES.sub("", string)), f"it would break an attribute: {string}"

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_no_other_catalog_speaks_first(self, wanted: messages.Catalog, language: str) -> None:
        """The admin's packages have catalogs of their own, with words as short as ours."""
        with override(language):
            for message in messages.brought_up(language, wanted):
                if message.id and not isinstance(message.id, tuple):
                    assert gettext(message.id) == message.string

    def test_a_string_that_was_forgotten_is_found(self, wanted: messages.Catalog) -> None:
        wanted.add("A page that nobody has translated yet.")
        catalog = messages.brought_up("de", wanted)
        assert messages.untranslated(catalog) == ["A page that nobody has translated yet."]
        wanted.delete("A page that nobody has translated yet.")


class TestPlurals:
    WORDS = (
        "No connection. {n} answer waits here.",
        "No connection. {n} answers wait here.",
    )

    def test_arabic_has_six(self) -> None:
        with override("ar"):
            forms = json.loads(plural_forms(*self.WORDS))
            assert list(forms) == ["zero", "one", "two", "few", "many", "other"]
            assert forms["few"] == ngettext(*self.WORDS, 7)
            assert forms["two"] == ngettext(*self.WORDS, 2) != forms["few"]

    def test_chinese_has_one(self) -> None:
        with override("zh-hans"):
            assert list(json.loads(plural_forms(*self.WORDS))) == ["other"]

    def test_minutes(self, client: Client) -> None:
        told = []
        for minutes in (1, 2, 5, 11, 100):
            with override("ar"):
                told.append(ngettext("%(minutes)s minute", "%(minutes)s minutes", minutes) % {"minutes": minutes})
        assert told == ["دقيقة واحدة", "دقيقتان", "5 دقائق", "11 دقيقة", "100 دقيقة"]


# ---- what stands on a page without a catalog knowing it


class _Said(HTMLParser):
    """Words of a page between tags, and in the attributes that are read or heard."""

    READ = ("alt", "title", "aria-label", "placeholder")

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside.append(tag)
        for name, value in attrs:
            if value and (name in self.READ or name.startswith(("data-say", "data-note"))):
                self.said.append(value)

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"script", "style", "kbd"} & set(self.inside[-1:]):
            self.said.append(data)


TRANSLATED = re.compile(r"\{%\s*blocktrans(?:late)?\b.*?\{%\s*endblocktrans(?:late)?\s*%\}", re.DOTALL)
COMMENTED = re.compile(r"\{%\s*comment\b.*?\{%\s*endcomment\s*%\}|\{#.*?#\}", re.DOTALL)
NAMES = re.compile(
    r"\{%\s*block (?:body_class|sheet_id|html_attributes|form_attributes)\b.*?\{%\s*endblock\s*%\}", re.DOTALL
)
TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


def bare_words(template: str) -> list[str]:
    """Words that a page says in English whatever its reader reads."""
    parser = _Said()
    parser.feed(TAG.sub("", NAMES.sub("", TRANSLATED.sub("", COMMENTED.sub("", template)))))
    return [said.strip() for said in parser.said if re.search(r"[A-Za-z]{2,}", said)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_word_of_an_observer_s_page_can_be_translated(page: Path) -> None:
    assert [said for said in bare_words(page.read_text()) if said != "Phoropter"] == []


def test_a_bare_word_is_found() -> None:
    template = '<p title="A hint">{% translate "Known" %}</p><button data-say-hi="Hello">Press {{ n }} times</button>'
    assert bare_words(template) == ["A hint", "Hello", "Press  times"]
    assert bare_words("{% blocktranslate %}Known <b>too</b>{% endblocktranslate %}<kbd>Tab</kbd>{# a remark #}") == []


SENTENCE = re.compile(r"""(["'`])((?:(?!\1)[^\\\n]|\\.)*[A-Za-z]{2,} [A-Za-z]{2,}(?:(?!\1)[^\\\n]|\\.)*)\1""")
TO_US = re.compile(r"new (?:\w*Error|Worker)\(|console\.|matchMedia\(")


def sentences(script: str) -> list[str]:
    """What a script might say to an observer by itself."""
    code = re.sub(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", "", script, flags=re.DOTALL)
    code = re.sub(r"(?:VERTEX|FRAGMENT)_SOURCE = `.*?`", "", code, flags=re.DOTALL)
    lines = [line for line in code.splitlines() if not TO_US.search(line)]
    return [words for line in lines for _, words in SENTENCE.findall(line)]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_has_no_words_of_its_own(script: Path) -> None:
    assert sentences(script.read_text()) == []


def test_a_sentence_is_found() -> None:
    assert sentences('// the end\nnote.textContent = "You are done"; throw 1') == ["You are done"]


def test_what_observers_are_refused_with_can_be_translated() -> None:
    """`NotOpenError("…")` would be English in every language."""
    bare = [
        f"{path.name}:{call.lineno}"
        for path in sorted((APP / "services").glob("*.py"))
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "NotOpenError"
        if not all(isinstance(argument, ast.Call) for argument in call.args)
    ]
    assert bare == []


# ---- which language a page speaks


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ({"HTTP_ACCEPT_LANGUAGE": "de-AT,de;q=0.9,en;q=0.5"}, "de"),
        ({"HTTP_ACCEPT_LANGUAGE": "zh-CN,zh;q=0.9"}, "zh-hans"),
        ({"HTTP_ACCEPT_LANGUAGE": "pt-BR,es;q=0.8"}, "es"),
        ({"HTTP_ACCEPT_LANGUAGE": "sv"}, "en"),
        ({"HTTP_ACCEPT_LANGUAGE": "x" * 600}, "en"),
        ({}, "en"),
        ({"HTTP_ACCEPT_LANGUAGE": "de", "QUERY_STRING": "language=ar"}, "ar"),
        ({"HTTP_ACCEPT_LANGUAGE": "de", "QUERY_STRING": "language=tlh"}, "de"),
    ],
)
def test_the_language_is_chosen_or_the_browser_s(asked: dict[str, str], language: str) -> None:
    assert language_for(RequestFactory().get("/s/x/", **asked)) == language


class TestPages:
    """Of a study with the program's own instructions, in every language."""

    pytestmark = pytest.mark.django_db

    @pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
    def test_welcome(self, client: Client, study: Study, language: str) -> None:
        page = client.get(f"/s/{study.code}/", headers={"accept-language": language}).content.decode()
        with override(language):
            assert gettext("Begin") in page
            assert gettext("Which photo looks better?") in page
            assert gettext(DEFAULT_INSTRUCTIONS).splitlines()[0] in page
        assert f'<html lang="{language}"' in page
        assert ('<html lang="ar" dir="rtl"' in page) == (language == "ar")

    def test_the_language_of_a_sitting_stays_and_is_kept(self, client: Client, study: Study) -> None:
        client.post(f"/s/{study.code}/?language=fr&PROLIFIC_PID=p", {"begin": "yes", "ticket": "t"})
        session = study.sessions.get()
        assert (session.language, session.instructions.language) == ("fr", "fr")
        assert session.panel == {"PROLIFIC_PID": "p"}
        page = client.get(f"/look/{session.token}/", headers={"accept-language": "de"}).content.decode()
        assert "Quelle photo est la plus belle" in page
        assert "Celle de gauche" in page

    @pytest.mark.parametrize(
        ("page", "words"),
        [
            ("", "About you"),
            ("yours/", "Your data"),
            ("withdraw/", "Withdraw from the study?"),
            ("agreed/", "What you agreed to"),
            ("steps/instructions/1/", "What to do"),
        ],
    )
    def test_all_pages_of_a_sitting_speak_its_language(
        self, client: Client, study: Study, page: str, words: str
    ) -> None:
        write_text(study, StudyText.Kind.CONSENT, "I take part freely.")
        background = not page.startswith("steps/")
        Study.objects.filter(pk=study.pk).update(ask_background=background, examples=[] if background else ["photo-1"])
        client.post(f"/s/{study.code}/?language=fr", {"begin": "yes", "consent": "yes", "ticket": "t"})
        token = study.sessions.get().token
        answer = client.get(f"/look/{token}/{page}", headers={"accept-language": "de"}, follow=True).content.decode()
        with override("fr"):
            assert gettext(words) != words
            assert gettext(words) in answer
        assert '<html lang="fr"' in answer

    def test_an_error_speaks_the_browser_s(self, client: Client) -> None:
        page = client.get("/s/nothing/", headers={"accept-language": "es"}).content.decode()
        assert "Este enlace no lleva a ninguna parte." in page

    def test_researchers_pages_are_english(self, client: Client) -> None:
        page = client.get("/login/", headers={"accept-language": "fr"}).content.decode()
        assert '<html lang="en"' in page
        assert "Log in" in page

    def test_tiles_tell_nothing_of_it(self, client: Client, study: Study) -> None:
        trial = sit(study).trials.first()
        assert trial
        place = f"/seen/{trial.left_token}/0/0/0"
        plain = client.get(place)
        assert client.get(place, headers={"accept-language": "fr"}).headers == plain.headers


class TestTexts:
    pytestmark = pytest.mark.django_db

    def offered(self, study: Study) -> list[str]:
        return languages_of(study, newest_texts(study))

    def test_our_own_come_in_every_language(self, study: Study) -> None:
        assert set(self.offered(study)) == {code for code, _ in settings.LANGUAGES}

    def test_a_text_of_the_researcher_s_is_offered_in_its_own_alone(self, study: Study) -> None:
        write_text(study, StudyText.Kind.INSTRUCTIONS, "Look well.")
        assert self.offered(study) == ["en"]
        write_text(study, StudyText.Kind.INSTRUCTIONS, "Schauen Sie genau hin.", "de")
        assert self.offered(study) == ["en", "de"]

    def test_a_translation_of_an_earlier_text_is_not_shown(self, study: Study) -> None:
        write_text(study, StudyText.Kind.INSTRUCTIONS, "Look well.")
        write_text(study, StudyText.Kind.INSTRUCTIONS, "Schauen Sie genau hin.", "de")
        write_text(study, StudyText.Kind.INSTRUCTIONS, "Look very well.")
        assert self.offered(study) == ["en"]
        kept = current_text(study, StudyText.Kind.INSTRUCTIONS, "de")
        assert kept
        assert kept.text == "Look very well."

    def test_they_are_written_and_taken_back_together(self, study: Study) -> None:
        write_text(study, StudyText.Kind.INSTRUCTIONS, "Look well.")
        write_text(study, StudyText.Kind.CONSENT, "I take part freely.")
        told = {"de": {"instructions": "Schauen Sie „genau“ hin.\n\nDanke.", "consent": "Ich nehme freiwillig teil."}}
        write_translations(study, told)
        assert translations(study) == tomllib.loads(as_toml(told)) == told
        write_translations(study, {"fr": {"instructions": "Regardez bien."}})
        assert self.offered(study) == ["en", "fr"]

    def test_a_consent_that_translates_none(self, study: Study) -> None:
        with pytest.raises(StudyProblemError, match="there is none in 'en'"):
            write_text(study, StudyText.Kind.CONSENT, "Ich nehme freiwillig teil.", "de")

    def test_our_own_are_nobody_s_to_mend(self, study: Study) -> None:
        assert translations(study) == {}

    def test_a_study_file_holds_no_translation_that_is_shown_no_more(self, study: Study) -> None:
        write_text(study, StudyText.Kind.INSTRUCTIONS, "Look well.")
        for language, text in (("de", "Schauen Sie genau hin."), ("fr", "Regardez bien.")):
            write_text(study, StudyText.Kind.INSTRUCTIONS, text, language)
        assert set(definition_of(study)["texts"]) == {"de", "fr"}
        write_text(study, StudyText.Kind.INSTRUCTIONS, "Look very well.")
        write_text(study, StudyText.Kind.INSTRUCTIONS, "Regardez très bien.", "fr")
        told = definition_of(study)
        assert told["instructions"] == "Look very well."
        assert {code: of["instructions"] for code, of in told["texts"].items()} == {"fr": "Regardez très bien."}

    def test_a_study_of_such_a_file_has_each_text_once(self, study: Study) -> None:
        told = definition_of(study)
        assert set(told["texts"]) == {code for code, _ in settings.LANGUAGES} - {"en"}
        again = create_study(define({**told, "name": "Again"}, "study.toml"), study.owner)
        assert {text.version for text in again.texts.all()} == {1}
        assert definition_of(again)["texts"] == told["texts"]

    def test_a_consent_in_another_language_says_so(self, client: Client, study: Study) -> None:
        write_text(study, StudyText.Kind.CONSENT, "I take part freely.")
        page = client.get(f"/s/{study.code}/?language=ar").content.decode()
        assert 'id="consent-text" lang="en" dir="auto"' in page

    @pytest.mark.parametrize(
        ("texts", "words"),
        [
            ({"tlh": {"instructions": "yIlegh"}}, "no page speaks 'tlh'"),
            ({"de": {"instruction": "Schauen"}}, "may hold question, instructions, consent"),
            ({"de": {"question": "Welches?"}}, "needs instructions"),
            ({"de": {"instructions": "Schauen Sie.", "consent": "Ja."}}, "its consent translates none"),
        ],
    )
    def test_a_study_file_with_wrong_texts(self, texts: dict[str, dict[str, str]], words: str) -> None:
        told = {"name": "n", "testset": "t", "conditions": {"a": "a"}, "texts": texts}
        with pytest.raises(StudyProblemError, match=words):
            define(told, "study.toml")
