"""The API put together: its endpoints, its errors in words, its description, and a page to read it by."""

from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from studyapp.api import library, studies
from studyapp.api.door import ByToken
from studyapp.api.reference import operations

UNKNOWN = (
    "Send a token that is good: the header “Authorization: Bearer phoropter_…”. You make one under "
    "“Tokens for programs”, in the menu behind your name."
)
NOTHING_HERE = "There is nothing here: the address is mistyped, or what it led to isn't yours to see or is gone."
READS_ONLY = "The API only reads: ask with GET."

api = NinjaAPI(
    title="Phoropter",
    version=f"1 (Phoropter {version('phoropter')})",
    description="Read-only. A token sees exactly what its person sees.",
    docs_url=None,
    urls_namespace="api",
    auth=ByToken(),
)
api.add_router("", studies.router)
api.add_router("", library.router)


def _said(words: str, status: int) -> JsonResponse:
    return JsonResponse({"error": words}, status=status, json_dumps_params={"ensure_ascii": False})


@api.exception_handler(AuthenticationError)
def no_token(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """401."""
    response = _said(UNKNOWN, 401)
    response["WWW-Authenticate"] = 'Bearer realm="Phoropter"'
    return response


@api.exception_handler(HttpError)
def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What an endpoint itself refuses."""
    return _said(str(error), error.status_code)


@api.exception_handler(Http404)
def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    """404; the same words for what isn't theirs and what never was."""
    return _said(str(error) or NOTHING_HERE, 404)


@api.exception_handler(PermissionDenied)
def not_allowed(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    """403."""
    return _said(str(error), 403)


@api.exception_handler(ValidationError)
def misread(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """422: names each thing that was asked wrongly."""
    return _said(" ".join(f"{one['loc'][-1]}: {one['msg']}." for one in error.errors), 422)


@never_cache
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """The description as a page, with nothing from other hosts and no script."""
    return render(request, "studyapp/api.html", {"operations": operations(api.get_openapi_schema())})


def _in_words(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Ninja's own refusal of other methods is not JSON; and no answer is for anybody's cache."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if response.status_code != 405:
            return response
        refusal = _said(READS_ONLY, 405)
        refusal["Allow"] = "GET"
        return refusal

    return never_cache(answer)


def _patterns() -> list[URLPattern]:
    made: list[URLPattern] = api.urls[0]  # type: ignore[assignment]  # it has no resolvers: routers are flat
    for pattern in made:
        if pattern.name not in ("openapi-json", "api-root"):
            pattern.callback = _in_words(pattern.callback)
    return [path("docs", reference, name="reference"), *made]


patterns = _patterns()
