"""A study with tiny pictures, made the way a real one is: through the services, its jobs claimed and run."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.utils import timezone
from PIL import Image, ImageFilter
from skimage import data as photographs

from enhancement.models import Content, Job, Method, TestSet
from enhancement.pictures import Photo, encode_png
from enhancement.services.files import keep
from enhancement.services.jobs import claim_job, run
from enhancement.services.methods import add_method
from studyapp.definition import Definition
from studyapp.models import Study, StudySession, Trial
from studyapp.roles import Role
from studyapp.services.people import give_role
from studyapp.services.places import abandon_sessions
from studyapp.services.seating import begin_session
from studyapp.services.studies import create_study, open_study
from studyapp.services.votes import Receipt, record_vote

SIZE = (192, 144)
PHOTOGRAPHS = ("astronaut", "coffee", "chelsea", "rocket")
LOOKED: dict[str, Any] = {
    "response_ms": 1500,
    "hidden_ms": 0,
    "max_zoom": 1.0,
    "one_to_one_ms": 400,
    "inspected_left": 1.0,
    "inspected_right": 1.0,
    "offset_px": 0.0,
    "flips": 0,
    "reloads": 0,
    "first_painted": "left",
}
DEVICE: dict[str, Any] = {
    "device_pixel_ratio": 2.0,
    "viewport_width_px": 1440,
    "viewport_height_px": 900,
    "browser_zoom": 1.0,
    "gamut": "srgb",
    "drawer": "canvas",
    "stacked": False,
}


def make_user(name: str = "ada", role: str = Role.RESEARCHER, **settings: Any) -> User:
    """A person; with no password, as tests log in by force. One who is made an admin here stays one."""
    person = User.objects.create(username=name, **settings)
    give_role(person, Role.ADMIN if person.is_superuser else role)
    return person


def make_testset(
    name: str = "tiny", *, contents: int = 4, cameras: Iterable[str] = ("iphone",), simulated: bool = False
) -> TestSet:
    """A test set of small photographs, each with a duller, softer version of it as the phone's."""
    testset = TestSet.objects.create(name=name, simulated=simulated)
    cameras = tuple(cameras)
    for number in range(contents):
        scene = f"scene-{number // len(cameras)}"
        _add_content(testset, f"photo-{number}", scene, cameras[number % len(cameras)], number)
    return testset


def _add_content(testset: TestSet, name: str, scene: str, camera: str, number: int) -> Content:
    photo, reference = _pair(number)
    (input_file, input_sha256), (reference_file, reference_sha256) = (
        keep("photos", of, ".png") for of in (photo, reference)
    )
    width_px, height_px = SIZE
    return Content.objects.create(
        testset=testset,
        name=name,
        scene=scene,
        camera=camera,
        input_file=input_file,
        input_sha256=input_sha256,
        input_width_px=width_px,
        input_height_px=height_px,
        reference_file=reference_file,
        reference_sha256=reference_sha256,
        reference_width_px=width_px,
        reference_height_px=height_px,
    )


@cache
def _pair(number: int) -> tuple[bytes, bytes]:
    """The phone's and the better camera's photo as PNG; another part of a photograph for each number."""
    reference = _cut_out(number)
    dull = np.asarray(Image.fromarray(reference).filter(ImageFilter.GaussianBlur(0.6))).astype(np.float64) * 0.8 + 12
    noise = np.random.default_rng(number).normal(0, 3, dull.shape)
    return encode_png(np.clip(dull + noise, 0, 255).astype(np.uint8)), encode_png(reference)


def _cut_out(number: int) -> Photo:
    whole = getattr(photographs, PHOTOGRAPHS[number % len(PHOTOGRAPHS)])()
    turn = number // len(PHOTOGRAPHS)
    rng = np.random.default_rng(turn)
    y, x = (int(rng.integers(0, whole.shape[axis] - side)) for axis, side in ((0, SIZE[1]), (1, SIZE[0])))
    return np.ascontiguousarray(whole[y : y + SIZE[1], x : x + SIZE[0], :3])


def make_method(kind: str) -> Method:
    """The method of this kind, named like it."""
    return add_method(kind, kind)


def run_jobs() -> list[Job]:
    """Do all queued work here and now, as a worker would; returns the jobs as they ended."""
    done: list[int] = []
    while claims := [claim for pk in _queued() if (claim := claim_job(pk, owner="tests")) is not None]:
        for claim in claims:
            run(claim)
            done.append(claim.job_id)
    return list(Job.objects.filter(pk__in=done).order_by("pk"))


def _queued() -> list[int]:
    return list(Job.objects.filter(state=Job.State.QUEUED).order_by("pk").values_list("pk", flat=True))


def define(
    conditions: Iterable[str] = ("original", "auto", "degraded"),
    *,
    name: str = "A tiny study",
    testset: str = "tiny",
    gold: Mapping[str, str] | None = None,
    consent: str = "",
    **settings: Any,
) -> Definition:
    """A study in which every condition is the method of that name."""
    return Definition(
        name=name,
        testset=testset,
        conditions={condition: {"": condition} for condition in conditions},
        gold=gold or {},
        settings={"trials_per_session": 6, "seed": 7, **settings},
        consent=consent,
    )


def make_draft(
    owner: User,
    *,
    contents: int = 4,
    conditions: Iterable[str] = ("original", "auto", "degraded"),
    testset: TestSet | None = None,
    **rest: Any,
) -> Study:
    """A study as it is right after `create_study`: its jobs wait."""
    conditions = tuple(conditions)
    testset = testset or make_testset(contents=contents)
    for kind in conditions:
        make_method(kind)
    return create_study(define(conditions, testset=testset.name, **rest), owner)


def make_study(owner: User, **wanted: Any) -> Study:
    """An open study with real renderings and metrics; takes what `make_draft` takes."""
    study = make_draft(owner, **wanted)
    for job in run_jobs():
        assert job.state == Job.State.DONE, f"{job}: {job.error}"
    open_study(study)
    return study


def sit(study: Study, *, pilot: bool = False, simulated: bool = False) -> StudySession:
    """A new observer takes a seat."""
    return begin_session(study, consented=True, pilot=pilot, simulated=simulated)


def answer(trial: Trial, said: str, **looked: Any) -> Receipt:
    """One vote."""
    return record_vote(trial, said, {**LOOKED, **looked}, DEVICE)


def answer_all(session: StudySession, choose: Callable[[Trial], str]) -> list[Receipt]:
    """Vote on every trial of a sitting that is still open, in order; ``choose`` says left, right, tie or not_sure."""
    trials = session.trials.filter(vote=None).select_related("left__condition", "right__condition", "content")
    return [answer(trial, choose(trial)) for trial in trials.order_by("position")]


def prefer(*order: str) -> Callable[[Trial], str]:
    """An observer who always takes the condition named earlier."""
    return lambda trial: (
        "left" if order.index(trial.left.condition.name) <= order.index(trial.right.condition.name) else "right"
    )


def waver(seed: int, strength: Mapping[str, float]) -> Callable[[Trial], str]:
    """An observer who chooses as Bradley and Terry say, from a seed; strengths are natural log-odds."""
    rng = np.random.default_rng(seed)

    def choose(trial: Trial) -> str:
        gap = strength[trial.left.condition.name] - strength[trial.right.condition.name]
        return "left" if rng.random() < 1 / (1 + np.exp(-gap)) else "right"

    return choose


def change(study: Study, **settings: Any) -> Study:
    """The same study with other settings, as if it had been made with them."""
    Study.objects.filter(pk=study.pk).update(**settings)
    study.refresh_from_db()
    return study


def leave(session: StudySession) -> None:
    """Let a sitting's lease pass, and the study notice it."""
    long_ago = timezone.now() - timedelta(minutes=session.study.lease_minutes + 1)
    StudySession.objects.filter(pk=session.pk).update(last_seen_at=long_ago)
    assert abandon_sessions(session.study, timezone.now())
