"""Making a study, opening it, pausing it, closing it."""

from collections import Counter
from collections.abc import Mapping

from django.contrib.auth.models import User
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.utils import timezone

from enhancement.models import Method, TestSet
from studyapp.definition import Definition, StudyProblemError
from studyapp.design.schedule import policy_of, slot
from studyapp.models import Condition, ConditionMethod, Study, StudyText, Vote
from studyapp.services.practice import problems_of_practice
from studyapp.services.recruiting import set_recruiting
from studyapp.services.renderings import method_for, prepare_study, unrendered
from studyapp.services.schedules import design_of, numbered, plan_of
from studyapp.services.texts import write_version


@transaction.atomic
def create_study(definition: Definition, owner: User) -> Study:
    """Make a study and ask the workers for what it needs; all of it or nothing.

    Raises:
        StudyProblemError: Names everything that is wrong at once.
    """
    study = write_study(definition, owner)
    prepare_study(study, owner)
    return study


@transaction.atomic
def write_study(definition: Definition, owner: User) -> Study:
    """Make a study, all of it or nothing. The workers are asked for nothing: until they are, its conditions may change.

    Raises:
        StudyProblemError: Names everything that is wrong at once.
    """
    problems, testset, methods = _look_up(definition)
    if testset is None or problems:
        raise StudyProblemError(problems)
    study = Study(name=definition.name, owner=owner, testset=testset, **definition.settings)
    study.policy_version = policy_of(study.policy_version, study.strata)
    try:
        study.full_clean()
    except ValidationError as error:
        raise StudyProblemError(_in_words(error)) from error
    study.save()
    _add_conditions(study, definition, methods)
    own = {"question": study.question, "instructions": definition.instructions, "consent": definition.consent}
    for language, texts in ((study.language, own), *definition.texts.items()):
        for kind, text in texts.items():
            _write_once(study, StudyText.Kind(kind), text.strip(), language)
    if problems := problems_of_conditions(study) or problems_of_design(study):
        raise StudyProblemError(problems)
    set_recruiting(study, definition.recruiting)
    return study


def _write_once(study: Study, kind: StudyText.Kind, text: str, language: str) -> None:
    """A text of a new study; one of ours may have come already, with its original."""
    if text and not study.texts.filter(kind=kind, language=language, text=text).exists():
        write_version(study, kind, text, language)


def _look_up(definition: Definition) -> tuple[list[str], TestSet | None, dict[str, Method]]:
    """The test set and methods that a definition names, and what is wrong with them."""
    problems = []
    testset = TestSet.objects.filter(name=definition.testset).first()
    if testset is None:
        known = ", ".join(TestSet.objects.values_list("name", flat=True)) or "none yet"
        problems.append(f"No test set is called {definition.testset!r}; there are: {known}.")
    wanted = {name for by_camera in definition.conditions.values() for name in by_camera.values()}
    methods = {str(method): method for method in Method.objects.all()}
    problems += [
        f"No method is called {name!r}; there are: {', '.join(methods) or 'none yet'}."
        for name in sorted(wanted - set(methods))
    ]
    if len(set(definition.conditions) - set(definition.gold)) < 2:
        problems.append("A study compares at least two conditions.")
    problems += [
        f"[gold] {worse} = {better!r}: both must be named under [conditions]."
        for worse, better in definition.gold.items()
        if not {worse, better} <= set(definition.conditions)
    ]
    problems += [
        f"[gold] {worse} = {better!r}: {better} is itself a gold condition, or the same; name one that is compared."
        for worse, better in definition.gold.items()
        if better in definition.gold
    ]
    if not problems and testset is not None:
        problems += _cameras_uncovered(definition, testset)
    return problems, testset, methods


def _cameras_uncovered(definition: Definition, testset: TestSet) -> list[str]:
    cameras = set(testset.contents.values_list("camera", flat=True))
    return [
        f"Condition {name} names no method for camera {camera!r} of test set {testset}."
        for name, by_camera in definition.conditions.items()
        for camera in sorted(cameras - set(by_camera))
        if "" not in by_camera
    ]


def _add_conditions(study: Study, definition: Definition, methods: Mapping[str, Method]) -> None:
    made: dict[str, Condition] = {}
    for position, name in enumerate(sorted(definition.conditions, key=lambda name: name in definition.gold)):
        better = made[definition.gold[name]] if name in definition.gold else None
        condition = Condition(study=study, name=name, position=position, worse_than=better)
        try:
            condition.full_clean()
        except ValidationError as error:
            raise StudyProblemError([f"Condition {name!r}: {line}" for line in _in_words(error)]) from error
        condition.save()
        made[name] = condition
        ConditionMethod.objects.bulk_create(
            ConditionMethod(condition=made[name], camera=camera, method=methods[method])
            for camera, method in definition.conditions[name].items()
        )


def _in_words(error: ValidationError) -> list[str]:
    return [
        " ".join(messages) if name == NON_FIELD_ERRORS else f"{name}: {' '.join(messages)}"
        for name, messages in error.message_dict.items()
    ]


def has_votes(study: Study) -> bool:
    """Whether anything rests on the study as it is; then its question, conditions, design and texts stay.

    Nothing rests on the votes of a rehearsal or a pilot.
    """
    counted = Vote.objects.filter(trial__session__simulated=False, trial__session__pilot=False)
    return counted.filter(trial__session__study=study).exists()


def open_study(study: Study) -> None:
    """Let observers in.

    Raises:
        StudyProblemError: Something that they would need isn't there yet.
    """
    if problems := problems_of_opening(study):
        raise StudyProblemError(problems)
    still = Study.objects.filter(pk=study.pk).exclude(state=Study.State.CLOSED)
    still.update(state=Study.State.OPEN, opened_at=study.opened_at or timezone.now())
    study.refresh_from_db()


def problems_of_opening(study: Study) -> list[str]:
    """What observers would need and isn't there yet."""
    problems = []
    if study.state == Study.State.CLOSED:
        problems.append("A closed study stays closed; copy it to ask again.")
    if not study.texts.filter(kind=StudyText.Kind.INSTRUCTIONS).exists():
        problems.append("It has no instructions; write some.")
    problems += problems_of_conditions(study) or problems_of_design(study)
    lacking = unrendered(study).count()
    if lacking and not problems:
        problems.append(
            f"{lacking} of its contents can't be shown yet: their renderings are not made. Look at the jobs."
        )
    return problems


def problems_of_conditions(study: Study) -> list[str]:
    """Why its conditions don't cover the test set, or else can't be shown of all of it."""
    return _problems_of_cover(study) or _problems_of_references(study)


def _problems_of_cover(study: Study) -> list[str]:
    compared = list(study.conditions.filter(worse_than=None).prefetch_related("methods__method"))
    cameras = set(study.testset.contents.values_list("camera", flat=True))
    problems = [] if len(compared) >= 2 else ["A study compares at least two conditions; add some."]
    return problems + [
        f"Condition {condition} names no method for camera {camera!r}."
        for condition in compared
        for camera in sorted(cameras)
        if method_for(condition, camera) is None
    ]


def _problems_of_references(study: Study) -> list[str]:
    """Conditions that stand for the better camera's photo where contents have none: they could never be shown."""
    without = Counter(study.testset.contents.filter(reference_sha256="").values_list("camera", flat=True))
    problems = []
    for condition in study.conditions.prefetch_related("methods__method"):
        methods = {camera: method_for(condition, camera) for camera in without}
        lacking = sum(without[camera] for camera, method in methods.items() if method and method.kind == "reference")
        if lacking:
            problems.append(
                f"Condition {condition} shows the reference photo, and {lacking} of {study.testset.contents.count()} "
                f"contents of {study.testset} have none: leave the condition out, or take a test set with references."
            )
    return problems


def problems_of_design(study: Study) -> list[str]:
    """Why no schedule can be derived; found by deriving the first slot."""
    if problems := problems_of_practice(study):
        return problems
    rows = numbered(study)
    try:
        design = design_of(study, rows)
        plan_of(study, design, rows, 0, slot(design, 0))
    except ValueError as error:
        return [str(error)]
    return []


def pause_study(study: Study) -> None:
    """Let nobody new in; who is seated may finish."""
    Study.objects.filter(pk=study.pk, state=Study.State.OPEN).update(state=Study.State.PAUSED)
    study.refresh_from_db()


def close_study(study: Study) -> None:
    """End the study: no new observers, no new answers."""
    Study.objects.filter(pk=study.pk).exclude(state=Study.State.CLOSED).update(
        state=Study.State.CLOSED, closed_at=timezone.now()
    )
    study.refresh_from_db()
