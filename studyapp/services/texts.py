"""What a study says in which language: its own, and those that its texts were written in too."""

from collections.abc import Mapping

from django.conf import settings
from django.utils.translation import gettext, override

from studyapp.definition import DEFAULT_INSTRUCTIONS
from studyapp.models import Study, StudyText
from studyapp.models.study import DEFAULT_QUESTION

Kind = StudyText.Kind
OURS = {Kind.QUESTION: DEFAULT_QUESTION, Kind.INSTRUCTIONS: DEFAULT_INSTRUCTIONS}
"""Texts that come with the program, in every language that it speaks."""


Newest = Mapping[tuple[str, str], StudyText]


def newest_texts(study: Study) -> Newest:
    """The newest version of each text, by kind and language; read once for all that a page asks of them."""
    return {(text.kind, text.language): text for text in study.texts.order_by("version")}


def current_text(
    study: Study, kind: StudyText.Kind, language: str = "", newest: Newest | None = None
) -> StudyText | None:
    """The version of a text that observers see now: in a language, or else in the study's own.

    A translation that is older than the text it translates isn't shown: nobody knows whether it still says the same.
    """
    newest = newest_texts(study) if newest is None else newest
    own, other = newest.get((kind, study.language)), newest.get((kind, language))
    return own if own is None or other is None or other.pk < own.pk else other


def languages_of(study: Study, newest: Newest) -> list[str]:
    """The languages that an observer may read a study in, its own first: those that its instructions are written in."""
    others = [code for code, _ in settings.LANGUAGES if code != study.language]
    texts = {code: current_text(study, Kind.INSTRUCTIONS, code, newest) for code in others}
    return [study.language, *(code for code, text in texts.items() if text is not None and text.language == code)]


def question_in(study: Study, language: str, newest: Newest) -> tuple[str, str]:
    """The question as an observer reads it, and the language that it is in."""
    text = current_text(study, Kind.QUESTION, language, newest)
    if text is None or text.language == study.language:
        return study.question, study.language
    return text.text, text.language


def texts_by_language(study: Study) -> dict[str, dict[str, str]]:
    """Language → kind → what observers read in it now, the study's own first; nothing that isn't shown any more."""
    newest = newest_texts(study)
    told: dict[str, dict[str, str]] = {}
    for code in languages_of(study, newest):
        texts = {str(kind): current_text(study, kind, code, newest) for kind in Kind}
        told[code] = {kind: text.text for kind, text in texts.items() if text is not None and text.language == code}
    return told


def translations(study: Study) -> dict[str, dict[str, str]]:
    """What the researcher wrote for readers of other languages, as a study file holds it; without our own."""
    told = texts_by_language(study)
    return {code: of for code, of in told.items() if code != study.language and not _is_ours(of, code)}


def _is_ours(written: Mapping[str, str], language: str) -> bool:
    with override(language):
        return all(text == gettext(OURS.get(Kind(kind), "")) for kind, text in written.items())


def write_version(study: Study, kind: StudyText.Kind, text: str, language: str) -> StudyText:
    """A further version of a text; ours comes in all languages at once."""
    versions = study.texts.filter(kind=kind, language=language)
    written = StudyText.objects.create(
        study=study, kind=kind, text=text, language=language, version=versions.count() + 1
    )
    if language == study.language == settings.LANGUAGE_CODE and text == OURS.get(kind):
        for code, _ in settings.LANGUAGES:
            if code != language:
                with override(code):
                    write_version(study, kind, gettext(text), code)
    return written
