"""Training runs as a page shows them: how far, how fast, how well, and on what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import F
from django.db.models.functions import Mod

from enhancement.models import Job, Method, TrainingRun, TrainingSample, TrainingTelling
from enhancement.services.pace import roughly
from enhancement.services.training import methods_of
from studyapp.charts import Curves, course, is_wide
from studyapp.services.access import trainings_for
from studyapp.services.jobs_shown import ShownJob, job_shown

RUNS_PER_PAGE = 30
MOST_POINTS = 400
"""A chart is 320 px wide."""

TERMS = {
    "loss": "Weighted sum",
    "content": "Content",
    "texture": "Texture",
    "colour": "Colour",
    "total_variation": "Total variation",
    "pixel": "Pixel",
    "discrimination": "Discriminator’s loss",
    "accuracy": "Discriminator’s accuracy",
}
SCORES: Mapping[str, Mapping[str, str]] = {
    "PSNR, dB": {"psnr_batch50": "pooled over 50", "psnr_per_image": "per image"},
    "MS-SSIM": {"ms_ssim": ""},
}
Told = Sequence[tuple[int, Mapping[str, float]]]


@dataclass(frozen=True)
class Figure:
    """A small chart.

    Attributes:
        legend: Name and words of each line, where there are several.
        now: The last value of each line.
    """

    title: str
    chart: Curves
    is_log: bool
    legend: tuple[tuple[str, str], ...]
    now: str


@dataclass(frozen=True)
class Samples:
    """One sheet, and the steps of those beside it; None where it is the first or the newest."""

    sheet: TrainingSample
    before: int | None
    after: int | None
    number: int
    count: int


@dataclass(frozen=True)
class ShownRun:
    """A run in the words of its page."""

    run: TrainingRun
    shown: ShownJob
    step: int
    steps: int
    speed: float | None
    left: str
    losses: list[Figure]
    scores: list[Figure]
    samples: Samples | None
    recipe: list[tuple[str, list[tuple[str, str]]]]
    hashes: list[tuple[str, str]]
    methods: list[Method]


@dataclass(frozen=True)
class Row:
    """A run in a list."""

    run: TrainingRun
    job: Job
    step: int
    steps: int
    psnr_db: float | None


def rows_of(user: User, page: str | None) -> "tuple[list[Row], Page[TrainingRun]]":
    """A page of all runs, the newest first."""
    shown = Paginator(trainings_for(user), RUNS_PER_PAGE).get_page(page)
    return [_row(run) for run in shown], shown


def _row(run: TrainingRun) -> Row:
    job = _job(run)
    last = run.tellings.filter(kind=TrainingTelling.Kind.HELD_OUT).order_by("-step").first()
    psnr_db = last.numbers.get("psnr_per_image") if last else None
    return Row(run, job, _step(run, job), run.recipe["steps"], psnr_db)


def run_shown(user: User, run: TrainingRun, sample: str | None) -> ShownRun:
    """Everything that the page of a run shows."""
    shown = job_shown(user, _job(run).pk)
    assert shown is not None  # noqa: S101  # who sees training sees its jobs
    step, steps = _step(run, shown.job), int(run.recipe["steps"])
    fastest = run.tellings.filter(kind=TrainingTelling.Kind.LOSSES).order_by("-step").first()
    speed = fastest.patches_per_second if fastest else None
    is_running = shown.job.state == Job.State.RUNNING
    left = roughly((steps - step) * run.recipe["batch"] / speed) if speed and is_running and step < steps else ""
    losses, scores = _told(run, TrainingTelling.Kind.LOSSES), _told(run, TrainingTelling.Kind.HELD_OUT)
    return ShownRun(
        run, shown, step, steps, speed, left,
        [figure for term, title in TERMS.items() if (figure := _figure(title, losses, {term: ""}))],
        [figure for title, lines in SCORES.items() if (figure := _figure(title, scores, lines))],
        _samples(run, sample), list(recipe_rows(run.recipe)), _hashes(run), methods_of(run),
    )  # fmt: skip


def _job(run: TrainingRun) -> Job:
    assert run.job is not None  # noqa: S101  # both are made in one transaction
    return run.job


def _step(run: TrainingRun, job: Job) -> int:
    return max(job.done_units, run.step)


def _told(run: TrainingRun, kind: str) -> Told:
    """A curve's lines; of very many, evenly spread ones and the last."""
    every = run.recipe["watch"][f"{kind}_every"]
    told = run.tellings.filter(kind=kind).order_by("step")
    count = told.count()
    if count > MOST_POINTS:
        last = told.values_list("step", "numbers").last()
        stride = every * -(-count // MOST_POINTS)
        spread = told.annotate(rest=Mod(F("step"), stride)).filter(rest=0).values_list("step", "numbers")
        return [*((step, numbers) for step, numbers in spread if last and step < last[0]), *([last] if last else [])]
    return list(told.values_list("step", "numbers"))


def _figure(title: str, told: Told, names: Mapping[str, str]) -> Figure | None:
    lines = {name: [(step, numbers[name]) for step, numbers in told if name in numbers] for name in names}
    there = {name: line for name, line in lines.items() if line}
    if not there:
        return None
    values = [y for line in there.values() for _, y in line]
    legend = tuple((name, names[name]) for name in there) if len(there) > 1 else ()
    now = " · ".join(f"{line[-1][1]:.4g}" for line in there.values())
    return Figure(title, course(there), is_wide(min(values), max(values)), legend, now)


def _samples(run: TrainingRun, asked: str | None) -> Samples | None:
    """The sheet that is asked for, else the newest."""
    steps = list(run.samples.order_by("step").values_list("step", flat=True))
    if not steps:
        return None
    at = steps.index(int(asked)) if asked and asked.isdecimal() and int(asked) in steps else len(steps) - 1
    before = steps[at - 1] if at else None
    after = steps[at + 1] if at + 1 < len(steps) else None
    return Samples(run.samples.get(step=steps[at]), before, after, at + 1, len(steps))


def recipe_rows(recipe: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A recipe table by table, the nameless one first."""
    yield (
        "",
        [(key, _said(value)) for key, value in recipe.items() if not isinstance(value, dict) and value is not None],
    )
    for name, table in recipe.items():
        if isinstance(table, dict):
            yield name, [(key, _said(value)) for key, value in table.items()]


def _said(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _hashes(run: TrainingRun) -> list[tuple[str, str]]:
    told = {
        "Checkpoint": run.checkpoint_sha256,
        "Patches (manifest)": run.patches_sha256,
        "Backbone": run.backbone_sha256,
    }
    return [(name, sha256) for name, sha256 in told.items() if sha256]
