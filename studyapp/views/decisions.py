"""Whom to pay, and what to use: two decisions for each sitting."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from studyapp.models import Decision, StudySession
from studyapp.services.access import may, study_for
from studyapp.services.decisions import NoReasonError, NotToDecideError, decidable, decide, left_out, to_pay
from studyapp.views.recruiting import as_csv
from studyapp.views.researcher import LoggedInRequest

A_PAGE = 50


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def decisions_page(request: LoggedInRequest, pk: int) -> HttpResponse:
    """The sittings that are over, a page of them, and what was decided of each."""
    study = study_for(request.user, pk, to="change" if request.method == "POST" else "see")
    page = Paginator(decidable(study), A_PAGE).get_page(request.GET.get("page"))
    if request.method == "POST":
        wrong = [problem for session in page if (problem := _decided(request, session))]
        for problem in wrong:
            messages.error(request, problem)
        if not wrong:
            messages.success(request, "Saved.")
        return redirect(f"{request.path}?page={page.number}")
    context = {
        "study": study,
        "page": page,
        "answers": Decision.Answer.values,
        "may_change": may(request.user, study, "change"),
        "left_out": left_out(study),
    }
    return render(request, "studyapp/researcher/decisions.html", context)


def _decided(request: LoggedInRequest, session: StudySession) -> str:
    """Keep one row of the form, where it says something new; what is wrong with it, if anything is."""
    before: Decision = getattr(session, "decision", Decision())
    asked = {name: request.POST.get(f"{name}-{session.pk}", getattr(before, name)) for name in ("pay", "use", "reason")}
    if asked == {name: getattr(before, name) for name in asked}:
        return ""
    try:
        decide(session, **asked, by=request.user)
    except (NoReasonError, NotToDecideError) as error:
        return str(error)
    except ValueError as error:
        return f"{session.observer}: {error}"
    return ""


@never_cache
@login_required
@require_safe
def to_pay_csv(request: LoggedInRequest, pk: int) -> HttpResponse:
    """Who is to be paid, for the panel's own page."""
    study = study_for(request.user, pk, to="change")
    return as_csv(study, "to-pay.csv", to_pay(study))
