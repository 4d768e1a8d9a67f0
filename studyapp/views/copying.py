"""A study copied from its page."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from studyapp.definition import StudyProblemError
from studyapp.services.access import may, study_for
from studyapp.services.copying import LONGEST_NAME, NameTakenError, copy_study, free_name
from studyapp.views.researcher import LoggedInRequest


class CopyForm(forms.Form):
    """What the copy is called."""

    name = forms.CharField(max_length=LONGEST_NAME)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def copy_page(request: LoggedInRequest, pk: int) -> HttpResponse:
    """What a copy takes over, and how it is called; once made, its own page."""
    study = study_for(request.user, pk, to="copy")
    proposed = {"name": free_name(study.name, request.user)}
    form = CopyForm(request.POST) if request.method == "POST" else CopyForm(initial=proposed)
    if form.is_valid():
        try:
            copy = copy_study(study, request.user, form.cleaned_data["name"])
        except StudyProblemError as wrong:
            for problem in wrong.problems:
                form.add_error("name" if isinstance(wrong, NameTakenError) else None, problem)
        else:
            messages.success(request, f"{copy} is made: a draft of yours, with observers of its own.")
            return redirect("study", copy.pk)
    context = {"study": study, "form": form, "may_change": may(request.user, study, "change")}
    return render(request, "studyapp/researcher/copy.html", context, status=400 if form.errors else 200)
