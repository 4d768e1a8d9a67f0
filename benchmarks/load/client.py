"""The load itself, in a process of its own: as many answers a second as asked for, or as many as the server takes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from time import perf_counter
from typing import Any

import aiohttp
import numpy as np

from benchmarks.load.walkers import Walker

THINK_S = 3.0
"""How long a participant looks before answering, in the open loop; it decides how many are there at once."""


@dataclass
class Measured:
    """What the client saw.

    Attributes:
        latencies_s: From the moment an answer was due until the next pair could be shown.
        stored: What the server said it has: (trial, answer).
        votes: How many.
        seconds: How long it took.
        begun: Sessions begun.
        errors: What went wrong, in words.
    """

    latencies_s: list[float] = field(default_factory=list)
    stored: list[tuple[str, str]] = field(default_factory=list)
    votes: int = 0
    seconds: float = 0.0
    begun: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.votes / self.seconds

    def percentile_ms(self, percent: float) -> float:
        return float(np.percentile(self.latencies_s, percent)) * 1000 if self.latencies_s else float("nan")


@dataclass(frozen=True)
class Crowd:
    """Who walks where: each walker takes the next place."""

    walker: type[Walker]
    places: tuple[str, ...]

    def part(self, number: int, of: int) -> "Crowd":
        """One of so many crowds of the same size; where there is one place, all take it."""
        return self if len(self.places) == 1 else Crowd(self.walker, self.places[number::of])

    def walkers(self, door: aiohttp.BaseConnector) -> Iterator[Walker]:
        """Walkers without end where there is one place, else one for each."""
        if len(self.places) == 1:
            while True:
                yield self.walker(door, self.places[0])
        for place in self.places:
            yield self.walker(door, place)


def in_own_process(load: Callable[..., Awaitable[Measured]], *arguments: Any) -> Measured:
    """Run one of the loads below; the server's and the client's time are told apart by the system."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_run, load, *arguments).result()


def _run(load: Callable[..., Any], *arguments: Any) -> Measured:
    measured: Measured = asyncio.run(load(*arguments))
    return measured


async def at_rate(crowd: Crowd, votes_per_s: float, seconds: float, seed: int) -> Measured:
    """Open loop: answers fall due at random moments (Poisson), whether or not the server has kept up."""
    measured = Measured()
    ready: asyncio.Queue[Walker] = asyncio.Queue()
    async with aiohttp.TCPConnector(limit=0) as door:
        coming = crowd.walkers(door)

        async def seat() -> None:
            walker = next(coming)
            try:
                await walker.begin()
            except (aiohttp.ClientError, AssertionError) as error:
                measured.errors.append(f"begin: {error}")
                await walker.leave()
                return
            measured.begun += 1
            ready.put_nowait(walker)

        async def answer(due: float) -> None:
            walker = await ready.get()
            try:
                taken = await walker.answer()
                measured.latencies_s.append(perf_counter() - due)
                measured.votes += taken  # not `+= await`, which would forget what others added meanwhile
                await walker.look()
            except (aiohttp.ClientError, AssertionError) as error:
                measured.errors.append(f"answer: {error}")
            if walker.is_done:
                measured.stored += walker.stored
                await asyncio.gather(walker.leave(), seat())
            else:
                ready.put_nowait(walker)

        crew = max(4, round(votes_per_s * THINK_S))
        for start in range(0, crew, 8):  # seats are taken a few at a time, before anything is measured
            await asyncio.gather(*(seat() for _ in range(start, min(crew, start + 8))))
        answering = []
        begun_at = due = perf_counter()
        gaps = np.random.default_rng(seed)
        while due < begun_at + seconds:
            await asyncio.sleep(max(0.0, due - perf_counter()))
            answering.append(asyncio.create_task(answer(due)))
            due += gaps.exponential(1 / votes_per_s)
        await asyncio.gather(*answering)
        measured.seconds = perf_counter() - begun_at
        while not ready.empty():
            walker = ready.get_nowait()
            measured.stored += walker.stored
            await walker.leave()
    return measured


async def flat_out(crowd: Crowd, at_once: int, seconds: float) -> Measured:
    """Closed loop: so many participants answer without looking, each as soon as the last answer was taken."""
    measured = Measured()
    async with aiohttp.TCPConnector(limit=0) as door:
        coming = crowd.walkers(door)
        end = perf_counter() + seconds

        async def one_after_the_other() -> None:
            while perf_counter() < end and (walker := next(coming, None)) is not None:
                try:
                    await walker.begin()
                    measured.begun += 1
                    while not walker.is_done and perf_counter() < end:
                        start = perf_counter()
                        taken = await walker.answer()
                        measured.latencies_s.append(perf_counter() - start)
                        measured.votes += taken
                        await walker.look()
                except (aiohttp.ClientError, AssertionError) as error:
                    measured.errors.append(str(error))
                measured.stored += walker.stored
                await walker.leave()

        start = perf_counter()
        await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
        measured.seconds = perf_counter() - start
    return measured
