"""What a study needs next, from conditions to observers: said on its page, with the button that does it."""

from dataclasses import dataclass, field

from enhancement.models import Job
from enhancement.services.jobs import OPEN
from studyapp.models import Study
from studyapp.services.overview import jobs_of
from studyapp.services.renderings import unrendered
from studyapp.services.studies import problems_of_conditions, problems_of_design


@dataclass(frozen=True)
class NextStep:
    """Where a study is on its way to observers.

    Attributes:
        problems: What stands in the way, to be changed on the page.
        jobs: Open jobs that it waits for.
        failed: Jobs that it waits for in vain.
        lacking: Contents that can't be shown yet.
    """

    problems: list[str] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    failed: list[Job] = field(default_factory=list)
    lacking: int = 0


def next_step_of(study: Study) -> NextStep:
    """How far a study is."""
    jobs = list(jobs_of(study))
    return NextStep(
        problems=problems_of_conditions(study) or problems_of_design(study),
        jobs=[job for job in jobs if job.state in OPEN],
        failed=[job for job in jobs if job.state == Job.State.FAILED],
        lacking=unrendered(study).count(),
    )
