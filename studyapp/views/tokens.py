"""A person's tokens for programs."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from studyapp.services.tokens import make_token, revoke_token, tokens_of
from studyapp.views.researcher import LoggedInRequest

DAYS = {"30": "in 30 days", "90": "in 90 days", "365": "in a year", "": "never"}


class TokenForm(forms.Form):
    """What it is for, and for how long it is good."""

    name = forms.CharField(label="What it is for", max_length=80, help_text="For instance: the notebook of the paper.")
    days = forms.ChoiceField(label="It ends", choices=list(DAYS.items()), required=False, initial="90")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tokens_page(request: LoggedInRequest) -> HttpResponse:
    """One's tokens. A new one is shown in the very answer that makes it: no session, message or log ever holds it."""
    form = TokenForm(request.POST if request.method == "POST" else None)
    shown: dict[str, Any] = {"form": form}
    if form.is_valid():
        days = form.cleaned_data["days"]
        expires_at = timezone.now() + timedelta(days=int(days)) if days else None
        made, said = make_token(request.user, form.cleaned_data["name"], expires_at=expires_at)
        shown = {"form": TokenForm(), "made": made, "said": said}
    status = 400 if form.errors else 200
    context = {**shown, "tokens": tokens_of(request.user)}
    return render(request, "studyapp/account/tokens.html", context, status=status)


@login_required
@require_POST
def revoke(request: LoggedInRequest, pk: int) -> HttpResponse:
    """Take one back; another person's isn't there."""
    if not revoke_token(request.user, pk):
        raise Http404
    messages.success(request, "The token is taken back: whatever used it gets nothing more.")
    return redirect("tokens")
