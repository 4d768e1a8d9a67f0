"""A whole rehearsal: people seated one after the other, walking side by side, leaving, coming back, being replaced."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import aiohttp

from studyapp.simulation.browser import Browser, NotServedError, Traffic
from studyapp.simulation.diary import Diary
from studyapp.simulation.people import Person, Population
from studyapp.simulation.sitting import Sitting, Way

KEEP_ALIVE_S = 1.0
"""Shorter than gunicorn keeps an idle connection, so that no letter is put into one that just closes."""


@dataclass
class Outcome:
    """What became of everybody.

    Attributes:
        diaries: One per person, in the order of their numbers.
        traffic: What all of them sent.
        replaced: People who took the places of those who left for good.
    """

    diaries: list[Diary] = field(default_factory=list)
    traffic: Traffic = field(default_factory=Traffic)
    replaced: int = 0


async def rehearse(
    population: Population,
    observers: int,
    way: Way,
    *,
    side_by_side: int,
    give_away: Callable[[list[str]], Awaitable[None]],
    seen: Callable[[Diary], None] = lambda diary: None,
) -> Outcome:
    """Fill as many places of a study as there are observers; who leaves for good is replaced.

    People are seated in the order of their numbers, and places given away are taken by the next numbers only after all
    others have finished. So who gets which place, and what they answer there, follows from the seed alone.

    Args:
        population: Whom they are drawn from.
        observers: Places to fill, at least 1.
        way: How they go.
        side_by_side: How many look at once, at least 1.
        give_away: Makes sittings (by token) overdue, as if their lease had passed.
        seen: Told a diary whenever its person has left or finished.
    """
    outcome = Outcome()
    async with aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S) as connector:
        company = _Company(population, way, connector, asyncio.Semaphore(side_by_side), outcome, seen)
        seated = await company.wave(observers)
        while leavers := [sitting for sitting in seated if _left_for_good(sitting)]:
            await give_away([sitting.diary.session for sitting in leavers])
            outcome.replaced += len(leavers)
            seated = await company.wave(len(leavers))
            await company.each(_late(leavers), Sitting.come_too_late)
        await company.close()
    return outcome


def _left_for_good(sitting: Sitting) -> bool:
    gone = sitting.person.leaving in ("stays_away", "comes_too_late")
    return gone and bool(sitting.diary.session) and not sitting.diary.problem


def _late(leavers: Iterable[Sitting]) -> list[Sitting]:
    return [sitting for sitting in leavers if sitting.person.leaving == "comes_too_late"]


@dataclass
class _Company:
    """Everybody of a rehearsal, and the door that lets so many in at once."""

    population: Population
    way: Way
    connector: aiohttp.BaseConnector
    door: asyncio.Semaphore
    outcome: Outcome
    seen: Callable[[Diary], None]
    sittings: list[Sitting] = field(default_factory=list)

    async def wave(self, number: int) -> list[Sitting]:
        """The next so many people: seated one after the other, then each on their way; who comes back has finished."""
        seated: list[Sitting] = []
        async with asyncio.TaskGroup() as tasks:
            for _ in range(number):
                await self.door.acquire()
                sitting = self._next()
                if not await self._begin(sitting):
                    self.door.release()
                    break
                seated.append(sitting)
                tasks.create_task(self._behind_the_door(sitting))
        returning = [one for one in seated if one.person.leaving == "comes_back"]
        await self.each(returning, Sitting.come_back)
        for sitting in returning:
            self.seen(sitting.diary)
        return seated

    async def each(self, sittings: Iterable[Sitting], act: Callable[[Sitting], Awaitable[None]]) -> None:
        """Something that several do, as many at once as the door lets in."""

        async def one(sitting: Sitting) -> None:
            async with self.door:
                await _noting(sitting, act(sitting))

        async with asyncio.TaskGroup() as tasks:
            for sitting in sittings:
                if not sitting.diary.problem:
                    tasks.create_task(one(sitting))

    async def close(self) -> None:
        """Everybody closes their browser."""
        for sitting in self.sittings:
            await sitting.browser.close()

    def _next(self) -> Sitting:
        person = Person(self.population, len(self.sittings))
        sitting = Sitting(person, Browser(self.connector, self.outcome.traffic), self.way)
        self.sittings.append(sitting)
        self.outcome.diaries.append(sitting.diary)
        return sitting

    async def _begin(self, sitting: Sitting) -> bool:
        """Whether they were seated; where one isn't, the next wouldn't be either."""
        await _noting(sitting, sitting.begin())
        return not sitting.diary.problem

    async def _behind_the_door(self, sitting: Sitting) -> None:
        try:
            total = len(sitting.shown)
            leaves = sitting.person.leaving != "finishes"
            until = sitting.person.answers_before_leaving(total) if leaves else None
            await _noting(sitting, sitting.walk(until))
        finally:
            self.seen(sitting.diary)
            self.door.release()


async def _noting(sitting: Sitting, act: Awaitable[None]) -> None:
    """What the server answered amiss ends this sitting, not the others."""
    try:
        await act
    except NotServedError as error:
        sitting.diary.problem = str(error)
