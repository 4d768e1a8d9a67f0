"""A small server for the observer's page alone.

It serves the page's own templates and modules and pictures made here, and keeps a ledger of all that was asked.
"""

import json
import mimetypes
import sys
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from django.template.loader import render_to_string

from studyapp import tiles

ROOT = Path(__file__).resolve().parents[2]
STATIC = {
    "openseadragon": ROOT / "node_modules/openseadragon/build/openseadragon",
    "studyapp": ROOT / "studyapp/static/studyapp",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SIDES = ("left", "right")

Photo = npt.NDArray[np.uint8]
State = dict[str, Any]


@cache
def noise(width: int, height: int, seed: int) -> Photo:
    """A picture of which no two pixels need be alike: whatever resamples, shifts or mixes it shows."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


_cutting = threading.Lock()
_cut: dict[int, tuple[Photo, list[bytes]]] = {}
"""Tiles of every picture cut so far, by identity; the picture stays beside them, so that no other gets its identity."""


@dataclass(frozen=True)
class Pair:
    """Two pictures of one size."""

    left: Photo
    right: Photo


@dataclass(frozen=True)
class Asked:
    """One request for a tile or one letter, as the server saw it."""

    method: str
    path: str
    body: Any = None


@dataclass
class LookServer:
    """Serves a session of given pairs; `failures`, `held` and `votes` make the network or another tab misbehave."""

    pairs: list[Pair]
    answers: tuple[str, ...] = ("left", "right")
    question: str = "Which picture looks better?"
    correction: bool = False
    failures: deque[int] = field(default_factory=deque)
    """Status codes given to the next votes instead of taking them; 0 hangs up without an answer."""
    held: str = ""
    """Tiles whose path ends so wait until `release` is called."""
    asked: list[Asked] = field(default_factory=list)
    votes: dict[int, dict[str, Any]] = field(default_factory=dict)
    went_on: bool = False
    """Whether the observer has let the last answer stand."""

    def __post_init__(self) -> None:
        self._gate = threading.Event()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"look": self})
        self._http = _Server(("127.0.0.1", 0), handler)
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/look/s/"

    def close(self) -> None:
        self._gate.set()
        self._http.shutdown()
        self._http.server_close()

    def release(self) -> None:
        self._gate.set()

    def letters(self, kind: str) -> list[Asked]:
        return [asked for asked in list(self.asked) if asked.method == "POST" and asked.path.endswith(f"/{kind}/")]

    def tiles_asked(self) -> list[str]:
        return [asked.path for asked in list(self.asked) if asked.path.startswith("/seen/")]

    # ---- answers

    def trial(self, number: int) -> State | None:
        if number >= len(self.pairs):
            return None
        height, width = self.pairs[number].left.shape[:2]
        return {
            "id": f"t{number}",
            "position": number + 1,
            "width": width,
            "height": height,
            "tile": tiles.TILE_PX,
            "levels": tiles.levels((width, height)),
            "left": f"/seen/{number}left/",
            "right": f"/seen/{number}right/",
            "shown_url": f"/trial/t{number}/shown/",
            "vote_url": f"/trial/t{number}/vote/",
        }

    def state(self) -> State:
        coming = [self.trial(number) for number in range(len(self.pairs)) if number not in self.votes]
        return {
            "answered": len(self.votes),
            "total": len(self.pairs),
            "question": self.question,
            "answers": list(self.answers),
            "correction": self.correction,
            "trials": coming[:2],
            "last": self.last(),
            "place_url": "/look/s/place/",
            "onward_url": "/look/s/onward/",
            "finish_url": "/look/s/thanks/",
        }

    def last(self) -> State | None:
        """The last answer, where it can still be taken back."""
        if not self.correction or self.went_on or not self.votes:
            return None
        number = max(self.votes)
        body = self.votes[number]
        return None if "corrects" in body else {"trial": self.trial(number), "answer": body["answer"], "looked": body}

    @property
    def is_at_end_of_pairs(self) -> bool:
        return len(self.votes) == len(self.pairs) and self.last() is not None

    def tile(self, address: str, level: int, column: int, row: int) -> bytes:
        number, side = int(address.rstrip("leftrigh")), address.lstrip("0123456789")
        photo = getattr(self.pairs[number], side)
        with _cutting:
            if id(photo) not in _cut:
                _cut[id(photo)] = (photo, tiles.cut(photo))
        return _cut[id(photo)][1][tiles.tile_number((photo.shape[1], photo.shape[0]), level, column, row)]

    def wait_if_held(self, path: str) -> None:
        if self.held and path.endswith(self.held) and not self._gate.wait(timeout=30):
            raise TimeoutError(f"{path} was held back and never released")

    def vote(self, number: int, body: dict[str, Any]) -> tuple[int, State]:
        with self._lock:
            first = self.votes.setdefault(number, body)
            if self.correction and body.get("corrects") == first["answer"]:
                first = self.votes[number] = body
        reply = {
            "receipt": number + 1,
            "answer": first["answer"],
            "answered": len(self.votes),
            "total": len(self.pairs),
            "upcoming": self.trial(number + 2),
        }
        return (200 if first["answer"] == body["answer"] else 409), reply


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that was left in the middle of a tile is no error; all else is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    look: LookServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the ledger says it."""

    def do_GET(self) -> None:
        parts = self.path.strip("/").split("/")
        match parts:
            case ["look", "s"]:
                link = f"http://{self.headers['Host']}{self.path}"
                self._page("studyapp/look.html", {"state": self.look.state(), "token": "s", "link": link})
            case ["look", "s", "place"]:
                self._send(200, json.dumps(self.look.state()).encode(), "application/json")
            case ["look", "s", "thanks"] if self.look.is_at_end_of_pairs:
                self._send(302, b"", "text/plain", Location="/look/s/")
            case ["look", "s", "thanks"]:
                self._page("studyapp/thanks.html", {"completion_code": "C0FFEE42", "redirect_url": ""})
            case ["static", app, *rest]:
                place = STATIC[app].joinpath(*rest)
                self._send(200, place.read_bytes(), mimetypes.guess_type(place.name)[0] or "text/plain")
            case ["seen", address, *place]:
                self.look.asked.append(Asked("GET", self.path))
                self.look.wait_if_held(self.path)
                self._send(200, self.look.tile(address, *map(int, place)), "image/png")
            case _:
                self._send(404, b"", "text/plain")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.look.asked.append(Asked("POST", self.path, body))
        _, token, kind = self.path.strip("/").split("/")
        if kind == "shown":
            self._send(204, b"", "")
        elif kind == "onward":
            self.look.went_on = True
            self._send(204, b"", "")
        elif self.look.failures:
            self._fail(self.look.failures.popleft())
        else:
            status, reply = self.look.vote(int(token[1:]), body)
            self._send(status, json.dumps(reply).encode(), "application/json")

    def _fail(self, status: int) -> None:
        if status:
            self._send(status, b'{"error": "this study is closed"}', "application/json")
        else:
            self.close_connection = True

    def _page(self, template: str, context: dict[str, Any]) -> None:
        self._send(200, render_to_string(template, context).encode(), "text/html; charset=utf-8")

    def _send(self, status: int, body: bytes, kind: str, **more: str) -> None:
        self.send_response(status)
        for name, value in [*self._headers(body, kind), *more.items()]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _headers(self, body: bytes, kind: str) -> Iterable[tuple[str, str]]:
        yield "Content-Security-Policy", POLICY
        yield "Cache-Control", "no-store"
        if kind:
            yield "Content-Type", kind
            yield "Content-Length", str(len(body))
