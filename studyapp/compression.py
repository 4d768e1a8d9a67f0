"""Styles and scripts travel compressed; pictures are so already, and pages hold secrets that a length could tell."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

TEXTS = ("text/", "image/svg+xml")


def compressed_static_files(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware: outside WhiteNoise's, which answers for static files."""
    packer = GZipMiddleware(get_response)

    def answer(request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(settings.STATIC_URL):
            return get_response(request)
        if known := request.META.get("HTTP_IF_NONE_MATCH"):
            request.META["HTTP_IF_NONE_MATCH"] = known.removeprefix("W/")  # WhiteNoise knows its own mark only
        response = get_response(request)
        is_text = response.headers.get("Content-Type", "").startswith(TEXTS)
        return packer.process_response(request, response) if is_text and response.status_code == 200 else response

    return answer
