"""A phone in Chromium, its line, its fingers, and what it went through."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import CDPSession, Page


class Line(NamedTuple):
    """A connection."""

    down_mbit: float
    up_mbit: float
    latency_ms: float


LINES = {
    "slow-4g": Line(1.6, 0.75, 150),  # Lighthouse's and WebPageTest's
    "3g": Line(0.4, 0.4, 400),  # WebPageTest's slow 3G, and the throughput of DevTools' 3G
    "wifi": Line(30, 15, 20),
}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 3,
    "has_touch": True,
    "is_mobile": True,
    "locale": "en",
}
LOOKS_S = (2, 5)


@dataclass
class Pair:
    """One pair: how it was looked at, and what came of it.

    Attributes:
        opened_ms: From the answer (or the end of a break) before it until it took answers; none of the first, nor of
            one that a dead line kept away.
    """

    look_s: float
    is_close: bool
    answer: str = ""
    opened_ms: float | None = None


@dataclass
class Phone:
    """The phone, and what it went through."""

    page: Page
    cdp: CDPSession
    line: Line
    pictures: Path | None
    taken: int = 0
    received: int = 0
    side_of: dict[str, str] = field(default_factory=dict)
    side_bytes: dict[str, int] = field(default_factory=dict)
    pages: list[tuple[str, float, float, float]] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    after_dead: int | None = None
    wrong: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Count what comes over the line, and what of it belongs to which side of a pair."""
        self.cdp.on("Network.requestWillBeSent", self.asked)
        self.cdp.on("Network.dataReceived", self.came)
        self.cdp.send("Network.enable")

    def asked(self, event: dict[str, Any]) -> None:
        """A request left; a side's tiles have its address in common."""
        _, seen, rest = event["request"]["url"].partition("/seen/")
        if seen:
            self.side_of[event["requestId"]] = rest.split("/")[0]
            self.side_bytes.setdefault(rest.split("/")[0], 0)

    def came(self, event: dict[str, Any]) -> None:
        """Bytes came."""
        self.received += event["encodedDataLength"]
        if side := self.side_of.get(event["requestId"]):
            self.side_bytes[side] += event["encodedDataLength"]

    def connect(self, *, dead: bool = False) -> None:
        """Put the phone on its line, or take the line away."""
        self.cdp.send(
            "Network.emulateNetworkConditions",
            {
                "offline": dead,
                "latency": self.line.latency_ms,
                "downloadThroughput": self.line.down_mbit * 1e6 / 8,
                "uploadThroughput": self.line.up_mbit * 1e6 / 8,
            },
        )

    def picture(self, name: str, *, whole: bool = False) -> None:
        """What is on the screen; of a page that is longer also its end.

        Not Playwright's picture of a whole page, for which the phone would turn into a screen with a mouse.
        """
        self.taken += 1
        if self.pictures is None:
            return
        self.page.screenshot(path=self.pictures / f"{self.taken:02}-{name}.png")
        if whole and self.page.evaluate("document.scrollingElement.scrollHeight > innerHeight + 1"):
            self.page.evaluate("scrollTo(0, document.scrollingElement.scrollHeight)")
            self.page.screenshot(path=self.pictures / f"{self.taken:02}-{name}-end.png")
            self.page.evaluate("scrollTo(0, 0)")

    def arrived(self, name: str, since: float, bytes_before: int) -> None:
        """Write down what a page took, and how far its parts jumped while it came."""
        jumps = float(self.page.evaluate("window.jumps ?? 0"))
        self.pages.append((name, time.monotonic() - since, (self.received - bytes_before) / 1e6, jumps))

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        """Fingers that come, move or leave."""
        fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self.cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    def check(self, is_right: bool, what: str) -> None:
        """Remember what went wrong; the walk goes on."""
        if not is_right:
            self.wrong.append(what)
