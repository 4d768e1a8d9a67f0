"""With whom a study is shared."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from studyapp.models import Study, StudyMember
from studyapp.services.access import study_for
from studyapp.services.sharing import CantShareError, people_to_share_with, share_study, unshare_study
from studyapp.views.researcher import LoggedInRequest


class ShareForm(forms.Form):
    """Who, and what they may."""

    person = forms.ModelChoiceField(User.objects.none(), empty_label="Choose somebody")
    may = forms.ChoiceField(choices=StudyMember.May.choices)

    def __init__(self, study: Study, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.fields["person"].queryset = people_to_share_with(study)  # type: ignore[attr-defined]


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def people_page(request: LoggedInRequest, pk: int) -> HttpResponse:
    """The people of a study; its owner lets them in and takes it back."""
    study = study_for(request.user, pk, to="share")
    form = ShareForm(study, request.POST if request.method == "POST" else None)
    if form.is_valid():
        person, may = form.cleaned_data["person"], form.cleaned_data["may"]
        try:
            share_study(study, person, may, by=request.user)
        except CantShareError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{person} may {StudyMember.May(may).label}.")
            return redirect("study-people", pk)
    members = study.members.select_related("user").order_by("user__username")
    context = {"study": study, "form": form, "members": members, "anybody": people_to_share_with(study).exists()}
    return render(request, "studyapp/researcher/people.html", context, status=400 if form.errors else 200)


@login_required
@require_http_methods(["POST"])
def unshare(request: LoggedInRequest, pk: int, person: int) -> HttpResponse:
    """Take it back from one of them."""
    study = study_for(request.user, pk, to="share")
    member = get_object_or_404(study.members.select_related("user"), user=person)
    unshare_study(study, member.user)
    messages.success(request, f"{member.user} no longer sees this study.")
    return redirect("study-people", pk)
