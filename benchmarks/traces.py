"""What Chromium tells of a page: script per frame, from its trace, and bytes, from its network events."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from playwright.sync_api import CDPSession

Event = dict[str, Any]

SCRIPT = {"FunctionCall", "RunMicrotasks", "EvaluateScript", "v8.callFunction", "FireAnimationFrame", "TimerFire"}
FRAME = "BeginMainThreadFrame"


@dataclass(frozen=True)
class Script:
    """Milliseconds of script in one frame."""

    clock_ms: float
    """From begin to end, with whatever else ran on the same core meanwhile."""
    processor_ms: float
    """Spent by the thread itself."""


def script_per_frame(trace: Event) -> list[Script]:
    """Script from each frame's start to the next one's, on the thread that draws the page.

    Frames in which nothing ran are left out: they would only make the numbers look better.

    Raises:
        ValueError: The trace has no frames.
    """
    events: list[Event] = trace["traceEvents"]
    threads = [(event["pid"], event["tid"]) for event in events if event["name"] == "FireAnimationFrame"]
    if not threads:
        raise ValueError("the trace has no animation frames")
    main = max(set(threads), key=threads.count)
    own = [event for event in events if (event["pid"], event["tid"]) == main]
    starts = sorted(event["ts"] for event in own if event["name"] == FRAME)
    if len(starts) < 2:
        raise ValueError(f"the trace has no {FRAME} events")
    spells = outermost(event for event in own if event["name"] in SCRIPT and event.get("dur"))
    frames = []
    for begin, end in pairwise(starts):
        inside = [(max(start, begin), min(stop, end), share) for start, stop, share in spells]
        busy = [(stop - start, (stop - start) * share) for start, stop, share in inside if stop > start]
        if busy:
            clock_us, processor_us = (sum(part) for part in zip(*busy, strict=True))
            frames.append(Script(clock_us / 1000, processor_us / 1000))
    return frames


def outermost(events: Iterable[Event]) -> list[tuple[float, float, float]]:
    """Begin, end, and share of it that the thread spent computing; what lies within another counts with it."""
    spells: list[tuple[float, float, float]] = []
    for event in sorted(events, key=lambda event: (event["ts"], -event["dur"])):
        if not spells or event["ts"] >= spells[-1][1]:
            spells.append((event["ts"], event["ts"] + event["dur"], event["tdur"] / event["dur"]))
    return spells


class Ledger:
    """Bytes and requests of every side's tiles, as they came over the line."""

    def __init__(self, cdp: CDPSession) -> None:
        self.trial_of: dict[str, str] = {}
        self.bytes: dict[str, int] = defaultdict(int)
        self.requests: dict[str, int] = defaultdict(int)
        cdp.on("Network.requestWillBeSent", self.asked)
        cdp.on("Network.loadingFinished", self.came)

    def asked(self, event: Event) -> None:
        url = event["request"]["url"]
        if "/seen/" in url:
            self.trial_of[event["requestId"]] = url.split("/seen/")[1].split("/")[0]

    def came(self, event: Event) -> None:
        if side := self.trial_of.get(event["requestId"]):
            self.bytes[side] += int(event["encodedDataLength"])
            self.requests[side] += 1

    def by_trial(self) -> tuple[list[int], list[int]]:
        """Both sides of a trial, in the order they came: sides follow each other by twos."""
        return [self._pairs(self.bytes), self._pairs(self.requests)]  # type: ignore[return-value]

    @staticmethod
    def _pairs(of: dict[str, int]) -> list[int]:
        sides = list(of.values())
        return [sum(sides[n : n + 2]) for n in range(0, len(sides) - 1, 2)]
