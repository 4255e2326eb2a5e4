"""A simulator and a receiver for its webhooks inside the calling process, over real sockets; for tests."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from simulator.app import Simulator
from simulator.fault_gate import Message, Receive, Send, read_body
from simulator.server import bound_socket, running
from simulator.settings import Settings
from simulator.wire import JsonObject

_PATIENCE_SECONDS = 10.0


async def eventually(came_true: Callable[[], bool]) -> None:
    """Look every few milliseconds. Raises TimeoutError when it isn't true after ten seconds."""
    for _ in range(2000):
        if came_true():
            return
        await asyncio.sleep(_PATIENCE_SECONDS / 2000)
    raise TimeoutError("it never came true")


@dataclass(frozen=True, slots=True)
class Received:
    path: str
    raw: str
    signature: str

    @property
    def payload(self) -> JsonObject:
        payload: JsonObject = json.loads(self.raw)
        return payload

    @property
    def event(self) -> str:
        return str(self.payload["event"])

    @property
    def call_id(self) -> str:
        return str(self.payload["call"]["call_id"])


class Inbox:
    """Takes webhooks.

    ``refusals`` says how many of the next ones with an event are answered with 500; a closed ``door`` answers nobody.
    What is sent outside of ``home``, such as a straggler of the test before, is turned away.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.refusals: dict[str, int] = {}
        self.tried: list[str] = []
        self.at_once = 0
        self.peak_at_once = 0
        self.home = "/"
        self.door = asyncio.Event()
        self.door.set()
        self._news = asyncio.Event()

    def clear(self, home: str = "/") -> None:
        self.home = home
        self.received.clear()
        self.refusals.clear()
        self.tried.clear()
        self.peak_at_once = 0
        self.door.set()

    async def until(self, enough: Callable[[list[Received]], bool]) -> list[Received]:
        """Wait until what was received is enough. Raises TimeoutError after ten seconds."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not enough(self.received):
                self._news.clear()
                await self._news.wait()
        return list(self.received)

    async def events(self, count: int) -> list[str]:
        """The first so many events, in the order in which they were taken."""
        return [r.event for r in await self.until(lambda received: len(received) >= count)]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _say_yes(receive, send)
            return
        raw = (await read_body(receive)).decode()
        if not scope["path"].startswith(self.home):
            await _answer(send, 404)
            return
        self.at_once += 1
        self.peak_at_once = max(self.peak_at_once, self.at_once)
        await self.door.wait()
        signature = dict(scope["headers"]).get(b"x-retell-signature", b"").decode()
        received = Received(scope["path"], raw, signature)
        self.at_once -= 1
        await _answer(send, self._take(received))

    def _take(self, received: Received) -> int:
        self.tried.append(received.event)
        left = self.refusals.get(received.event, 0)
        if left:
            self.refusals[received.event] = left - 1
            self._news.set()
            return 500
        self.received.append(received)
        self._news.set()
        return 204


async def _answer(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


async def _say_yes(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


@dataclass(frozen=True, slots=True)
class Stage:
    url: str
    hook_url: str
    settings: Settings
    simulator: Simulator
    inbox: Inbox


@asynccontextmanager
async def rehearsal(settings: Settings, api_key: str, state: Path | None = None) -> AsyncIterator[Stage]:
    """A running simulator whose webhooks, unless a call names another address, come into the inbox."""
    inbox = Inbox()
    async with running(inbox, bound_socket("127.0.0.1", 0)) as hooks:
        settings.webhook_url = settings.webhook_url or f"{hooks}/account"
        listener = bound_socket("127.0.0.1", 0)
        simulator = Simulator(settings, api_key, f"http://127.0.0.1:{listener.getsockname()[1]}", state)
        async with running(simulator.app, listener) as url:
            yield Stage(url, hooks, settings, simulator, inbox)
