"""How many sittings one address may begin: a lecture hall behind one address is welcome, a program is not."""

import hashlib
import hmac
from datetime import timedelta
from ipaddress import ip_address, ip_network
from math import ceil

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from studyapp.addresses import client_address, sits_at_the_machine
from studyapp.models import Beginning, Study
from studyapp.services.arrivals import Arrival

WINDOW = timedelta(hours=1)
WIDEST = {4: 16, 6: 32}
"""The shortest prefix of a network that a study may let in without limit: a university's, not a country's."""
MOST_NETWORKS = 20


class CrowdError(Exception):
    """More sittings were begun from an address than may be; says for how long."""

    def __init__(self, minutes: int) -> None:
        super().__init__(f"too many sittings from one address; {minutes} min to wait")
        self.minutes = minutes


def is_expected(request: HttpRequest, study: Study, arrival: Arrival) -> bool:
    """Whether no limit by address holds: an invitation has its own, and a study's laboratory may sit behind one."""
    if arrival.invitation is not None:
        return True
    address = ip_address(client_address(request))
    return any(address in ip_network(network, strict=False) for network in study.lab_networks)


def problems_of_networks(networks: list[str]) -> list[str]:
    """Why addresses can't be let in without limit; none when they can."""
    if len(networks) > MOST_NETWORKS:
        return [f"{len(networks)} addresses: {MOST_NETWORKS} at most."]
    return [problem for network in networks if (problem := _problem_of_network(network))]


def _problem_of_network(network: str) -> str:
    try:
        told = ip_network(network, strict=False)
    except ValueError:
        return f"{network} is no address: write 192.0.2.7, or a network as 192.0.2.0/24."
    widest = WIDEST[told.version]
    return f"{network} is too many addresses: /{widest} is the widest." if told.prefixlen < widest else ""


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
    forget_beginnings()
    Beginning.objects.create(address=_hidden(request), begun_at=timezone.now())


def forget_beginnings() -> None:
    """Erase what no limit asks for any more; `tend_jobs` does so every hour, or those of a study's end would stay."""
    Beginning.objects.filter(begun_at__lte=timezone.now() - WINDOW).delete()


def _hidden(request: HttpRequest) -> str:
    """The address, by a keyed hash: who reads the table learns no address from it."""
    return hmac.new(settings.SECRET_KEY.encode(), client_address(request).encode(), hashlib.sha256).hexdigest()
