"""What is kept for practice, and whether a study can do with it."""

from studyapp.models import Study
from studyapp.session_settings import misread_questions


def problems_of_practice(study: Study) -> list[str]:
    """What is wrong with the contents that a study keeps for practice and examples, or with its closing questions."""
    names = set(study.testset.contents.values_list("name", flat=True)) if study.practice_contents else set()
    kept = set(study.practice_contents)
    problems = [
        f"Practice: {study.testset} has no content {name!r}." for name in study.practice_contents if name not in names
    ]
    if kept and kept >= names:
        problems.append("Every content is kept for practice: none is left for the trials that count.")
    if study.practice_trials and not kept:
        problems.append("Practice needs contents that are kept for it; name some under practice_contents.")
    problems += [
        f"The example {name!r} must be one of practice_contents: what the instructions show is not asked about later."
        for name in study.examples
        if name not in kept
    ]
    return problems + list(misread_questions(study.closing_questions))
