"""Reports that workers have made: asking for one, the newest one, and whether it still holds.

Nothing here computes: what makes a report (pandas, SciPy, matplotlib, typst) is the worker's alone.
"""

import json
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from enhancement.models import Job
from enhancement.services.jobs import OPEN, request_job
from studyapp.models import MadeReport, ReportFile, Study, Vote
from studyapp.services.report_keys import report_key, votes_in

KIND = "report"
KEPT = 3
"""The newest of a study; a page that was opened before the last one was made still finds its figures."""
PAGE, NUMBERS, PDF = "page.json", "report.json", "report.pdf"


@dataclass(frozen=True)
class Standing:
    """How the report of a study stands.

    Attributes:
        made: The newest one; None before the first is made.
        is_current: Whether it rests on what is there now.
        newer_votes: Answers that came since; there may be other news.
        job: The last one asked for; None where none was.
    """

    made: MadeReport | None
    is_current: bool
    newer_votes: int
    job: Job | None

    @property
    def is_being_made(self) -> bool:
        """Whether a worker has it to do."""
        return self.job is not None and self.job.state in OPEN

    @property
    def ended_badly(self) -> bool:
        """Whether the last try brought nothing, and nothing was made since."""
        return (
            self.job is not None and self.job.state in (Job.State.FAILED, Job.State.CANCELLED) and not self.is_current
        )


def standing_of(study: Study, *, include_simulated: bool = False) -> Standing:
    """How the report stands; as many queries for a thousand votes as for one."""
    made = newest(study, include_simulated=include_simulated)
    job = Job.objects.filter(kind=KIND, params=_params(study, include_simulated=include_simulated)).first()
    current = made is not None and made.key == report_key(study, include_simulated=include_simulated)
    newer = 0 if made is None or current else votes_in(study, include_simulated=include_simulated).count() - made.votes
    return Standing(made, current, max(0, newer), job)


def ask_for_report(study: Study, *, include_simulated: bool = False, by: User | None = None) -> Job:
    """Ask a worker for the report; asked twice, it is one."""
    params = _params(study, include_simulated=include_simulated)
    return request_job(KIND, "cpu", f"report of study {study.pk}", params, by=by)


def opened(study: Study, *, include_simulated: bool = False, by: User | None = None) -> Standing:
    """How the report stands when somebody opens its page; the first one is asked for by that."""
    standing = standing_of(study, include_simulated=include_simulated)
    if standing.made is None and (standing.job is None or standing.job.state == Job.State.DONE):
        job = ask_for_report(study, include_simulated=include_simulated, by=by)
        return Standing(None, False, 0, job)
    return standing


def newest(study: Study, *, include_simulated: bool = False) -> MadeReport | None:
    """The newest report that was made, whether it still holds or not."""
    return MadeReport.objects.filter(study=study, simulated=include_simulated).first()


def report_file(study: Study, name: str, *, include_simulated: bool = False, of: int | None = None) -> bytes | None:
    """A file of the made report of number ``of`` while that is kept, else of the newest; None if there is none."""
    reports = MadeReport.objects.filter(study=study, simulated=include_simulated)
    report = (None if of is None else reports.filter(pk=of).first()) or reports.first()
    data = ReportFile.objects.filter(report=report, name=name).values_list("data", flat=True).first()
    return None if data is None else bytes(data)


def current_numbers(study: Study, *, include_simulated: bool = False) -> dict[str, Any] | None:
    """The numbers of the made report, if it rests on what is there now."""
    key = report_key(study, include_simulated=include_simulated)
    made = MadeReport.objects.filter(study=study, simulated=include_simulated, key=key).first()
    if made is None:
        return None
    numbers: dict[str, Any] = json.loads(bytes(made.files.get(name=NUMBERS).data))
    return numbers


def simulated_votes(study: Study) -> int:
    """How many votes a program gave, of every kind of trial."""
    return Vote.objects.filter(trial__session__study=study, trial__session__simulated=True).count()


def page_of(made: MadeReport) -> dict[str, Any]:
    """What the page of a made report shows."""
    page: dict[str, Any] = json.loads(bytes(made.files.get(name=PAGE).data))
    return page


def _params(study: Study, *, include_simulated: bool) -> dict[str, Any]:
    return {"study": study.pk, "simulated": include_simulated}
