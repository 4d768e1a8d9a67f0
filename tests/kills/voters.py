"""Observers over HTTP who never stop: each retries a vote, the same one, until the server has acknowledged it."""

import http.client
import json
import random
import re
import threading
from dataclasses import dataclass, field
from typing import Any

LOOKED = {
    "response_ms": 900, "hidden_ms": 0, "max_zoom": 1.0, "one_to_one_ms": 200, "inspected_left": 1.0,
    "inspected_right": 1.0, "flips": 0, "reloads": 0, "first_painted": "left",
}  # fmt: skip
DEVICE = {
    "device_pixel_ratio": 1.0, "viewport_width_px": 1366, "viewport_height_px": 768, "browser_zoom": 1.0,
    "gamut": "srgb", "drawer": "webgl",
}  # fmt: skip
PATIENCE_S = 15
RETRY_AFTER_S = 0.3


class RefusedError(Exception):
    """An answer that no retry mends."""


class StoppedError(Exception):
    """The voter was told to stop while it waited."""


@dataclass
class Ledger:
    """What the server has acknowledged: the trial's address, and the answer."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    retried: int = 0
    kind_pages: int = 0
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, trial: str, answer: str) -> None:
        with self.lock:
            if trial in self.acknowledged:
                self.wrong.append(f"trial {trial} was shown to be voted on twice")
            self.acknowledged[trial] = answer

    def snapshot(self) -> dict[str, str]:
        with self.lock:
            return dict(self.acknowledged)


class Voter(threading.Thread):
    """One browser after the other, each through a whole sitting."""

    def __init__(self, port: int, study: str, ledger: Ledger, seed: int, pause_s: float) -> None:
        super().__init__(name=f"voter {seed}", daemon=True)
        self.port, self.study, self.ledger, self.pause_s = port, study, ledger, pause_s
        self.dice = random.Random(seed)
        self.over = threading.Event()
        self.cookies: dict[str, str] = {}

    def run(self) -> None:
        try:
            while not self.over.is_set():
                self.cookies = {}
                self._sit()
        except StoppedError:
            pass
        except Exception as error:
            self.ledger.wrong.append(f"{self.name}: {type(error).__name__}: {error}")

    def _sit(self) -> None:
        path = f"/s/{self.study}/"
        page = self._ask("GET", path)[1].decode()
        ticket = re.search(r'name="ticket" value="([^"]+)"', page)
        if ticket is None:
            raise RefusedError(f"the welcome page has no ticket: {page[:200]}")
        headers = self._ask("POST", path, f"ticket={ticket[1]}&begin=1", form=True)[2]
        page = self._ask("GET", headers["Location"])[1].decode()
        found = re.search(r'<script id="state" type="application/json">(.*?)</script>', page, re.DOTALL)
        if found is None:
            raise RefusedError(f"the pairs' page has no state: {page[:200]}")
        trials = json.loads(found[1])["trials"]
        while trials and not self.over.is_set():
            upcoming = self._vote(trials.pop(0))
            if upcoming is not None and upcoming["id"] not in [trial["id"] for trial in trials]:
                trials.append(upcoming)

    def _vote(self, trial: dict[str, Any]) -> dict[str, Any] | None:
        for side in ("left", "right"):
            self._ask("GET", f"{trial[side]}0/0/0")
        self._ask("POST", trial["shown_url"], json.dumps(DEVICE))
        self.over.wait(self.pause_s * self.dice.random())
        answer = self.dice.choice(("left", "right"))
        status, body, _ = self._ask("POST", trial["vote_url"], json.dumps({**LOOKED, **DEVICE, "answer": answer}))
        told = json.loads(body) if status == 200 else {}
        if status != 200 or told["answer"] != answer:
            raise RefusedError(f"a vote was answered with {status} {body[:200]!r}")
        self.ledger.add(trial["id"], answer)
        upcoming: dict[str, Any] | None = told["upcoming"]
        return upcoming

    def _ask(
        self, method: str, path: str, body: str | None = None, *, form: bool = False
    ) -> tuple[int, bytes, dict[str, str]]:
        """Ask until there is an answer, as the page does; a 4xx is one."""
        while True:
            try:
                status, told, headers = self._once(method, path, body, form)
            except (OSError, http.client.HTTPException):
                status, told, headers = 599, b"", {}
            if status < 500:
                if status >= 400:
                    raise RefusedError(f"{method} {path} was answered with {status} {told[:200]!r}")
                return status, told, headers
            self.ledger.retried += 1
            self.ledger.kind_pages += status == 503
            if status not in (503, 599):
                self.ledger.wrong.append(f"{method} {path} was answered with {status}, where 503 is meant")
            if self.over.wait(RETRY_AFTER_S):
                raise StoppedError

    def _once(self, method: str, path: str, body: str | None, form: bool) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            kind = "application/x-www-form-urlencoded" if form else "application/json"
            headers = {
                "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
                "X-CSRFToken": self.cookies.get("csrftoken", ""),
            }
            if body is not None:
                headers["Content-Type"] = kind
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie") or []:
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            return response.status, response.read(), dict(response.headers)
        finally:
            connection.close()
