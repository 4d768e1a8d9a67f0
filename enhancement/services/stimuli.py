"""Making stimuli: one method over one test set."""

import shutil
from contextlib import closing
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from json import dumps, loads
from pathlib import Path
from subprocess import run as run_process
from time import perf_counter

from django.contrib.auth.models import User
from django.db.models import QuerySet

from enhancement.formats.libraries import library_of
from enhancement.methods import METHODS, Enhance, load
from enhancement.models import Content, Job, Method, Stimulus, TestSet
from enhancement.nn.memory import ran_out
from enhancement.pictures import Photo, PictureError, decode, encode_png
from enhancement.pipeline import pipelined
from enhancement.services.files import DamagedFileError, as_local_file, keep, read
from enhancement.services.jobs import Claim, UnitsFailedError, request_job
from enhancement.services.thumbnails import keep_thumbnail
from enhancement.subject import Enhanced, Subject


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
    """Make what is missing: the next photo is decoded and the last picture written while one is enhanced.

    Each is stored as soon as its file is there, all of them by this thread: the database has no other connection.

    Raises:
        UnitsFailedError: Some contents could not be enhanced; names each and why.
    """
    testset = TestSet.objects.get(pk=claim.params["testset"])
    method = Method.objects.get(pk=claim.params["method"])
    contents = list(missing(testset, method))
    enhance = enhance_of(method)

    def work(subject: Subject) -> tuple[Subject, Enhanced, float]:
        start = perf_counter()
        made = enhance(subject)
        return subject, made, perf_counter() - start

    claim.progress(0, len(contents))
    failures = []
    with closing(pipelined(contents, subject_of, work, keep_picture)) as stations:
        for n, done in enumerate(stations, start=1):
            if done.result is not None:
                store(claim, done.task, method, done.result)
            elif done.error is not None:
                failures.append(f"{done.task.name}: {_failure(done.error)}")
            claim.progress(n, len(contents))
    if failures:
        raise UnitsFailedError("\n".join(failures))


def _failure(error: Exception) -> str:
    """Why one content can't be made; raises what is no matter of that content alone."""
    if ran_out(error):
        return f"there was not enough memory for it ({str(error) or type(error).__name__})"
    if isinstance(error, PictureError | DamagedFileError | ValueError):
        return str(error)
    raise error


def enhance_of(method: Method) -> Enhance:
    """What enhances by a method. The newest weights stay loaded, for the job after this one is often of the same."""
    if method.weights_sha256:
        return _with_weights(
            method.kind, dumps(method.settings, sort_keys=True), str(method.weights_file), method.weights_sha256
        )
    return load(method.kind, method.settings, None)


@lru_cache(maxsize=1)
def _with_weights(kind: str, settings: str, file: str, sha256: str) -> Enhance:
    with as_local_file(file, sha256) as weights:
        return load(kind, loads(settings), weights)


@dataclass(frozen=True, eq=False)
class Kept:
    """A picture whose file is in the store.

    Attributes:
        made: The picture.
        seconds: What its method took.
        name: The file.
        sha256: Of its bytes.
    """

    made: Enhanced
    seconds: float
    name: str
    sha256: str


def keep_picture(content: Content, worked: tuple[Subject, Enhanced, float]) -> Kept:
    """Write the picture's file, and the thumbnails of all that lies decoded here: no web process then has to.

    Waits for a picture that is underway; the GPU is at the next one meanwhile.
    """
    subject, made, seconds = worked
    photo = made.photo
    name, sha256 = keep("stimuli", encode_png(photo), ".png")
    keep_thumbnail(subject.input, content.input_sha256)
    if subject.reference is not None:
        keep_thumbnail(subject.reference, content.reference_sha256)
    keep_thumbnail(photo, sha256)
    return Kept(made, made.seconds(seconds), name, sha256)


def store(claim: Claim, content: Content, method: Method, kept: Kept) -> None:
    """Store a stimulus whose file is there, with its provenance."""
    made = kept.made
    height_px, width_px = made.photo.shape[:2]
    with claim.writing():
        Stimulus.objects.get_or_create(
            content=content,
            method=method,
            defaults={
                "file": kept.name,
                "sha256": kept.sha256,
                "width_px": width_px,
                "height_px": height_px,
                "source_sha256": made.source_sha256 or _source_of(content, method),
                "settings": method.settings,
                "weights_sha256": method.weights_sha256,
                "code_version": _made_by(content, method),
                "device": made.device,
                "dtype": made.dtype,
                "mode": made.mode,
                "seconds": kept.seconds,
                "job_id": claim.job_id,
                "attempt": claim.attempt,
            },
        )


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
