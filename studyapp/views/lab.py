"""Lab mode: before each sitting the supervisor writes down the station and the observer's code."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from studyapp.models import Study
from studyapp.step_forms import LabForm

SALT = "studyapp.lab"
KEPT_FOR_S = 400 * 24 * 3600


@never_cache
@require_http_methods(["GET", "POST"])
def lab(request: HttpRequest, code: str) -> HttpResponse:
    """The supervisor's form; this browser keeps the station for the next sitting, but never the observer."""
    study = get_object_or_404(Study, code=code, lab_mode=True)
    before = lab_of(request, study)
    form = LabForm(request.POST or None, initial={**before, "observer": ""})
    if not form.is_valid():
        return render(request, "studyapp/lab.html", {"study": study, "form": form})
    told = {name: value for name, value in form.cleaned_data.items() if value not in ("", None)}
    response = redirect(f"{reverse('welcome', args=[code])}?{request.GET.urlencode()}".rstrip("?"))
    keep_lab(response, study, told)
    return response


def lab_of(request: HttpRequest, study: Study) -> dict[str, Any]:
    """What was last written down in this browser."""
    try:
        told: dict[str, Any] = signing.loads(request.COOKIES.get(_cookie_of(study), ""), salt=SALT)
    except signing.BadSignature:
        return {}
    return told


def keep_lab(response: HttpResponse, study: Study, told: Mapping[str, Any]) -> None:
    """Let this browser keep it; an empty observer is none."""
    kept = {name: value for name, value in told.items() if value != ""}
    response.set_cookie(
        _cookie_of(study),
        signing.dumps(kept, salt=SALT),
        max_age=KEPT_FOR_S,
        httponly=True,
        samesite="Lax",
        secure=settings.HTTPS,
    )


def _cookie_of(study: Study) -> str:
    return f"lab-{study.code}"
