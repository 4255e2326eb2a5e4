"""Requests that make something are carried out once under one ``Idempotency-Key``, whatever route they are for.

A route takes its principal as ``WriterOnce``, ``AdminOnce`` or ``AdminOnceSecret``. The key is held by a transaction of
its own from there until the answer is kept in it, so a process that dies leaves it free.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, cast
from uuid import UUID

import structlog
from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.database_away import DATABASE_ERRORS
from api.dependencies import Admin, Clock, Writer
from api.kept_answers import HEADER, IdempotencyKey, request_key, unless_answered
from api.principal import Principal
from api.problems import Conflict
from storage.idempotency import KeptAnswer, RequestKey, keep_answer
from storage.organization_sessions import OrganizationSessions

log = structlog.get_logger(__name__)

SessionsOf = Callable[[UUID], OrganizationSessions]

HOLDING = "holding"
"""Where a request's hold on its key stands in its scope's state."""

SHOWN_ONCE = (
    "The first request with this Idempotency-Key made it, and its secret was shown then, once; it isn't kept anywhere."
    " If you haven't got it, take back what was made (`id`) and make another with a new key."
)


class Holding:
    """The key of one request, from the moment it is taken until the answer is kept or there is none to keep."""

    def __init__(self, sessions_of: SessionsOf, clock: Clock, room: asyncio.Semaphore) -> None:
        self._sessions_of = sessions_of
        self._clock = clock
        self._room = room
        self._session: AsyncSession | None = None
        self._kept_for: tuple[RequestKey, str] | None = None
        self._is_secret = False

    @property
    def is_taken(self) -> bool:
        return self._kept_for is not None

    async def take(self, key: RequestKey, request_hash: str, *, is_secret: bool) -> None:
        """Raises what ``unless_answered`` does."""
        await self._room.acquire()
        self._session = self._sessions_of(key.organization_id)()
        await unless_answered(self._session, key, request_hash, self._clock)
        self._kept_for, self._is_secret = (key, request_hash), is_secret

    async def keep(self, status: int, headers: Headers, body: bytes) -> None:
        """A database that is away by now costs the repeat its answer, never the request its own."""
        if self._session is None or self._kept_for is None:
            return
        kept = _secretless(body) if self._is_secret else KeptAnswer(status, json.loads(body), headers.get("location"))
        try:
            keep_answer(self._session, *self._kept_for, kept, now=self._clock())
            await self._session.commit()
        except DATABASE_ERRORS as error:
            log.warning("answer_not_kept", error=type(error).__name__)

    async def leave(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            self._room.release()
            await session.close()


class KeepAnswers:
    """Keeps what is answered to a request whose key is held. ``most_at_once``: each of them needs a connection more."""

    def __init__(self, app: ASGIApp, sessions_of: SessionsOf, clock: Clock, most_at_once: int) -> None:
        self._app = app
        self._sessions_of = sessions_of
        self._clock = clock
        self._room = asyncio.Semaphore(most_at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or HEADER not in Headers(scope=scope):
            await self._app(scope, receive, send)
            return
        holding = Holding(self._sessions_of, self._clock, self._room)
        scope.setdefault("state", {})[HOLDING] = holding
        try:
            await self._app(scope, receive, _Keeping(send, holding))
        finally:
            await asyncio.shield(holding.leave())


class _Keeping:
    """Holds an answer that is to be kept back until it is."""

    def __init__(self, send: Send, holding: Holding) -> None:
        self._send = send
        self._holding = holding
        self._head: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if (
            message["type"] == "http.response.start"
            and self._holding.is_taken
            and message["status"] < HTTPStatus.MULTIPLE_CHOICES
        ):
            self._head = message
            return
        if self._head is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        head, self._head = self._head, None
        await self._holding.keep(head["status"], Headers(raw=head["headers"]), self._body)
        await self._send(head)
        await self._send({"type": "http.response.body", "body": self._body})


async def _hold(request: Request, principal: Principal, key: str | None, *, is_secret: bool = False) -> Principal:
    if key is not None:
        holding = cast("Holding", getattr(request.state, HOLDING))
        named = request_key(request, principal.organization_id, key)
        await holding.take(named, _hash_of(request, await request.body()), is_secret=is_secret)
    return principal


async def writer_once(principal: Writer, request: Request, key: IdempotencyKey = None) -> Principal:
    return await _hold(request, principal, key)


async def admin_once(principal: Admin, request: Request, key: IdempotencyKey = None) -> Principal:
    return await _hold(request, principal, key)


async def admin_once_secret(principal: Admin, request: Request, key: IdempotencyKey = None) -> Principal:
    """Of an answer with a secret only the id is kept: a repeat is told (409) what was made, and makes nothing."""
    return await _hold(request, principal, key, is_secret=True)


WriterOnce = Annotated[Principal, Depends(writer_once)]
AdminOnce = Annotated[Principal, Depends(admin_once)]
AdminOnceSecret = Annotated[Principal, Depends(admin_once_secret)]


def _secretless(body: bytes) -> KeptAnswer:
    made: Mapping[str, Any] = json.loads(body)
    problem = Conflict(SHOWN_ONCE, more={"id": made.get("id")})
    return KeptAnswer(problem.status, problem.body())


def _hash_of(request: Request, body: bytes) -> str:
    """The same for the same values, however they are written."""
    with contextlib.suppress(ValueError, RecursionError):  # no JSON, which is refused later on
        body = json.dumps(json.loads(body), sort_keys=True).encode()
    return sha256(request.url.query.encode() + b"\n" + body).hexdigest()
