"""Loading test sets: everything that is good is stored, or nothing is."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from enhancement.folders import Found, Problem, Progress, Survey, SurveyError, survey
from enhancement.models import Content, Stimulus, TestSet
from enhancement.services.photos import all_stored, naming_photos, stored_name


class FrozenError(ValueError):
    """The test set has stimuli; its contents stay as they are."""


def is_frozen(testset: TestSet) -> bool:
    """A test set is frozen once stimuli exist."""
    return Stimulus.objects.filter(content__testset=testset).exists()


def load_testset(
    name: str,
    path: Path,
    *,
    reference: Path | None = None,
    camera: str = "",
    simulated: bool = False,
    note: str = "",
    by: User | None = None,
    progress: Progress | None = None,
    writing: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> TestSet:
    """Load the photos of a folder, of two folders, or of a manifest as a test set; all of them or none.

    Contents may be added to a test set until it is frozen. One that is there already, with the same bytes, stays.

    Args:
        name: Of the test set.
        path: A folder in one of the layouts of `enhancement.folders`, or a CSV manifest.
        reference: The folder of references, where it isn't part of the layout; files are paired by name.
        camera: What took the inputs, where the layout doesn't say.
        progress: Called with files read, and of how many.
        writing: What surrounds the rows' writing, inside its transaction: a job makes sure there that it is still its.

    Raises:
        SurveyError: Names every bad file, what is wrong with it, and what to do; or there is no room for the photos.
        FrozenError: The test set has stimuli already.
    """
    _refuse_name(name)
    surveyed = _survey(path, reference, camera, progress)
    contents = [_content(found, surveyed) for found in surveyed.found]
    told = {"note": note, "simulated": simulated, "created_by": by, "source": _source(path, reference, surveyed)}
    with all_stored(surveyed), naming_photos(surveyed), writing():
        testset, _ = TestSet.objects.select_for_update().get_or_create(name=name, defaults=told)
        if is_frozen(testset):
            raise FrozenError(f"Test set {name} has stimuli and stays as it is; load the photos under another name.")
        there = {content.name: content for content in testset.contents.all()}
        _refuse_contradictions(testset, simulated, contents, there, surveyed)
        new = [content for content in contents if content.name not in there]
        for content in new:
            content.testset = testset
        Content.objects.bulk_create(new)
        _note(testset, surveyed.notes)
    return testset


def _refuse_name(name: str) -> None:
    try:
        TestSet._meta.get_field("name").clean(name, None)
    except ValidationError as error:
        remedy = "use letters, digits, - and _, and at most 80 of them"
        raise SurveyError([Problem(Path(name), "a test set can't be called so", remedy)]) from error


def _note(testset: TestSet, notes: Sequence[str]) -> None:
    """Keep what was understood otherwise than names say: it stands with the test set."""
    there = testset.source.get("notes", [])
    if new := [note for note in notes if note not in there]:
        testset.source = {**testset.source, "notes": [*there, *new]}
        testset.save(update_fields=["source"])


def _survey(path: Path, reference: Path | None, camera: str, progress: Progress | None) -> Survey:
    path = path.resolve()
    if reference is None:
        return survey(path, camera=camera, progress=progress)
    if not path.is_dir():
        raise SurveyError([Problem(path, "there is no such folder", "check its name")])
    references = str(reference.resolve())
    return survey(path.parent, inputs=path.name, references=references, camera=camera, progress=progress)


def _source(path: Path, reference: Path | None, surveyed: Survey) -> dict[str, str]:
    told = {"layout": surveyed.layout, "path": path.name}
    return told if reference is None else {**told, "reference": reference.name}


def _content(found: Found, surveyed: Survey) -> Content:
    shot = surveyed.looked[found.input]
    content = Content(
        name=found.name,
        scene=found.scene,
        camera=found.camera or "camera",
        input_file=stored_name(shot),
        input_sha256=shot.sha256,
        input_width_px=shot.width_px,
        input_height_px=shot.height_px,
    )
    if found.reference is not None:
        better = surveyed.looked[found.reference]
        content.reference_file, content.reference_sha256 = stored_name(better), better.sha256
        content.reference_width_px, content.reference_height_px = better.width_px, better.height_px
    return content


def _refuse_contradictions(
    testset: TestSet, simulated: bool, contents: list[Content], there: dict[str, Content], surveyed: Survey
) -> None:
    """What is loaded again must be what is there: the same photos, scene and camera, simulated or not."""
    problems = [
        Problem(found.input, f"the test set has another {content.name} ({words})", "give this one another name")
        for content, found in zip(contents, surveyed.found, strict=True)
        if content.name in there and (words := _difference(content, there[content.name]))
    ]
    if testset.simulated != simulated:
        said = "simulated" if testset.simulated else "not simulated"
        problems.append(Problem(Path(testset.name), f"this test set is {said}", "load the photos under another name"))
    if problems:
        raise SurveyError(problems)


def _difference(content: Content, there: Content) -> str:
    if (content.input_sha256, content.reference_sha256) != (there.input_sha256, there.reference_sha256):
        return "other photos"
    if (content.scene, content.camera) != (there.scene, there.camera):
        return f"scene {there.scene}, camera {there.camera}"
    return ""
