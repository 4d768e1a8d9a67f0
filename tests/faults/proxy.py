"""A bad network: a proxy in front of a web server that loses, delays, doubles, reorders, cuts and refuses requests.

What befalls a request depends on nothing but the seed and which one of its kind it is: the tenth letter, say.
"""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.faults.dying import DIE

PATIENCE_S = 60.0
REORDERED_AFTER = 12
"""A reordered request arrives when so many others have passed it."""

LETTERS: Mapping[str, float] = {
    "request lost": 5,
    "request cut": 3,
    "request delayed": 5,
    "sent twice": 5,
    "reordered": 4,
    "502 instead": 3,
    "503 instead": 3,
    "answer lost": 6,
    "answer cut": 4,
    "answer delayed": 4,
    "502 after the write": 3,
    "worker killed after the write": 0.6,
    "server killed after the write": 0,
    "hung": 0,
}
"""Faults of votes and showings, with weights; what is left to 100 passes unharmed."""

TILES: Mapping[str, float] = {"request lost": 3, "request delayed": 5, "503 instead": 3, "answer cut": 2}
PAGES: Mapping[str, float] = {"request delayed": 10}


@dataclass(frozen=True)
class Request:
    """One request, whole."""

    head: bytes
    body: bytes

    @property
    def path(self) -> str:
        return self.head.split(b" ", 2)[1].decode()

    def sent(self, *, dying: bool = False) -> bytes:
        """As it goes to the server: one request a connection."""
        lines = [line for line in self.head.split(b"\r\n") if not line.lower().startswith((b"connection:", b"x-fault"))]
        lines.insert(1, b"Connection: close")
        if dying:
            lines.insert(1, f"{DIE}: yes".encode())
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


@dataclass
class Proxy:
    """Listens on a port of its own until it is closed.

    Attributes:
        server_port: Where the web server listens.
        faults: What befalls letters, by name and weight.
        kill_server: Kills the whole server and starts it again; called in a thread.
        done: How often each fault was injected.
    """

    server_port: int
    seed: int
    faults: Mapping[str, float] = field(default_factory=lambda: dict(LETTERS))
    kill_server: Callable[[], None] = lambda: None
    done: Counter[str] = field(default_factory=Counter)
    port: int = 0

    def __post_init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.passed = 0
        self.ghosts: set[asyncio.Task[None]] = set()
        self.killing = threading.Lock()
        self.loop = asyncio.new_event_loop()
        self.listens = threading.Event()
        self.thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self.thread.start()
        assert self.listens.wait(PATIENCE_S), "the proxy does not listen"

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Deliver what is still held back, then stop."""
        asyncio.run_coroutine_threadsafe(self._lay_ghosts(), self.loop).result(PATIENCE_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._meet, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self.listens.set()
        self.loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())

    async def _lay_ghosts(self) -> None:
        self.passed += REORDERED_AFTER
        await asyncio.gather(*self.ghosts)

    # ---- one request

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await self._answer(await read_request(reader))
            writer.write(answer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # either side hung up: that is what this is for
        finally:
            writer.close()

    async def _answer(self, request: Request) -> bytes:
        """What the client gets; nothing at all is a connection that is cut."""
        kind = {"trial": "letters", "seen": "tiles"}.get(request.path.split("/")[1], "pages")
        self.asked[kind] += 1
        chance = random.Random(f"{self.seed} {kind} {self.asked[kind]}")
        fault = draw(chance, {"letters": self.faults, "tiles": TILES}.get(kind, PAGES))
        if fault is None:
            return await self._forward(request)
        self.done[fault] += 1
        return await FAULTS[fault](self, request, chance)

    async def _forward(self, request: Request, *, dying: bool = False, cut: bool = False) -> bytes:
        """The server's whole answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        try:
            sent = request.sent(dying=dying)
            writer.write(sent[: len(sent) - len(request.body) // 2] if cut else sent)
            await writer.drain()
            if cut:
                return b""
            answer = await asyncio.wait_for(reader.read(-1), PATIENCE_S)
        finally:
            writer.close()
        self.passed += 1
        return whole(answer)

    # ---- faults

    async def _lost(self, request: Request, chance: random.Random) -> bytes:
        return b""

    async def _cut_request(self, request: Request, chance: random.Random) -> bytes:
        return await self._forward(request, cut=True)

    async def _delayed(self, request: Request, chance: random.Random) -> bytes:
        await asyncio.sleep(chance.uniform(0.05, 0.6))
        return await self._forward(request)

    async def _twice(self, request: Request, chance: random.Random) -> bytes:
        first, _ = await asyncio.gather(self._forward(request), self._forward(request))
        return first

    async def _reordered(self, request: Request, chance: random.Random) -> bytes:
        """The client hears nothing and sends again; the first letter arrives long after the others."""
        ghost = asyncio.ensure_future(self._arrive_late(request, self.passed + REORDERED_AFTER))
        self.ghosts.add(ghost)
        ghost.add_done_callback(self.ghosts.discard)
        return b""

    async def _arrive_late(self, request: Request, after: int) -> None:
        while self.passed < after:
            await asyncio.sleep(0.02)
        try:
            await self._forward(request)
        except OSError:
            self.done["reordered, then lost"] += 1  # the server was being killed

    async def _answer_lost(self, request: Request, chance: random.Random) -> bytes:
        await self._forward(request)
        return b""

    async def _answer_cut(self, request: Request, chance: random.Random) -> bytes:
        answer = await self._forward(request)
        return answer[: chance.randrange(1, max(2, len(answer)))]

    async def _answer_delayed(self, request: Request, chance: random.Random) -> bytes:
        answer = await self._forward(request)
        await asyncio.sleep(chance.uniform(0.05, 0.6))
        return answer

    async def _refused_after(self, request: Request, chance: random.Random) -> bytes:
        await self._forward(request)
        return refusal(502)

    async def _refused_502(self, request: Request, chance: random.Random) -> bytes:
        return refusal(502)

    async def _refused_503(self, request: Request, chance: random.Random) -> bytes:
        return refusal(503)

    async def _worker_killed(self, request: Request, chance: random.Random) -> bytes:
        return await self._forward(request, dying=True)

    async def _server_killed(self, request: Request, chance: random.Random) -> bytes:
        await self._forward(request)
        await self.loop.run_in_executor(None, self._kill_once)
        return b""

    def _kill_once(self) -> None:
        with self.killing:
            self.kill_server()

    async def _hung(self, request: Request, chance: random.Random) -> bytes:
        await asyncio.sleep(PATIENCE_S)
        return b""


FAULTS = {
    "request lost": Proxy._lost,
    "request cut": Proxy._cut_request,
    "request delayed": Proxy._delayed,
    "sent twice": Proxy._twice,
    "reordered": Proxy._reordered,
    "502 instead": Proxy._refused_502,
    "503 instead": Proxy._refused_503,
    "answer lost": Proxy._answer_lost,
    "answer cut": Proxy._answer_cut,
    "answer delayed": Proxy._answer_delayed,
    "502 after the write": Proxy._refused_after,
    "worker killed after the write": Proxy._worker_killed,
    "server killed after the write": Proxy._server_killed,
    "hung": Proxy._hung,
}


def draw(chance: random.Random, faults: Mapping[str, float]) -> str | None:
    """One of the faults with the chance of its weight in a hundred, or none."""
    names = [*faults, ""]
    return chance.choices(names, [*faults.values(), max(0.0, 100 - sum(faults.values()))])[0] or None


async def read_request(reader: asyncio.StreamReader) -> Request:
    """One whole request."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    body = await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""
    return Request(head[:-4], body)


def whole(answer: bytes) -> bytes:
    """The answer, unless there is none: a server that dies leaves a cut connection."""
    if b"\r\n\r\n" not in answer:
        raise ConnectionResetError("the server hung up without an answer")
    return answer


def refusal(status: int) -> bytes:
    """What another proxy would say."""
    page = f"<html><h1>{status}</h1></html>".encode()
    head = f"HTTP/1.1 {status} Sorry\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\nConnection: close"
    return head.encode() + b"\r\n\r\n" + page
