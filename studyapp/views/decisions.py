"""Whom to pay, and what to use: two decisions for each sitting."""

import re
from collections.abc import Collection, Mapping

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from studyapp.models import Decision, Study, StudySession
from studyapp.services.access import may, study_for
from studyapp.services.decisions import NoReasonError, NotToDecideError, decidable, decide, left_out, to_pay
from studyapp.views.recruiting import as_csv
from studyapp.views.researcher import LoggedInRequest

A_PAGE = 50
ASKED = ("pay", "use", "reason")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def decisions_page(request: LoggedInRequest, pk: int) -> HttpResponse:
    """The sittings that are over, a page of them, and what was decided of each."""
    study = study_for(request.user, pk, to="change" if request.method == "POST" else "see")
    page = Paginator(decidable(study), A_PAGE).get_page(request.GET.get("page"))
    if request.method == "POST":
        changes = _changes(request.POST)
        there = {session.pk: session for session in decidable(study).filter(pk__in=changes)}
        wrong = [problem for key in there if (problem := _decided(request, there[key], changes[key]))]
        wrong += _gone(study, changes.keys() - there.keys())
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


def _changes(posted: QueryDict) -> dict[int, dict[str, str]]:
    """What the form says otherwise than it was shown, by sitting; of the same sittings, wherever they stand by now."""
    found = (re.fullmatch(rf"(?:{'|'.join(ASKED)})-(\d{{1,18}})", name) for name in posted)
    changes = {
        key: {
            name: told
            for name in ASKED
            if (told := posted.get(f"{name}-{key}")) is not None and told != posted.get(f"{name}-{key}-shown")
        }
        for key in {int(one[1]): None for one in found if one}
    }
    return {key: changed for key, changed in changes.items() if changed}


def _decided(request: LoggedInRequest, session: StudySession, changed: Mapping[str, str]) -> str:
    """Keep what was changed of one row, and what others have decided of it meanwhile; what is wrong, if anything is."""
    decision: Decision = getattr(session, "decision", Decision())
    before = {name: getattr(decision, name) for name in ASKED}
    asked = {**before, **changed}
    if asked == before:
        return ""
    try:
        decide(session, **asked, by=request.user)
    except (NoReasonError, NotToDecideError) as error:
        return str(error)
    except ValueError as error:
        return f"{session.observer}: {error}"
    return ""


def _gone(study: Study, keys: Collection[int]) -> list[str]:
    """Of sittings that nothing can be decided of any more, each by its observer's code: no page shows its number."""
    gone = study.sessions.filter(pk__in=keys).select_related("observer").order_by("pk")
    return [f"{one.observer} has withdrawn, or goes on: nothing is decided of that sitting." for one in gone]


@never_cache
@login_required
@require_safe
def to_pay_csv(request: LoggedInRequest, pk: int) -> HttpResponse:
    """Who is to be paid, for the panel's own page."""
    study = study_for(request.user, pk, to="change")
    return as_csv(study, "to-pay.csv", to_pay(study))
