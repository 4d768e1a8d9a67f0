"""A study's report: the exposures of the export, the metrics of the library, the functions of `analysis`."""

import hashlib
import json
from collections.abc import Callable
from itertools import chain
from typing import Any

import pandas as pd
from django.core.cache import cache
from django.db.models import Count, Max
from matplotlib.figure import Figure

from analysis.figures import FIGURES, as_png, as_svg
from analysis.report import SEED, Report, report
from analysis.votes import OPTIONAL, REQUIRED
from studyapp.models import Rendering, Study, Trial, Vote
from studyapp.models.observer import Lane
from studyapp.services.decisions import left_out
from studyapp.services.overview import conditions_of
from studyapp.services.schedules import numbered
from studyapp.services.tables import EXPOSURES, batches
from studyapp.services.text_files import iso

REPLICATES = 1000
KEEP_S = 3600
UNMEASURED = "not measured yet"
WRITERS: dict[str, Callable[[Figure], bytes]] = {"svg": as_svg, "png": as_png}


def report_of(study: Study, *, include_simulated: bool = False) -> Report:
    """The report of a study as its votes stand. The same votes and settings give the same report.

    Replicates and seed are those of `python -m analysis scale`, which gives the same numbers from the exported file.
    """
    key = f"report-{report_key(study, include_simulated=include_simulated)}"
    made: Report | None = cache.get(key)
    if made is None:
        made = report(
            votes_of(study, include_simulated=include_simulated),
            metrics=metrics_of(study),
            conditions=_compared(study),
            replicates=REPLICATES,
            seed=SEED,
            include_simulated=include_simulated,
        )
        cache.set(key, made, timeout=KEEP_S)
    return made


def report_key(study: Study, *, include_simulated: bool = False) -> str:
    """Changes with whatever the report rests on: showings, votes, sittings, metrics, conditions."""
    votes = Vote.objects.filter(trial__session__study=study).aggregate(number=Count("pk"), last=Max("pk"))
    measured = Rendering.objects.filter(raster__study=study).aggregate(
        rendered=Count("pk"), measured=Count("stimulus__measurement")
    )
    told: dict[str, Any] = {
        "study": [study.pk, study.state, include_simulated, *_compared(study)],
        "votes": votes,
        "shown": Trial.objects.filter(session__study=study, shown_at__isnull=False).count(),
        "measured": measured,
        "sessions": list(
            study.sessions.order_by("pk").values_list("pk", "state", "pilot", "simulated", "decision__use")
        ),
    }
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def votes_of(study: Study, *, include_simulated: bool = False) -> pd.DataFrame:
    """The exposures as the analysis reads them; what counts is decided there, for the page as for the file."""
    names = (*REQUIRED, *OPTIONAL)
    rows = chain.from_iterable(batches(EXPOSURES, study, *names, include_simulated=include_simulated))
    table = pd.DataFrame(rows, columns=list(names))
    return table.assign(vote=table["vote"].fillna(""))


def metrics_of(study: Study) -> pd.DataFrame:
    """One row per content and condition: what the metrics say of the stimulus that stood there, or why nothing."""
    measured = "stimulus__measurement__"
    rows = Rendering.objects.filter(raster__study=study).values_list(
        "raster__content__name",
        "condition__name",
        *(f"{measured}{name}" for name in ("psnr_db", "ssim", "ms_ssim", "reason")),
    )
    table = pd.DataFrame(
        list(rows.order_by("raster__content__name", "condition__position")),
        columns=["content", "condition", "psnr_db", "ssim", "ms_ssim", "why"],
    )
    return table.assign(why=table["why"].fillna(UNMEASURED))


def _compared(study: Study) -> list[str]:
    return list(study.conditions.filter(worse_than=None).values_list("name", flat=True))


def report_as_json(study: Study, *, include_simulated: bool = False) -> dict[str, Any]:
    """The report as plain data, with what was asked about what."""
    conditions = {
        condition.name: {
            "methods": {camera: str(method) if method else None for camera, method in by_camera},
            "gold_only": condition.worse_than_id is not None,
        }
        for condition, by_camera in conditions_of(study)
    }
    asked = {
        "name": study.name,
        "question": study.question,
        "testset": study.testset.name,
        "photos_simulated": study.testset.simulated,
        "conditions": conditions,
        "design": {"policy_version": study.policy_version, "seed": study.seed, "batches": batches_of(study)},
    }
    decided = {"left_out_by_decision": left_out(study)}
    return {"study": asked, **decided, **report_of(study, include_simulated=include_simulated).as_json()}


def batches_of(study: Study) -> list[dict[str, Any]]:
    """The batches that observers' slots draw on, with their pairs by name: without them no slot is derived again."""
    names = [str(condition) for condition in numbered(study).conditions]
    return [
        {
            **{key: getattr(batch, key) for key in ("number", "policy_version", "votes", "votes_sha256", "pending")},
            "created_at": iso(batch.created_at),
            "pairs": [[names[one], names[other]] for one, other in batch.pairs],
        }
        for batch in study.batches.filter(lane=Lane.MAIN)
    ]


def page_of(study: Study, *, include_simulated: bool = False) -> dict[str, Any]:
    """What the report's page shows: the report as plain data, and its one table of scores and metrics."""
    told = report_of(study, include_simulated=include_simulated).as_json()
    # Said beside the scores that are not there; once on a page is enough.
    told["notes"] = [note for note in told["notes"] if not note.startswith("Scores are withheld.")]
    table = score_table(study, told)
    return {
        "report": told,
        "table": table,
        "missing": missing_metrics(table),
        "left_out": left_out(study),
        "cameras": camera_table(told),
        "include_simulated": include_simulated,
        "simulated_votes": 0 if include_simulated else simulated_votes(study),
    }


def simulated_votes(study: Study) -> int:
    """How many votes a program gave, of every kind of trial."""
    return Vote.objects.filter(trial__session__study=study, trial__session__simulated=True).count()


def figure_of(study: Study, name: str, suffix: str, *, include_simulated: bool = False) -> bytes:
    """A figure of the report as a file; drawn once for as long as the report stands.

    Raises:
        KeyError: ``name`` isn't in ``FIGURES``, or ``suffix`` not in ``WRITERS``.
    """
    key = f"{name}-{suffix}-{report_key(study, include_simulated=include_simulated)}"
    drawn: bytes | None = cache.get(key)
    if drawn is None:
        drawn = WRITERS[suffix](FIGURES[name](report_of(study, include_simulated=include_simulated)))
        cache.set(key, drawn, timeout=KEEP_S)
    return drawn


def score_table(study: Study, told: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per condition: score with interval, means of its metrics; the best first, gold-only ones last."""
    scores = {row["condition"]: row for row in told["scale"]["scores"]}
    metrics = {row["condition"]: row for row in told["metrics"]}
    conditions = list(study.conditions.all())
    ranks = {name: rank for rank, name in enumerate(scores)}
    conditions.sort(key=lambda condition: (ranks.get(condition.name, len(ranks)), condition.position))
    return [
        {
            "condition": condition,
            "score": scores.get(condition.name),
            "metrics": metrics.get(condition.name),
        }
        for condition in conditions
    ]


def camera_table(told: dict[str, Any]) -> dict[str, Any]:
    """Scores camera by camera: a row per condition in the order of the pooled table; nothing for a single camera."""
    by_camera = [{row["condition"]: row for row in part["scale"]["scores"]} for part in told["cameras"]]
    order = [row["condition"] for row in told["scale"]["scores"]] or told["conditions"]
    return {
        "parts": told["cameras"],
        "rows": [(name, [scores.get(name) for scores in by_camera]) for name in order] if by_camera else [],
    }


def missing_metrics(table: list[dict[str, Any]]) -> list[str]:
    """Why metrics lack contents, in sentences; a reason that several conditions share is said once."""
    whom: dict[tuple[str, int], list[str]] = {}
    said = []
    for row in table:
        metrics, name = row["metrics"], row["condition"].name
        if metrics is None:
            continue
        for why, number in metrics["ssim"]["missing"].items():
            whom.setdefault((why, number), []).append(name)
        if infinite := metrics["psnr_db"]["infinite"]:
            said.append(f"{name} equals the reference on {_contents(infinite)}; that PSNR is not in the mean.")
    return [_lacks(names, number, why) for (why, number), names in whom.items()] + said


def _lacks(names: list[str], number: int, why: str) -> str:
    told = why if why.endswith((".", "?")) else f"{why}."
    if len(names) == 1:
        return f"{names[0]} has no metrics on {_contents(number)}: {told}"
    return f"{', '.join(names[:-1])} and {names[-1]} have no metrics on {_contents(number)}: {told}"


def _contents(number: int) -> str:
    return f"{number} content" if number == 1 else f"{number} contents"
