"""What of a study may still be changed, and changing it."""

from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import transaction

from enhancement.models import Job
from enhancement.services.jobs import OPEN
from studyapp.definition import StudyProblemError
from studyapp.models import Study, StudyText
from studyapp.services.renderings import prepare_study
from studyapp.services.studies import has_votes, problems_of_conditions
from studyapp.services.texts import current_text, translations, write_version


def design_settled(study: Study) -> bool:
    """Whether anybody was seated: their trials were drawn from the design as it is, and votes may come any moment."""
    return study.sessions.exists()


def conditions_settled(study: Study) -> bool:
    """Whether renderings exist or are being made: all conditions of a content are brought to one raster together."""
    making = Job.objects.filter(kind="renderings", params={"study": study.pk}, state__in=OPEN)
    return design_settled(study) or study.rasters.exists() or making.exists()


def prepare_draft(study: Study, by: User) -> list[Job]:
    """Ask the workers for what the study lacks, once its conditions cover the test set and can be shown.

    Raises:
        StudyProblemError: They don't yet; says what is missing.
    """
    if problems := problems_of_conditions(study):
        raise StudyProblemError(problems)
    return prepare_study(study, by)


@transaction.atomic
def write_translations(study: Study, told: Mapping[str, Mapping[str, str]]) -> None:
    """Put texts in further languages before the next observers; a language that isn't named any more is not offered.

    Raises:
        StudyProblemError: The study has votes.
    """
    for language in {*told, *translations(study)} - {study.language}:
        for kind in StudyText.Kind:
            write_text(study, kind, told.get(language, {}).get(kind, ""), language)


@transaction.atomic
def write_text(study: Study, kind: StudyText.Kind, text: str, language: str = "") -> StudyText | None:
    """Put a text before the next observers, as a new version; what earlier ones saw is kept. None where none is.

    Raises:
        StudyProblemError: The study has votes, or the text is missing where it can't be.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    text = text.replace("\r\n", "\n").strip()
    language = language or study.language
    found = current_text(study, kind, language)
    current = found if found and found.language == language else None
    if text == (current.text if current else ""):
        return current
    if has_votes(study):
        raise StudyProblemError([f"{study} has votes, so its {kind} stay as they are; copy it to ask again."])
    if text and language != study.language and current_text(study, kind) is None:
        raise StudyProblemError([f"The {kind} in {language!r} translates none: there is none in {study.language!r}."])
    if text:
        return write_version(study, kind, text, language)
    if (kind == StudyText.Kind.INSTRUCTIONS and language == study.language) or design_settled(study):
        raise StudyProblemError([f"The {kind} text can be changed, but no longer taken away."])
    texts = study.texts.filter(kind=kind)
    (texts if language == study.language else texts.filter(language=language)).delete()
    return None
