"""Logs that tell no secret: whoever reads them can't vote for somebody, look behind the blind, or log in."""

import logging
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from gunicorn.glogging import Logger

KEPT = 4
ADDRESS = re.compile(r"(/(?:look|trial|seen)/|/password/[\w-]+/)([\w:.-]{6,})")
PASSWORD_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/@]+(@)")
BEARER = re.compile(r"(\bBearer\s+|\bphoropter_)([\w.~+/-]{12,}=*)")
ARRIVAL = re.compile(r"""(/s/[\w-]+(?:/\w+)*/?\?)[^\s"'<>]+""")
"""A study's link, and those below it, with what it says of who comes: invitation codes, and panels' ids by names that
each study chooses.
"""
NAMED = re.compile(
    r"""((?:__Host-)?sessionid|csrftoken|csrfmiddlewaretoken|sitting-[\w-]+|password\w*|secret_?key|token)
        (["']?\s*[=:]\s*["']?)([^\s"';,&]+)""",
    re.IGNORECASE | re.VERBOSE,
)


class Discreet(logging.Formatter):
    """Writes a line, traceback included, with every token cut to its first characters and every password left out."""

    def format(self, record: logging.LogRecord) -> str:
        """The line as it may be read by anybody."""
        return without_secrets(super().format(record))


class GunicornLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn's own lines, its access log among them, by the same rule."""

    def setup(self, cfg: Any) -> None:
        """Gunicorn's handlers keep their formats."""
        super().setup(cfg)
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            form = handler.formatter
            handler.setFormatter(Discreet(form._fmt, form.datefmt) if form else Discreet())


def without_secrets(text: str) -> str:
    """A text in which enough of each token is left to tell two apart, and no more."""
    text = ADDRESS.sub(lambda found: f"{found[1]}{found[2][:KEPT]}…", text)
    text = PASSWORD_IN_URL.sub(r"\1…\2", text)
    text = BEARER.sub(lambda found: f"{found[1]}…", text)
    text = ARRIVAL.sub(r"\1…", text)
    text = NAMED.sub(lambda found: f"{found[1]}{found[2]}…", text)
    for secret in _known():
        text = text.replace(secret, "…")
    return text


def _known() -> Iterable[str]:
    """The secrets that the settings hold, once there are settings."""
    if not settings.configured:
        return
    yield settings.SECRET_KEY
    broker = urlsplit(settings.CELERY_BROKER_URL).password or ""
    told = (
        settings.DATABASES["default"].get("PASSWORD") or "",
        broker,
        settings.EMAIL.get("EMAIL_HOST_PASSWORD") or "",
    )
    for password in told:
        if len(password) >= KEPT:  # a shorter one would blot out half of every line
            yield password
            yield unquote(password)
