"""The observer's way: welcome, pairs, thanks.

A letter from the page of pairs needs no CSRF token: its address, of 128 random bits, is the secret that a forged
request would lack. So a vote arrives from a browser whose cookies were cleared in the middle.
"""

import json
from secrets import token_urlsafe
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import linebreaks
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from studyapp.forms import ShownForm, VoteForm
from studyapp.models import Study, StudySession, StudyText, Trial
from studyapp.services.arrivals import Arrival, NotInvitedError, arrival_of, link_of
from studyapp.services.crowds import CrowdError, count_beginning, is_expected, refuse_crowd
from studyapp.services.panels import Outcome, way_back
from studyapp.services.quotas import QuotaFullError
from studyapp.services.rehearsals import BadMarkError, read_mark
from studyapp.services.robots import RobotError, refuse_robot
from studyapp.services.sessions import (
    NotOpenError,
    as_shown,
    as_told,
    begin_session,
    current_text,
    finish_if_done,
    go_on,
    mark_shown,
    minutes_of,
    progress_of,
    reason_to_turn_away,
    state_of,
    touch,
)
from studyapp.services.votes import NotCountableError, record_vote, to_answer
from studyapp.simulation.marks import MARK_HEADER
from studyapp.views.turned_away import declining, turned_away

SHUT_BY: dict[str, tuple[type[Exception], ...]] = {
    Study.State.OPEN: (NotInvitedError, QuotaFullError),
    Study.State.PAUSED: (QuotaFullError,),
}
"""For what a study turns somebody new away: one that is complete has paused itself, and says that it is full."""


@never_cache
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest, code: str) -> HttpResponse:
    """Instructions and consent; the button seats the observer."""
    study = get_object_or_404(Study.objects.select_related("testset"), code=code)
    rehearsed = _rehearsed(request, study)
    arrival = arrival_of(study, request.GET)
    if not rehearsed and (begun := go_on(study, arrival)):
        return _seated(begun)
    limited = not (rehearsed or is_expected(request, study, arrival))
    error = ""
    if request.method == "POST":
        try:
            refuse_robot(request)
            if limited:
                refuse_crowd(request)
            session = begin_session(
                study,
                consented="consent" in request.POST,
                simulated=bool(rehearsed),
                panel=rehearsed,
                ticket=request.POST.get("ticket", "")[:40] or None,
                arrival=arrival,
            )
        except CrowdError as crowd:
            return render(request, "studyapp/crowd.html", {"minutes": crowd.minutes}, status=429)
        except (NotInvitedError, QuotaFullError) as reason:
            return turned_away(request, study, arrival, reason)
        except (NotOpenError, RobotError) as closed:
            error = str(closed)
        else:
            if limited:
                count_beginning(request)
            return _seated(session)
    if not rehearsed and (shut := _shut(request, study, arrival)):
        return shut
    context = {
        "study": _as_welcomed(study),
        "problem": error,
        "ticket": token_urlsafe(16),
        "under_way": _under_way(request, study),
        "declining": declining(request, study, arrival),
    }
    response = render(request, "studyapp/welcome.html", context)
    return _acknowledged(response, rehearsed)


def _shut(request: HttpRequest, study: Study, arrival: Arrival) -> HttpResponse | None:
    """What somebody new sees where they can't begin; None where they can. Who has begun here is told that they have."""
    under_way = _under_way(request, study)
    reason = None if under_way or study.state not in SHUT_BY else reason_to_turn_away(study, arrival)
    if reason is not None and isinstance(reason, SHUT_BY[study.state]):
        return turned_away(request, study, arrival, reason)
    if study.state != Study.State.OPEN:
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


def _acknowledged(response: HttpResponse, rehearsed: dict[str, str]) -> HttpResponse:
    """A simulated observer begins only once it was told that its mark was understood: or its votes would count."""
    if rehearsed:
        response[MARK_HEADER] = rehearsed["rehearsal"]
    return response


def _seated(session: StudySession) -> HttpResponse:
    """To the pairs; this browser remembers the sitting, so that the study's link leads back to it."""
    response = redirect("look", session.token)
    response.set_signed_cookie(
        f"sitting-{session.study.code}",
        session.token,
        max_age=30 * 24 * 3600,
        httponly=True,
        samesite="Lax",
        secure=settings.HTTPS,
    )
    return response


def _under_way(request: HttpRequest, study: Study) -> StudySession | None:
    """The sitting that was begun in this browser, if it can be gone on with or was finished."""
    token = request.get_signed_cookie(f"sitting-{study.code}", default="")
    lasting = [StudySession.State.ACTIVE, StudySession.State.FINISHED]
    return study.sessions.filter(token=token, state__in=lasting).first() if token else None


def _as_welcomed(study: Study) -> dict[str, Any]:
    """What the welcome page tells of a study."""
    instructions = current_text(study, StudyText.Kind.INSTRUCTIONS)
    consent = current_text(study, StudyText.Kind.CONSENT)
    return {
        "name": study.name,
        "question": study.question,
        "minutes": minutes_of(study),
        "instructions_html": linebreaks(instructions.text if instructions else "", autoescape=True),
        "consent_text": consent.text if consent else "",
        "simulated": study.testset.simulated,
    }


@never_cache
@require_GET
def look(request: HttpRequest, token: str) -> HttpResponse:
    """The pairs, from wherever the sitting is; the same link works again, and on another device."""
    session = get_object_or_404(StudySession.objects.select_related("study__testset"), token=token)
    if ended := _ended(session):
        return render(request, "studyapp/closed.html", ended)
    state = state_of(session)
    if not state["trials"]:
        finish_if_done(session)
        return redirect("thanks", token)
    context = {"state": state, "simulated": session.study.testset.simulated, "token": token}
    return render(request, "studyapp/look.html", context)


def _ended(session: StudySession) -> dict[str, Any]:
    """What the page says that shows no more pairs; empty when there are some. Asking is a sign of life."""
    if session.state == StudySession.State.FINISHED:
        return {}
    if session.state == StudySession.State.WITHDRAWN:
        back = way_back(session.study, Outcome.WITHDREW, told={})
        return {"withdrawn": True, "sitting": session.token, "back": back}
    if session.study.state == Study.State.CLOSED:
        return {"study": session.study, "sitting": session.token}
    if touch(session):
        return {}
    return {"study": session.study, "sitting": session.token, "again": session.study.code, "link": link_of(session)}


@never_cache
@require_GET
def place(request: HttpRequest, token: str) -> JsonResponse:
    """Where the sitting is now, for a page that was out of sight while another device or tab went on."""
    session = get_object_or_404(StudySession.objects.select_related("study"), token=token)
    is_over = bool(_ended(session))
    told = as_told(progress_of(session))
    return JsonResponse({**told, "trials": []} if is_over else told)


@never_cache
@require_GET
def thanks(request: HttpRequest, token: str) -> HttpResponse:
    """The end, once everything is stored."""
    session = get_object_or_404(StudySession.objects.select_related("study", "observer"), token=token)
    if session.state != StudySession.State.FINISHED:
        return redirect("look", token)
    study = session.study
    back = way_back(study, Outcome.COMPLETED, told=session.panel, session=session)
    context = {
        "study": study,
        "sitting": token,
        "completion_code": back.code,
        "redirect_url": back.url,
    }
    return render(request, "studyapp/thanks.html", context)


@csrf_exempt
@require_POST
def shown(request: HttpRequest, token: str) -> HttpResponse:
    """Both sides are painted."""
    trial = get_object_or_404(Trial.objects.select_related("session").only("session__last_seen_at"), token=token)
    form = ShownForm(_told(request))
    if not form.is_valid():
        return bad_request(form)
    mark_shown(trial, form.cleaned_data)
    return HttpResponse(status=204)


@csrf_exempt
@require_POST
def vote(request: HttpRequest, token: str) -> HttpResponse:
    """An answer; the same one again gets the same receipt, another one doesn't replace it."""
    trial = get_object_or_404(to_answer(), token=token)
    told = _told(request)
    form, device = VoteForm(told, trial.session.study), ShownForm(told)
    if not form.is_valid() or not device.is_valid():
        return bad_request(form, device)
    try:
        receipt = record_vote(trial, form.cleaned_data["answer"], form.looked(), device.cleaned_data)
    except NotCountableError as late:
        return JsonResponse({"error": f"This answer can't be counted: {late}."}, status=410)
    upcoming = receipt.progress.coming[1:]
    body = {
        "receipt": receipt.vote.pk,
        "answer": receipt.vote.answer,
        "answered": receipt.progress.answered,
        "total": receipt.progress.total,
        "upcoming": as_shown(upcoming[0]) if upcoming else None,
    }
    return JsonResponse(body, status=200 if receipt.kept else 409)


def _told(request: HttpRequest) -> dict[str, Any]:
    try:
        told = json.loads(request.body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def bad_request(*forms: Any) -> JsonResponse:
    """What was wrong with which field."""
    wrong = {name: " ".join(messages) for form in forms for name, messages in form.errors.items()}
    return JsonResponse({"error": "; ".join(f"{name}: {message}" for name, message in wrong.items())}, status=400)
