"""Logging in, and one's password."""

from datetime import timedelta
from math import ceil
from typing import Any

from axes.helpers import get_client_ip_address, get_client_username
from axes.models import AccessAttempt
from axes.utils import reset
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils import timezone


def mail_is_sent() -> bool:
    """Whether this server was told where to hand mail over."""
    return bool(settings.EMAIL.get("EMAIL_HOST"))


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any]) -> HttpResponse:
    """Too many passwords were tried; the same words whether or not anybody is called so."""
    tried = AccessAttempt.objects.filter(
        username=get_client_username(request, credentials), ip_address=get_client_ip_address(request)
    )
    last = tried.order_by("-attempt_time").values_list("attempt_time", flat=True).first() or timezone.now()
    wait: timedelta = last + settings.AXES_COOLOFF_TIME - timezone.now()
    seconds = max(ceil(wait.total_seconds()), 1)
    context = {"minutes": ceil(seconds / 60), "until": timezone.now() + timedelta(seconds=seconds)}
    answer = render(request, "studyapp/account/locked.html", context, status=429)
    answer["Retry-After"] = str(seconds)
    return answer


class PasswordChange(auth.PasswordChangeView):
    """One's own password, by whoever knows the old one."""

    template_name = "studyapp/account/form.html"
    success_url = reverse_lazy("studies")
    extra_context = {"heading": "Change your password", "submit": "Change it"}

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, "Your password is changed. Wherever else you were logged in, you no longer are.")
        return super().form_valid(form)


class PasswordForgotten(auth.PasswordResetView):
    """A link by mail, where mail can be sent; the same answer whether or not the address is anybody's."""

    template_name = "studyapp/account/forgotten.html"
    email_template_name = "studyapp/account/mail.txt"
    subject_template_name = "studyapp/account/mail_subject.txt"
    success_url = reverse_lazy("login")
    extra_context = {"heading": "Forgotten password", "submit": "Send the link"}

    def get_context_data(self, **rest: Any) -> dict[str, Any]:
        return super().get_context_data(**rest, mail=mail_is_sent())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Where no mail is sent, the page says what to do instead."""
        return super().post(request, *args, **kwargs) if mail_is_sent() else self.get(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, "If somebody here has this address, a link is on its way to it.")
        return super().form_valid(form)


class PasswordSet(auth.PasswordResetConfirmView):
    """A new password, by whoever holds the link. The link's secret moves into the session before anything is shown."""

    template_name = "studyapp/account/set.html"
    success_url = reverse_lazy("login")
    extra_context = {"heading": "Choose your password", "submit": "Take this one"}

    def form_valid(self, form: Any) -> HttpResponse:
        person: User = form.user
        reset(username=person.get_username())
        messages.success(self.request, f"Your password is set. Your login is {person.get_username()}.")
        return super().form_valid(form)
