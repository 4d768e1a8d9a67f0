"""`manage.py open_study`: let observers in."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from enhancement.services.progress import follow
from studyapp.definition import StudyProblemError
from studyapp.links import HELP, UNKNOWN, site
from studyapp.models import Study
from studyapp.services.renderings import prepare_study
from studyapp.services.studies import open_study


class Command(BaseCommand):
    help = "Open a study, once its renderings are made; prints the observers' link."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="its code or its name")
        parser.add_argument("--follow", action="store_true", help="wait for its jobs, with progress")
        parser.add_argument("--site", help=HELP)

    def handle(self, *args: Any, **options: Any) -> None:
        found = Study.objects.filter(code=options["study"]) or Study.objects.filter(name=options["study"])
        if len(found) != 1:
            raise CommandError(f"{len(found)} studies are called {options['study']!r}; give its code.")
        if options["follow"]:
            follow(prepare_study(found[0]))
        try:
            open_study(found[0])
        except StudyProblemError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{found[0]} is open: {site(options['site']) or UNKNOWN}/s/{found[0].code}/")
