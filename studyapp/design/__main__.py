"""``python -m studyapp.design BUNDLE.zip``: every sitting's trials again from its schedule, held against the exposures.

Nothing but `studyapp.design` is needed: no database, no Django.
"""

import argparse
import csv
import io
import json
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields
from pathlib import Path, PurePosixPath
from typing import Any

from studyapp.design.derivation import ScheduleError, Shown, Sitting, derive, differences

BAD_INPUT = 2
SCHEDULE, EXPOSURES = "schedule.json", "exposures.csv"
DIFFERENCES_NAMED = 5
RECORDED = "Which places a sitting was given is recorded, not derived: it depends on who came before and left."
RECORDED_BATCHES = (
    "Which pairs a batch holds is recorded, too: it depends on the votes of its time. What a place shows that draws on "
    "a batch is derived from that."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Derive and compare; 0 if every exposure follows, 2 if one doesn't or the files can't be used."""
    asked = _parser().parse_args(arguments)
    try:
        schedule = _schedule(_text(asked.bundle, SCHEDULE))
        sittings = list(derive(schedule))
        said = verdict(schedule, sittings, _text(asked.bundle, EXPOSURES))
        if asked.output is not None:
            asked.output.write_text("".join(trial_lines(sittings)), encoding="utf-8")
    except (ScheduleError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    print(said)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m studyapp.design",
        description="Derive every sitting's trials from a bundle's schedule, and compare them with its exposures.",
    )
    parser.add_argument("bundle", type=Path, help="BUNDLE.zip of a study, or the folder that was in it")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the derived trials as CSV")
    return parser


def verdict(schedule: dict[str, Any], sittings: Sequence[Sitting], exposures: str) -> str:
    """In words, that all exposures are what was derived, and what was not derived but recorded.

    Raises:
        ScheduleError: One isn't; names which, and what differs.
    """
    rows = list(csv.DictReader(io.StringIO(exposures)))
    try:
        apart = list(differences(sittings, rows))
    except (KeyError, ValueError) as error:
        raise ScheduleError(f"{EXPOSURES} can't be read ({error!r}); download the bundle again") from error
    if apart:
        more = f"; and {len(apart) - DIFFERENCES_NAMED:,} more" if len(apart) > DIFFERENCES_NAMED else ""
        raise ScheduleError(f"exposures don't follow from the schedule: {'; '.join(apart[:DIFFERENCES_NAMED])}{more}")
    trials = sum(len(sitting.trials) for sitting in sittings)
    return " ".join(
        [
            f"{trials:,} trials of {len(sittings):,} sittings derived; all {len(rows):,} exposures are among them, at "
            "their positions, with their sides.",
            RECORDED,
            *([RECORDED_BATCHES] if schedule["batches"] else []),
        ]
    )


def trial_lines(sittings: Sequence[Sitting]) -> Iterator[str]:
    """The derived trials as CSV, painted or not."""
    yield _line("session", "observer", "lane", *(field.name for field in fields(Shown)))
    for sitting in sittings:
        for trial in sitting.trials:
            yield _line(sitting.session, sitting.observer, sitting.lane, *astuple(trial))


def _line(*cells: object) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _schedule(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except json.JSONDecodeError as error:
        raise ScheduleError(f"{SCHEDULE} is not JSON ({error}); download the bundle again") from error
    if not isinstance(told, dict):
        raise ScheduleError(f"{SCHEDULE} is not the schedule of a study; download the bundle again")
    return told


def _text(bundle: Path, name: str) -> str:
    """A file of a bundle, zipped or unpacked."""
    if bundle.is_dir():
        return (bundle / name).read_text(encoding="utf-8")
    try:
        with zipfile.ZipFile(bundle) as archive:
            within = {PurePosixPath(of).name: of for of in archive.namelist()}
            if name not in within:
                raise ScheduleError(f"{bundle}: no {name} in it; give the bundle.zip of a study as it was downloaded")
            return archive.read(within[name]).decode()
    except zipfile.BadZipFile as error:
        raise ScheduleError(f"{bundle}: not a zip file that can be read ({error})") from error


if __name__ == "__main__":
    sys.exit(main())
