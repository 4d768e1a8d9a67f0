"""The places of a study's design: who holds which, and how those that weren't answered come to the next observer.

A place is a main trial of a slot, and held by one sitting at a time; the database says so. A sitting that is given up
keeps the places that it answered, and gives the others back; the next one gets these first. So each place is answered
once, whoever leaves, and the pairs stay as balanced as the endless list is.

Places move only under the lock of the study's row.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import TypeAlias

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max, Q, QuerySet
from django.utils import timezone

from studyapp.design.adaptive import places
from studyapp.design.cells import Cell, pair_count
from studyapp.design.schedule import ADAPTIVE, Design, Planned, counts, sitting
from studyapp.models import Slot, Study, StudySession, Trial
from studyapp.models.observer import Lane
from studyapp.services.batches import drawn_on, latest_batch

Pair: TypeAlias = frozenset[int]
LOOKED_BACK = 20
"""Slots, to see which pairs are ahead of others."""


@dataclass(frozen=True)
class Place:
    """A main trial of the design, by its slot and its number in there."""

    slot: Slot
    number: int
    cell: Cell


@dataclass(frozen=True)
class Hand:
    """What a sitting is given.

    Attributes:
        places: In the order of the endless list.
    """

    places: tuple[Place, ...]

    @property
    def slot(self) -> Slot:
        """The newest that it has places of; chance for the sitting follows from its number."""
        return self.places[-1].slot

    def trials(self, design: Design) -> tuple[Planned, ...]:
        """The trials of the sitting, in the order in which they are shown."""
        return sitting(design, self.slot.number, [place.cell for place in self.places])


def take_places(study: Study, lane: Lane, design: Design) -> Hand:
    """As many places as a slot has: those given back, and of a new slot where they don't suffice.

    The caller holds the study's lock, and stores the trials that hold the places; `Slot.free` says so already.
    """
    size = counts(design).main
    newest = study.slots.filter(lane=lane).aggregate(newest=Max("number"))["newest"]
    slots = 0 if newest is None else newest + 1
    offered = _offered(study, lane, size)
    held = _held(offered)
    free = [place for slot in offered for place in _places(slot, design) if place.number not in held[slot.pk]]
    found = _choose(free, [], _ahead(design, slots, free), size)
    if len(found) < size:
        new = Slot.objects.create(
            study=study,
            lane=lane,
            number=slots,
            policy_version=study.policy_version,
            batch=latest_batch(study, lane),
            free=size,
        )
        free = [place for place in free if place not in found] + _places(new, design)
        found = _choose(free, found, _ahead(design, slots + 1, free), size)
    _count_free((place.slot.pk, -1) for place in found)
    return Hand(tuple(sorted(found, key=_in_list)))


def _offered(study: Study, lane: Lane, size: int) -> list[Slot]:
    """The first slots with free places, as many as a sitting can use and choose from."""
    offered: list[Slot] = []
    for slot in study.slots.filter(lane=lane, free__gt=0).select_related("batch").order_by("number")[: 2 * size]:
        if sum(one.free for one in offered) >= 2 * size:
            break
        offered.append(slot)
    return offered


def _held(slots: Sequence[Slot]) -> dict[int, set[int | None]]:
    held: dict[int, set[int | None]] = {slot.pk: set() for slot in slots}
    if slots:
        for slot, place in Trial.objects.filter(slot__in=slots, held=True).values_list("slot_id", "place"):
            held[slot or 0].add(place)
    return held


def _places(slot: Slot, design: Design) -> list[Place]:
    return [Place(slot, number, cell) for number, cell in enumerate(places(design, slot.number, drawn_on(slot)))]


def _choose(free: Sequence[Place], found: list[Place], ahead: Counter[Pair], size: int) -> list[Place]:
    """One by one the place of the pair that was given out least, the oldest first; a pair of a content once."""
    shown = {(place.cell.content, _pair(place.cell)) for place in found}
    left = sorted(free, key=_in_list)
    while len(found) < size:
        fitting = [place for place in left if (place.cell.content, _pair(place.cell)) not in shown]
        if not fitting:
            break
        chosen = min(fitting, key=lambda place: ahead[_pair(place.cell)])
        found = [*found, chosen]
        left.remove(chosen)
        shown.add((chosen.cell.content, _pair(chosen.cell)))
        ahead[_pair(chosen.cell)] += 1
    return found


def _ahead(design: Design, slots: int, free: Sequence[Place]) -> Counter[Pair]:
    """How far ahead of the others each pair is, of so many slots without the places that are free.

    In the list's blocks each pair comes once, so only the last block counts. Where that one is longer than some slots,
    sittings are far too short to show a pair of a content twice, and the list's own order is balanced. An adaptive
    study doesn't mean to be.
    """
    size = counts(design).main
    over = slots * size % pair_count(design.conditions)
    reach = -(-over // size)
    ahead: Counter[Pair] = Counter()
    if reach <= LOOKED_BACK and design.version != ADAPTIVE:
        cells = [cell for number in range(slots - reach, slots) for cell in places(design, number)]
        ahead.update(_pair(cell) for cell in cells[len(cells) - over :])
    ahead.subtract(_pair(place.cell) for place in free)
    return ahead


def _pair(cell: Cell) -> Pair:
    return frozenset((cell.left, cell.right))


def _in_list(place: Place) -> tuple[int, int]:
    return place.slot.number, place.number


def _count_free(changes: Iterable[tuple[int, int]]) -> None:
    """Note how many places of which slots have become free (or, below zero, have been taken)."""
    totals: dict[int, int] = {}
    for slot, change in changes:
        totals[slot] = totals.get(slot, 0) + change
    for slot, change in totals.items():
        Slot.objects.filter(pk=slot).update(free=F("free") + change)


@transaction.atomic
def abandon_sessions(study: Study, now: datetime) -> int:
    """End the silent sittings of a study whose lock nobody holds yet. Returns how many."""
    if not study.sessions.filter(silent(study, now)).exists():
        return 0
    Study.objects.select_for_update().get(pk=study.pk)
    return end_silent(study, now)


@transaction.atomic
def abandon(session: StudySession) -> None:
    """End a sitting that goes on: what it didn't answer is free."""
    Study.objects.select_for_update().get(pk=session.study_id)
    active = StudySession.objects.filter(pk=session.pk, state=StudySession.State.ACTIVE)
    if active.update(state=StudySession.State.ABANDONED):
        give_back(Trial.objects.filter(session=session.pk, vote=None))


def end_silent(study: Study, now: datetime) -> int:
    """End the sittings without a sign of life for the study's lease: what they didn't answer is free, votes stay.

    The caller holds the study's lock. Returns how many there were.
    """
    ended = list(study.sessions.filter(silent(study, now)).select_for_update().values_list("pk", flat=True))
    if ended:
        StudySession.objects.filter(pk__in=ended).update(state=StudySession.State.ABANDONED)
        give_back(Trial.objects.filter(session__in=ended, vote=None))
    return len(ended)


def silent(study: Study, now: datetime) -> Q:
    """Sittings that are over in all but name: their lease has passed, and the next observer gets their places."""
    silent_since = now - timedelta(minutes=study.lease_minutes)
    return Q(state=StudySession.State.ACTIVE, last_seen_at__lt=silent_since)


def give_back(trials: QuerySet[Trial]) -> None:
    """Let others have the places of these trials. The caller holds the study's lock."""
    held = trials.filter(held=True)
    pks = list(held.values_list("pk", flat=True))
    if pks:
        freed = held.order_by().values_list("slot").annotate(Count("pk"))
        _count_free(list(freed))
        Trial.objects.filter(pk__in=pks).update(held=False)


@transaction.atomic
def take_up_again(session: StudySession, *, allowed: Callable[[Study, StudySession], bool]) -> bool:
    """Go on with an abandoned sitting that is allowed to, unless a place of it was given away: the database says so."""
    study = Study.objects.select_for_update().get(pk=session.study_id)
    abandoned = StudySession.objects.filter(pk=session.pk, state=StudySession.State.ABANDONED)
    found = abandoned.select_related("invitation").first()
    if found is None or not allowed(study, found):
        return False
    left = session.trials.filter(vote=None, slot__isnull=False, held=False)
    try:
        with transaction.atomic():
            if not abandoned.update(state=StudySession.State.ACTIVE, last_seen_at=timezone.now()):
                return False
            taken = list(left.order_by().values_list("slot").annotate(Count("pk")))
            left.update(held=True)
    except IntegrityError:
        return False
    _count_free((slot, -number) for slot, number in taken)
    return True


@dataclass(frozen=True)
class Balance:
    """How evenly the pairs of a lane were given out: the least and the most of any pair.

    Attributes:
        held: Places that somebody answered, or is about to.
        answered: Places answered.
    """

    held: tuple[int, int]
    answered: tuple[int, int]


def balance_of(study: Study, lane: Lane) -> Balance:
    """The balance of a study's design as it stands."""
    names = study.conditions.filter(worse_than=None).values_list("pk", flat=True)
    held = dict.fromkeys((frozenset(pair) for pair in combinations(names, 2)), 0)
    answered = dict(held)
    trials = Trial.objects.filter(slot__study=study, slot__lane=lane, held=True).order_by()
    sides = trials.values_list("left__condition", "right__condition")
    for left, right, given, votes in sides.annotate(Count("pk"), Count("vote")):
        held[frozenset((left, right))] += given
        answered[frozenset((left, right))] += votes
    return Balance(*((min(of.values(), default=0), max(of.values(), default=0)) for of in (held, answered)))
