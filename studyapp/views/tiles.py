"""Tiles under blind addresses."""

from django.core.files.storage import default_storage
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from studyapp.models import Raster, Trial
from studyapp.tiles import offsets, tile_number


@require_GET
def tile(request: HttpRequest, token: str, level: int, column: int, row: int) -> HttpResponse:
    """One tile of one side of one trial.

    Every answer has the same headers, and a length that is the same for every condition of the content: nothing about
    it tells the method. It may be kept by this browser, under an address that no other trial has.
    """
    trial = (
        Trial.objects.filter(Q(left_token=token) | Q(right_token=token))
        .select_related("left__raster", "right")
        .only("left_token", "left__file", "right__file", "left__raster")
        .first()
    )
    if trial is None:
        raise Http404
    rendering = trial.left if token == trial.left_token else trial.right
    start, length = _span(trial.left.raster, level, column, row)
    with default_storage.open(str(rendering.file.name), "rb") as pack:
        pack.seek(start)
        picture = pack.read(length)
    response = HttpResponse(picture, content_type="image/png")
    response["Cache-Control"] = "private, max-age=7200, immutable"
    return response


def _span(raster: Raster, level: int, column: int, row: int) -> tuple[int, int]:
    """Where a tile lies in its rendering's file: start and length in bytes."""
    try:
        number = tile_number((raster.width_px, raster.height_px), level, column, row)
    except IndexError as outside:
        raise Http404 from outside
    return offsets(raster.tile_bytes)[number], raster.tile_bytes[number]
