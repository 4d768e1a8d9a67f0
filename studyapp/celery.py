"""The Celery application: two queues, ``gpu`` and ``cpu``, on whichever broker the settings name."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import worker_init
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")


QUEUES = ("gpu", "cpu")
WORKERS_NICENESS = 10


def write_exchange(place: Path, queue: str) -> None:
    """Kombu's table of a queue, before kombu writes it: killed at that, it leaves half a file, and nobody can start."""
    table = json.dumps([[queue, "", queue]])
    if not place.exists() or place.read_text() != table:
        made = place.with_name(f"{place.name}.{secrets.token_hex(8)}.partial")
        made.write_text(table)
        made.replace(place)


def _broker() -> dict[str, Any]:
    if not settings.CELERY_BROKER_URL.startswith("filesystem:"):
        return {"broker_url": settings.CELERY_BROKER_URL}
    folders = {name: settings.DATA_DIR / "broker" / name for name in ("messages", "control")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    for queue in QUEUES:
        write_exchange(folders["control"] / f"{queue}.exchange", queue)
    return {
        "broker_url": "filesystem://localhost",
        "broker_transport_options": {
            "data_folder_in": str(folders["messages"]),
            "data_folder_out": str(folders["messages"]),
            "control_folder": str(folders["control"]),
            "store_processed": False,
            "polling_interval": 0.1,
        },
    }


app = Celery("phoropter")
app.conf.update(
    **_broker(),
    task_default_queue="cpu",
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # a broker may be away for a night
    worker_enable_remote_control=False,
    timezone="UTC",
)
app.autodiscover_tasks(["enhancement"])


@worker_init.connect
def give_way(**_: object) -> None:
    """Where workers share their cores with the web server, observers come first."""
    os.nice(WORKERS_NICENESS)
