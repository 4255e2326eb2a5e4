"""Stands before the routes and breaks the requests that a fault is meant for."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import RedirectResponse

from simulator.faults import Effect, Fault, FaultBook, Moment
from simulator.recordings import huge_recording
from simulator.stats import Stats
from simulator.wire import ApiError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

DROP = "simulator.drop"
"""Where the server leaves, in the scope, the function that cuts the connection."""

_UNTOUCHED = frozenset({"control", "healthz"})


def operation_of(path: str) -> str:
    """``/v2/get-call/call_1`` is a ``get-call``."""
    parts = [part for part in path.split("/") if part]
    versioned = len(parts) > 1 and parts[0] in {"v2", "v3"}
    return parts[1] if versioned else (parts[0] if parts else "")


class FaultGate:
    def __init__(self, app: App, faults: FaultBook, stats: Stats) -> None:
        self._app = app
        self._faults = faults
        self._stats = stats

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        operation = operation_of(scope["path"]) if scope["type"] == "http" else ""
        if scope["type"] != "http" or operation in _UNTOUCHED:
            await self._app(scope, receive, send)
            return
        self._stats.requests[operation] += 1
        if not self._faults.concerns(operation):
            await self._app(scope, receive, send)
            return
        body = await read_body(receive)
        fault = self._faults.request_fault(operation, _to_number(body))
        exchange = _Exchange(self._app, scope, body, receive, send)
        await (exchange.pass_on(send) if fault is None else exchange.suffer(fault))


class _Exchange:
    def __init__(self, app: App, scope: Message, body: bytes, receive: Receive, send: Send) -> None:
        self._app = app
        self._scope = scope
        self._body: bytes | None = body
        self._receive = receive
        self._send = send
        self._held: list[Message] = []

    async def pass_on(self, send: Send) -> None:
        await self._app(self._scope, self._reread, send)

    async def suffer(self, fault: Fault) -> None:
        if fault.order.moment is Moment.AFTER:
            await self.pass_on(self._hold)
        match fault.order.effect:
            case Effect.ERROR:
                order = fault.order
                error = ApiError(order.status, order.message, retry_after=order.retry_after)
                await error.response()(self._scope, self._reread, self._send)
            case Effect.SLOW:
                await asyncio.sleep(fault.order.seconds)
                await self._let_go()
            case Effect.HUGE:
                await huge_recording(fault.order.size_bytes)(self._scope, self._reread, self._send)
            case Effect.REDIRECT:
                await RedirectResponse(fault.order.location, 302)(self._scope, self._reread, self._send)
            case Effect.SILENCE:
                await self._until_client_leaves()
            case _:
                await self._drop()

    async def _let_go(self) -> None:
        """Send the answer that was held back, or, where nothing was done yet, do it now."""
        if not self._held:
            await self.pass_on(self._send)
        for message in self._held:
            await self._send(message)

    async def _hold(self, message: Message) -> None:
        self._held.append(message)

    async def _drop(self) -> None:
        drop = self._scope.get("extensions", {}).get(DROP)
        if drop is None:
            raise ConnectionAbortedError("this server can't cut a connection")
        drop()
        await self._until_client_leaves()

    async def _until_client_leaves(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue

    async def _reread(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


async def read_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        body += part
        if not message.get("more_body"):
            return body


def _to_number(body: bytes) -> str | None:
    try:
        return str(json.loads(body)["to_number"])
    except (ValueError, LookupError, TypeError):
        return None
