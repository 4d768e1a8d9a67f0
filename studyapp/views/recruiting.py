"""How a study finds its observers: places, panel, invitation codes."""

import csv
from collections.abc import Iterable
from io import StringIO

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from studyapp.models import Study
from studyapp.recruiting_form import RecruitingForm
from studyapp.services.access import study_for
from studyapp.services.invitations import MOST_AT_ONCE, lines_of, listed, make_invitations
from studyapp.services.quotas import places_of
from studyapp.services.recruiting import set_recruiting
from studyapp.services.retention import kept_of
from studyapp.views.researcher import LoggedInRequest

A_PAGE = 100


class InvitationsForm(forms.Form):
    """How many, for whom."""

    number = forms.IntegerField(min_value=1, max_value=MOST_AT_ONCE, initial=20, label="How many codes")
    sittings = forms.IntegerField(
        min_value=1, max_value=MOST_AT_ONCE, initial=1, label="Sittings by each code",
        help_text="With one, whoever comes back by it goes on where they were. With more, a code can be told to many.",
    )  # fmt: skip
    group = forms.CharField(required=False, max_length=80, help_text="Whose quota they count towards.")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def recruiting_page(request: LoggedInRequest, pk: int) -> HttpResponse:
    """Places, panel, and how long is kept what it told."""
    study = study_for(request.user, pk, to="change")
    form = RecruitingForm(study, request.POST if request.method == "POST" else None)
    if form.is_valid():
        set_recruiting(study, form.told())
        messages.success(request, "Saved.")
        return redirect("recruiting", pk)
    context = {"study": study, "form": form, "places": places_of(study), "kept": kept_of(study)}
    return render(request, "studyapp/researcher/recruiting.html", context, status=400 if form.errors else 200)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitations_page(request: LoggedInRequest, pk: int) -> HttpResponse:
    """The codes, which are used, and more of them."""
    study = study_for(request.user, pk, to="change")
    form = InvitationsForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        told = form.cleaned_data
        made = make_invitations(study, told["number"], sittings=told["sittings"], group=told["group"], by=request.user)
        messages.success(request, f"{len(made)} code{'' if len(made) == 1 else 's'} made.")
        return redirect("invitations", pk)
    page = Paginator(listed(study), A_PAGE).get_page(request.GET.get("page"))
    context = {"study": study, "form": form, "page": page, "link": _link(request, study)}
    return render(request, "studyapp/researcher/invitations.html", context, status=400 if form.errors else 200)


@never_cache
@login_required
@require_safe
def invitations_csv(request: LoggedInRequest, pk: int) -> HttpResponse:
    """Every code with its link."""
    study = study_for(request.user, pk, to="change")
    return as_csv(study, "invitations.csv", lines_of(study, _link(request, study)))


def as_csv(study: Study, name: str, rows: Iterable[list[str]]) -> HttpResponse:
    """Rows as a file to take away."""
    out = StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    response = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slugify(study.name) or "study"}-{name}"'
    return response


def _link(request: HttpRequest, study: Study) -> str:
    return request.build_absolute_uri(reverse("welcome", args=[study.code]))
