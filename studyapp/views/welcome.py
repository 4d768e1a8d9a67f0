"""A study's door: who comes by its link is welcomed, goes on, begins, or is told kindly why not."""

from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import linebreaks
from django.utils.translation import activate
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from studyapp.languages import language_for
from studyapp.models import Study, StudySession, StudyText
from studyapp.services.arrivals import NOBODY_KNOWN, Arrival, NotInvitedError, arrival_of
from studyapp.services.crowds import CrowdError, count_beginning, is_expected, refuse_crowd
from studyapp.services.lab import lab_told
from studyapp.services.minutes import minutes_of
from studyapp.services.pilots import can_pilot, is_pilot_mark
from studyapp.services.quotas import QuotaFullError
from studyapp.services.rehearsals import BadMarkError, read_mark
from studyapp.services.robots import RobotError, refuse_robot
from studyapp.services.seating import NotOpenError, begin_session, go_on, reason_to_turn_away
from studyapp.services.steps import steps_before
from studyapp.services.texts import Newest, current_text, languages_of, newest_texts, question_in
from studyapp.simulation.marks import MARK_HEADER
from studyapp.views.lab import keep_lab, lab_of
from studyapp.views.turned_away import declining, turned_away

SHUT_BY: dict[str, tuple[type[Exception], ...]] = {
    Study.State.OPEN: (NotInvitedError, QuotaFullError),
    Study.State.PAUSED: (QuotaFullError,),
}
"""For what a study turns somebody new away: one that is complete has paused itself, and says that it is full."""


@dataclass(frozen=True)
class Door:
    """Somebody at a study's door, by what their request says.

    Attributes:
        rehearsed: Of a simulated observer the run that it was marked for; empty for people.
        arrival: By which link, as whom.
        lab: What the supervisor of a lab has written down before.
    """

    study: Study
    newest: Newest
    languages: list[str]
    language: str
    rehearsed: dict[str, str]
    pilot: bool
    arrival: Arrival
    lab: dict[str, Any]


@never_cache
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest, code: str) -> HttpResponse:
    """Instructions and consent; the button seats the observer."""
    door = _door(request, get_object_or_404(Study.objects.select_related("testset"), code=code))
    activate(door.language)
    if begun := go_on(door.study, door.arrival):
        return _seated(begun)
    if (request.method == "GET" or door.pilot) and (shut := _shut(request, door)):
        return shut
    if door.study.lab_mode and not door.rehearsed and "observer" not in door.lab:
        return redirect(f"{reverse('lab', args=[code])}?{request.GET.urlencode()}")
    return _begin(request, door) if request.method == "POST" else _welcomed(request, door)


def _door(request: HttpRequest, study: Study) -> Door:
    rehearsed, pilot, newest = _rehearsed(request, study), _pilot(request, study), newest_texts(study)
    languages = languages_of(study, newest)
    return Door(
        study=study,
        newest=newest,
        languages=languages,
        language=language_for(request, languages, study.language),
        rehearsed=rehearsed,
        pilot=pilot,
        arrival=NOBODY_KNOWN if pilot or rehearsed else arrival_of(study, request.GET),
        lab=lab_of(request, study) if study.lab_mode and not rehearsed else {},
    )


def _begin(request: HttpRequest, door: Door) -> HttpResponse:
    limited = not (door.rehearsed or door.pilot or is_expected(request, door.study, door.arrival))
    try:
        refuse_robot(request)
        if limited:
            refuse_crowd(request)
        session = begin_session(
            door.study,
            consented="consent" in request.POST,
            simulated=bool(door.rehearsed),
            pilot=door.pilot,
            lab=door.lab,
            panel=door.rehearsed,
            ticket=request.POST.get("ticket", "")[:40] or None,
            language=door.language,
            arrival=door.arrival,
        )
    except CrowdError as crowd:
        return render(request, "studyapp/crowd.html", {"minutes": crowd.minutes}, status=429)
    except (NotInvitedError, QuotaFullError) as reason:
        return turned_away(request, door.study, door.arrival, reason)
    except (NotOpenError, RobotError) as problem:
        return _shut(request, door) or _welcomed(request, door, str(problem))
    if limited:
        count_beginning(request)
    return _seated(session)


def _welcomed(request: HttpRequest, door: Door, problem: str = "") -> HttpResponse:
    context = {
        "study": _as_welcomed(door.study, door.language, door.newest),
        "languages": [(code, name) for code, name in settings.LANGUAGES if code in door.languages],
        "problem": problem,
        "ticket": token_urlsafe(16),
        "under_way": _under_way(request, door),
        "pilot": door.pilot,
        "declining": declining(request, door.study, door.arrival, door.newest),
    }
    return _acknowledged(render(request, "studyapp/welcome.html", context), door.rehearsed)


def _shut(request: HttpRequest, door: Door) -> HttpResponse | None:
    """What somebody new sees where they can't begin; None where they can. Who has begun here is told that they have."""
    study = door.study
    if door.rehearsed or (door.pilot and can_pilot(study)):
        return None
    under_way = _under_way(request, door)
    reason = None if under_way or study.state not in SHUT_BY else reason_to_turn_away(study, door.arrival)
    if reason is not None and isinstance(reason, SHUT_BY[study.state]):
        return turned_away(request, study, door.arrival, reason)
    if study.state != Study.State.OPEN or door.pilot:
        return render(request, "studyapp/closed.html", {"study": study, "under_way": under_way})
    return None


def _rehearsed(request: HttpRequest, study: Study) -> dict[str, str]:
    """The run that a simulated observer was marked for; nothing for people. A bad mark seats nobody at all."""
    if MARK_HEADER not in request.headers:
        return {}
    try:
        return {"rehearsal": read_mark(study, request.headers[MARK_HEADER])}
    except BadMarkError as error:
        raise PermissionDenied(str(error)) from error


def _pilot(request: HttpRequest, study: Study) -> bool:
    """Whether the link is a pilot's. A bad one seats nobody at all: or a pilot's votes would count."""
    mark = request.GET.get("pilot")
    if mark is not None and not is_pilot_mark(study, mark):
        raise PermissionDenied("This link to a pilot wasn't made here, or is for another study.")
    return mark is not None


def _acknowledged(response: HttpResponse, rehearsed: dict[str, str]) -> HttpResponse:
    """A simulated observer begins only once it was told that its mark was understood: or its votes would count."""
    if rehearsed:
        response[MARK_HEADER] = rehearsed["rehearsal"]
    return response


def _seated(session: StudySession) -> HttpResponse:
    """To the pairs; this browser remembers the sitting, so that the study's link leads back to it."""
    response = redirect("look", session.token)
    response.set_signed_cookie(
        _cookie_of(session.study, session.pilot),
        session.token,
        max_age=30 * 24 * 3600,
        httponly=True,
        samesite="Lax",
        secure=settings.HTTPS,
    )
    if session.lab:
        keep_lab(response, session.study, {**lab_told(session), "observer": ""})
    return response


def _cookie_of(study: Study, pilot: bool) -> str:
    return f"{'pilot' if pilot else 'sitting'}-{study.code}"


def _under_way(request: HttpRequest, door: Door) -> StudySession | None:
    """The sitting that was begun in this browser, if it can be gone on with or was finished."""
    token = request.get_signed_cookie(_cookie_of(door.study, door.pilot), default="")
    return door.study.sessions.filter(token=token, state__in=StudySession.HOLDING).first() if token else None


def _as_welcomed(study: Study, language: str, newest: Newest) -> dict[str, Any]:
    """What the welcome page tells of a study, and in which language: its texts may be in another than the page."""
    instructions = current_text(study, StudyText.Kind.INSTRUCTIONS, language, newest)
    consent = current_text(study, StudyText.Kind.CONSENT, language, newest)
    question, question_language = question_in(study, language, newest)
    text = instructions.text if instructions and not steps_before(study, {}) else ""  # or they have a page of their own
    return {
        "name": study.name,
        "language": study.language,
        "question": question,
        "question_language": question_language,
        "instructions_language": instructions.language if instructions else "",
        "consent_language": consent.language if consent else "",
        "minutes": minutes_of(study),
        "instructions_html": linebreaks(text, autoescape=True),
        "consent_text": consent.text if consent else "",
        "simulated": study.testset.simulated,
    }
