"""A study's schedule: its rows, numbered as the design counts them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from enhancement.models import Content
from studyapp.design.practice import after_practice
from studyapp.design.schedule import ContentKey, Design, Planned
from studyapp.models import Condition, Study
from studyapp.models.observer import Lane


@dataclass(frozen=True)
class Numbered:
    """What the numbers in a schedule stand for: contents by age, the last ``practice`` of them kept for practice; the
    compared conditions, then those of gold pairs."""

    contents: tuple[Content, ...]
    conditions: tuple[Condition, ...]
    practice: int = 0

    @property
    def keys(self) -> tuple[ContentKey, ...]:
        """The contents as a schedule knows them."""
        return tuple(ContentKey(content.name, content.scene, content.camera) for content in self.contents)


def numbered(study: Study) -> Numbered:
    """The rows behind the numbers of `design_of`."""
    contents = list(study.testset.contents.only("testset", "name", "scene", "camera").order_by("pk"))
    kept_apart = set(study.practice_contents)
    contents.sort(key=lambda content: content.name in kept_apart)
    practice = sum(content.name in kept_apart for content in contents)
    conditions = sorted(study.conditions.all(), key=lambda condition: condition.worse_than_id is not None)
    return Numbered(tuple(contents), tuple(conditions), practice)


def design_of(study: Study, rows: Numbered | None = None) -> Design:
    """The design of a study, from nothing but what is frozen once it opens; ``rows`` where they were read already."""
    rows = rows or numbered(study)
    place = {condition.pk: index for index, condition in enumerate(rows.conditions)}
    gold = [condition for condition in rows.conditions if condition.worse_than_id is not None]
    return Design(
        contents=rows.keys[: len(rows.contents) - rows.practice],
        conditions=len(rows.conditions) - len(gold),
        trials=study.trials_per_session,
        gold=study.gold_share,
        repeat=study.repeat_share,
        same=study.same_share,
        gold_pairs=tuple((place[worse.pk], place[worse.worse_than_id]) for worse in gold if worse.worse_than_id),
        seed=study.seed,
        version=study.policy_version,
        strata=study.strata,
    )


def plan_of(study: Study, design: Design, rows: Numbered, number: int, after: Sequence[Planned]) -> tuple[Planned, ...]:
    """The trials of a sitting, practice first; ``number`` of the newest slot, ``after`` its trials that count."""
    return after_practice(design, rows.keys[len(design.contents) :], study.practice_trials, number, after)


MARKS = {
    Lane.MAIN: Q(pilot=False, simulated=False),
    Lane.PILOT: Q(pilot=True, simulated=False),
    Lane.SIMULATED: Q(simulated=True),
}
"""How the sittings of each lane are marked: `lane_of`, for queries."""


def lane_of(*, pilot: bool, simulated: bool) -> Lane:
    """The lane whose slots a session takes."""
    if simulated:
        return Lane.SIMULATED
    return Lane.PILOT if pilot else Lane.MAIN
