"""A study while it runs: its numbers are asked for every few seconds, screening and scores apart from them."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from studyapp.charts import bars
from studyapp.services.access import study_for
from studyapp.services.live import live_now
from studyapp.views.researcher import LoggedInRequest


@never_cache
@login_required
@require_safe
def live_page(request: LoggedInRequest, pk: int) -> HttpResponse:
    """The monitor; the page asks `live_json` for news, and for itself where there are some."""
    study = study_for(request.user, pk)
    live = live_now(study, simulated=_simulated(request))
    context = {
        "study": study,
        "live": live,
        "asked": "?simulated=yes" if live["simulated"] else "",
        "bars": bars([(f"{minute}: {votes}", votes) for minute, votes in live["minutes"]]),
        "most_a_minute": max(votes for _, votes in live["minutes"]),
        "last_hour": sum(votes for _, votes in live["minutes"]),
        "most_left": max((row["sittings"] for row in live["dropouts"]), default=0),
    }
    return render(request, "studyapp/researcher/live.html", context)


@never_cache
@login_required
@require_safe
def live_json(request: LoggedInRequest, pk: int) -> HttpResponse:
    """The monitor's numbers; never a score."""
    study = study_for(request.user, pk)
    return JsonResponse(live_now(study, simulated=_simulated(request)))


@never_cache
@login_required
@require_safe
def scores(request: LoggedInRequest, pk: int) -> HttpResponse:
    """What lies under the cover: a part of the page, fetched when somebody lifts it."""
    from studyapp.services.reports import report_of  # noqa: PLC0415

    study = study_for(request.user, pk)
    told = report_of(study, include_simulated=_simulated(request), checks=False).as_json()
    asked = "?simulated=yes" if _simulated(request) else ""
    context = {"report": told, "address": reverse("report", args=[study.pk]) + asked}
    return render(request, "studyapp/researcher/_live_scores.html", context)


@never_cache
@login_required
@require_safe
def screening(request: LoggedInRequest, pk: int) -> HttpResponse:
    """Who answers as if without looking: a part of the page, fetched beside it, for it reads every vote."""
    from studyapp.services.screened import screening_of, screening_page  # noqa: PLC0415

    study = study_for(request.user, pk)
    context = screening_page(screening_of(study, simulated=_simulated(request)))
    return render(request, "studyapp/researcher/_live_screening.html", context)


def _simulated(request: LoggedInRequest) -> bool:
    """Whether a rehearsal is to be watched, not people."""
    return "simulated" in request.GET
