"""The bundle's README: how the study was done, in words, and how to redo its analysis."""

from typing import Any

from django.utils import timezone

from analysis.reporting.methods import cited, methods
from studyapp.models import Study
from studyapp.services.reports import report_as_json
from studyapp.services.text_files import iso

FILES = {
    "exposures.csv, exposures.parquet": "every pair that was painted on an observer's screen, one row each, "
    "answered or not; the columns are explained in the program's docs/export.md",
    "sessions.csv": "every sitting, one row each",
    "pages.csv": "every page around the pairs that was done, one row each, with what was told on it",
    "rejected.csv": "second, different answers to a pair and answers that came too late: kept, never counted",
    "study.toml": "the study as it was defined; `manage.py create_study study.toml` makes the same one again",
    "schedule.json": "seed, policy and design, batches and the places that each sitting was given, from which every "
    "sitting's pairs, order and sides follow again: `python -m studyapp.design BUNDLE.zip`",
    "texts/": "what observers were told and agreed to, every version",
    "contents.jsonl, methods.jsonl": "the photos by their hashes; the methods with settings and hashes of weights",
    "stimuli.jsonl": "every picture that was shown: the hash in the exposures, the stimulus, and how it was made",
    "report.json": "the numbers of the report",
    "metrics.csv": "PSNR, SSIM and the other metrics of every picture, from which the report's means follow",
    "versions.json": "the software that made this bundle",
}


def readme_of(study: Study, *, include_simulated: bool = False) -> str:
    """The README as Markdown."""
    told = report_as_json(study, include_simulated=include_simulated)
    files = "\n".join(f"- `{name.replace(', ', '`, `')}`: {what}" for name, what in FILES.items())
    parts = [*map(tuple, told["study"]["methods"]), *methods(told)]
    return "\n\n".join(
        [
            f"# {_literal(study.name)}",
            f"All that a reviewer needs to check this study's numbers, as it stood at {iso(timezone.now())}, when the "
            f"study was {study.get_state_display().lower()}.",
            *([f"**{told['stamp']}.** Some or all of these votes were given by a program."] * told["simulated"]),
            _redo(study, told, include_simulated=include_simulated),
            "## Methods",
            *(f"**{head}** {_literal(text)}" for head, text in parts),
            "## References\n\n" + "\n".join(f"- {_literal(reference)}" for reference in cited(told)),
            f"## Files\n\n{files}\n",
        ]
    )


def _redo(study: Study, told: dict[str, Any], *, include_simulated: bool) -> str:
    return (
        f"## Redo the analysis\n\n    pip install 'phoropter=={told['versions']['phoropter']}'   # or its source\n"
        f"    {command(study, include_simulated=include_simulated)}\n\n"
        "prints the counts, scores, intervals and preferences of `report.json`. With the bundle as it was "
        "downloaded,\n\n    python -m analysis reproduce BUNDLE.zip\n\n"
        "makes the whole `report.json` again from `exposures.csv` and `metrics.csv`, compares every number, and says "
        "whether they are the same bit for bit. The same votes, seed and versions (`versions.json`) give that."
    )


def _literal(text: str) -> str:
    """Text whose signs Markdown would read as its own."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>#|$" else sign for sign in text)


def command(study: Study, *, include_simulated: bool = False) -> str:
    """What redoes the analysis, in the folder of the bundle."""
    compared = study.conditions.filter(worse_than=None).values_list("name", flat=True)
    asked = f"python -m analysis scale exposures.csv --conditions {' '.join(compared)} --json"
    return f"{asked} --include-simulated" if include_simulated else asked
