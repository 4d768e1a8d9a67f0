"""A test set as a contact sheet: a row per content, a column per method, and why a picture isn't there."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Avg, Count, F, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.urls import reverse

from enhancement.models import Content, Job, Measurement, Method, Stimulus, TestSet
from enhancement.services.jobs import OPEN
from studyapp.services.content_pictures import INPUT, REFERENCE, key_of

CONTENTS_PER_PAGE = 12
METRICS = {"psnr_db": "PSNR", "ssim": "SSIM", "ms_ssim": "MS-SSIM"}
FLAWS = {"colour_deviation": "ΔE00", "noise_amplification": "Noise"}
NAMES = {**METRICS, **FLAWS}
FINITE = Q(psnr_db__lt=float("inf"))
NOISY = Q(noise_amplification__gt=-float("inf"))


@dataclass(frozen=True)
class Order:
    """By which metric of which method the contents are sorted, and from which end."""

    method: int
    metric: str
    best_first: bool

    @property
    def is_descending(self) -> bool:
        """Whether high numbers come first: the best of a likeness, the worst of a flaw."""
        return self.best_first != (self.metric in FLAWS)

    def __str__(self) -> str:
        return f"{self.method}-{self.metric}-{'best' if self.best_first else 'worst'}"


def next_order(order: Order | None, method: int, metric: str) -> Order:
    """What a head leads to: the worst first, which is where one looks for what went wrong; then the best first."""
    is_current = order is not None and (order.method, order.metric) == (method, metric)
    return Order(method, metric, best_first=is_current and order is not None and not order.best_first)


@dataclass
class Column:
    """One method, or a photo as it came.

    Attributes:
        wanted: How many contents it can have a picture of.
        job: The last job that was asked to make its stimuli: state, error, number.
    """

    key: str
    name: str
    method: Method | None
    made: int
    wanted: int
    means: list[dict[str, Any]] = field(default_factory=list)
    job: Mapping[str, Any] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every picture is there that can be."""
        return self.made >= self.wanted


@dataclass(frozen=True)
class Cell:
    """One picture of the sheet, or the reason why it isn't there."""

    column: Column
    thumbnail: str = ""
    width_px: int = 0
    height_px: int = 0
    measurement: Measurement | None = None
    state: str = ""
    reason: str = ""
    job: int | None = None


@dataclass(frozen=True)
class Sheet:
    """A page of the contact sheet."""

    columns: list[Column]
    rows: list[tuple[Content, list[Cell]]]
    page: "Page[Content]"
    order: Order | None

    @property
    def kept(self) -> str:
        """The order, for the addresses of the other pages."""
        return f"sort={self.order}&" if self.order else ""


def sheet_of(testset: TestSet, *, page: str | None, order: str | None) -> Sheet:
    """The contents of a page, sorted by name or by a metric of one method."""
    columns = columns_of(testset)
    chosen = order_from(order, columns)
    _lead_on(columns, chosen)
    stimuli = Stimulus.objects.select_related("method", "measurement")
    contents = testset.contents.select_related("alignment").prefetch_related(Prefetch("stimuli", stimuli))
    shown = Paginator(sorted_by(contents, chosen), CONTENTS_PER_PAGE).get_page(page)
    names = frozenset(testset.contents.values_list("name", flat=True))
    return Sheet(columns, [(content, cells_of(content, columns, names)) for content in shown], shown, chosen)


def _lead_on(columns: Iterable[Column], order: Order | None) -> None:
    """Tell each mean in the heads which order it leads to, and whether the sheet is sorted by it."""
    for column in columns:
        for mean in column.means:
            method = mean["method"]
            mean["leads_to"] = next_order(order, method, mean["metric"])
            mean["is_current"] = order is not None and (order.method, order.metric) == (method, mean["metric"])


def order_from(text: str | None, columns: Iterable[Column]) -> Order | None:
    """The order that an address names; None for any that the sheet doesn't have."""
    number, _, rest = (text or "").partition("-")
    metric, _, end = rest.partition("-")
    methods = {str(column.method.pk): column.method.pk for column in columns if column.method is not None}
    if number not in methods or metric not in NAMES or end not in ("best", "worst"):
        return None
    return Order(methods[number], metric, best_first=end == "best")


def sorted_by(contents: QuerySet[Content], order: Order | None) -> QuerySet[Content]:
    """By name, or by a metric; what has no value stands at the end."""
    if order is None:
        return contents.order_by("name")
    measured = Measurement.objects.filter(stimulus__content=OuterRef("pk"), stimulus__method=order.method)
    value = F("sorted_by")
    first = value.desc(nulls_last=True) if order.is_descending else value.asc(nulls_last=True)
    return contents.annotate(sorted_by=Subquery(measured.values(order.metric)[:1])).order_by(first, "name")


def columns_of(testset: TestSet) -> list[Column]:
    """Input, reference, and each method that made a stimulus or was asked to, by name."""
    counts = testset.contents.aggregate(contents=Count("pk"), references=Count("pk", filter=~Q(reference_sha256="")))
    jobs = {row["params"]["method"]: row for row in _jobs(testset)}
    of_it = Q(stimuli__content__testset=testset)
    known = Method.objects.annotate(made=Count("stimuli", filter=of_it)).filter(Q(made__gt=0) | Q(pk__in=jobs))
    methods = {key_of(method): method for method in known.order_by("name", "version")}
    means = means_of(testset)
    photos = [Column(INPUT, "Input", methods.get(INPUT), counts["contents"], counts["contents"])]
    if counts["references"]:
        photos.append(
            Column(REFERENCE, "Reference", methods.get(REFERENCE), counts["references"], counts["references"])
        )
    made = [
        Column(key, str(method), method, method.made, counts["contents"])
        for key, method in methods.items()
        if key not in (INPUT, REFERENCE)
    ]
    columns = [*photos, *made]
    for column in columns:
        if column.method is not None:
            told = means.get(column.method.pk, [])
            # The input is what flaws are measured against: its own are 0.
            column.means = [mean for mean in told if column.key != INPUT or mean["metric"] not in FLAWS]
            column.job = jobs.get(column.method.pk)
    return columns


def _jobs(testset: TestSet) -> Iterable[Any]:
    """Every job that was to make stimuli of the test set, the last one last."""
    asked = Job.objects.filter(kind="stimuli", params__testset=testset.pk).order_by("pk")
    return asked.values("pk", "params", "state", "error")


def means_of(testset: TestSet) -> dict[int, list[dict[str, Any]]]:
    """Each metric averaged over contents, per method; infinite values are counted aside."""
    rows = Measurement.objects.filter(stimulus__content__testset=testset).values("stimulus__method").order_by()
    averaged: Iterable[Any] = rows.annotate(
        **{f"mean_{metric}": Avg(metric, filter=FINITE) for metric in METRICS},
        mean_colour_deviation=Avg("colour_deviation"),
        mean_noise_amplification=Avg("noise_amplification", filter=NOISY),
        compared=Count("psnr_db"),
        infinite_psnr_db=Count("psnr_db", filter=~FINITE),
        flawed=Count("colour_deviation"),
        infinite_noise_amplification=Count("noise_amplification", filter=~NOISY),
    )
    return {row["stimulus__method"]: list(_means(row)) for row in averaged}


def _means(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for metric, name in NAMES.items():
        if row["compared" if metric in METRICS else "flawed"]:
            yield {
                "method": row["stimulus__method"],
                "metric": metric,
                "name": name,
                "mean": row[f"mean_{metric}"],
                "infinite": row.get(f"infinite_{metric}", 0),
            }


def cells_of(content: Content, columns: Iterable[Column], names: Set[str]) -> list[Cell]:
    """A row of the sheet; ``names`` are those of all contents."""
    stimuli = {key_of(stimulus.method): stimulus for stimulus in content.stimuli.all()}
    return [_cell(content, column, stimuli.get(column.key), names) for column in columns]


def _cell(content: Content, column: Column, stimulus: Stimulus | None, names: Set[str]) -> Cell:
    measurement = getattr(stimulus, "measurement", None)
    if column.key == INPUT:
        address = reverse("content-thumbnail", args=[content.pk])
        return Cell(column, address, content.input_width_px, content.input_height_px, measurement)
    if column.key == REFERENCE:
        if not content.reference_sha256:
            return Cell(column, state="none", reason="No reference photo.")
        address = reverse("reference-thumbnail", args=[content.pk])
        return Cell(column, address, content.reference_width_px or 0, content.reference_height_px or 0)
    if stimulus is not None:
        address = reverse("stimulus-thumbnail", args=[stimulus.pk])
        return Cell(column, address, stimulus.width_px, stimulus.height_px, measurement)
    return _missing(content, column, names)


def _missing(content: Content, column: Column, names: Set[str]) -> Cell:
    """Why there is no picture, as the last job that should have made it says."""
    job = column.job
    if job is None:
        return Cell(column, state="none", reason="Not made: the method wasn't run on this content.")
    if job["state"] in OPEN:
        waits = "Waits for a worker." if job["state"] == Job.State.QUEUED else "Being made."
        return Cell(column, state=job["state"], reason=waits, job=job["pk"])
    if job["state"] == Job.State.CANCELLED:
        return Cell(column, state="cancelled", reason="Its job was cancelled.", job=job["pk"])
    if job["state"] == Job.State.FAILED:
        return Cell(column, state="failed", reason=reason_for(content.name, job["error"], names), job=job["pk"])
    return Cell(column, state="none", reason="Not made: it was loaded after the method was run.", job=job["pk"])


def reason_for(name: str, error: str, names: Set[str]) -> str:
    """What a failed job says of one content: its own line, else what ended the whole job.

    A job that names the contents it failed on has made the others that it knew of.
    """
    lines = error.splitlines() or ["It failed without a word."]
    own = [line.removeprefix(f"{name}: ") for line in lines if line.startswith(f"{name}: ")]
    if own:
        return own[0]
    if any(line.partition(": ")[0] in names for line in lines):
        return "Not made: its job failed on other contents, before this one was there."
    return lines[0]
