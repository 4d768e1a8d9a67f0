"""`manage.py add_method`: a method by its kind, settings and weights."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from enhancement.methods import METHODS
from enhancement.services.methods import MethodProblemError, add_method


class Command(BaseCommand):
    help = "Add a method: " + "; ".join(f"{kind}: {made.title}" for kind, made in METHODS.items())

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("kind", choices=METHODS)
        parser.add_argument(
            "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting; VALUE is JSON or text"
        )
        parser.add_argument("--weights", type=Path, help="a checkpoint of this program, or an ONNX file")
        parser.add_argument("--note", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        settings = dict(_setting(text) for text in options["set"])
        if options["kind"] == "external" and isinstance(folder := settings.get("folder"), str):
            # A person types it from where they stand; the workers stand elsewhere.
            settings["folder"] = str(Path(folder).expanduser().absolute())
        try:
            method = add_method(
                options["name"], options["kind"], settings, weights=options["weights"], note=options["note"]
            )
        except (MethodProblemError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{method} ({method.kind})")


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"--set {text}: write KEY=VALUE.")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, value
