"""`manage.py import_checkpoint`: a method from the authors' released weights."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from enhancement.services.methods import MethodProblemError, import_checkpoint


class Command(BaseCommand):
    help = "Import released TensorFlow checkpoints (FILE.index beside FILE.data-…) as methods, every CRC checked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "index", nargs="+", type=Path, help="a checkpoint's .index file, or its path without ending"
        )
        parser.add_argument("--name", help="the method's name, for a single checkpoint; the file's own name otherwise")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["name"] and len(options["index"]) > 1:
            raise CommandError("--name goes with one checkpoint.")
        for path in options["index"]:
            index = path if path.suffix == ".index" else path.with_name(f"{path.name}.index")
            try:
                method = import_checkpoint(index, options["name"] or index.stem)
            except MethodProblemError as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"{method} ({method.kind}), weights {method.weights_sha256[:12]}")
