"""How one participant walks through each system, as its own pages do it: begin, then one answer after the other."""

import json
import re
from abc import ABC, abstractmethod
from html import unescape
from typing import Any

import aiohttp

DEVICE = {
    "device_pixel_ratio": 2.0,
    "viewport_width_px": 1440,
    "viewport_height_px": 900,
    "browser_zoom": 1.0,
    "gamut": "srgb",
    "drawer": "webgl",
}
LOOKED = {
    "response_ms": 2400,
    "hidden_ms": 0,
    "max_zoom": 1.0,
    "one_to_one_ms": 600,
    "inspected_left": 0.8,
    "inspected_right": 0.8,
    "flips": 1,
    "reloads": 0,
    "first_painted": "left",
}


class Walker(ABC):
    """One participant. An error answer of the server is an exception."""

    def __init__(self, door: aiohttp.BaseConnector, place: str) -> None:
        """Take a browser's cookies along, and share the machine's connections."""
        jar = aiohttp.CookieJar(unsafe=True)  # unsafe: cookies of 127.0.0.1 too
        self.http = aiohttp.ClientSession(connector=door, connector_owner=False, cookie_jar=jar)
        self.place = place
        self.stored: list[tuple[str, str]] = []

    @abstractmethod
    async def begin(self) -> None:
        """Everything before the first answer."""

    @abstractmethod
    async def answer(self) -> int:
        """One answer, until the next pair can be shown. Returns how many votes it stored."""

    async def look(self) -> None:  # noqa: B027  # most tell nothing
        """What the page tells between two answers."""

    @property
    @abstractmethod
    def is_done(self) -> bool:
        """Whether nothing is left to answer."""

    async def leave(self) -> None:
        """Close the browser."""
        await self.http.close()


class PhoropterWalker(Walker):
    """Welcome page, consent, the look page's state, `shown` and `vote` for each pair, the page of thanks."""

    async def begin(self) -> None:
        page = await text_of(self.http.get(self.place))
        fields = {name: field(page, name) for name in ("csrfmiddlewaretoken", "ticket")}
        async with self.http.post(self.place, data={**fields, "consent": "on"}) as seated:
            seated.raise_for_status()
            state = json.loads(found(r'<script id="state" type="application/json">(.*?)</script>', await seated.text()))
            self.site = str(seated.url.origin())
        self.pairs = list(state["trials"])
        self.finish_url = state["finish_url"]
        self.headers = {"X-CSRFToken": self._csrf()}
        await self.look()

    def _csrf(self) -> str:
        return next(cookie.value for cookie in self.http.cookie_jar if "csrf" in cookie.key)

    async def look(self) -> None:
        if self.pairs:
            url = self.site + self.pairs[0]["shown_url"]
            await text_of(self.http.post(url, json=DEVICE, headers=self.headers))
        else:
            await text_of(self.http.get(self.site + self.finish_url))

    async def answer(self) -> int:
        pair = self.pairs.pop(0)
        said = "left" if len(self.stored) % 2 else "right"
        body = {"answer": said, **LOOKED, **DEVICE}
        told = json.loads(await text_of(self.http.post(self.site + pair["vote_url"], json=body, headers=self.headers)))
        assert told["answer"] == said
        self.stored.append((pair["id"], said))
        if told["upcoming"]:
            self.pairs.append(told["upcoming"])
        return 1

    @property
    def is_done(self) -> bool:
        return not self.pairs


class OTreeWalker(Walker):
    """The participant's own link, then a form on a page for each pair, which leads to the next page."""

    async def begin(self) -> None:
        await self._arrive(self.http.get(self.place))

    async def _arrive(self, going: Any) -> None:
        async with going as page:
            page.raise_for_status()
            self.url, self.page = str(page.url), await page.text()

    async def answer(self) -> int:
        before = self.url
        await self._arrive(self.http.post(self.url, data={"choice": "left"}))
        assert self.url != before, "oTree showed the same page again: the answer was refused"
        self.stored.append((before, "left"))
        return 1

    @property
    def is_done(self) -> bool:
        return 'name="choice"' not in self.page


class PyMushraWalker(Walker):
    """Nothing is sent until the end; then every answer of the session at once."""

    trials = 20
    done = False

    async def begin(self) -> None:
        await text_of(self.http.get(f"{self.place}/index.html"))

    async def answer(self) -> int:
        session = {
            "testId": "pairs",
            "config": "configs/pairs.yaml",
            "participant": {"name": [], "response": []},
            "trials": [
                {
                    "type": "paired_comparison",
                    "id": f"pair-{number}",
                    "testId": "pairs",
                    "responses": [{"reference": "a", "nonReference": "b", "answer": "a", "time": 2400, "comment": ""}],
                }
                for number in range(self.trials)
            ],
        }
        told = json.loads(
            await text_of(self.http.post(f"{self.place}/service/write.php", data={"sessionJSON": json.dumps(session)}))
        )
        assert not told["error"], told["message"]
        self.done = True
        return self.trials

    @property
    def is_done(self) -> bool:
        return self.done


async def text_of(going: Any) -> str:
    """The body of a good answer."""
    async with going as response:
        response.raise_for_status()
        text: str = await response.text()
        return text


def field(page: str, name: str) -> str:
    """The value of a hidden field."""
    tag = found(rf'(<input[^>]*name="{name}"[^>]*>)', page)
    return unescape(found(r'value="([^"]*)"', tag))


def found(pattern: str, page: str) -> str:
    match = re.search(pattern, page, re.DOTALL)
    assert match, f"no {pattern} in a page that begins with {page[:200]!r}"
    return match[1]
