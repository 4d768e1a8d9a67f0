"""An observer's browser as far as the server can tell: cookies, forms, the pages' JSON, tiles, letters sent again."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from math import ceil
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

PATIENCE_S = 15.0
FIRST_RETRY_S = 0.5
TRIES = 7
"""About half a minute of trying in all, while a server starts again; the page itself never gives up."""
WORTH_RETRYING = {408, 425, 429}


class NotServedError(Exception):
    """The server answered what no observer could go on from; says what and where."""


@dataclass(frozen=True)
class Reply:
    """An answer of the server: where it came from after redirects, and what it held."""

    status: int
    url: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def told(self) -> dict[str, Any]:
        """The body as JSON; empty where it is none."""
        try:
            told = json.loads(self.body)
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}


@dataclass
class Traffic:
    """What all browsers of a rehearsal sent and met.

    Attributes:
        requests: Sent, those sent again included.
        sent_again: Sent again after no answer, or one that asks for patience.
        errors: Why, by status or by the name of the network's error.
    """

    requests: int = 0
    sent_again: int = 0
    errors: Counter[str] = field(default_factory=Counter)


class Browser:
    """One observer's: cookies of its own, connections shared with the others."""

    def __init__(
        self, connector: aiohttp.BaseConnector, traffic: Traffic, *, first_retry_s: float = FIRST_RETRY_S
    ) -> None:
        self.traffic = traffic
        self.first_retry_s = first_retry_s
        # Cookies are taken from bare addresses too, as by any browser: a study may run at 192.168.1.20.
        self.client = aiohttp.ClientSession(
            connector=connector,
            connector_owner=False,
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            timeout=aiohttp.ClientTimeout(total=PATIENCE_S),
        )

    async def close(self) -> None:
        """Forget the cookies."""
        await self.client.close()

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        """A page or a picture."""
        return await self._patiently("GET", url, headers=headers)

    async def submit(self, page: Reply, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Reply:
        """A page's form, hidden fields and all."""
        sent = {**hidden_fields(page.text), **fields}
        return await self._patiently("POST", page.url, data=sent, headers={**_origin(page.url), **(headers or {})})

    async def tell(self, url: str, body: Mapping[str, Any]) -> Reply:
        """A letter of the trial page, with the token of its cookie."""
        cookies = self.client.cookie_jar.filter_cookies(URL(url))
        token = cookies["csrftoken"].value if "csrftoken" in cookies else ""
        return await self._patiently("POST", url, json=dict(body), headers={**_origin(url), "X-CSRFToken": token})

    async def _patiently(self, method: str, url: str, **request: Any) -> Reply:
        """Once more after a while, as `trial/post.js` does, where it wasn't the letter that was wrong."""
        reason = ""
        for attempt in range(TRIES):
            if attempt:
                self.traffic.sent_again += 1
                await asyncio.sleep(self.first_retry_s * 2 ** (attempt - 1))
            self.traffic.requests += 1
            try:
                reply = await self._once(method, url, **request)
            except (aiohttp.ClientError, TimeoutError) as error:
                reason = type(error).__name__
            else:
                if reply.status < 500 and reply.status not in WORTH_RETRYING:
                    return reply
                reason = f"status {reply.status}"
            self.traffic.errors[reason] += 1
        raise NotServedError(f"{method} {url}: {reason}, {TRIES} times over.")

    async def _once(self, method: str, url: str, **request: Any) -> Reply:
        async with self.client.request(method, url, **request) as response:
            return Reply(response.status, str(response.url), await response.read(), dict(response.headers))


def _origin(url: str) -> dict[str, str]:
    """What a browser says of where a letter comes from; Django wants to know over HTTPS."""
    parts = urlsplit(url)
    return {"Origin": f"{parts.scheme}://{parts.netloc}", "Referer": url}


class _Form(HTMLParser):
    """The hidden fields of a page's forms, and the JSON that it carries."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.state = ""
        self.step: str | None = None
        self.in_state = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A hidden field, or the beginning of the state."""
        told = dict(attrs)
        if tag == "input" and told.get("type") == "hidden":
            self.fields[told.get("name") or ""] = told.get("value") or ""
        self.step = told.get("data-step") or self.step
        self.in_state = tag == "script" and told.get("id") == "state"

    def handle_endtag(self, tag: str) -> None:
        """The end of the state."""
        if tag == "script":
            self.in_state = False

    def handle_data(self, data: str) -> None:
        """The state's text."""
        if self.in_state:
            self.state += data


def hidden_fields(page: str) -> dict[str, str]:
    """Names and values of a page's hidden fields.

    >>> hidden_fields('<form><input type="hidden" name="ticket" value="t1"><input name="begin"></form>')
    {'ticket': 't1'}
    """
    form = _Form()
    form.feed(page)
    return form.fields


def state_in(page: str) -> dict[str, Any] | None:
    """The state that the trial page starts from; None on any other page.

    >>> state_in('<script id="state" type="application/json">{"answered": 2}</script>')
    {'answered': 2}
    >>> state_in("<h1>Thank you</h1>") is None
    True
    """
    form = _Form()
    form.feed(page)
    if not form.state:
        return None
    told: dict[str, Any] = json.loads(form.state)
    return told


def step_in(page: str) -> str | None:
    """The name of the step around the trials that a page asks for; None on any other page.

    >>> step_in('<form method="post" data-step="screen"></form>'), step_in("<h1>Thank you</h1>")
    ('screen', None)
    """
    form = _Form()
    form.feed(page)
    return form.step


def absolute(page_url: str, address: str) -> str:
    """An address as it stands on a page, whole."""
    return urljoin(page_url, address)


def tiles_of(trial: Mapping[str, Any], viewport_px: int) -> list[str]:
    """The tiles that fill half a viewport with each side: the coarsest level that is sharp enough, whole.

    Args:
        trial: As the page is told of it.
        viewport_px: Device pixels across the window.

    >>> tiles_of({"width": 800, "height": 600, "tile": 512, "levels": 1, "left": "/l/", "right": "/r/"}, 2000)[:3]
    ['/l/1/0/0', '/l/1/1/0', '/l/1/0/1']
    """
    finest = int(trial["levels"])
    level = next((n for n in range(finest) if trial["width"] >> (finest - n) >= viewport_px / 2), finest)
    per_tile_px = int(trial["tile"]) << (finest - level)
    columns, rows = (ceil(trial[side] / per_tile_px) for side in ("width", "height"))
    places = [f"{level}/{column}/{row}" for row in range(rows) for column in range(columns)]
    return [f"{trial[side]}{place}" for side in ("left", "right") for place in places]
