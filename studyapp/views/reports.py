"""What a study gives away: its votes as a file, the report, the figures.

What makes a report (pandas, SciPy, matplotlib) is imported when the first one is asked for: no other process waits for
it when it starts, or has it in memory.
"""

from csp.constants import NONE, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from studyapp.services.access import study_for
from studyapp.services.exports import csv_lines
from studyapp.views.downloads import as_download, sent
from studyapp.views.researcher import LoggedInRequest

FIGURE_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


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
    """Scores, preferences and metrics, as the votes stand."""
    from studyapp.services.reports import page_of  # noqa: PLC0415

    study = study_for(request.user, pk)
    shown = page_of(study, include_simulated=_with_simulated(request))
    return render(request, "studyapp/researcher/report.html", {"study": study, **shown})


@never_cache
@login_required
@require_safe
def report_json(request: LoggedInRequest, pk: int) -> HttpResponse:
    """The report's numbers, for a program."""
    from studyapp.services.reports import report_as_json  # noqa: PLC0415

    study = study_for(request.user, pk)
    told = report_as_json(study, include_simulated=_with_simulated(request))
    response = JsonResponse(told, json_dumps_params={"indent": 2, "allow_nan": False})
    return as_download(response, study, f"{_called(request)}report.json")


@never_cache
@csp_replace({"default-src": [NONE], "style-src": [UNSAFE_INLINE]})  # type: ignore[untyped-decorator]  # django-csp has no types
@login_required
@require_safe
def figure(request: LoggedInRequest, pk: int, name: str, suffix: str) -> HttpResponse:
    """A figure of the report; matplotlib's SVG carries its styles in it, and nothing else is let in."""
    from analysis.figures import FIGURES  # noqa: PLC0415
    from studyapp.services.reports import figure_of  # noqa: PLC0415

    study = study_for(request.user, pk)
    if name not in FIGURES or suffix not in FIGURE_TYPES:
        raise Http404
    drawn = figure_of(study, name, suffix, include_simulated=_with_simulated(request))
    response = HttpResponse(drawn, content_type=FIGURE_TYPES[suffix])
    return as_download(response, study, f"{_called(request)}{name}.{suffix}") if "download" in request.GET else response


def _with_simulated(request: HttpRequest) -> bool:
    """Whether simulated votes were asked for by name; the report is then stamped."""
    return "simulated" in request.GET


def _called(request: HttpRequest) -> str:
    """What the name of a file begins with, so that one with simulated votes is never taken for one without."""
    return "with-simulated-" if _with_simulated(request) else ""
