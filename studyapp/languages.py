"""Which language a page speaks: observers read theirs, researchers English."""

from collections.abc import Callable, Iterable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_supported_language_variant, override
from django.utils.translation.trans_real import parse_accept_lang_header

from studyapp.views.errors import FOR_OBSERVERS

ALL = tuple(code for code, _ in settings.LANGUAGES)
CHOICE = "language"
"""What the address of a page says where an observer chose a language."""


def observers_language(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Observers' pages begin in their browser's language; a page that knows more of the observer changes it."""

    def answered(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(FOR_OBSERVERS):
            return get_response(request)
        with override(language_for(request)):
            return get_response(request)

    return answered


def language_for(request: HttpRequest, offered: Iterable[str] = ALL, otherwise: str = settings.LANGUAGE_CODE) -> str:
    """The language that the observer chose, or else the first that their browser asks for, of those on offer."""
    offered = tuple(offered)
    if (chosen := request.GET.get(CHOICE)) in offered:
        return str(chosen)
    wanted = (_known(code) for code, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")))
    return next((code for code in wanted if code in offered), otherwise)


def _known(code: str) -> str:
    """Our name of a language that a browser asks for, as zh-hans for zh-CN; empty for one that no page speaks."""
    try:
        return get_supported_language_variant(code)
    except LookupError:
        return ""
