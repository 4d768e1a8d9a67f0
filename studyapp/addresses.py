"""Where a request comes from, as far as that can be known."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The client's address; of IPv6 the network (/64), for one household has that many.

    With ``PROXIES`` proxies in front, each of which appends to ``X-Forwarded-For`` whom it heard, that many entries
    from the right are theirs to say, and what stands before them is anybody's claim. Without proxies none of the header
    is read.
    """
    told = str(request.META.get("REMOTE_ADDR", ""))
    heard = [entry.strip() for entry in request.headers.get("X-Forwarded-For", "").split(",")]
    if settings.PROXIES and len(heard) >= settings.PROXIES:
        told = heard[-settings.PROXIES]
    return _network_of(told)


def sits_at_the_machine(request: HttpRequest) -> bool:
    """Whether the request was made on this machine and by no proxy: rehearsals with simulated observers are."""
    direct = "X-Forwarded-For" not in request.headers
    return direct and client_address(request) in ("127.0.0.1", "::")


def _network_of(told: str) -> str:
    try:
        address = ip_address(told)
    except ValueError:
        return "0.0.0.0"  # noqa: S104  # a socket without an address, or a proxy's nonsense: all such are one
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ip_network((address, 64), strict=False).network_address)
    return str(address)
