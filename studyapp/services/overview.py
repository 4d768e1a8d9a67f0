"""How a study stands: who came, what was answered, how evenly pairs were shown, what is still being made."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet

from enhancement.models import Job
from enhancement.services.jobs import OPEN
from studyapp.models import Condition, Study, StudySession, Trial, Vote
from studyapp.models.observer import Lane
from studyapp.services.access import studies_for
from studyapp.services.renderings import method_for, unrendered
from studyapp.services.schedules import lane_of

KEPT = ~Q(trial__session__state=StudySession.State.WITHDRAWN)
COUNTED = Q(trial__session__pilot=False, trial__session__simulated=False)
IN_THE_LIST = Q(sessions__pilot=False, sessions__simulated=False) & ~Q(sessions__state=StudySession.State.WITHDRAWN)
LANE_TITLES = {Lane.MAIN: "Observers", Lane.PILOT: "Pilot", Lane.SIMULATED: "Simulated"}


@dataclass
class LaneCount:
    """The sittings of one lane, and what they answered.

    Attributes:
        states: Sittings by state.
        votes: Answers of every kind of trial, withdrawn sittings left out.
        observers: Who gave at least one of them.
    """

    title: str
    lane: str = Lane.MAIN
    states: Counter[str] = field(default_factory=Counter)
    votes: int = 0
    observers: int = 0

    @property
    def simulated(self) -> bool:
        """Whether a program sat here, not people."""
        return self.lane == Lane.SIMULATED

    @property
    def sessions(self) -> int:
        """Sittings in all."""
        return self.states.total()


@dataclass(frozen=True)
class PairCount:
    """How often a pair was answered in main trials that count.

    Attributes:
        first_left: How often the first one stood on the left.
    """

    first: str
    second: str
    answered: int
    first_left: int

    @property
    def left_percent(self) -> int | None:
        """Share of showings with the first one on the left; None before any."""
        return round(100 * self.first_left / self.answered) if self.answered else None


def studies_of(user: User) -> QuerySet[Study]:
    """The studies that a person may see, with their votes and observers that count."""
    return (
        studies_for(user)
        .select_related("testset", "owner")
        .annotate(
            votes=Count("sessions__trials__vote", filter=IN_THE_LIST),
            observers=Count(
                "sessions__observer", filter=IN_THE_LIST & Q(sessions__trials__vote__isnull=False), distinct=True
            ),
        )
    )


def lanes_of(study: Study) -> list[LaneCount]:
    """Sittings and votes per lane; pilot and simulated ones stand apart, and only where there are any."""
    lanes = {lane: LaneCount(title, lane) for lane, title in LANE_TITLES.items()}
    marks = ("pilot", "simulated")
    for row in study.sessions.order_by().values(*marks, "state").annotate(number=Count("pk")):
        lanes[lane_of(pilot=row["pilot"], simulated=row["simulated"])].states[row["state"]] += row["number"]
    votes = Vote.objects.filter(KEPT, trial__session__study=study).order_by()
    by_lane = votes.values(*(f"trial__session__{mark}" for mark in marks))
    for row in by_lane.annotate(number=Count("pk"), observers=Count("trial__session__observer", distinct=True)):
        lane = lanes[lane_of(pilot=row["trial__session__pilot"], simulated=row["trial__session__simulated"])]
        lane.votes += row["number"]
        lane.observers += row["observers"]
    return [lane for key, lane in lanes.items() if key == Lane.MAIN or lane.sessions]


def pairs_of(study: Study) -> list[PairCount]:
    """Every pair of compared conditions, with how often it was answered in main trials that count."""
    counted = Vote.objects.filter(KEPT, COUNTED, trial__session__study=study, trial__kind=Trial.Kind.MAIN)
    sides = counted.values_list("trial__left__condition__name", "trial__right__condition__name").order_by()
    shown = Counter({(left, right): number for left, right, number in sides.annotate(number=Count("pk"))})
    names = study.conditions.filter(worse_than=None).values_list("name", flat=True)
    return [
        PairCount(first, second, shown[first, second] + shown[second, first], shown[first, second])
        for first, second in combinations(names, 2)
    ]


def conditions_of(study: Study) -> list[tuple[Condition, list[tuple[str, Any]]]]:
    """Each condition with the method that stands for it, per camera."""
    cameras = sorted(set(study.testset.contents.values_list("camera", flat=True)))
    conditions = study.conditions.select_related("worse_than").prefetch_related("methods__method")
    return [(condition, [(camera, method_for(condition, camera)) for camera in cameras]) for condition in conditions]


def conditions_in_brief(study: Study) -> list[tuple[Condition, list[tuple[str, Any]]]]:
    """The same, but one column for every camera where no condition tells them apart."""
    conditions = conditions_of(study)
    if any(len({method for _, method in by_camera}) > 1 for _, by_camera in conditions):
        return conditions
    return [(condition, [("", by_camera[0][1])] if by_camera else []) for condition, by_camera in conditions]


def jobs_of(study: Study) -> list[Job]:
    """What the study waits for, the oldest first: work that is open, or that failed and wasn't asked for again."""
    concerned = Q(params__study=study.pk) | Q(params__testset=study.testset_id)
    latest: dict[tuple[str, str], Job] = {}
    # An adaptive study's next batch comes and goes with its sittings: nobody waits for it. A report has its own page.
    shown = Job.objects.filter(concerned).exclude(kind="batch", state__in=OPEN).exclude(kind="report")
    for job in shown.order_by("pk"):
        latest[job.kind, str(sorted(job.params.items()))] = job
    return [job for job in latest.values() if job.state in OPEN or job.state == Job.State.FAILED]


def is_being_prepared(jobs: Iterable[Job]) -> bool:
    """Whether the renderings are on their way; what else is made of its test set may be another study's."""
    return any(job.kind == "renderings" and job.state in OPEN for job in jobs)


def lacking(study: Study) -> int:
    """How many contents can't be shown yet."""
    return unrendered(study).count()
