"""Answers that are asked for again and again cost next to nothing while nothing has changed.

Every answer to a GET has a validator (``ETag``), and who sends it again is told 304 for as long as the answer would be
the same. Where the database tells a version in one look, the answer isn't put together for that; elsewhere it is, and
its bytes are hashed. The version is always read before the answer or with it, so that an answer may be newer than its
validator and never older.

Source: RFC 9110, 8.8.3 (ETag), 13.1.2 (If-None-Match), 15.4.5 (304).
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Annotated

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CACHE_CONTROL = "private, no-cache"
"""Kept by the one who asked, and never used again without asking."""

POLLED = ("/api/v1/", "/openapi.json")

_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_OF_A_BODY = frozenset({"content-length", "content-type"})


class NotModified(Exception):  # noqa: N818 - says what happened
    """Who asks has the answer already."""

    def __init__(self, etag: str) -> None:
        super().__init__(etag)
        self.etag = etag


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says it has, and where the validator of its answer is written."""

    if_none_match: str | None
    answer: Response

    def unless_it_is(self, model: type[BaseModel], version: object) -> None:
        """Go on only where who asks hasn't got this version of this kind of answer.

        Args:
            model: A new shape of the answer makes another validator.
            version: Whatever differs when the answer does; its ``repr`` is taken.

        Raises:
            NotModified: it is this one that they have.
        """
        etag = f'W/"{_hash(f"{_shape(model)}{version!r}".encode())}"'
        if is_had(self.if_none_match, etag):
            raise NotModified(etag)
        self.answer.headers.update({"ETag": etag, "Cache-Control": CACHE_CONTROL})


async def _asked(request: Request, response: Response, if_none_match: Annotated[str | None, Header()] = None) -> Asked:
    """``if_none_match`` is for the document alone: what comes in several lines is read from the request itself."""
    del if_none_match
    return Asked(", ".join(request.headers.getlist("if-none-match")) or None, response)


Conditional = Annotated[Asked, Depends(_asked)]


async def render_not_modified(request: Request, error: Exception) -> Response:
    del request
    if not isinstance(error, NotModified):
        raise error
    return Response(status_code=304, headers={"ETag": error.etag, "Cache-Control": CACHE_CONTROL})


def is_had(if_none_match: str | None, etag: str) -> bool:
    """Whether one of the validators that were sent is this one, compared weakly as the RFC wants it."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    return etag.removeprefix("W/") in _TAG.findall(if_none_match)


class Validate:
    """Hashes JSON that has no validator yet. Streams pass as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith(POLLED):
            send = _Validated(send, ", ".join(Headers(scope=scope).getlist("if-none-match")) or None)
        await self._app(scope, receive, send)


class _Validated:
    """Holds the head of an answer back until its body is there."""

    def __init__(self, send: Send, if_none_match: str | None) -> None:
        self._send = send
        self._if_none_match = if_none_match
        self._head: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_hashed(message):
            self._head = message
            return
        head, self._head = self._head, None
        if head is not None and not message.get("more_body", False):
            head, message = self._judge(head, message)
        if head is not None:
            await self._send(head)
        await self._send(message)

    def _judge(self, head: Message, body: Message) -> tuple[Message, Message]:
        etag = f'"{_hash(body.get("body", b""))}"'
        headers = MutableHeaders(raw=list(head["headers"]))
        headers.update({"ETag": etag, "Cache-Control": CACHE_CONTROL})
        if not is_had(self._if_none_match, etag):
            return {**head, "headers": headers.raw}, body
        kept = [(name, value) for name, value in headers.raw if name.decode("latin-1").lower() not in _OF_A_BODY]
        return {**head, "status": 304, "headers": kept}, {**body, "body": b""}


def _is_hashed(head: Message) -> bool:
    headers = Headers(raw=head["headers"])
    return head["status"] == 200 and headers.get("content-type") == "application/json" and "etag" not in headers


@cache
def _shape(model: type[BaseModel]) -> str:
    return _hash(json.dumps(model.model_json_schema(), sort_keys=True).encode())


def _hash(written: bytes) -> str:
    return blake2b(written, digest_size=16).hexdigest()
