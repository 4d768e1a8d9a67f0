"""`manage.py create_study`: a study from a TOML file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from studyapp.definition import StudyProblemError, read_definition
from studyapp.services.studies import create_study


class Command(BaseCommand):
    help = "Make a study from a TOML file (docs/protocol.md shows one); the workers then make what it needs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("definition", type=Path)
        parser.add_argument("--owner", help="the researcher's login; not needed where there is only one")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            study = create_study(read_definition(options["definition"]), _owner(options["owner"]))
        except StudyProblemError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{study} is made. Once its jobs are done: manage.py open_study {study.code}")


def _owner(name: str | None) -> User:
    users = User.objects.filter(username=name) if name else User.objects.filter(is_active=True)
    if len(users) != 1:
        known = (
            ", ".join(User.objects.values_list("username", flat=True)) or "nobody yet: make one with createsuperuser"
        )
        raise CommandError(f"--owner must name one of: {known}.")
    return users[0]
