"""Quotas: how many sittings are let in, of whom, and the pause when all of them are finished.

What counts is a sitting of people, under way or finished. One given up or withdrawn gives its place back. Whoever takes
a place holds the study's row, so that of two at the last place one gets it.
"""

import logging
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet

from studyapp.models import Study, StudySession
from studyapp.services.arrivals import OTHERS

log = logging.getLogger(__name__)


class QuotaFullError(Exception):
    """There is no place left for somebody of this group."""


@dataclass(frozen=True)
class Places:
    """One quota and how much of it is taken.

    Attributes:
        group: Whose; empty for the whole study.
        taken: Sittings under way or finished.
    """

    group: str
    quota: int
    taken: int
    finished: int

    @property
    def left(self) -> int:
        """Places that are free; none where a quota was lowered below what is taken."""
        return max(0, self.quota - self.taken)


def places_of(study: Study) -> list[Places]:
    """Every quota of a study: the whole one's first, then those of groups."""
    groups = sorted(study.group_quotas, key=lambda name: (name == OTHERS, name))
    whole = [] if study.quota is None else [_places(study, "", study.quota)]
    return whole + [_places(study, group, study.group_quotas[group]) for group in groups]


def _places(study: Study, group: str, quota: int) -> Places:
    states = list(_counting(study, group).values_list("state", flat=True))
    return Places(group, quota, len(states), states.count(StudySession.State.FINISHED))


def _counting(study: Study, group: str) -> QuerySet[StudySession]:
    counted = study.sessions.filter(pilot=False, simulated=False, state__in=StudySession.HOLDING)
    if group == OTHERS:
        return counted.exclude(group__in=[name for name in study.group_quotas if name != OTHERS])
    return counted.filter(group=group) if group else counted


def refuse_full(study: Study, group: str) -> None:
    """Whether one more of a group may be seated. To be right it is asked by who holds the study's row.

    Raises:
        QuotaFullError: The study's quota, or that of the group, is taken up.
    """
    quotas = [] if study.quota is None else [("", study.quota)]
    listed = group if group in study.group_quotas else OTHERS
    if listed in study.group_quotas:
        quotas.append((listed, study.group_quotas[listed]))
    if any(_counting(study, whose).count() >= quota for whose, quota in quotas):
        raise QuotaFullError(group)


def is_complete(study: Study) -> bool:
    """Whether every place there is has a finished sitting."""
    done = {places.group: places.finished >= places.quota for places in places_of(study)}
    whole = done.pop("", False)
    return whole or (OTHERS in done and all(done.values()))


def pause_if_complete(study_pk: int) -> None:
    """Pause an open study when its last place is finished; until then a place may still come back."""
    open_ones = Study.objects.filter(pk=study_pk, state=Study.State.OPEN)
    limited = open_ones.filter(Q(quota__isnull=False) | ~Q(group_quotas={}))
    if not limited.exists():  # as most: the sitting that has just ended needs no lock
        return
    with transaction.atomic():
        study = limited.select_for_update().first()
        if study is not None and is_complete(study):
            open_ones.update(state=Study.State.PAUSED)
            log.info("study %s paused: every place of its quota is finished", study.pk)


@transaction.atomic
def set_quotas(study: Study, quota: int | None, group_quotas: dict[str, int]) -> None:
    """Change how many are let in; who is seated stays. A study that is complete by it pauses."""
    study.quota, study.group_quotas = quota, group_quotas
    study.save(update_fields=["quota", "group_quotas"])
    transaction.on_commit(lambda: pause_if_complete(study.pk))
