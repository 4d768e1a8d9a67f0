"""Making stimuli: one method over one test set."""

import shutil
from functools import cache
from importlib.metadata import version
from pathlib import Path
from subprocess import run as run_process
from time import perf_counter

from django.contrib.auth.models import User
from django.db.models import QuerySet

from enhancement.formats.libraries import library_of
from enhancement.methods import METHODS, Enhance, load
from enhancement.models import Content, Job, Method, Stimulus, TestSet
from enhancement.pictures import Photo, PictureError, decode, encode_png
from enhancement.services.files import as_local_file, keep, read
from enhancement.services.jobs import Claim, UnitsFailedError, request_job
from enhancement.services.thumbnails import keep_thumbnail
from enhancement.subject import Subject


def request_stimuli(testset: TestSet, method: Method, by: User | None = None) -> Job | None:
    """Ask a worker for the stimuli that this method still lacks on this test set; None when it lacks none."""
    if not missing(testset, method).exists():
        return None
    return request_job(
        "stimuli",
        METHODS[method.kind].queue,
        f"{method} on {testset}",
        {"testset": testset.pk, "method": method.pk},
        by=by,
    )


def missing(testset: TestSet, method: Method) -> QuerySet[Content]:
    """The contents that this method has no stimulus of; those without a reference don't lack a reference stimulus."""
    contents = testset.contents.exclude(stimuli__method=method)
    return contents.exclude(reference_sha256="") if method.kind == "reference" else contents


def make_stimuli(claim: Claim) -> None:
    """Make what is missing, one content after the other; each is stored as soon as it is made.

    Raises:
        UnitsFailedError: Some contents could not be enhanced; names each and why.
    """
    testset = TestSet.objects.get(pk=claim.params["testset"])
    method = Method.objects.get(pk=claim.params["method"])
    contents = list(missing(testset, method))
    with as_local_file(method.weights_file, method.weights_sha256) as weights:
        enhance = load(method.kind, method.settings, weights)
        failures = []
        for done, content in enumerate(contents):
            claim.progress(done, len(contents))
            try:
                make_stimulus(claim, content, method, enhance)
            except (PictureError, ValueError) as error:
                failures.append(f"{content.name}: {error}")
    claim.progress(len(contents), len(contents))
    if failures:
        raise UnitsFailedError("\n".join(failures))


def make_stimulus(claim: Claim, content: Content, method: Method, enhance: Enhance) -> None:
    """Enhance one content and keep the picture with its provenance."""
    subject = subject_of(content)
    start = perf_counter()
    made = enhance(subject)
    seconds = perf_counter() - start
    name, sha256 = keep("stimuli", encode_png(made.photo), ".png")
    _keep_thumbnails(content, subject)
    keep_thumbnail(made.photo, sha256)
    height_px, width_px = made.photo.shape[:2]
    with claim.writing():
        Stimulus.objects.get_or_create(
            content=content,
            method=method,
            defaults={
                "file": name,
                "sha256": sha256,
                "width_px": width_px,
                "height_px": height_px,
                "source_sha256": made.source_sha256 or _source_of(content, method),
                "settings": method.settings,
                "weights_sha256": method.weights_sha256,
                "code_version": _made_by(content, method),
                "device": made.device,
                "dtype": made.dtype,
                "mode": made.mode,
                "seconds": seconds,
                "job_id": claim.job_id,
                "attempt": claim.attempt,
            },
        )


def _keep_thumbnails(content: Content, subject: Subject) -> None:
    """While its photos lie decoded here: a web process then has none to decode for the contact sheet."""
    keep_thumbnail(subject.input, content.input_sha256)
    if subject.reference is not None:
        keep_thumbnail(subject.reference, content.reference_sha256)


def _source_of(content: Content, method: Method) -> str:
    return content.reference_sha256 if method.kind == "reference" else content.input_sha256


def _made_by(content: Content, method: Method) -> str:
    """This program's version, and that of the library that developed the photo, where it has a say in the pixels."""
    source = content.reference_file if method.kind == "reference" else content.input_file
    return ", ".join(filter(None, [code_version(), library_of(str(source.name))]))


def subject_of(content: Content) -> Subject:
    """A content's photos, decoded from the bytes as they came."""
    reference = None
    if content.reference_sha256:
        reference = decode(read(content.reference_file, content.reference_sha256), name=f"reference of {content.name}")
    photo = decode(read(content.input_file, content.input_sha256), name=f"input of {content.name}")
    return Subject(content.name, photo, reference)


def picture_of(stimulus: Stimulus) -> Photo:
    """A stimulus's pixels, hash checked."""
    return decode(read(stimulus.file, stimulus.sha256), name=str(stimulus))


@cache
def code_version() -> str:
    """The version of this program, with the commit where it runs from a checkout."""
    root = Path(__file__).resolve().parents[2]
    described = version("phoropter")
    git = shutil.which("git") if (root / ".git").exists() else None
    if git is not None:
        command = [git, "describe", "--always", "--dirty"]
        asked = run_process(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603
        described += f"+{asked.stdout.strip()}" if asked.returncode == 0 else ""
    return described
