"""What went wrong, and what to do: for observers in their words, for researchers in theirs, for scripts as JSON.

No page here asks the database or a context processor anything: the failure may be theirs.
"""

import logging
import sys
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

log = logging.getLogger(__name__)

FOR_OBSERVERS = ("/s/", "/look/")
FOR_SCRIPTS = ("/trial/", "/seen/")
FOR_PROGRAMS = "/api/"
RETRY_AFTER_S = 10


@dataclass(frozen=True)
class Trouble:
    """What a page says.

    Attributes:
        next_step: What the reader can do about it.
        again: Whether asking for the same page again may help.
    """

    title: str | Promise
    what: str | Promise
    next_step: str | Promise
    again: bool = False


UNREADABLE = Trouble(
    "That request could not be read.",
    "What your browser sent was incomplete or not what this address takes.",
    "Go back, load the page again, and repeat what you did.",
)
NOT_YOURS = Trouble(
    "You may not do that.",
    "Your account doesn’t have the right to open this page or to change what is on it.",
    "Ask whoever looks after this server for the right, or log in as somebody who has it.",
)
STALE_FORM = Trouble(
    "This page was open too long.",
    "A form is taken only from the page that this server sent, and from the person who was logged in then. "
    "You may have logged in or out in another tab, or your browser may refuse cookies. Nothing was changed.",
    "Go back, load the page again, and repeat what you did. Allow cookies for this site if it happens again.",
)
NOTHING_HERE = Trouble(
    "There is no page here.",
    "The address is mistyped, or what it led to belongs to somebody else or is gone.",
    "Check the address, or start from your studies.",
)
BROKEN = Trouble(
    "Something went wrong here.",
    "It is a fault of this program, not of what you did. It has been written to the server’s log.",
    "Try again. If it keeps happening, tell whoever looks after this server what you did and when.",
    again=True,
)
AWAY = Trouble(
    "The database doesn’t answer.",
    "The server is up, but the place where studies and votes are kept can’t be reached at the moment. "
    "What was saved is safe.",
    "Wait a few seconds and try again. If it lasts, whoever looks after this server should see to the database.",
    again=True,
)

OBSERVERS_STALE_FORM = Trouble(
    _("That didn’t get through."),
    _("This page was open for long, or your browser refuses cookies, so your click could not be taken."),
    _("Open the link that you were sent once more and try again. If cookies are blocked, allow them for this site."),
    again=True,
)
OBSERVERS_NOTHING_HERE = Trouble(
    _("This link leads nowhere."),
    _("Part of it may be missing, or a letter was mistyped; capitals matter."),
    _(
        "Open the link again from the message that you were sent, or copy all of it. "
        "If it still doesn’t work, write to whoever sent it."
    ),
)
OBSERVERS_BROKEN = Trouble(
    _("Something went wrong on our side."),
    _("The answers that you have given are safe."),
    _("Try again in a moment; you go on where you were. If it keeps happening, write to whoever sent you the link."),
    again=True,
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return _say(request, 400, UNREADABLE, UNREADABLE)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return _say(request, 403, NOT_YOURS, NOT_YOURS)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 to a form that this server didn't send, or not to this person."""
    return _say(request, 403, STALE_FORM, OBSERVERS_STALE_FORM)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return _say(request, 404, NOTHING_HERE, OBSERVERS_NOTHING_HERE)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; or 503 where the database is away, which passes by itself: scripts try again, and so may people."""
    if not isinstance(sys.exception(), OperationalError | InterfaceError):
        return _say(request, 500, BROKEN, OBSERVERS_BROKEN)
    response = _say(request, 503, AWAY, OBSERVERS_BROKEN)
    response["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _say(request: HttpRequest, status: int, trouble: Trouble, to_observers: Trouble) -> HttpResponse:
    if request.path.startswith(FOR_SCRIPTS):
        return JsonResponse({"error": f"{to_observers.what} {to_observers.next_step}"}, status=status)
    if request.path.startswith(FOR_PROGRAMS):
        return JsonResponse({"error": f"{trouble.title} {trouble.what}"}, status=status)
    is_observer = request.path.startswith(FOR_OBSERVERS)
    template = "studyapp/trouble.html" if is_observer else "studyapp/researcher/trouble.html"
    said = {"trouble": to_observers if is_observer else trouble, "status": status, "request": request}
    response = HttpResponse(render_to_string(template, said), status=status)
    response["Cache-Control"] = "no-store"
    return response
