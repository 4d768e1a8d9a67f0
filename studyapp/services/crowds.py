"""How many sittings one address may begin: a lecture hall behind one address is welcome, a program is not."""

import hashlib
import hmac
from datetime import timedelta
from math import ceil

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from studyapp.addresses import client_address, sits_at_the_machine
from studyapp.models import Beginning

WINDOW = timedelta(hours=1)


class CrowdError(Exception):
    """More sittings were begun from an address than may be; says for how long."""

    def __init__(self, minutes: int) -> None:
        super().__init__(f"too many sittings from one address; {minutes} min to wait")
        self.minutes = minutes


def refuse_crowd(request: HttpRequest) -> None:
    """Let no more sittings begin from an address than ``SITTINGS_PER_HOUR``; none is counted on this machine itself.

    Raises:
        CrowdError: As many have been begun within the last hour.
    """
    if sits_at_the_machine(request):
        return
    now = timezone.now()
    recent = Beginning.objects.filter(address=_hidden(request), begun_at__gt=now - WINDOW).order_by("-begun_at")
    full = recent.values_list("begun_at", flat=True)[settings.SITTINGS_PER_HOUR - 1 : settings.SITTINGS_PER_HOUR]
    for oldest in full:
        raise CrowdError(max(1, ceil((oldest + WINDOW - now).total_seconds() / 60)))


def count_beginning(request: HttpRequest) -> None:
    """Remember for an hour that a sitting was begun from there, and forget what is older."""
    if sits_at_the_machine(request):
        return
    now = timezone.now()
    Beginning.objects.filter(begun_at__lte=now - WINDOW).delete()
    Beginning.objects.create(address=_hidden(request), begun_at=now)


def _hidden(request: HttpRequest) -> str:
    """The address, by a keyed hash: who reads the table learns no address from it."""
    return hmac.new(settings.SECRET_KEY.encode(), client_address(request).encode(), hashlib.sha256).hexdigest()
