"""What must be right before anything starts."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.files.storage import default_storage

from studyapp.environment import BROKERS, without_password
from studyapp.links import THIS_MACHINE


@register()
def broker_is_known(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """``CELERY_BROKER_URL`` names a broker that this program has been run with."""
    if urlsplit(settings.CELERY_BROKER_URL).scheme in BROKERS:
        return []
    return [
        Error(
            f"CELERY_BROKER_URL is {without_password(settings.CELERY_BROKER_URL)!r}.",
            hint="Use filesystem:// (nothing to install), redis://HOST:PORT/N or amqp://USER:PASSWORD@HOST:PORT//.",
            id="phoropter.E001",
        )
    ]


@register()
def zoom_viewer_is_there(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """OpenSeadragon has been fetched; without it no observer sees anything."""
    script = Path(settings.BASE_DIR) / "node_modules/openseadragon/build/openseadragon/openseadragon.min.js"
    if script.exists():
        return []
    return [
        Error(
            "OpenSeadragon is not installed.",
            hint="Run `make environment`; it fetches it from npm.",
            id="phoropter.E002",
        )
    ]


@register()
def job_times_make_sense(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A job is called dead only after several missed heartbeats."""
    if settings.JOB_STALE_S >= 2 * settings.JOB_HEARTBEAT_S > 0:
        return []
    return [
        Error(
            f"JOB_STALE_S is {settings.JOB_STALE_S} with JOB_HEARTBEAT_S {settings.JOB_HEARTBEAT_S}.",
            hint="JOB_STALE_S must be at least twice JOB_HEARTBEAT_S, or living workers are taken for dead.",
            id="phoropter.E003",
        )
    ]


@register()
def others_come_by_https(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Where the server has a name for others, logins and observers' links shouldn't travel in the clear."""
    others = sorted(set(settings.ALLOWED_HOSTS) - set(THIS_MACHINE))
    if settings.HTTPS or not others:
        return []
    return [
        Warning(
            f"Others reach this server as {', '.join(others)} without HTTPS: passwords travel in the clear.",
            hint="Put a proxy with a certificate in front and set HTTPS=true; for a trusted network it may stay so.",
            id="phoropter.W001",
        )
    ]


@register()
def folders_can_be_written(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Pictures, uploads and training have folders. Only that of the pictures is needed on every machine."""
    folders = {
        "STORAGE_URL": Path(default_storage.path("")),
        "UPLOAD_DIR": Path(settings.UPLOAD_DIR),
        "TRAINING_DIR": Path(settings.TRAINING_DIR),
    }
    hint = "Mount its disk, or let the user of this program write there; a folder that isn't there yet is made."
    return [
        Error(f"{name}: {folder} can't be written.", hint=hint, id="phoropter.E005")
        if name == "STORAGE_URL"
        else Warning(f"{name}: {folder} can't be written.", hint=hint, id="phoropter.W002")
        for name, folder in folders.items()
        if not _can_be_written(folder)
    ]


def _can_be_written(folder: Path) -> bool:
    """Whether files can be made in a folder, or in the one in which it will be made itself."""
    standing = next(one for one in (folder, *folder.parents) if one.exists())
    return standing.is_dir() and os.access(standing, os.W_OK | os.X_OK)


FROM_ZERO = ("PROXIES", "DEVICE_KEEP_DAYS", "UPLOAD_SPARE_MB")


@register()
def limits_make_sense(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A limit of zero would let nobody in at all."""
    told = {
        "LOGIN_ATTEMPTS": settings.AXES_FAILURE_LIMIT,
        "LOGIN_WAIT_MINUTES": settings.AXES_COOLOFF_TIME.total_seconds(),
        "SITTINGS_PER_HOUR": settings.SITTINGS_PER_HOUR,
        "LOGIN_DAYS": settings.SESSION_COOKIE_AGE,
        "JOB_RESEND_S": settings.JOB_RESEND_S,
        "JOB_MAX_ATTEMPTS": settings.JOB_MAX_ATTEMPTS,
        "UPLOAD_MAX_FILE_MB": settings.UPLOAD_MAX_FILE_MB,
        "UPLOAD_MAX_MB": settings.UPLOAD_MAX_MB,
        "UPLOAD_MAX_FILES": settings.UPLOAD_MAX_FILES,
        "UPLOAD_KEEP_DAYS": settings.UPLOAD_KEEP_DAYS,
    }
    told |= {name: getattr(settings, name) + 1 for name in FROM_ZERO}
    wrong = [name for name, value in told.items() if value <= 0]
    if not wrong:
        return []
    hint = (
        "Limits and times are above zero; PROXIES is 0 or the number of proxies in front, DEVICE_KEEP_DAYS 0 or days, "
        "UPLOAD_SPARE_MB 0 or more."
    )
    return [Error(f"{', '.join(wrong)}: too small.", hint=hint, id="phoropter.E004")]
