"""A worker makes a report: numbers, figures, tables, PDF and page of the same votes, stored together or not at all."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from threadpoolctl import threadpool_limits

from analysis.reporting.document import Document, document
from analysis.reporting.figures.sheet import as_png, as_svg
from analysis.reporting.print.pdf import printed
from analysis.reporting.sections.order import SECTIONS
from analysis.reporting.table_files import as_csv, as_latex
from enhancement.services.jobs import Claim
from studyapp.models import MadeReport, ReportFile, Study
from studyapp.services.made_reports import KEPT, NUMBERS, PAGE, PDF
from studyapp.services.moments import one_moment
from studyapp.services.report_keys import report_key, votes_in
from studyapp.services.reports import Material, material_of, numbers_of

NUMBERS_UNITS, PRINT_UNITS = 4, 2
"""How many figures' time the numbers, and tables with PDF, take."""

Named = tuple[str, bytes]


@dataclass(frozen=True)
class Rested:
    """What a report rests on, read at one moment."""

    study: Study
    key: str
    votes: int
    material: Material


def make_report(claim: Claim) -> None:
    """Make the report of a study as its votes stand; nothing where it is made already.

    A worker killed in the middle leaves nothing of it: all files are stored in one transaction.
    """
    simulated = bool(claim.params["simulated"])
    rested = _read(claim.params["study"], simulated)
    if MadeReport.objects.filter(study=rested.study, simulated=simulated, key=rested.key).exists():
        return
    claim.progress(0, NUMBERS_UNITS + len(SECTIONS) + PRINT_UNITS)
    with threadpool_limits(limits=1, user_api="blas"):  # it has time; who looks at pictures has none
        told = numbers_of(rested.material)
    whole = document(told, SECTIONS, title=rested.study.name)
    _store(claim, rested, simulated, dict(_files(claim, rested, told, whole)))


def _read(study_pk: int, simulated: bool) -> Rested:
    with one_moment():
        study = Study.objects.select_related("testset", "owner").get(pk=study_pk)
        return Rested(
            study,
            report_key(study, include_simulated=simulated),
            votes_in(study, include_simulated=simulated).count(),
            material_of(study, include_simulated=simulated),
        )


def _files(claim: Claim, rested: Rested, told: dict[str, Any], whole: Document) -> Iterator[Named]:
    total = NUMBERS_UNITS + len(whole.plots) + PRINT_UNITS
    yield NUMBERS, _json(told)
    drawn: dict[str, bytes] = {}
    for done, plot in enumerate(whole.plots, start=NUMBERS_UNITS):
        claim.progress(done, total)
        figure = plot.draw()
        drawn[plot.name] = as_svg(figure)
        yield f"{plot.name}.svg", drawn[plot.name]
        yield f"{plot.name}.png", as_png(figure)
    claim.progress(total - PRINT_UNITS, total)
    for table in whole.tables:
        yield f"{table.name}.csv", as_csv(table).encode()
        yield f"{table.name}.tex", as_latex(table).encode()
    page = whole.as_json()
    yield PAGE, _json(page)
    yield PDF, printed(page, drawn, question=rested.study.question, made=_made(told), key=rested.key)
    claim.progress(total, total)


def _made(told: dict[str, Any]) -> str:
    return f"Made {timezone.now():%-d %B %Y, %H:%M} UTC by Phoropter {told['versions']['phoropter']}"


def _json(told: dict[str, Any]) -> bytes:
    return (json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _store(claim: Claim, rested: Rested, simulated: bool, files: dict[str, bytes]) -> None:
    with claim.writing():
        made, new = MadeReport.objects.get_or_create(
            study=rested.study, simulated=simulated, key=rested.key, defaults={"votes": rested.votes}
        )
        if not new:
            return
        ReportFile.objects.bulk_create(ReportFile(report=made, name=name, data=data) for name, data in files.items())
        older = MadeReport.objects.filter(study=rested.study, simulated=simulated).values_list("pk", flat=True)[KEPT:]
        MadeReport.objects.filter(pk__in=list(older)).delete()
