"""The observer's way from the first pair on: pairs, answers, thanks.

A letter from the page of pairs needs no CSRF token: its address, of 128 random bits, is the secret that a forged
request would lack. So a vote arrives from a browser whose cookies were cleared in the middle.
"""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import activate
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from studyapp.forms import ShownForm, VoteForm
from studyapp.models import Study, StudySession, Trial
from studyapp.services.arrivals import link_of
from studyapp.services.corrections import go_on, is_at_end_of_pairs
from studyapp.services.panels import Outcome, way_back
from studyapp.services.sessions import (
    as_shown,
    as_told,
    finish_if_done,
    last_told,
    mark_shown,
    progress_of,
    state_of,
    touch,
)
from studyapp.services.steps import current_step, is_barred
from studyapp.services.votes import NotCountableError, record_vote, to_answer


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
        if state["last"] is None:
            return redirect("thanks", token)
    context = {
        "state": state,
        "simulated": session.study.testset.simulated,
        "token": token,
        "link": request.build_absolute_uri(request.path),
    }
    return render(request, "studyapp/look.html", context)


def ended(session: StudySession) -> dict[str, Any]:
    """What the page says that shows no more pairs; empty when there are some. Asking is a sign of life."""
    if session.state == StudySession.State.FINISHED:
        return {}
    if session.state == StudySession.State.WITHDRAWN:
        back = way_back(session.study, Outcome.WITHDREW, told={})
        return {"withdrawn": True, "sitting": session.token, "back": back}
    if is_barred(session):
        return {
            "barred": True,
            "back": way_back(session.study, Outcome.SCREENED_OUT, told=session.panel, session=session),
        }
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
    told = {**as_told(progress_of(session)), "last": last_told(session)}
    return JsonResponse({**told, "trials": [], "last": None} if is_over else told)


@csrf_exempt
@require_POST
def onward(request: HttpRequest, token: str) -> HttpResponse:
    """The observer goes on from the end of the pairs; from here on the last answer stands."""
    go_on(get_object_or_404(StudySession, token=token))
    return HttpResponse(status=204)


@never_cache
@require_GET
def thanks(request: HttpRequest, token: str) -> HttpResponse:
    """The end, once everything is stored."""
    session = get_object_or_404(StudySession.objects.select_related("study", "observer"), token=token)
    activate(session.language)
    if session.state != StudySession.State.FINISHED or is_at_end_of_pairs(session) or current_step(session):
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
