"""`manage.py make_invitations`: codes that seat observers, as lines of CSV."""

import csv
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from studyapp.links import HELP, UNKNOWN, site
from studyapp.models import Study
from studyapp.services.invitations import BadNumberError, make_invitations


class Command(BaseCommand):
    help = "Make invitation codes for a study; prints code, link, group and sittings as CSV."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="its code or its name")
        parser.add_argument("number", type=int, help="how many codes")
        parser.add_argument("--sittings", type=int, default=1, help="how many sittings may begin by each (1)")
        parser.add_argument("--group", default="", help="whose quota they count towards")
        parser.add_argument("--site", help=HELP)

    def handle(self, *args: Any, **options: Any) -> None:
        found = Study.objects.filter(code=options["study"]) or Study.objects.filter(name=options["study"])
        if len(found) != 1:
            raise CommandError(f"{len(found)} studies are called {options['study']!r}; give its code.")
        try:
            made = make_invitations(found[0], options["number"], sittings=options["sittings"], group=options["group"])
        except BadNumberError as error:
            raise CommandError(str(error)) from error
        address = site(options["site"]) or UNKNOWN
        rows = csv.writer(self.stdout, lineterminator="\n")
        rows.writerow(["code", "link", "group", "sittings"])
        for one in made:
            link = f"{address}/s/{found[0].code}/?invitation={one.code}"
            rows.writerow([one.code, link, one.group, one.sittings])
