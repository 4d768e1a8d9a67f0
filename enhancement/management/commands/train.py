"""`manage.py train`: ask a gpu worker to train a network by a recipe."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from enhancement.nn.training.recipe import RecipeError, read_recipe
from enhancement.services.progress import follow
from enhancement.services.training import request_training


class Command(BaseCommand):
    help = "Train a network in the gpu worker; docs/training.md has every key of a recipe. Go on: retry its job."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("recipe", type=Path, help="a TOML file; relative paths in it are meant from its folder")
        parser.add_argument("--follow", action="store_true", help="show progress until it has ended")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = request_training(read_recipe(options["recipe"]))
        except RecipeError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{run}: {run.job} is there for the gpu worker")
        if options["follow"] and run.job and not follow([run.job]):
            raise CommandError("It has not learnt all its steps; the reason stands above.")
