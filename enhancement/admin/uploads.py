"""The page that photos come in by, and the addresses that its script talks to."""

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from enhancement.admin.forms import UploadForm
from enhancement.admin.skin import list_url, page_url, who
from enhancement.models import Job, TestSet, Upload, UploadedFile
from enhancement.services.jobs import cancel_job
from enhancement.services.pace import roughly, seconds_left
from enhancement.services.pieces import ElsewhereError, take_piece
from enhancement.services.unpacking import request_testset_of
from enhancement.services.uploads import (
    MEGABYTE,
    Announced,
    NoRoomError,
    UploadProblemError,
    announce,
    as_sent,
    begin_upload,
    cancel_upload,
    drafts_of,
    leave_out,
    remove_files,
    room_bytes,
    state_of,
)

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

View = Callable[..., HttpResponse]

ANNOUNCED_AT_ONCE = 500
PIECE_BYTES = 4 << 20
SHA256_LETTERS = 64


def urls(admin: "ModelAdmin[Any]") -> list[Any]:
    """Every address of uploads; each asks for the right to add test sets."""
    routes: list[tuple[str, View, str]] = [
        ("uploads/begin/", begin, "begin"),
        ("uploads/<int:pk>/", partial(page, admin=admin), "page"),
        ("uploads/<int:pk>/state.json", state, "state"),
        ("uploads/<int:pk>/files/", files, "files"),
        ("uploads/<int:pk>/files/<int:file>/", piece, "piece"),
        ("uploads/<int:pk>/remove/", remove, "remove"),
        ("uploads/<int:pk>/leave-out/", leave_entries_out, "leave_out"),
        ("uploads/<int:pk>/make/", make, "make"),
        ("uploads/<int:pk>/stop/", stop, "stop"),
        ("uploads/<int:pk>/cancel/", cancel, "cancel"),
    ]
    return [
        path(route, admin.admin_site.admin_view(_permitted(admin, view)), name=f"enhancement_upload_{name}")
        for route, view, name in routes
    ]


def _permitted(admin: "ModelAdmin[Any]", view: View) -> View:
    """For people who may add test sets; what can't be done is answered in words."""

    def inner(request: HttpRequest, **address: int) -> HttpResponse:
        if not admin.has_add_permission(request):
            raise PermissionDenied
        try:
            return view(request, **address)
        except NoRoomError as full:
            return JsonResponse({"error": str(full)}, status=507)
        except UploadProblemError as problem:
            return JsonResponse({"error": str(problem)}, status=400)

    return never_cache(inner)


def upload_for(request: HttpRequest, pk: int) -> Upload:
    """The person's own upload; anybody else's isn't there, whoever asks."""
    return get_object_or_404(Upload.objects.select_related("job", "testset"), pk=pk, owner=who(request))


# ---- pages


def new_page(admin: "ModelAdmin[Any]", request: HttpRequest) -> HttpResponse:
    """Where photos are dropped; the upload begins with the first of them."""
    if not admin.has_add_permission(request):
        raise PermissionDenied
    return _page(admin, request, None, drafts=drafts_of(who(request)))


@require_safe
def page(request: HttpRequest, pk: int, admin: "ModelAdmin[Any]") -> HttpResponse:
    """An upload that has begun, from wherever it is."""
    upload = upload_for(request, pk)
    return redirect(page_url(upload.testset)) if upload.testset else _page(admin, request, upload, drafts=[])


def _page(
    admin: "ModelAdmin[Any]", request: HttpRequest, upload: Upload | None, *, drafts: list[Upload]
) -> HttpResponse:
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.model._meta,
        "title": "Add photos",
        "form": UploadForm(initial=upload.wanted if upload else None),
        "upload": upload,
        "drafts": drafts,
        "list_url": list_url(TestSet),
        "room_bytes": room_bytes(),
        "most_bytes": settings.UPLOAD_MAX_FILE_MB * MEGABYTE,
        "keep_days": settings.UPLOAD_KEEP_DAYS,
        "piece_bytes": PIECE_BYTES,
        "announced_at_once": ANNOUNCED_AT_ONCE,
    }
    return TemplateResponse(request, "admin/enhancement/upload.html", context)


# ---- what the script asks


@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    upload = begin_upload(who(request))
    return JsonResponse({"page": reverse("admin:enhancement_upload_page", args=(upload.pk,))}, status=201)


@require_safe
def state(request: HttpRequest, pk: int) -> HttpResponse:
    upload = upload_for(request, pk)
    made = page_url(upload.testset) if upload.testset else ""
    return JsonResponse({**state_of(upload), "job": _job(upload.job), "made": made})


def _job(job: Job | None) -> dict[str, Any] | None:
    if job is None:
        return None
    left_s = seconds_left(job, timezone.now())
    return {
        "state": job.state,
        "done": job.done_units,
        "total": job.total_units,
        "left": roughly(left_s) if left_s is not None else "",
        "error": job.error,
        "page": page_url(job),
    }


@require_POST
def files(request: HttpRequest, pk: int) -> HttpResponse:
    upload = upload_for(request, pk)
    wanted = _announced(_told(request).get("files"))
    if wanted is None:
        problem = f"Send a list of at most {ANNOUNCED_AT_ONCE} files, each with a path and its bytes."
        return JsonResponse({"error": problem}, status=400)
    outcomes = announce(upload, wanted)
    answers = [
        {"path": one.path, "file": as_sent(one.file) if one.file else None, "problem": one.problem} for one in outcomes
    ]
    return JsonResponse({"files": answers})


def _announced(told: Any) -> list[Announced] | None:
    if not isinstance(told, list) or len(told) > ANNOUNCED_AT_ONCE:
        return None
    right = all(
        isinstance(one, dict) and isinstance(one.get("path"), str) and type(one.get("bytes")) is int for one in told
    )
    return [Announced(one["path"], one["bytes"]) for one in told] if right else None


@require_http_methods(["PUT"])
def piece(request: HttpRequest, pk: int, file: int) -> HttpResponse:
    """Some bytes of a file. They go to the disk as they come: the body is never held in memory."""
    row = upload_for(request, pk).files.filter(pk=file).first()
    if row is None:
        raise Http404
    sha256, offset = request.GET.get("sha256", ""), request.GET.get("offset", "")
    if len(sha256) != SHA256_LETTERS or set(sha256) - set("0123456789abcdef") or not offset.isdecimal():
        return JsonResponse({"error": "Say the file's sha256 and the offset of the piece."}, status=400)
    try:
        there = take_piece(row, sha256, int(offset), request)
    except ElsewhereError as elsewhere:
        return JsonResponse({"error": str(elsewhere), "offset": elsewhere.offset}, status=409)
    return JsonResponse({"offset": there, "whole": there == row.bytes})


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    wanted = _told(request).get("files", [])
    remove_files(upload_for(request, pk), [one for one in wanted if isinstance(one, int)])
    return HttpResponse(status=204)


@require_POST
def leave_entries_out(request: HttpRequest, pk: int) -> HttpResponse:
    told, upload = _told(request), upload_for(request, pk)
    zipped = get_object_or_404(UploadedFile, upload=upload, pk=told.get("file"))
    leave_out(upload, zipped.pk, [str(one) for one in told.get("entries", [])])
    return HttpResponse(status=204)


@require_POST
def make(request: HttpRequest, pk: int) -> HttpResponse:
    upload, form = upload_for(request, pk), UploadForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"fields": form.errors}, status=400)
    request_testset_of(upload, form.cleaned_data, who(request))
    return HttpResponse(status=204)


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    upload = upload_for(request, pk)
    if upload.job is not None:
        cancel_job(upload.job)
    return HttpResponse(status=204)


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    cancel_upload(upload_for(request, pk))
    messages.success(request, "The upload is removed, with all its files.")
    return redirect(list_url(TestSet))


def _told(request: HttpRequest) -> dict[str, Any]:
    try:
        told = json.loads(request.body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
