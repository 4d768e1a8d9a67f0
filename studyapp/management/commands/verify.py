"""`manage.py verify`: does this installation keep every promise, now, while it runs?"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from enhancement.services.verification import Check, Outcome, Watch, run_checks
from studyapp.services.verify import CHECKS, StrayCount, WorkUnderWayError, count_strays


class Command(BaseCommand):
    help = (
        "Check all that is promised of pictures, jobs, schedules and votes, on the running system: nothing is locked, "
        "nothing changed. Ends with status 1 where a promise is broken."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quick", action="store_true", help="don't read the insides of files")
        parser.add_argument("--json", action="store_true", help="the outcomes as JSON, for a program")
        parser.add_argument(
            "--remove-orphans", action="store_true", help="remove files older than a day that nothing refers to"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with Bars(shown=not options["json"]) as bars:
            outcomes = run_checks(CHECKS, quick=options["quick"], watch=Watch(bars.begin, bars.seen))
        try:
            strays = count_strays(timezone.now(), remove=options["remove_orphans"])
        except WorkUnderWayError as busy:
            raise CommandError(str(busy)) from busy
        if options["json"]:
            self.stdout.write(json.dumps(as_json(outcomes, strays), indent=1))
        else:
            self.stdout.write("\n".join([*table(outcomes), *words_of(strays)]))
        if any(outcome.broken for outcome in outcomes):
            sys.exit(1)


class Bars:
    """A progress bar for each check in turn, with the time left; none where nobody watches."""

    def __init__(self, *, shown: bool) -> None:
        self._disable = None if shown else True
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> "Bars":
        return self

    def __exit__(self, *raised: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def begin(self, check: Check, total: int) -> None:
        """The bar of the next check."""
        self.__exit__()
        self._bar = tqdm(
            desc=f"{check.name:24}", total=total, unit=f" {check.unit}", leave=False, disable=self._disable
        )

    def seen(self, count: int) -> None:
        """How many more were looked at."""
        if self._bar is not None:
            self._bar.update(count)


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """A line for each check, and under it what it found."""
    lines = []
    for outcome in outcomes:
        check = outcome.check
        verdict = f"{outcome.broken} broken" if outcome.broken else "holds"
        lines.append(f"{check.name:24}  {outcome.looked:>9,} {check.unit:20}  {verdict}")
        if outcome.broken:
            lines.append(f"    {check.promise}")
        lines += [f"    {violation}" for violation in outcome.violations]
        if outcome.broken > len(outcome.violations):
            lines.append(f"    … and {outcome.broken - len(outcome.violations):,} more")
        lines += [f"    note: {note}" for note in outcome.notes]
    broken = sum(outcome.broken for outcome in outcomes)
    kept = sum(not outcome.broken for outcome in outcomes)
    return [*lines, "", f"{kept} of {len(outcomes)} promises hold" + (f"; {broken:,} violations." if broken else ".")]


def words_of(strays: StrayCount) -> list[str]:
    """What no row refers to: never an error, for a worker may be about to."""
    if not strays.old + strays.young:
        return [f"Of {strays.looked:,} files, every one is referred to."]
    what = f"{strays.old + strays.young} files are referred to by nothing ({strays.size_bytes:,} bytes"
    half = f", {strays.half_written} of them half-written by killed processes" if strays.half_written else ""
    left = f"{strays.removed} removed" if strays.removed else f"{strays.old} older than a day: --remove-orphans"
    return [f"note: {what}{half}); {left}.", *(f"    {name}" for name in strays.names)]


def as_json(outcomes: Sequence[Outcome], strays: StrayCount) -> dict[str, Any]:
    """The same for a program."""
    checks = [
        {
            "name": outcome.check.name,
            "promise": outcome.check.promise,
            "looked_at": outcome.looked,
            "unit": outcome.check.unit,
            "broken": outcome.broken,
            "violations": [vars(violation) for violation in outcome.violations],
            "notes": outcome.notes,
        }
        for outcome in outcomes
    ]
    return {"holds": not any(outcome.broken for outcome in outcomes), "checks": checks, "orphans": vars(strays)}
