"""An open study of 12-megapixel photos, for `benchmarks.trial`; runs inside an installation's own process.

The photos are enlarged from ../shared/data where that is, else from scikit-image's, and get a sensor's grain, so that
their files are as heavy as a camera's. Four contents by five conditions are forty pairs.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from django.contrib.auth.models import User
from skimage import data as photographs

from enhancement.models import Content, Job, Method, Stimulus, TestSet
from enhancement.pictures import Photo
from enhancement.services.files import keep
from enhancement.services.jobs import claim_job, run
from enhancement.services.methods import keep_method
from studyapp.definition import Definition
from studyapp.models import Study
from studyapp.services.studies import create_study, open_study

SIZE = (4000, 3000)
SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"
LEVEL_1 = (cv2.IMWRITE_PNG_COMPRESSION, 1)


def soften(photo: Photo) -> Photo:
    return np.asarray(cv2.GaussianBlur(photo, (0, 0), 1.2), np.uint8)


def sharpen(photo: Photo) -> Photo:
    return np.asarray(cv2.addWeighted(photo, 1.6, cv2.GaussianBlur(photo, (0, 0), 2.0), -0.6, 0), np.uint8)


CONDITIONS: dict[str, Callable[[Photo], Photo]] = {
    "original": lambda photo: photo,
    "softer": soften,
    "sharper": sharpen,
    "brighter": lambda photo: np.asarray(cv2.convertScaleAbs(photo, alpha=1.1, beta=8), np.uint8),
    "duller": lambda photo: np.asarray(cv2.convertScaleAbs(photo, alpha=0.85, beta=16), np.uint8),
}


def sources() -> Sequence[Photo]:
    """Four different photographs."""
    shot = sorted((SHARED / "dped/photos/iphone").glob("*.jpg")) + sorted((SHARED / "city100/dslr").glob("*.jpg"))
    if len(shot) >= 4:
        return [cv2.cvtColor(cv2.imread(str(place)), cv2.COLOR_BGR2RGB) for place in shot[:4]]
    return [getattr(photographs, name)()[..., :3] for name in ("astronaut", "coffee", "chelsea", "rocket")]


def at_12_megapixels(photo: Photo, seed: int) -> Photo:
    """Enlarged, with the grain of a sensor: two grey levels of noise, a little alike from pixel to pixel."""
    large = cv2.resize(photo, SIZE, interpolation=cv2.INTER_CUBIC)
    grain = np.empty((SIZE[1], SIZE[0], 3), np.int16)
    cv2.setRNGSeed(seed)
    cv2.randn(grain, (0, 0, 0), (3, 3, 3))
    return np.clip(large.astype(np.int16) + cv2.blur(grain, (2, 2)), 0, 255).astype(np.uint8)


def make(trials: int) -> str:
    """The code of a study whose sittings are so long, forty trials at most."""
    testset = TestSet.objects.create(name="twelve-megapixels")
    methods = {name: keep_method(name, "original", {"benchmark": name}) for name in CONDITIONS}
    for number, source in enumerate(sources()):
        add_content(testset, number, at_12_megapixels(source, number), methods)
    study = create_study(
        Definition(
            name="Twelve megapixels",
            testset=testset.name,
            conditions={name: {"": name} for name in CONDITIONS},
            settings={"trials_per_session": trials, "seed": 1},
        ),
        User.objects.create(username="benchmark"),
    )
    render(study)
    open_study(study)
    return str(study.code)


def add_content(testset: TestSet, number: int, photo: Photo, methods: dict[str, Method]) -> None:
    file, sha256 = keep("photos", png(photo), ".png")
    width_px, height_px = SIZE
    content = Content.objects.create(
        testset=testset, name=f"photo-{number}", scene=f"scene-{number}", camera="camera",
        input_file=file, input_sha256=sha256, input_width_px=width_px, input_height_px=height_px,
    )  # fmt: skip
    for name, change in CONDITIONS.items():
        made, made_sha256 = keep("stimuli", png(change(photo)), ".png")
        Stimulus.objects.create(
            content=content, method=methods[name], file=made, sha256=made_sha256, width_px=width_px,
            height_px=height_px, source_sha256=sha256, code_version="benchmark", device="cpu", dtype="uint8",
            seconds=0, attempt=1,
        )  # fmt: skip


def png(photo: Photo) -> bytes:
    done, file = cv2.imencode(".png", cv2.cvtColor(photo, cv2.COLOR_RGB2BGR), LEVEL_1)
    assert done
    return bytes(file)


def render(study: Study) -> None:
    """Make the tiles as a worker does; the other jobs are of no use here."""
    Job.objects.exclude(kind="renderings").delete()
    for job in Job.objects.filter(kind="renderings"):
        claim = claim_job(job.pk, owner="benchmark")
        assert claim is not None
        run(claim)
        job.refresh_from_db()
        assert job.state == Job.State.DONE, job.error
