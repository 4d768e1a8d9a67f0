"""The researchers' pages: their studies, and how each stands."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from studyapp.definition import StudyProblemError
from studyapp.models import Study
from studyapp.services import overview
from studyapp.services.access import may, study_for
from studyapp.services.drafts import prepare_draft
from studyapp.services.pilots import can_pilot, pilot_path
from studyapp.services.quotas import places_of
from studyapp.services.rehearsals import forget_rehearsals
from studyapp.services.retention import kept_of
from studyapp.services.studies import close_study, open_study, pause_study, problems_of_conditions

CHANGES: dict[str, Callable[[Study], None]] = {"open": open_study, "pause": pause_study, "close": close_study}


class LoggedInRequest(HttpRequest):
    """What a view behind `login_required` is asked with."""

    user: User


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """To the studies, or to the login."""
    return redirect("studies" if request.user.is_authenticated else "login")


@never_cache
@login_required
@require_safe
def studies(request: LoggedInRequest) -> HttpResponse:
    """Every study that the researcher may see."""
    return render(request, "studyapp/researcher/studies.html", {"studies": overview.studies_of(request.user)})


@never_cache
@login_required
@require_safe
def study_page(request: LoggedInRequest, pk: int) -> HttpResponse:
    """How a study stands."""
    study = study_for(request.user, pk)
    may_change = may(request.user, study, "change")
    context = {
        "study": study,
        "may_change": may_change,
        "may_edit": may_change and request.user.is_staff and study.state != Study.State.CLOSED,
        "may_copy": may(request.user, study, "copy"),
        "may_share": may(request.user, study, "share"),
        "link": request.build_absolute_uri(reverse("welcome", args=[study.code])),
        "pilot_link": request.build_absolute_uri(pilot_path(study)) if can_pilot(study) else "",
        "conditions": overview.conditions_in_brief(study),
        "lanes": overview.lanes_of(study),
        "places": places_of(study),
        "kept": kept_of(study),
        "pairs": overview.pairs_of(study),
        **_pictures_of(study),
    }
    return render(request, "studyapp/researcher/study.html", context)


def _pictures_of(study: Study) -> dict[str, Any]:
    """How far what observers will see is made; whether the rest is to be asked for, and what stands in the way."""
    jobs, lacking = overview.jobs_of(study), overview.lacking(study)
    to_prepare = bool(lacking) and study.state != Study.State.CLOSED and not overview.is_being_prepared(jobs)
    return {
        "contents": study.testset.contents.count(),
        "jobs": jobs,
        "lacking": lacking,
        "to_prepare": to_prepare,
        "unprepared": problems_of_conditions(study) if to_prepare else [],
    }


@login_required
@require_POST
def change_state(request: LoggedInRequest, pk: int) -> HttpResponse:
    """Open, pause or close; what stands in the way is said on the study's page."""
    study = study_for(request.user, pk, to="change")
    change = CHANGES.get(request.POST.get("to", ""))
    if change is None:
        return HttpResponseBadRequest(f"A study can be told to {', '.join(CHANGES)}.", content_type="text/plain")
    try:
        change(study)
    except StudyProblemError as error:
        for problem in error.problems:
            messages.error(request, problem)
    else:
        messages.success(request, f"The study is {study.get_state_display().lower()}.")
    return redirect("study", pk)


@login_required
@require_POST
def prepare(request: LoggedInRequest, pk: int) -> HttpResponse:
    """Ask the workers for the pictures that the study lacks; what stands in the way is said on its page."""
    study = study_for(request.user, pk, to="change")
    try:
        asked = prepare_draft(study, request.user)
    except StudyProblemError as error:
        for problem in error.problems:
            messages.error(request, problem)
    else:
        said = "Asked for: the workers prepare the pictures." if asked else "All its pictures are ready."
        messages.success(request, said)
    return redirect("study", pk)


@login_required
@require_POST
def forget(request: LoggedInRequest, pk: int) -> HttpResponse:
    """Take simulated sittings away; those of people stay."""
    study = study_for(request.user, pk, to="change")
    number = forget_rehearsals(study)
    messages.success(request, f"{number} simulated sitting{'' if number == 1 else 's'} forgotten.")
    return redirect("study", pk)
