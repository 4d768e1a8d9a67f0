"""`manage.py tend_jobs`: give the jobs of dead workers to living ones, for as long as the program runs."""

import logging
import signal
import threading
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import close_old_connections, connection
from django.utils.module_loading import import_string

from enhancement.services.jobs import AWAY, tend_jobs

log = logging.getLogger(__name__)

TIDY_EVERY_S = 3600.0


class Command(BaseCommand):
    help = (
        "Watch over jobs: those whose worker died are queued again, and lost messages are sent again. "
        "Every hour, what nobody needs any more is removed: see TIDIED_HOURLY in the settings."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: stop.set())
        tidy_at, away = monotonic(), False
        while not stop.is_set():
            close_old_connections()
            try:
                connection.ensure_connection()
                if away:  # living workers couldn't beat either: let them, before they are taken for dead
                    stop.wait(2 * settings.JOB_HEARTBEAT_S)
                tend_jobs()
                away = False
                if monotonic() >= tidy_at:
                    tidy()
                    tidy_at = monotonic() + TIDY_EVERY_S
            except AWAY as error:
                log.warning("the database can't be reached (%s); trying again", error)
                away = True
            stop.wait(settings.JOB_HEARTBEAT_S)


def tidy() -> None:
    """Each of the settings' hourly duties; they name the study app's by path, for nothing here may import it."""
    for path in settings.TIDIED_HOURLY:
        try:
            import_string(path)()
        except AWAY:
            raise
        except Exception:
            log.exception("%s failed; the others go on, and it is tried again in an hour", path)
