"""HEAD is answered wherever GET is, by the same route: with its status and its headers, and without a body.

What a GET does beyond reading (an export that is noted, a recording that is heard) isn't done: such a route takes
``HeadOnly``. A stream isn't begun. The live stream alone has no HEAD: its headers would tell of nothing.

Source: RFC 9110, 9.3.2.
"""

import contextlib
from typing import Annotated, cast

from fastapi import Depends, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

WITHOUT_HEAD = frozenset({"/api/v1/calls/live"})
HEAD_ONLY = "head_only"
"""Where in a request's state it stands that nobody wants the body."""


async def _is_head_only(request: Request) -> bool:
    return cast("bool", getattr(request.state, HEAD_ONLY, False))


HeadOnly = Annotated[bool, Depends(_is_head_only)]


class _HeadIsOut(Exception):  # noqa: N818 - says what happened
    """All that was asked for is sent, and a stream was about to begin."""


class Head:
    """Asks the application for a GET and passes its head on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD" or scope["path"] in WITHOUT_HEAD:
            await self._app(scope, receive, send)
            return
        # A copy, since the server looks at its own scope for whether a body has to follow.
        asked = {**scope, "method": "GET", "state": {**scope.get("state", {}), HEAD_ONLY: True}}
        with contextlib.suppress(_HeadIsOut):
            await self._app(asked, receive, _WithoutBody(send))
        if "route" in asked:
            scope["route"] = asked["route"]


class _WithoutBody:
    def __init__(self, send: Send) -> None:
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._send(message)
            return
        await self._send({"type": "http.response.body", "body": b""})
        if message.get("more_body", False):
            raise _HeadIsOut
