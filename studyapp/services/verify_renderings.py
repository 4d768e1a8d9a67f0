"""Are renderings what observers must be shown: one raster, one grid, whole tiles, under addresses that tell nothing?"""

from collections.abc import Collection, Iterator
from io import BytesIO
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Count, Exists, F, OuterRef, Q
from django.test import Client

from enhancement.models import Content, Stimulus
from enhancement.png import problem_of_png
from enhancement.services.verification import Check, Look, Violation, all_that, in_batches, label
from enhancement.services.verify_files import FOLDERS, RESTORE, Hashed, Referenced, problem_of_file
from enhancement.services.verify_rows import REPORT
from studyapp.models import Raster, Rendering, StudySession, Trial
from studyapp.services.renderings import method_for
from studyapp.tiles import PADDING_CHUNK, TILE_PX, grid, level_size, levels

LEAST_TOKEN_CHARACTERS = 22
"""Of 128 random bits in base 64."""
TRIALS_FETCHED = 8


def rasters(look: Look) -> Iterator[Violation]:
    """Each content of a study on one raster and grid, with one rendering for each condition."""
    for raster in in_batches(Raster.objects.select_related("study", "content")):
        yield from _of_raster(raster)
        look.seen(1)


def _of_raster(raster: Raster) -> Iterator[Violation]:
    size = (raster.width_px, raster.height_px)
    if (raster.tile_px, raster.levels, len(raster.tile_bytes)) != (TILE_PX, levels(size), len(_tile_sizes(size))):
        yield Violation(label(raster), "its levels and tiles aren't those of its size", REPORT)
    if not raster.kernel:
        yield Violation(label(raster), "it doesn't name the kernel that made it", REPORT)
    if size[0] > raster.content.input_width_px or size[1] > raster.content.input_height_px:
        yield Violation(label(raster), "it is larger than the photo as shot", REPORT)
    conditions = {condition.pk for condition in raster.study.conditions.all()}
    rendered = list(raster.renderings.values_list("condition", flat=True))
    if sorted(rendered) != sorted(conditions):
        yield Violation(label(raster), "it hasn't one rendering for each condition of its study", REPORT)


def renderings(look: Look) -> Iterator[Violation]:
    """Each rendering is of its content, by the method that stands for its condition."""
    rows = Rendering.objects.select_related("raster__content", "stimulus", "condition")
    for rendering in in_batches(rows.prefetch_related("condition__methods__method")):
        method = method_for(rendering.condition, rendering.raster.content.camera)
        shown = (rendering.stimulus.content_id, rendering.stimulus.method_id)
        if method is None or shown != (rendering.raster.content_id, method.pk):
            yield Violation(label(rendering), "it shows another content or method than its condition says", REPORT)
        if rendering.condition.study_id != rendering.raster.study_id:
            yield Violation(label(rendering), "its condition is another study's", REPORT)
        look.seen(1)


def _tile_sizes(size: tuple[int, int]) -> list[tuple[int, int]]:
    """Width and height of each tile, in the order of `studyapp.tiles.cut`."""
    sizes = []
    for level in range(levels(size) + 1):
        (wide, high), (columns, rows) = level_size(size, level), grid(size, level)
        across = [min(TILE_PX, wide - TILE_PX * column) for column in range(columns)]
        sizes += [(width, min(TILE_PX, high - TILE_PX * row)) for row in range(rows) for width in across]
    return sizes


def tiles(look: Look) -> Iterator[Violation]:
    """Every file of tiles: there, hashed, of the common lengths, each tile a PNG of its size."""
    for rendering in in_batches(Rendering.objects.select_related("raster")):
        raster = rendering.raster

        def inside(stream: Hashed, raster: Raster = raster) -> str:
            return _problem_of_tiles(stream, raster)

        if wrong := problem_of_file(rendering.file, rendering.sha256, quick=look.quick, inside=inside):
            yield Violation(label(rendering), wrong, RESTORE)
        elif look.quick and default_storage.size(str(rendering.file.name)) != sum(raster.tile_bytes):
            yield Violation(label(rendering), "its file isn't as long as its tiles", RESTORE)
        look.seen(1)


def _problem_of_tiles(stream: Hashed, raster: Raster) -> str:
    sizes = _tile_sizes((raster.width_px, raster.height_px))
    for number, (length, size) in enumerate(zip(raster.tile_bytes, sizes, strict=False)):
        if wrong := problem_of_png(BytesIO(stream.read(length)), size, allowed={PADDING_CHUNK}):
            return f"tile {number}: {wrong}"
    return "its file is longer than its tiles" if stream.read(1) else ""


def tokens(look: Look) -> Iterator[Violation]:
    """No address names two things, and none is short enough to be guessed."""
    trials = Trial.objects.all()
    remedy = "pause the study: observers may be shown, or guess, what isn't theirs; then report it"
    for name in ("token", "left_token", "right_token"):
        twice = trials.order_by().values(name).annotate(n=Count("pk")).filter(n__gt=1).values(name)
        yield from all_that(trials.filter(**{f"{name}__in": twice}), f"its {name} is another trial's too", remedy)
    crossed = Exists(Trial.objects.filter(right_token=OuterRef("left_token")))
    reused = Q(token=F("left_token")) | Q(token=F("right_token"))
    yield from all_that(trials.filter(reused | Q(crossed)), "its sides share an address", remedy)
    long = f"^.{{{LEAST_TOKEN_CHARACTERS},}}$"
    short = ~Q(token__regex=long) | ~Q(left_token__regex=long) | ~Q(right_token__regex=long)
    yield from all_that(trials.filter(short), "an address of it has less than 128 random bits", remedy)
    sessions = StudySession.objects.all()
    twice = sessions.order_by().values("token").annotate(n=Count("pk")).filter(n__gt=1).values("token")
    yield from all_that(sessions.filter(token__in=twice), "its personal link is another sitting's too", remedy)
    look.seen(trials.count() + sessions.count())


def headers(look: Look) -> Iterator[Violation]:
    """Both sides of the latest trials, fetched as a browser does: they differ in nothing but pixels."""
    client = Client(headers={"host": _own_host()})
    for trial in Trial.objects.select_related("left__raster", "right").order_by("-pk")[:TRIALS_FETCHED]:
        if not all(default_storage.exists(str(side.file.name)) for side in (trial.left, trial.right)):
            continue  # told by another check
        sides = [
            client.get(f"/seen/{token}/0/0/0", secure=settings.HTTPS) for token in (trial.left_token, trial.right_token)
        ]
        if any(side.status_code != 200 for side in sides):
            told = " and ".join(str(side.status_code) for side in sides)
            yield Violation(label(trial), f"its sides answer with {told}", "look at the web server's log")
        elif any(_told(first) != _told(second) for first, second in pairwise(sides)):
            told = ", ".join(sorted({name for name, _ in _told(sides[0]) ^ _told(sides[1])}))
            yield Violation(
                label(trial), f"the answers for its sides differ ({told})", "take out what adds that header"
            )
        look.seen(1)


def _told(response: Any) -> set[tuple[str, str]]:
    return {*response.headers.items(), ("length", str(len(response.content)))}


def _own_host() -> str:
    named = [host for host in settings.ALLOWED_HOSTS if host != "*"]
    return str(named[0]).lstrip(".") if named else "localhost"


def _renderings_of(names: Collection[str]) -> set[str]:
    return set(Rendering.objects.filter(file__in=names).values_list("file", flat=True))


def _thumbnails_of(names: Collection[str]) -> set[str]:
    """Those of pictures that are there; they are named by the hash of what they show."""
    named = {name.rsplit("/", 1)[-1].partition(".")[0]: name for name in names}
    known: set[str] = set()
    for column in ("input_sha256", "reference_sha256"):
        known |= set(Content.objects.filter(**{f"{column}__in": named}).values_list(column, flat=True))
    known |= set(Stimulus.objects.filter(sha256__in=named).values_list("sha256", flat=True))
    return {named[sha256] for sha256 in known if sha256 in named}


ALL_FOLDERS: dict[str, Referenced] = {**FOLDERS, "renderings": _renderings_of, "thumbnails": _thumbnails_of}

RENDERING_CHECKS = (
    Check(
        "rasters equal",
        "All conditions of a content stand on one raster with one tile grid, never larger than the photo as shot.",
        "rasters",
        Raster.objects.count,
        rasters,
    ),
    Check(
        "renderings right",
        "A rendering shows its raster's content, by the method that stands for its condition and camera.",
        "renderings",
        Rendering.objects.count,
        renderings,
    ),
    Check(
        "tiles whole",
        "Every tile is stored, hashed, lossless, as long as other conditions' tiles, with nothing in it but pixels.",
        "renderings",
        Rendering.objects.count,
        tiles,
        reads_files=True,
    ),
    Check(
        "addresses opaque",
        "Each side of each trial has an address of its own, made of 128 random bits.",
        "trials, sittings",
        lambda: Trial.objects.count() + StudySession.objects.count(),
        tokens,
    ),
    Check(
        "headers uniform",
        "The answers for both sides of a trial differ in nothing but pixels.",
        "latest trials",
        lambda: min(TRIALS_FETCHED, Trial.objects.count()),
        headers,
        reads_files=True,
    ),
)
