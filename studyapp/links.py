"""How observers reach this server, for the links that commands print; a page's links are by its own request."""

from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")
ALL_INTERFACES = ("0.0.0.0", "::")  # noqa: S104
UNKNOWN = "https://YOUR-SERVER"
HELP = "how observers reach this server; by HTTPS and ALLOWED_HOSTS, or where `serve` runs, otherwise"


def address_file() -> Path:
    """Where `serve` writes the address that it is reached by."""
    return Path(settings.DATA_DIR) / "address"


def names_for_others() -> list[str]:
    """What ``ALLOWED_HOSTS`` lets others call this server; patterns are no names."""
    return [name for name in settings.ALLOWED_HOSTS if name not in THIS_MACHINE and name[:1] not in ("", "*", ".")]


def served_at(host: str, port: int) -> str:
    """The address of a server that listens there: where it does on all interfaces, by a name that it answers to.

    Example:
        >>> served_at("127.0.0.1", 8000), served_at("::1", 8000)
        ('http://localhost:8000', 'http://[::1]:8000')
    """
    if host in ALL_INTERFACES:
        name = next(iter(names_for_others()), "localhost")
    else:
        name = "localhost" if host == "127.0.0.1" else host
    return f"http://[{name}]:{port}" if ":" in name and name[0] != "[" else f"http://{name}:{port}"


def is_known_elsewhere(link: str) -> bool:
    """Whether a link leads other devices here; one to this machine leads each of them to itself.

    Example:
        >>> is_known_elsewhere("https://study.example.org/s/a/"), is_known_elsewhere("http://[::1]:8000/s/a/")
        (True, False)
    """
    host = urlsplit(link).hostname
    return host not in THIS_MACHINE and f"[{host}]" not in THIS_MACHINE


def site(given: str | None = None) -> str | None:
    """The address that links begin with, without a slash at the end; None where nobody has said.

    What is given; or behind a proxy, which ``HTTPS`` says there is, the first name for others; or where `serve` runs.
    """
    if given:
        return given.strip().rstrip("/")
    if settings.HTTPS and (names := names_for_others()):
        return f"https://{names[0]}"
    return address_file().read_text() if address_file().exists() else None
