"""Are the stored files what their rows say: photos, stimuli, weights; and is there anything that no row knows?"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile

from enhancement.models import Content, Job, Method, Stimulus, TrainingRun, TrainingSample
from enhancement.png import PIECE_BYTES, Readable, problem_of_png
from enhancement.services.verification import Check, Look, Violation, in_batches

RESTORE = "restore it from a backup, under the same name"
OLD_ENOUGH = timedelta(days=1)
"""A file without a row may be a worker's that is about to write the row; not after a day."""


class Hashed:
    """A stream that hashes and counts what is read from it."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.sha256 = hashlib.sha256()
        self.size = 0

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        data = self._stream.read(size)
        self.sha256.update(data)
        self.size += len(data)
        return data


def problem_of_file(
    file: FieldFile, sha256: str, *, quick: bool = False, inside: Callable[[Hashed], str] = lambda stream: ""
) -> str:
    """Why a stored file isn't what was stored; empty when it is.

    Args:
        quick: Only ask whether it is there.
        inside: What else must be true of it, told while it is read; a wrong hash is told before that.
    """
    name = str(file.name)
    if not name or not default_storage.exists(name):
        return f"the file {name or '(no name)'} is missing"
    if sha256 not in name:
        return f"the file {name} isn't named by its hash"
    if quick:
        return ""
    with default_storage.open(name, "rb") as stored:
        stream = Hashed(stored)
        wrong = inside(stream)
        while stream.read(PIECE_BYTES):
            pass
    if stream.sha256.hexdigest() != sha256:
        return f"the file {name} isn't what was stored (its hash differs)"
    return wrong


def photos(look: Look) -> Iterator[Violation]:
    """Input and reference photos, as they came."""
    for content in in_batches(Content.objects.all()):
        sides = [("input", content.input_file, content.input_sha256)]
        if content.reference_sha256 or content.reference_file:
            sides.append(("reference", content.reference_file, content.reference_sha256))
        for side, file, sha256 in sides:
            if wrong := problem_of_file(file, sha256, quick=look.quick):
                yield Violation(f"{side} of content {content.pk} ({content.name})", wrong, RESTORE)
        look.seen(1)


def stimuli(look: Look) -> Iterator[Violation]:
    """Every stimulus: there, whole, and a canonical PNG of its size."""
    for stimulus in in_batches(Stimulus.objects.all()):
        size = (stimulus.width_px, stimulus.height_px)
        wrong = problem_of_file(
            stimulus.file,
            stimulus.sha256,
            quick=look.quick,
            inside=lambda stream, size=size: problem_of_png(stream, size),  # type: ignore[misc]
        )
        if wrong:
            yield Violation(f"stimulus {stimulus.pk}", wrong, RESTORE)
        look.seen(1)


def weights(look: Look) -> Iterator[Violation]:
    """The weights of every method that has some."""
    for method in in_batches(Method.objects.exclude(weights_sha256="", weights_file="")):
        if wrong := problem_of_file(method.weights_file, method.weights_sha256, quick=look.quick):
            yield Violation(f"weights of method {method}", wrong, RESTORE)
        look.seen(1)


def training(look: Look) -> Iterator[Violation]:
    """The checkpoint of every training run, and its samples."""
    for run in in_batches(TrainingRun.objects.exclude(checkpoint_sha256="")):
        wrong = problem_of_file(run.checkpoint_file, run.checkpoint_sha256, quick=look.quick)
        now = TrainingRun.objects.values_list("checkpoint_sha256", flat=True).get(pk=run.pk)
        if wrong and now == run.checkpoint_sha256:  # else its worker has put another in its place meanwhile
            yield Violation(f"checkpoint of training run {run}", wrong, RESTORE)
        look.seen(1)
    for sample in in_batches(TrainingSample.objects.all()):
        if wrong := problem_of_file(sample.file, sample.sha256, quick=look.quick):
            yield Violation(str(sample), wrong, RESTORE)
        look.seen(1)


Referenced = Callable[[Collection[str]], set[str]]
"""Of file names, those that a row refers to."""


def _photos_of(names: Collection[str]) -> set[str]:
    inputs = Content.objects.filter(input_file__in=names).values_list("input_file", flat=True)
    references = Content.objects.filter(reference_file__in=names).values_list("reference_file", flat=True)
    return {*inputs, *references}


def _stimuli_of(names: Collection[str]) -> set[str]:
    return set(Stimulus.objects.filter(file__in=names).values_list("file", flat=True))


def _weights_of(names: Collection[str]) -> set[str]:
    methods = Method.objects.filter(weights_file__in=names).values_list("weights_file", flat=True)
    asked = Job.objects.filter(kind="add_method", params__weights__in=list(names))
    return {*methods, *asked.values_list("params__weights", flat=True)}


def _training_of(names: Collection[str]) -> set[str]:
    checkpoints = TrainingRun.objects.filter(checkpoint_file__in=names).values_list("checkpoint_file", flat=True)
    return {*checkpoints, *TrainingSample.objects.filter(file__in=names).values_list("file", flat=True)}


FOLDERS: Mapping[str, Referenced] = {
    "photos": _photos_of,
    "stimuli": _stimuli_of,
    "weights": _weights_of,
    "training": _training_of,
}
"""The folders of the picture store, and who refers to what is in them."""


@dataclass(frozen=True)
class Stray:
    """A file that no row refers to."""

    name: str
    size_bytes: int
    changed_at: datetime

    def is_old(self, now: datetime) -> bool:
        """Whether nobody can still be about to refer to it."""
        return now - self.changed_at > OLD_ENOUGH


def strays(folders: Mapping[str, Referenced], seen: Callable[[int], None] = lambda count: None) -> Iterator[Stray]:
    """The files of the named folders that no row refers to; other folders belong to others."""
    for folder, referenced in folders.items():
        for place in _folders_under(folder):
            names = [f"{place}/{name}" for name in default_storage.listdir(place)[1]]
            for first in range(0, len(names), 500):
                batch = names[first : first + 500]
                seen(len(batch))
                yield from _strays_of(set(batch) - referenced(batch))


def _folders_under(folder: str) -> Iterator[str]:
    if not default_storage.exists(folder):
        return
    yield folder
    for name in sorted(default_storage.listdir(folder)[0]):
        yield from _folders_under(f"{folder}/{name}")


def _strays_of(names: Collection[str]) -> Iterator[Stray]:
    for name in sorted(names):
        try:
            yield Stray(name, default_storage.size(name), default_storage.get_modified_time(name))
        except FileNotFoundError:  # a writer's own, gone meanwhile
            continue


FILE_CHECKS = (
    Check(
        "photos whole",
        "The photos of every content are there, byte for byte as they came.",
        "contents",
        Content.objects.count,
        photos,
        reads_files=True,
    ),
    Check(
        "stimuli whole",
        "Every stimulus is there and hashed: an 8-bit sRGB PNG of the size it says, with nothing in it but pixels.",
        "stimuli",
        Stimulus.objects.count,
        stimuli,
        reads_files=True,
    ),
    Check(
        "weights whole",
        "The weights of every method are there, and hash to what the method says.",
        "methods",
        lambda: Method.objects.exclude(weights_sha256="", weights_file="").count(),
        weights,
        reads_files=True,
    ),
    Check(
        "training whole",
        "The checkpoint and the samples of every training run are there, and hash to what their rows say.",
        "checkpoints and samples",
        lambda: TrainingRun.objects.exclude(checkpoint_sha256="").count() + TrainingSample.objects.count(),
        training,
        reads_files=True,
    ),
)
