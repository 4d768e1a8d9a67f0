"""From an environment variable to Django's own setting; a wrong value is refused with what would be right."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env

HEARING = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
YES, NO = ("1", "true", "yes", "y", "on", "ok"), ("0", "false", "no", "n", "off", "")
BROKERS = ("filesystem", "redis", "rediss", "amqp", "amqps")


class Environment(Env):  # type: ignore[misc]  # environ has no types
    """Variables as settings; what can't be read is refused by name, where a wrong word would only be taken for no."""

    def get_value(self, var: str, cast: Any = None, *args: Any, **kwargs: Any) -> Any:
        """A variable, or its default.

        Raises:
            ImproperlyConfigured: It is no number, or neither yes nor no.
        """
        told = self.ENVIRON.get(var)
        if cast is bool and told is not None and told.strip().lower() not in YES + NO:
            raise ImproperlyConfigured(f"{var} is {told!r}; write true or false.")
        try:
            return super().get_value(var, cast, *args, **kwargs)
        except ValueError:
            if cast not in (int, float):
                raise  # may hold half a password; whoever asked for an address says what is wrong with it
            wanted = "whole number" if cast is int else "number"
            raise ImproperlyConfigured(f"{var} is {told!r}; write a {wanted}.") from None


def database(env: Env, data_dir: Path) -> dict[str, Any]:
    """SQLite beside the data unless ``DATABASE_URL`` names PostgreSQL.

    SQLite is told to take its write lock when a transaction begins: a reader that turns writer would otherwise fail at
    once instead of waiting for its turn.
    """
    try:
        settings: dict[str, Any] = env.db_url("DATABASE_URL", default=f"sqlite:///{data_dir / 'phoropter.sqlite3'}")
    except ValueError:
        # Not repeated here, nor chained: what can't be read may hold half a password.
        raise ImproperlyConfigured(
            "DATABASE_URL can't be read; write postgres://USER:PASSWORD@HOST:PORT/NAME, with @, / and # in the "
            "password percent-encoded."
        ) from None
    engine = settings["ENGINE"]
    if engine == "django.db.backends.sqlite3":
        Path(settings["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        settings["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON",
        }
    elif engine == "django.db.backends.postgresql":
        settings["CONN_MAX_AGE"] = 60
        settings["CONN_HEALTH_CHECKS"] = True
        # A server that vanished without a word is noticed in a minute, not after the two hours that TCP waits.
        settings["OPTIONS"] = {**HEARING, **settings.get("OPTIONS", {})}
    else:
        raise ImproperlyConfigured(
            f"DATABASE_URL names {engine}; use sqlite:///PATH or postgres://USER@HOST:PORT/NAME."
        )
    return settings


def storage(env: Env, data_dir: Path) -> dict[str, Any]:
    """A folder for pictures, by ``STORAGE_URL`` (file:///PATH)."""
    url = urlsplit(env.str("STORAGE_URL", default=f"file://{data_dir / 'pictures'}"))
    if url.scheme != "file" or not url.path:
        raise ImproperlyConfigured(
            f"STORAGE_URL is {without_password(url.geturl())!r}; use file:///PATH, a folder this program may write."
        )
    return {
        "BACKEND": "enhancement.storage.WholeFileStorage",
        "OPTIONS": {"location": unquote(url.path), "file_permissions_mode": 0o444},
    }


def mail(env: Env) -> dict[str, Any]:
    """Where mail is handed over, by ``EMAIL_URL``; nothing where there is none, and then nothing is sent."""
    if not env.str("EMAIL_URL", default=""):
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    try:
        told: dict[str, Any] = env.email_url("EMAIL_URL")
    except ValueError:
        raise ImproperlyConfigured("EMAIL_URL can't be read; write smtp+tls://USER:PASSWORD@HOST:PORT.") from None
    return told


def without_password(url: str) -> str:
    """An address with ``…`` where a password would stand, for words that a person reads."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return "(an address that can't be read)"
    return url.replace(f":{password}@", ":…@", 1) if password else url


def kept_secret(place: Path, make: Callable[[], str]) -> str:
    """A secret made once and kept in a file that only its owner may read.

    The file appears whole or not at all, so that of the processes that start at once each reads the same.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        handle, draft = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}-")  # readable by its owner alone
        with os.fdopen(handle, "w") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, place)  # fails where another process was first
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()
    return place.read_text()
