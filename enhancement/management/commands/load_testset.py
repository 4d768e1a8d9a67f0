"""`manage.py load_testset`: photos from a folder or a manifest."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from enhancement.folders import LAYOUTS, SurveyError
from enhancement.services.progress import advance
from enhancement.services.testsets import FrozenError, load_testset


class Command(BaseCommand):
    help = f"Load a test set from {LAYOUTS}. One bad file, and nothing is stored: all are named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="letters, digits, - and _")
        parser.add_argument("path", type=Path, help="a folder, or a CSV manifest")
        parser.add_argument("--reference", type=Path, help="the folder of references, paired by name")
        parser.add_argument("--camera", default="", help="what took the photos")
        parser.add_argument("--simulated", action="store_true", help="no camera shot the inputs; said with them")
        parser.add_argument("--note", default="", help="where the photos come from")

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(desc="reading photos", unit="file", disable=None) as bar:
            try:
                testset = load_testset(
                    options["name"],
                    options["path"],
                    reference=options["reference"],
                    camera=options["camera"],
                    simulated=options["simulated"],
                    note=options["note"],
                    progress=lambda done, total: advance(bar, done, total),
                )
            except SurveyError as error:
                count = len(error.problems)
                raise CommandError(f"Nothing was stored; {count} thing(s) to mend:\n{error}") from error
            except FrozenError as error:
                raise CommandError(str(error)) from error
        for note in testset.source.get("notes", []):
            self.stdout.write(note)
        contents = testset.contents.count()
        references = testset.contents.exclude(reference_sha256="").count()
        self.stdout.write(f"{testset}: {contents} contents, {references} with a reference")
