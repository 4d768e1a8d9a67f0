"""A study's report: the exposures of the export, the metrics of the library, the functions of `analysis`."""

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pandas as pd
from django.core.cache import cache

from analysis.reporting.metric_means import METRIC_COLUMNS
from analysis.reporting.report import SEED, Report, report
from analysis.reporting.whole import REPLICATES, whole_report
from analysis.votes import OPTIONAL, REQUIRED
from studyapp.models import Rendering, Study
from studyapp.models.observer import Lane
from studyapp.services.decisions import left_out
from studyapp.services.made_reports import current_numbers
from studyapp.services.methods_section import study_methods
from studyapp.services.overview import conditions_of
from studyapp.services.pair_tables import EXPOSURES
from studyapp.services.report_keys import compared, report_key
from studyapp.services.schedules import numbered
from studyapp.services.sitting_tables import SESSIONS
from studyapp.services.tables import batches
from studyapp.services.text_files import iso

KEEP_S = 3600
UNMEASURED = "not measured yet"
PHONE_BELOW_PX, TABLET_BELOW_PX = 600, 1200
"""CSS pixels: of a viewport's shorter side, and of its longer one."""


def report_of(study: Study, *, include_simulated: bool = False, checks: bool = True) -> Report:
    """Scores, preferences and means as the votes stand, for who can't wait for a worker.

    Replicates and seed are those of `python -m analysis scale`, which gives the same numbers from the exported file.
    Without ``checks`` the model isn't tested, which takes longer than all else.
    """
    key = f"report-{checks}-{report_key(study, include_simulated=include_simulated)}"
    made: Report | None = cache.get(key)
    if made is None:
        made = report(
            votes_of(study, include_simulated=include_simulated),
            metrics=metrics_of(study),
            conditions=compared(study),
            replicates=REPLICATES,
            seed=SEED,
            include_simulated=include_simulated,
            checks=checks,
        )
        cache.set(key, made, timeout=KEEP_S)
    return made


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
        "raster__content__camera",
        "condition__name",
        *(f"{measured}{name}" for name in (*METRIC_COLUMNS, "reason", "flaws_reason")),
    )
    table = pd.DataFrame(
        list(rows.order_by("raster__content__name", "condition__position")),
        columns=["content", "camera", "condition", *METRIC_COLUMNS, "why", "flaws_why"],
    )
    asked = table["flaws_why"].replace("", UNMEASURED)  # measured before there were flaws to measure
    return table.assign(why=table["why"].fillna(UNMEASURED), flaws_why=asked.fillna(UNMEASURED))


def report_as_json(study: Study, *, include_simulated: bool = False) -> dict[str, Any]:
    """The whole report as plain data: the one that a worker made where it still holds, else made now."""
    made = current_numbers(study, include_simulated=include_simulated)
    if made is not None:
        return made
    key = f"numbers-{report_key(study, include_simulated=include_simulated)}"
    numbers: dict[str, Any] | None = cache.get(key)
    if numbers is None:
        numbers = numbers_of(material_of(study, include_simulated=include_simulated))
        cache.set(key, numbers, timeout=KEEP_S)
    return numbers


@dataclass(frozen=True)
class Material:
    """What a report is made from, read from the database at one moment.

    Attributes:
        facts: What no vote says: the study, its design, its methods in words, decisions, devices.
    """

    votes: pd.DataFrame
    metrics: pd.DataFrame
    conditions: list[str]
    include_simulated: bool
    facts: dict[str, Any]


def material_of(study: Study, *, include_simulated: bool = False) -> Material:
    """Read all that a report rests on."""
    return Material(
        votes_of(study, include_simulated=include_simulated),
        metrics_of(study),
        compared(study),
        include_simulated,
        {
            "study": _asked(study, include_simulated=include_simulated),
            "left_out_by_decision": left_out(study),
            "devices": devices_of(study, include_simulated=include_simulated),
        },
    )


def numbers_of(material: Material) -> dict[str, Any]:
    """The whole report as plain data; asks the database for nothing. `python -m analysis reproduce` does the same."""
    numbers = whole_report(
        material.votes,
        metrics=material.metrics,
        conditions=material.conditions,
        replicates=REPLICATES,
        seed=SEED,
        include_simulated=material.include_simulated,
    )
    return {**material.facts, **numbers}


def _asked(study: Study, *, include_simulated: bool) -> dict[str, Any]:
    conditions = {
        condition.name: {
            "methods": {camera: str(method) if method else None for camera, method in by_camera},
            "gold_only": condition.worse_than_id is not None,
        }
        for condition, by_camera in conditions_of(study)
    }
    return {
        "name": study.name,
        "question": study.question,
        "testset": study.testset.name,
        "photos_simulated": study.testset.simulated,
        "conditions": conditions,
        "design": {"policy_version": study.policy_version, "seed": study.seed, "batches": batches_of(study)},
        "methods": [list(part) for part in study_methods(study, include_simulated=include_simulated)],
    }


def devices_of(study: Study, *, include_simulated: bool = False) -> list[dict[str, Any]]:
    """What the sittings that count were looked at on, as the browser told with the first pair, and how many on each."""
    names = ("viewport_width_px", "viewport_height_px", "device_pixel_ratio")
    rows = batches(SESSIONS, study, "pilot", *names, include_simulated=include_simulated)
    told = Counter(row[1:] for row in map(tuple, chain.from_iterable(rows)) if not row[0] and row[1] is not None)
    return [
        {"kind": sized(width, height), "width_px": width, "height_px": height, "pixel_ratio": ratio, "sittings": number}
        for (width, height, ratio), number in sorted(told.items(), key=str)
    ]


def sized(width_px: int, height_px: int) -> str:
    """What a viewport is the size of; which device it is, no browser is asked."""
    if min(width_px, height_px) < PHONE_BELOW_PX:
        return "phone-sized"
    return "tablet-sized" if max(width_px, height_px) < TABLET_BELOW_PX else "desktop-sized"


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
