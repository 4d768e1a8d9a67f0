"""A simulated person's sitting: from the study's link to the thanks, or to wherever they leave."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from studyapp.simulation.browser import Browser, NotServedError, Reply, absolute, state_in, step_in, tiles_of
from studyapp.simulation.diary import Acknowledged, Diary
from studyapp.simulation.marks import MARK_HEADER
from studyapp.simulation.people import Doing, Person, Shown

LookUp = Callable[[str], Awaitable[Mapping[str, Shown]]]
"""From the token of a sitting to what its trials really show, by their tokens."""

OPPOSITE = {"left": "right", "right": "left", "tie": "left", "not_sure": "left"}
Told = Callable[[Mapping[str, Any]], dict[str, str]]
ANSWERS: dict[str, Told] = {
    "screen": lambda device: {
        **{name: str(device[name]) for name in ("viewport_width_px", "viewport_height_px", "device_pixel_ratio")},
        "browser_zoom": "1",
        "gamut": str(device["gamut"]),
        "capable": "yes",
        "dark_steps": "6",
        "bright_steps": "6",
        "anyway": "yes",
    },
    "colour": lambda device: {"seen": "none"},
    "calibration": lambda device: {"skip": "yes"},
    "acuity": lambda device: {"seen": "none"},
    "background": lambda device: {},
    "instructions": lambda device: {},
    "questions": lambda device: {},
}
"""What simulated observers tell on the pages around the trials, by name, from the device they look on: they have no
eyes to be tested, no card to hold up and no life to tell of."""

KEPT, WENT_ON, BAD, REFUSED, TOO_LATE = 200, 204, 400, 409, 410


@dataclass(frozen=True)
class Way:
    """How people of a rehearsal go through a study.

    Attributes:
        link: The study's link, that observers get.
        mark_of: Gives the signed mark of person n; sent with the study's link, never with anything else.
        look_up: What the trials of a sitting really show.
        fast: Nobody waits: response times are told, not taken.
        pictures: Whether tiles are fetched.
    """

    link: str
    mark_of: Callable[[int], str]
    look_up: LookUp
    fast: bool = False
    pictures: bool = False


class Sitting:
    """One person at one browser."""

    def __init__(self, person: Person, browser: Browser, way: Way) -> None:
        self.person, self.browser, self.way = person, browser, way
        self.diary = Diary(person.number)
        self.page = Reply(0, way.link, b"", {})
        self.shown: Mapping[str, Shown] = {}

    async def begin(self) -> None:
        """Read, consent, be seated.

        Raises:
            NotServedError: The study doesn't let simulated observers in, or doesn't know their mark: nothing is begun.
        """
        mark = {MARK_HEADER: self.way.mark_of(self.person.number)}
        welcome = await self.browser.get(self.way.link, headers=mark)
        if welcome.status != KEPT:
            raise NotServedError(f"{self.way.link} answered {welcome.status}. Is it this installation's address?")
        if MARK_HEADER not in welcome.headers:
            raise NotServedError(
                f"{self.way.link} doesn't know the mark of simulated observers, so none was begun: it is served by "
                "another installation or an older version, or something on the way takes headers away."
            )
        page = await self.browser.submit(welcome, {"begin": "yes", "consent": "yes"}, headers=mark)
        if page.status != KEPT or (state_in(page.text) is None and step_in(page.text) is None):
            raise NotServedError(
                f"{self.way.link} gave person {self.person.number} no seat (it answered {page.status})."
            )
        self.page = page
        self.diary.session = page.url.partition("/look/")[2].partition("/")[0]
        self.shown = await self.way.look_up(self.diary.session)

    async def walk(self, until: int | None = None) -> None:
        """Answer what is open, up to ``until`` answered pairs, or to the thanks."""
        await self._do_steps()
        while (state := state_in(self.page.text)) is not None:
            trials: list[Mapping[str, Any]] = list(state["trials"])
            answers, answered = tuple(state["answers"]), int(state["answered"])
            while trials:
                if until is not None and answered >= until:
                    return
                reply = await self._answer(trials.pop(0), answers)
                answered = int(reply["answered"])
                known = {trial["id"] for trial in trials}
                if (upcoming := reply.get("upcoming")) and upcoming["id"] not in known:
                    trials.append(upcoming)
            await self._go_on(state)
            await self._load()
            await self._do_steps()
        self.diary.finished = self.page.status == KEPT and self.page.url.rstrip("/").endswith("thanks")
        if not self.diary.finished:
            raise NotServedError(f"{self.page.url} is neither a pair nor the thanks (it answered {self.page.status}).")

    async def come_back(self) -> None:
        """The personal link again, and on with it."""
        await self._load()
        self.diary.reloads += 1
        await self.walk()

    async def come_too_late(self) -> None:
        """Answer the pair that stood on the screen when the place was given away."""
        state = state_in(self.page.text)
        if state is None:
            return
        answered = {vote.trial for vote in self.diary.acknowledged}
        trial = next(token for token, shown in self._in_order() if token not in answered)
        doing = self.person.does(self.shown[trial], tuple(state["answers"]))
        reply = await self._vote(f"/trial/{trial}/vote/", doing.answer, doing.looked)
        if reply.status == KEPT:  # nobody had taken the place yet, so it is theirs again
            self.diary.acknowledged.append(Acknowledged(trial, reply.told["receipt"], reply.told["answer"]))
        elif reply.status == TOO_LATE:
            self.diary.too_late.append((trial, doing.answer))
        else:
            raise NotServedError(f"An answer to a place given away was answered {reply.status}, not {TOO_LATE}.")

    async def _do_steps(self) -> None:
        """The pages around the trials, until there is a pair or the thanks."""
        while (name := step_in(self.page.text)) is not None:
            before = self.page.url
            self.page = await self.browser.submit(self.page, ANSWERS[name](self.person.device))
            if self.page.status != KEPT or self.page.url == before:
                raise NotServedError(f"{before} was filled in, and not taken (it answered {self.page.status}).")

    async def _go_on(self, state: Mapping[str, Any]) -> None:
        """Let the last answer stand, where the study would have let it be corrected."""
        if not state["correction"]:
            return
        reply = await self.browser.tell(absolute(self.page.url, state["onward_url"]), {})
        if reply.status != WENT_ON:
            raise NotServedError(f"{reply.url} answered {reply.status}, not {WENT_ON}.")

    def _in_order(self) -> list[tuple[str, Shown]]:
        return sorted(self.shown.items(), key=lambda entry: entry[1].position)

    async def _load(self) -> None:
        self.page = await self.browser.get(absolute(self.page.url, f"/look/{self.diary.session}/"))

    async def _answer(self, trial: Mapping[str, Any], answers: tuple[str, ...]) -> dict[str, Any]:
        """One pair: seen, thought about, answered, with whatever habits the person has."""
        doing = self.person.does(self.shown[trial["id"]], answers)
        await self._see(trial)
        if doing.reload:
            await self._load()
            self.diary.reloads += 1
            await self._see(trial)
        if doing.too_fast_ms is not None:
            await self._too_fast(trial, doing)
        if not self.way.fast:
            await asyncio.sleep(doing.looked["response_ms"] / 1000)
        told = await self._considered(trial, doing)
        if doing.contradict:
            await self._contradict(trial, doing)
        return told

    async def _see(self, trial: Mapping[str, Any]) -> None:
        """Pictures, then the word that they are painted."""
        if self.way.pictures:
            across = self.person.device["viewport_width_px"] * self.person.device["device_pixel_ratio"]
            addresses = [absolute(self.page.url, address) for address in tiles_of(trial, across)]
            replies = await asyncio.gather(*(self.browser.get(address) for address in addresses))
            if wrong := [reply for reply in replies if reply.status != KEPT]:
                raise NotServedError(f"A tile is missing: {wrong[0].url} answered {wrong[0].status}.")
            self.diary.tiles += len(replies)
        painted = await self.browser.tell(absolute(self.page.url, trial["shown_url"]), self.person.device)
        if painted.status != 204:
            raise NotServedError(f"{painted.url} answered {painted.status}: {painted.text[:200]}")

    async def _too_fast(self, trial: Mapping[str, Any], doing: Doing) -> None:
        """What the page holds back, sent all the same, as by a page that was tampered with."""
        self.diary.too_fast += 1
        reply = await self._vote(trial["vote_url"], "left", {**doing.looked, "response_ms": doing.too_fast_ms})
        if reply.status != BAD:
            raise NotServedError(f"An answer after {doing.too_fast_ms} ms was answered {reply.status}, not {BAD}.")
        self.diary.too_fast_refused += 1

    async def _considered(self, trial: Mapping[str, Any], doing: Doing) -> dict[str, Any]:
        sent = [self._vote(trial["vote_url"], doing.answer, doing.looked) for _ in range(1 + doing.double)]
        replies = await asyncio.gather(*sent)
        if wrong := [reply for reply in replies if reply.status != KEPT]:
            raise NotServedError(f"{wrong[0].url} answered {wrong[0].status}: {wrong[0].text[:200]}")
        told = replies[-1].told
        self.diary.acknowledged.append(Acknowledged(trial["id"], told["receipt"], told["answer"]))
        if doing.double:
            self.diary.doubles += 1
            self.diary.doubles_alike += len({reply.told["receipt"] for reply in replies}) == 1
        return told

    async def _contradict(self, trial: Mapping[str, Any], doing: Doing) -> None:
        """The opposite after all; it is kept as an event and changes nothing."""
        opposite = OPPOSITE[doing.answer]
        reply = await self._vote(trial["vote_url"], opposite, doing.looked)
        if reply.status != REFUSED:
            raise NotServedError(f"A second answer was answered {reply.status}, not {REFUSED}.")
        self.diary.refused.append((trial["id"], opposite))

    async def _vote(self, address: str, answer: str, looked: Mapping[str, Any]) -> Reply:
        body = {"answer": answer, **looked, **self.person.device}
        return await self.browser.tell(absolute(self.page.url, address), body)
