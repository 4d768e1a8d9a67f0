"""`manage.py run_methods`: ask the workers for stimuli and their metrics."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from enhancement.models import Method, TestSet
from enhancement.services.measure import request_measurements
from enhancement.services.progress import follow
from enhancement.services.stimuli import request_stimuli


class Command(BaseCommand):
    help = "Run methods on a test set, in the workers; metrics follow."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("testset")
        parser.add_argument(
            "methods", nargs="+", help="names as `manage.py run_methods` lists them, e.g. auto or auto v2"
        )
        parser.add_argument("--follow", action="store_true", help="show progress until all is done")

    def handle(self, *args: Any, **options: Any) -> None:
        testset = TestSet.objects.filter(name=options["testset"]).first()
        if testset is None:
            raise CommandError(f"No test set is called {options['testset']!r}; load it with load_testset.")
        known = {str(method): method for method in Method.objects.all()}
        if unknown := set(options["methods"]) - set(known):
            raise CommandError(
                f"No such method: {', '.join(sorted(unknown))}. There are: {', '.join(known) or 'none'}."
            )
        jobs = [request_stimuli(testset, known[name]) for name in options["methods"]]
        awaited = [job for job in jobs if job is not None]
        measure = request_measurements(testset, after=awaited)
        if measure is not None:
            awaited.append(measure)
        for job in awaited:
            self.stdout.write(f"{job} is queued for the {job.queue} worker")
        if not awaited:
            self.stdout.write("Nothing to do: every stimulus and its metrics are there.")
        elif options["follow"] and not follow(awaited):
            raise CommandError("Not all of it could be done; the reasons stand above.")
