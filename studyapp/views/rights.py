"""What an observer may do with what they gave, by their personal link: see it, take it with them, take it back.

As with votes, the address is the secret that a forged request would lack: no cookie is needed to withdraw.
"""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import activate
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from studyapp.models import StudySession
from studyapp.services.lab import is_shared
from studyapp.services.own_data import held_about
from studyapp.services.panels import Outcome, way_back
from studyapp.services.retention import days_kept
from studyapp.services.withdrawal import withdraw as withdraw_sitting


def sitting(token: str) -> StudySession:
    """The sitting of a personal link, in whose language its pages speak."""
    session = get_object_or_404(StudySession.objects.select_related("study", "observer"), token=token)
    activate(session.language)
    return session


@never_cache
@require_GET
def yours(request: HttpRequest, token: str) -> HttpResponse:
    """What is held, and what can be done with it."""
    session = sitting(token)
    context = {"session": session, "token": token, "days": days_kept(session.study)}
    return render(request, "studyapp/yours.html", context)


@never_cache
@require_GET
def own_data(request: HttpRequest, token: str) -> JsonResponse:
    """Everything held about an observer, as a file."""
    session = sitting(token)
    response = JsonResponse(held_about(session), json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="my-data-{session.observer.code}.json"'
    return response


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, token: str) -> HttpResponse:
    """Ask once more, then withdraw."""
    session = sitting(token)
    if session.state == StudySession.State.WITHDRAWN:
        return redirect("look", token)
    if request.method == "GET":
        context = {"session": session, "token": token, "alone": is_shared(session)}
        return render(request, "studyapp/withdraw.html", context)
    back = way_back(session.study, Outcome.WITHDREW, told=session.panel, session=session)  # known no longer afterwards
    withdraw_sitting(session)
    response = render(request, "studyapp/closed.html", {"withdrawn": True, "sitting": token, "back": back})
    response.delete_cookie(f"sitting-{session.study.code}", samesite="Lax")
    return response
