"""What a study will show and cost, before it opens.

What simulates (SciPy) is imported when the first plan is asked for.
"""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from studyapp.models import Study
from studyapp.plan_form import PlanForm
from studyapp.services.access import study_for
from studyapp.views.researcher import LoggedInRequest


@never_cache
@login_required
@require_safe
def plan_page(request: LoggedInRequest, pk: int) -> HttpResponse:
    """The design report; what stands in its way is said instead."""
    study = study_for(request.user, pk)
    form = PlanForm(request.GET.dict())
    context = {"study": study, "form": form, **_planned(study, form)}
    return render(request, "studyapp/researcher/plan.html", context, status=200 if form.is_valid() else 400)


@never_cache
@login_required
@require_safe
def plan_json(request: LoggedInRequest, pk: int) -> HttpResponse:
    """Its numbers, for a program."""
    study = study_for(request.user, pk)
    form = PlanForm(request.GET.dict())
    planned = _planned(study, form)
    if "plan" not in planned:
        return JsonResponse({"errors": form.errors, **planned}, status=400)
    return JsonResponse(planned["plan"], json_dumps_params={"indent": 2, "allow_nan": False})


def _planned(study: Study, form: PlanForm) -> dict[str, Any]:
    from studyapp.services.plans import Asked, page_of, plan_of  # noqa: PLC0415

    if not form.is_valid():
        return {}
    try:
        plan = plan_of(study, Asked(**form.wishes))
    except ValueError as error:
        return {"problem": str(error)}
    return {"plan": plan, **page_of(plan)}
