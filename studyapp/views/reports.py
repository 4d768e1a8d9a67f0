"""What a study gives away: its votes as a file, the report, its figures and tables.

A worker makes the report; a web process reads what was stored. Only the numbers for a program are made here where the
stored ones no longer hold, and what makes them (pandas, SciPy) is imported then.
"""

from csp.constants import NONE, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from studyapp.models import Study
from studyapp.services.access import study_for
from studyapp.services.exports import csv_lines
from studyapp.services.jobs_shown import job_shown
from studyapp.services.made_reports import NUMBERS, ask_for_report, opened, page_of, simulated_votes
from studyapp.services.made_reports import report_file as stored_file
from studyapp.services.report_pictures import with_pictures
from studyapp.views.downloads import as_download, sent
from studyapp.views.researcher import LoggedInRequest

FIGURE_TYPES = {"svg": "image/svg+xml", "png": "image/png"}
FILE_TYPES = {"pdf": "application/pdf", "csv": "text/csv; charset=utf-8", "tex": "application/x-tex"}


@never_cache
@login_required
@require_safe
def votes_csv(request: LoggedInRequest, pk: int) -> StreamingHttpResponse:
    """Every exposure, a row at a time (docs/export.md)."""
    study = study_for(request.user, pk)
    lines = csv_lines(study, include_simulated=_with_simulated(request))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    return as_download(response, study, f"{_called(request)}votes.csv")


@never_cache
@login_required
@require_safe
def data_file(request: LoggedInRequest, pk: int, name: str) -> StreamingHttpResponse:
    """One of the files of a study, as it is written."""
    study = study_for(request.user, pk)
    return sent(study, name, include_simulated=_with_simulated(request))


@never_cache
@login_required
@require_safe
def report_page(request: LoggedInRequest, pk: int) -> HttpResponse:
    """The newest report that was made; the first one is asked for by opening the page."""
    study = study_for(request.user, pk)
    simulated = _with_simulated(request)
    standing = opened(study, include_simulated=simulated, by=request.user)
    context = {
        "study": study,
        "standing": standing,
        "shown": job_shown(request.user, standing.job.pk) if standing.job and standing.is_being_made else None,
        "report": None if standing.made is None else with_pictures(page_of(standing.made), study),
        "include_simulated": simulated,
        "simulated_votes": 0 if simulated else simulated_votes(study),
    }
    return render(request, "studyapp/researcher/report.html", context)


@login_required
@require_POST
def make(request: LoggedInRequest, pk: int) -> HttpResponse:
    """Have the report made as the votes stand; whoever may read it may ask, and asking twice is asking once."""
    study = study_for(request.user, pk)
    simulated = _with_simulated(request)
    ask_for_report(study, include_simulated=simulated, by=request.user)
    return redirect(reverse("report", args=[study.pk]) + ("?simulated=yes" if simulated else ""))


@never_cache
@login_required
@require_safe
def report_json(request: LoggedInRequest, pk: int) -> HttpResponse:
    """The report's numbers, for a program: as the votes stand, or those of a made report (`made`)."""
    from studyapp.services.reports import report_as_json  # noqa: PLC0415

    study = study_for(request.user, pk)
    if "made" in request.GET:
        return _file(request, study, NUMBERS, "application/json")
    told = report_as_json(study, include_simulated=_with_simulated(request))
    response = JsonResponse(told, json_dumps_params={"indent": 2, "allow_nan": False})
    return as_download(response, study, f"{_called(request)}report.json")


@never_cache
@login_required
@require_safe
def report_file(request: LoggedInRequest, pk: int, name: str, suffix: str) -> HttpResponse:
    """The PDF, or a table as CSV or LaTeX, as the worker made it."""
    study = study_for(request.user, pk)
    if suffix not in FILE_TYPES:
        raise Http404
    return _file(request, study, f"{name}.{suffix}", FILE_TYPES[suffix])


@never_cache
@csp_replace({"default-src": [NONE], "style-src": [UNSAFE_INLINE]})  # type: ignore[untyped-decorator]  # django-csp has no types
@login_required
@require_safe
def figure(request: LoggedInRequest, pk: int, name: str, suffix: str) -> HttpResponse:
    """A figure of the report; matplotlib's SVG carries its styles in it, and nothing else is let in."""
    study = study_for(request.user, pk)
    if suffix not in FIGURE_TYPES:
        raise Http404
    return _file(request, study, f"{name}.{suffix}", FIGURE_TYPES[suffix], inline="download" not in request.GET)


def _file(
    request: LoggedInRequest, study: Study, name: str, content_type: str, *, inline: bool = False
) -> HttpResponse:
    made = request.GET.get("made", "")
    data = stored_file(
        study, name, include_simulated=_with_simulated(request), of=int(made) if made.isdecimal() else None
    )
    if data is None:
        raise Http404("The report has no such file, or is not made yet: open its page to have it made.")
    response = HttpResponse(data, content_type=content_type)
    return response if inline else as_download(response, study, f"{_called(request)}{name}")


def _with_simulated(request: HttpRequest) -> bool:
    """Whether simulated votes were asked for by name; the report is then stamped."""
    return "simulated" in request.GET


def _called(request: HttpRequest) -> str:
    """What the name of a file begins with, so that one with simulated votes is never taken for one without."""
    return "with-simulated-" if _with_simulated(request) else ""
