"""`manage.py serve`: everything one machine needs, until Ctrl-C."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from studyapp.links import address_file, served_at
from studyapp.processes import PortTakenError, refuse_taken_port, serve


class Command(BaseCommand):
    help = "Start the web server, both workers and the tender of jobs; Ctrl-C stops them all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other machines in (see ALLOWED_HOSTS)")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        try:
            refuse_taken_port(host, port)
        except PortTakenError as error:
            raise CommandError(str(error)) from error
        call_command("migrate", verbosity=0)
        logs = Path(settings.DATA_DIR) / "logs"
        address_file().write_text(served_at(host, port))
        status = serve(host, port, base=settings.BASE_DIR, logs=logs, then=lambda: self.ready(host, port))
        if status:
            raise CommandError(f"A process stopped by itself (status {status}), and the others with it; see {logs}.")
        sys.exit(0)

    def ready(self, host: str, port: int) -> None:
        """What a person reads once everything has been started."""
        self.stdout.write(f"Phoropter runs at {address_file().read_text()}/ — Ctrl-C stops it.")
