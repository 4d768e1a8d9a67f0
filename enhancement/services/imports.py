"""Imports asked for from a page; a worker does them, for a web process decodes no photo and loads no torch."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User

from enhancement.folders import SurveyError
from enhancement.models import Job
from enhancement.services.files import as_local_file, keep
from enhancement.services.jobs import Claim, UnitsFailedError, request_job
from enhancement.services.methods import MethodProblemError, add_method, import_checkpoint
from enhancement.services.testsets import FrozenError, load_testset


class NothingStoredError(UnitsFailedError):
    """What was to be imported isn't right; nothing of it was stored."""


def request_testset(
    name: str, path: str, *, reference: str = "", camera: str = "", simulated: bool = False, note: str = "", by: User
) -> Job:
    """Ask a worker to load a test set from a folder or manifest that it can read."""
    told = {"name": name, "path": path, "reference": reference, "camera": camera, "simulated": simulated, "note": note}
    return request_job("load_testset", "cpu", f"load test set {name}", {**told, "by": by.pk}, by=by)


def load_testset_job(claim: Claim) -> None:
    """Load the test set; with one bad photo, nothing.

    Raises:
        NothingStoredError: Names every bad file, or says that the test set is frozen.
        SupersededError: The job was cancelled or given to another worker meanwhile.
    """
    told = claim.params
    try:
        load_testset(
            told["name"],
            Path(told["path"]),
            reference=Path(told["reference"]) if told["reference"] else None,
            camera=told["camera"],
            simulated=told["simulated"],
            note=told["note"],
            by=User.objects.get(pk=told["by"]),
            progress=progress_of(claim),
            writing=claim.writing,
        )
    except (SurveyError, FrozenError) as wrong:
        raise NothingStoredError(str(wrong)) from wrong


def progress_of(claim: Claim) -> Callable[[int, int], None]:
    """Tell how far it is, and stop when the job is no longer this worker's."""

    def tell(done: int, total: int) -> None:
        if not Job.objects.filter(pk=claim.job_id, attempt=claim.attempt, state=Job.State.RUNNING).exists():
            raise claim.superseded()
        claim.progress(done, total)

    return tell


def request_checkpoint(name: str, index: str, *, note: str = "", by: User) -> Job:
    """Ask a worker for a method from a released checkpoint that it can read."""
    params = {"name": name, "index": index, "note": note}
    return request_job("import_checkpoint", "gpu", f"import checkpoint {name}", params, by=by)


def import_checkpoint_job(claim: Claim) -> None:
    """Make the method.

    Raises:
        NothingStoredError: The files are missing, damaged or of no known layout.
    """
    told = claim.params
    try:
        import_checkpoint(Path(told["index"]), told["name"], told["note"])
    except MethodProblemError as wrong:
        raise NothingStoredError(str(wrong)) from wrong


def request_network(
    name: str, kind: str, settings: Mapping[str, Any], *, weights: bytes, suffix: str, note: str = "", by: User
) -> Job:
    """Keep uploaded weights and ask a worker to make a method of them."""
    stored, sha256 = keep("weights", weights, suffix)
    told = {"name": name, "kind": kind, "settings": dict(settings), "note": note}
    return request_job("add_method", "gpu", f"add network {name}", {**told, "weights": stored, "sha256": sha256}, by=by)


def add_method_job(claim: Claim) -> None:
    """Make the method, once its weights have been loaded.

    Raises:
        NothingStoredError: The weights or the settings are wrong.
    """
    told = claim.params
    with as_local_file(told["weights"], told["sha256"]) as weights:
        try:
            add_method(told["name"], told["kind"], told["settings"], weights=weights, note=told["note"])
        except MethodProblemError as wrong:
            raise NothingStoredError(str(wrong).replace(str(weights), "the uploaded file")) from wrong
