"""``python -m enhancement.nn train``."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from tqdm import tqdm

from enhancement.nn.memory import keep_freed_memory
from enhancement.nn.training.loop import Ended, TrainingError, train
from enhancement.nn.training.recipe import Recipe, read_recipe
from enhancement.nn.training.team import Team, joined

STOPPED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said to it."""
    parser.add_argument("recipe", type=Path, help="a TOML file; docs/training.md has every key")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="the run's folder: state, checkpoint, curve, samples; a run that is there is gone on with "
        "(default: runs/NAME, by the recipe's name)",
    )
    parser.add_argument("--device", default="auto", help="auto (default), cpu or cuda")


def run(options: argparse.Namespace) -> int:
    """Train; 0 once all steps are learnt, 130 where it was told to stop before.

    Raises:
        ValueError: Recipe, patches, backbone or folder can't be used.
        OSError: A file can't be read, or the folder can't be written to.
    """
    recipe = read_recipe(options.recipe)
    keep_freed_memory()
    folder = options.output or Path("runs", recipe.name)
    try:
        with joined(options.device) as team, Bar(recipe, team) as bar:
            ended = train(recipe, folder, team, bar)
    except TrainingError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if team.leads:
        sys.stderr.write(f"{how(ended, recipe, folder)}\n")
    return 0 if ended.is_finished else STOPPED


class Bar:
    """The steps as a bar; Ctrl-C and SIGTERM stop the run after the step that it is on."""

    def __init__(self, recipe: Recipe, team: Team) -> None:
        self.bar = tqdm(total=recipe.steps, desc=recipe.name, unit="step", disable=None if team.leads else True)
        self.is_told_to_stop = False

    def __call__(self, step: int, steps: int) -> bool:
        """Show how far it is; whether to go on."""
        self.bar.total = steps
        self.bar.update(step - self.bar.n)
        return not self.is_told_to_stop

    def __enter__(self) -> "Bar":
        """Listen."""
        self.before = {name: signal.signal(name, self.stop) for name in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *raised: object) -> None:
        """Listen no more."""
        self.bar.close()
        for name, handler in self.before.items():
            signal.signal(name, handler)

    def stop(self, name: int, frame: FrameType | None) -> None:
        """Remember that it was asked for."""
        self.is_told_to_stop = True


def how(ended: Ended, recipe: Recipe, folder: Path) -> str:
    """The last word."""
    if ended.is_finished:
        return f"{recipe.name}: {ended.step:,} steps learnt. The checkpoint is {ended.network}."
    return (
        f"{recipe.name}: stopped after step {ended.step:,} of {recipe.steps:,}; nothing is lost. "
        f"The same command goes on with {folder}."
    )
