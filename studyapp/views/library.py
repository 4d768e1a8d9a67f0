"""The library's pages: test sets, contact sheets, contents, and their pictures."""

import logging
from pathlib import PurePosixPath

from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from enhancement.pictures import PictureError
from enhancement.services.files import DamagedFileError
from enhancement.services.thumbnails import thumbnail
from studyapp.services.access import contents_for, stimuli_for, testsets_for
from studyapp.services.contact_sheet import sheet_of
from studyapp.services.content_pictures import as_shown, chosen, neighbours, pictures_of
from studyapp.services.library import library
from studyapp.services.picture_tiles import seen, tile_of
from studyapp.views.researcher import LoggedInRequest

log = logging.getLogger(__name__)


@never_cache
@login_required
@require_safe
def library_page(request: LoggedInRequest) -> HttpResponse:
    """Every test set."""
    shown = library(testsets_for(request.user), request.GET.get("page"))
    return render(request, "studyapp/researcher/library.html", {"library": shown, "page": shown.page})


@never_cache
@login_required
@require_safe
def testset_page(request: LoggedInRequest, pk: int) -> HttpResponse:
    """The contact sheet: every content by every method."""
    testset = get_object_or_404(testsets_for(request.user), pk=pk)
    sheet = sheet_of(testset, page=request.GET.get("page"), order=request.GET.get("sort"))
    return render(request, "studyapp/researcher/testset.html", {"testset": testset, "sheet": sheet, "page": sheet.page})


@never_cache
@login_required
@require_safe
def content_page(request: LoggedInRequest, pk: int) -> HttpResponse:
    """All pictures of a content, any two in the zoom viewer."""
    content = get_object_or_404(contents_for(request.user).select_related("testset", "alignment"), pk=pk)
    pictures = pictures_of(content)
    first, second = chosen(pictures, request.GET.get("a"), request.GET.get("b"))
    before, after = neighbours(content)
    context = {
        "content": content,
        "pictures": pictures,
        "first": first,
        "second": second,
        "before": before,
        "after": after,
        "state": as_shown(content, pictures, first, second),
    }
    return render(request, "studyapp/researcher/content.html", context)


@login_required
@require_safe
def tile(request: LoggedInRequest, token: str, level: int, column: int, row: int) -> HttpResponse:
    """One tile of a picture of the library."""
    try:
        picture = tile_of(seen(token), level, column, row)
    except (LookupError, DamagedFileError, PictureError) as error:
        if not isinstance(error, LookupError):
            log.error("no tile: %s", error)
        raise Http404(str(error)) from error
    return _kept_by_the_browser(HttpResponse(picture, content_type="image/png"))


@login_required
@require_safe
def content_thumbnail(request: LoggedInRequest, pk: int) -> HttpResponse:
    """The input photo, small."""
    content = get_object_or_404(contents_for(request.user), pk=pk)
    return _small(content.input_file, content.input_sha256)


@login_required
@require_safe
def reference_thumbnail(request: LoggedInRequest, pk: int) -> HttpResponse:
    """The reference photo, small; 404 where there is none."""
    content = get_object_or_404(contents_for(request.user).exclude(reference_sha256=""), pk=pk)
    return _small(content.reference_file, content.reference_sha256)


@login_required
@require_safe
def stimulus_thumbnail(request: LoggedInRequest, pk: int) -> HttpResponse:
    """A method's picture, small."""
    stimulus = get_object_or_404(stimuli_for(request.user), pk=pk)
    return _small(stimulus.file, stimulus.sha256)


@login_required
@require_safe
def input_photo(request: LoggedInRequest, pk: int) -> FileResponse:
    """The input photo, byte for byte as it came."""
    content = get_object_or_404(contents_for(request.user), pk=pk)
    return _as_stored(content.input_file, f"{content.name}-input")


@login_required
@require_safe
def reference_photo(request: LoggedInRequest, pk: int) -> FileResponse:
    """The reference photo, byte for byte as it came; 404 where there is none."""
    content = get_object_or_404(contents_for(request.user).exclude(reference_sha256=""), pk=pk)
    return _as_stored(content.reference_file, f"{content.name}-reference")


@login_required
@require_safe
def stimulus_png(request: LoggedInRequest, pk: int) -> FileResponse:
    """A method's picture, byte for byte as it is stored."""
    stimulus = get_object_or_404(stimuli_for(request.user).select_related("content", "method"), pk=pk)
    return _as_stored(stimulus.file, f"{stimulus.content.name}-{stimulus.method}")


def _small(file: FieldFile, sha256: str) -> HttpResponse:
    """A thumbnail; what it shows never changes."""
    try:
        picture = thumbnail(file, sha256)
    except (DamagedFileError, PictureError) as error:
        log.error("no thumbnail: %s", error)
        raise Http404(str(error)) from error
    return _kept_by_the_browser(HttpResponse(picture, content_type="image/jpeg"))


def _kept_by_the_browser(response: HttpResponse) -> HttpResponse:
    """By this browser alone: the next person at a shared proxy may not be logged in."""
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return response


def _as_stored(file: FieldFile, name: str) -> FileResponse:
    stored = str(file.name)
    if not default_storage.exists(stored):
        raise Http404(f"{stored} is missing from the picture store; restore it from a backup.")
    download = f"{slugify(name) or 'picture'}{PurePosixPath(stored).suffix}"
    return FileResponse(default_storage.open(stored, "rb"), as_attachment=True, filename=download)
