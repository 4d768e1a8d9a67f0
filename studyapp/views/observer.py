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
from django.urls import reverse
from django.utils.html import linebreaks
from django.utils.translation import activate
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from studyapp.forms import ShownForm, VoteForm
from studyapp.languages import language_for
from studyapp.models import Study, StudySession, StudyText, Trial
from studyapp.services.arrivals import NOBODY_KNOWN, Arrival, NotInvitedError, arrival_of, link_of
from studyapp.services.crowds import CrowdError, count_beginning, is_expected, refuse_crowd
from studyapp.services.panels import Outcome, way_back
from studyapp.services.pilots import can_pilot, is_pilot_mark
from studyapp.services.quotas import QuotaFullError
from studyapp.services.rehearsals import BadMarkError, read_mark
from studyapp.services.robots import RobotError, refuse_robot
from studyapp.services.sessions import (
    NotOpenError,
    as_shown,
    as_told,
    begin_session,
    finish_if_done,
    go_on,
    mark_shown,
    minutes_of,
    progress_of,
    reason_to_turn_away,
    state_of,
    touch,
)
from studyapp.services.steps import current_step, is_barred, steps_before
from studyapp.services.texts import Newest, current_text, languages_of, newest_texts, question_in
from studyapp.services.votes import NotCountableError, record_vote, to_answer
from studyapp.simulation.marks import MARK_HEADER
from studyapp.views.lab import keep_lab, lab_of
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
    newest = newest_texts(study)
    languages = languages_of(study, newest)
    language = language_for(request, languages, study.language)
    activate(language)
    pilot = _pilot(request, study)
    arrival = NOBODY_KNOWN if pilot or rehearsed else arrival_of(study, request.GET)
    if begun := go_on(study, arrival):
        return _seated(begun)
    if request.method == "GET" and not rehearsed and (shut := _shut(request, study, arrival, pilot)):
        return shut
    lab = lab_of(request, study) if study.lab_mode and not rehearsed else {}
    if study.lab_mode and not rehearsed and "observer" not in lab:
        return redirect(f"{reverse('lab', args=[code])}?{request.GET.urlencode()}")
    limited = not (rehearsed or pilot or is_expected(request, study, arrival))
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
                pilot=pilot,
                lab=lab,
                panel=rehearsed,
                ticket=request.POST.get("ticket", "")[:40] or None,
                language=language,
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
    if not rehearsed and (shut := _shut(request, study, arrival, pilot)):
        return shut
    context = {
        "study": _as_welcomed(study, language, newest),
        "languages": [(code, name) for code, name in settings.LANGUAGES if code in languages],
        "problem": error,
        "ticket": token_urlsafe(16),
        "under_way": _under_way(request, study, pilot),
        "pilot": pilot,
        "declining": declining(request, study, arrival),
    }
    response = render(request, "studyapp/welcome.html", context)
    return _acknowledged(response, rehearsed)


def _shut(request: HttpRequest, study: Study, arrival: Arrival, pilot: bool) -> HttpResponse | None:
    """What somebody new sees where they can't begin; None where they can. Who has begun here is told that they have."""
    under_way = _under_way(request, study, pilot)
    if pilot and can_pilot(study):
        return None
    reason = None if under_way or study.state not in SHUT_BY else reason_to_turn_away(study, arrival)
    if reason is not None and isinstance(reason, SHUT_BY[study.state]):
        return turned_away(request, study, arrival, reason)
    if study.state != Study.State.OPEN or pilot:
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
        keep_lab(response, session.study, {**session.lab, "observer": ""})
    return response


def _cookie_of(study: Study, pilot: bool) -> str:
    return f"{'pilot' if pilot else 'sitting'}-{study.code}"


def _under_way(request: HttpRequest, study: Study, pilot: bool) -> StudySession | None:
    """The sitting that was begun in this browser, if it can be gone on with or was finished."""
    token = request.get_signed_cookie(_cookie_of(study, pilot), default="")
    lasting = [StudySession.State.ACTIVE, StudySession.State.FINISHED]
    return study.sessions.filter(token=token, state__in=lasting).first() if token else None


def _as_welcomed(study: Study, language: str, newest: Newest) -> dict[str, Any]:
    """What the welcome page tells of a study, and in which language: its texts may be in another than the page."""
    instructions = current_text(study, StudyText.Kind.INSTRUCTIONS, language, newest)
    consent = current_text(study, StudyText.Kind.CONSENT, language, newest)
    question, question_language = question_in(study, language, newest)
    text = instructions.text if instructions and not steps_before(study) else ""  # or they have a page of their own
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


@never_cache
@require_GET
def look(request: HttpRequest, token: str) -> HttpResponse:
    """The pairs, from wherever the sitting is; the same link works again, and on another device."""
    session = get_object_or_404(StudySession.objects.select_related("study__testset"), token=token)
    activate(session.language)
    if over := ended(session):
        return render(request, "studyapp/closed.html", over)
    if here := current_step(session):
        return redirect("step", token, here.name, here.part)
    state = state_of(session)
    if not state["trials"]:
        finish_if_done(session)
        return redirect("thanks", token)
    context = {"state": state, "simulated": session.study.testset.simulated, "token": token}
    return render(request, "studyapp/look.html", context)


def ended(session: StudySession) -> dict[str, Any]:
    """What the page says that shows no more pairs; empty when there are some. Asking is a sign of life."""
    if session.state == StudySession.State.FINISHED:
        return {}
    if session.state == StudySession.State.WITHDRAWN:
        back = way_back(session.study, Outcome.WITHDREW, told={})
        return {"withdrawn": True, "sitting": session.token, "back": back}
    if is_barred(session):
        return {"barred": True}
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
    is_over = bool(ended(session))
    told = as_told(progress_of(session))
    return JsonResponse({**told, "trials": []} if is_over else told)


@never_cache
@require_GET
def thanks(request: HttpRequest, token: str) -> HttpResponse:
    """The end, once everything is stored."""
    session = get_object_or_404(StudySession.objects.select_related("study", "observer"), token=token)
    activate(session.language)
    if session.state != StudySession.State.FINISHED or current_step(session):
        return redirect("look", token)
    study = session.study
    back = way_back(study, Outcome.COMPLETED, told=session.panel, session=session)
    context = {
        "study": study,
        "sitting": token,
        "completion_code": back.code,
        "redirect_url": back.url,
        "has_receipt": session.consent_id is not None,
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
    activate(trial.session.language)
    told = _told(request)
    form, device = VoteForm(told, trial.session.study), ShownForm(told)
    if not form.is_valid() or not device.is_valid():
        return bad_request(form, device)
    try:
        said, corrects = form.cleaned_data["answer"], form.cleaned_data["corrects"]
        receipt = record_vote(trial, said, form.looked(), device.cleaned_data, corrects=corrects)
    except NotCountableError as late:
        why = _("This answer can’t be counted: %(reason)s.") % {"reason": _(str(late))}
        return JsonResponse({"error": why}, status=410)
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
