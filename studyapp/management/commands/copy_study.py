"""`manage.py copy_study`: a study that asks the same as another, as a draft."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from studyapp.definition import StudyProblemError
from studyapp.models import Study
from studyapp.services.copying import copy_study, free_name


class Command(BaseCommand):
    help = "Copy a study, closed ones too, as a draft with a seed and observers of its own; it makes no pictures yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="its code or its name")
        parser.add_argument("--name", help="of the copy; “NAME (copy)” if you give none")
        parser.add_argument("--owner", help="the login of who gets it; the study's owner if you name none")

    def handle(self, *args: Any, **options: Any) -> None:
        found = Study.objects.filter(code=options["study"]) or Study.objects.filter(name=options["study"])
        if len(found) != 1:
            raise CommandError(f"{len(found)} studies are called {options['study']!r}; give its code.")
        owner = User.objects.filter(username=options["owner"]).first() if options["owner"] else found[0].owner
        if owner is None:
            raise CommandError(f"Nobody's login is {options['owner']!r}.")
        try:
            copy = copy_study(found[0], owner, options["name"] or free_name(found[0].name, owner))
        except StudyProblemError as error:
            raise CommandError(str(error)) from error
        onward = f"manage.py open_study {copy.code} --follow"
        self.stdout.write(f"{copy} is made, a draft. To have its pictures made and let observers in: {onward}")
