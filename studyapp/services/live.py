"""A study while it runs: who sits, how fast votes come, how evenly pairs are shown, where people leave.

As many queries however many votes there are; the database adds up.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMinute
from django.utils import timezone

from studyapp.models import Study, StudySession, Trial, Vote
from studyapp.services.places import silent
from studyapp.services.quotas import places_of

MINUTES = 60
LOOKING_NOW = timedelta(minutes=2)
"""Somebody who gave a sign of life within this time is looking; a pair is rarely looked at for longer."""
KEEP_S = 3
"""However many look at one monitor, the database is asked once in so many seconds."""


def live_now(study: Study, *, simulated: bool = False) -> dict[str, Any]:
    """`live_of` at this moment, or a few seconds ago."""
    key = f"live-{study.pk}-{simulated}"
    told: dict[str, Any] | None = cache.get(key)
    if told is None:
        told = live_of(study, timezone.now(), simulated=simulated)
        cache.set(key, told, timeout=KEEP_S)
    return told


def live_of(study: Study, now: datetime, *, simulated: bool = False) -> dict[str, Any]:
    """What the monitor shows, as plain data; ``stamp`` changes where anything but the time does.

    Pilot sittings are left out; so are simulated ones, or all others where ``simulated`` is asked for.
    """
    sittings = study.sessions.filter(pilot=False, simulated=simulated)
    numbers = {
        "state": study.state,
        "simulated": simulated,
        "sittings": _sittings(study, sittings, now),
        "minutes": _minutes(study, now, simulated=simulated),
        "balance": _balance(study, simulated=simulated),
        "dropouts": _dropouts(study, sittings, now),
        "places": [] if simulated else _places(study),
    }
    stamp = hashlib.sha256(json.dumps(numbers).encode()).hexdigest()[:16]
    return {"stamp": stamp, "at": now.isoformat(timespec="seconds"), **numbers}


def _sittings(study: Study, sittings: QuerySet[StudySession], now: datetime) -> dict[str, int]:
    """How many sit and sat, each counted once beside ``begun`` and ``looking``."""
    state, over = StudySession.State, silent(study, now)
    return sittings.aggregate(
        begun=Count("pk"),
        looking=Count("pk", filter=Q(state=state.ACTIVE, last_seen_at__gte=now - LOOKING_NOW)),
        active=Count("pk", filter=Q(state=state.ACTIVE) & ~over),
        finished=Count("pk", filter=Q(state=state.FINISHED)),
        abandoned=Count("pk", filter=Q(state=state.ABANDONED) | over),
        withdrawn=Count("pk", filter=Q(state=state.WITHDRAWN)),
    )


def _places(study: Study) -> list[dict[str, Any]]:
    """How many of how many, for the whole study and for groups; nothing where no quota is set."""
    return [
        {
            "group": places.group,
            "quota": places.quota,
            "finished": places.finished,
            "under_way": places.taken - places.finished,
            "to_come": max(0, places.quota - places.finished),
        }
        for places in places_of(study)
    ]


def _minutes(study: Study, now: datetime, *, simulated: bool) -> list[list[Any]]:
    """Votes of every kind of trial in each of the last sixty minutes, the present one last."""
    first = now.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES - 1)
    votes = Vote.objects.filter(
        trial__session__study=study,
        trial__session__pilot=False,
        trial__session__simulated=simulated,
        answered_at__gte=first,
    )
    counted = votes.order_by().annotate(minute=TruncMinute("answered_at")).values("minute").annotate(number=Count("pk"))
    by_minute = {row["minute"]: row["number"] for row in counted}
    marks = [first + timedelta(minutes=minute) for minute in range(MINUTES)]
    return [[timezone.localtime(mark).strftime("%H:%M"), by_minute.get(mark, 0)] for mark in marks]


def _balance(study: Study, *, simulated: bool) -> dict[str, Any]:
    """How often each pair of compared conditions was shown and answered in main trials, and on which side.

    Sittings that were withdrawn are left out, as they are of scores; abandoned ones are not: what they saw was seen.
    """
    kept = ~Q(session__state=StudySession.State.WITHDRAWN)
    shown = Q(shown_at__isnull=False) | Q(vote__isnull=False)
    trials = Trial.objects.filter(
        kept & shown, session__study=study, session__pilot=False, session__simulated=simulated, kind=Trial.Kind.MAIN
    )
    sides = trials.order_by().values_list("left__condition__name", "right__condition__name")
    rows = list(sides.annotate(shown=Count("pk"), answered=Count("vote")))
    names = list(study.conditions.filter(worse_than=None).values_list("name", flat=True))
    by_pair, left, right, answered = Counter[frozenset[str]](), Counter[str](), Counter[str](), 0
    for one, other, number, votes in rows:
        by_pair[frozenset((one, other))] += number
        left[one] += number
        right[other] += number
        answered += votes
    pairs = {pair: by_pair[frozenset(pair)] for pair in combinations(names, 2)}
    return {
        "shown": sum(pairs.values()),
        "answered": answered,
        "pairs": len(pairs),
        "least": _extreme(pairs, min(pairs.values(), default=0)),
        "most": _extreme(pairs, max(pairs.values(), default=0)),
        "conditions": [{"condition": name, "left": left[name], "right": right[name]} for name in names],
    }


def _extreme(pairs: dict[tuple[str, str], int], number: int) -> dict[str, Any]:
    """A number of showings, how many pairs have it, and the first of them."""
    having = [pair for pair, shown in pairs.items() if shown == number]
    return {"shown": number, "pairs": len(having), "first": list(having[0]) if having else []}


def _dropouts(study: Study, sittings: QuerySet[StudySession], now: datetime) -> list[dict[str, int]]:
    """How many sittings ended before the end, by the number of pairs that were answered in them."""
    state = StudySession.State
    ended = sittings.filter(Q(state__in=[state.ABANDONED, state.WITHDRAWN]) | silent(study, now))
    answered: Iterable[int] = ended.annotate(answered=Count("trials__vote")).values_list("answered", flat=True)
    return [{"answered": number, "sittings": times} for number, times in sorted(Counter(answered).items())]
