"""Fetching what a link to a recording leads to. The link comes from outside, so it is trusted in nothing.

RecordingError              what became of this one recording; its ``problem`` is written down
  + LinkDead                the place knows it no more; ask the provider for another link
  + LinkForbidden           it leads to where no provider keeps recordings; nothing was sent there
  + RecordingUnreachable    no answer, one of a server in trouble, or one that broke off or was too slow
  + NoRecording             what is there has no form of audio that we know
  + RecordingTooLarge       larger than any call could be

Messages never hold the link: whoever has it can hear what was said.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

import httpx

from domain.recordings import ENOUGH_TO_TELL, RecordingProblem, audio_type
from telephony.link_addresses import Resolve, resolve_by_system
from telephony.outside_http import OutsideHttp, PlaceForbidden, PlaceUnreachable

MOST_BYTES = 500 * 1024 * 1024
LONGEST = timedelta(minutes=5)
MOST_REDIRECTS = 3
_TRY_AGAIN = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.MISDIRECTED_REQUEST}
)


class RecordingError(Exception):
    """See the tree at the top. Never raised itself."""

    problem: RecordingProblem


class LinkDead(RecordingError):  # noqa: N818 - says what happened, not that it is an error
    """Any refusal: stores answer 400, 401, 403, 404 or 410 for a link whose time is over."""

    problem = RecordingProblem.LINK_DEAD


class LinkForbidden(RecordingError):  # noqa: N818 - says what happened, not that it is an error
    """Don't try it again: no second look makes it better."""

    problem = RecordingProblem.LINK_FORBIDDEN


class RecordingUnreachable(RecordingError):  # noqa: N818 - says what happened, not that it is an error
    """Trying later is worth while."""

    problem = RecordingProblem.UNREACHABLE


class NoRecording(RecordingError):  # noqa: N818 - says what happened, not that it is an error
    """An empty file, or a page that says something to people."""

    problem = RecordingProblem.NO_RECORDING


class RecordingTooLarge(RecordingError):  # noqa: N818 - says what happened, not that it is an error
    """By what it says of itself or by what came; no more of it was read."""

    problem = RecordingProblem.TOO_LARGE


@dataclass(frozen=True, slots=True)
class Limits:
    """What one recording may take: bytes, and time from the first request to the last byte."""

    size_bytes: int = MOST_BYTES
    time: timedelta = LONGEST


class OpenRecording:
    """The beginning was read and is audio. ``media_type``: by how it begins, not by what the server says."""

    def __init__(self, body: AsyncIterator[bytes], beginning: bytes, media_type: str, limits: Limits) -> None:
        self.media_type = media_type
        self._body = body
        self._beginning = beginning
        self._size_limit = limits.size_bytes

    async def pieces(self) -> AsyncIterator[bytes]:
        """All of it, once. Raises ``RecordingUnreachable`` and ``RecordingTooLarge``."""
        size = len(self._beginning)
        yield self._beginning
        async for piece in self._body:
            size += len(piece)
            if size > self._size_limit:
                msg = f"the recording has more than {self._size_limit} bytes"
                raise RecordingTooLarge(msg)
            yield piece


class RecordingLinks:
    """``http``: such as ``telephony.outside_http.outside_http_client``. ``limits`` hold for each recording."""

    def __init__(
        self, http: httpx.AsyncClient, *, limits: Limits | None = None, resolve: Resolve = resolve_by_system
    ) -> None:
        self._outside = OutsideHttp(http, resolve=resolve)
        self._limits = limits or Limits()

    @asynccontextmanager
    async def open(self, link: str, *, trusted_origin: str | None = None) -> AsyncIterator[OpenRecording]:
        """Begin to read a recording; leaving ends it.

        Args:
            link: Where the provider says that it is.
            trusted_origin: Scheme, host and port of the provider itself as a person configured it: a link that leads
                there may be unencrypted and on this machine, which is how the simulator serves its recordings.

        Raises:
            RecordingError: it can't be had; the subclass says what that means.
        """
        deadline = time.monotonic() + self._limits.time.total_seconds()
        response = await self._answer(link, trusted_origin, deadline)
        try:
            self._check_size(response)
            body = _body(response, deadline)
            beginning = await _beginning(body)
            media_type = audio_type(beginning)
            if media_type is None:
                msg = "what the link leads to isn't audio"
                raise NoRecording(msg)
            yield OpenRecording(body, beginning, media_type, self._limits)
        finally:
            await response.aclose()

    async def _answer(self, link: str, trusted_origin: str | None, deadline: float) -> httpx.Response:
        for _ in range(1 + MOST_REDIRECTS):
            response = await self._ask(link, trusted_origin, deadline)
            try:
                target = _redirected_to(response, link)
            except RecordingError:
                await response.aclose()
                raise
            if target is None:
                return response
            await response.aclose()
            link = target
        msg = f"the link was passed on more than {MOST_REDIRECTS} times"
        raise RecordingUnreachable(msg)

    async def _ask(self, link: str, trusted_origin: str | None, deadline: float) -> httpx.Response:
        try:
            return await self._outside.send("GET", link, deadline=deadline, trusted_origin=trusted_origin)
        except PlaceForbidden as error:
            msg = str(error)
            problem: type[RecordingError] = LinkForbidden
        except PlaceUnreachable as error:
            msg, problem = str(error), RecordingUnreachable
        raise problem(msg)

    def _check_size(self, response: httpx.Response) -> None:
        said = response.headers.get("Content-Length", "")
        if said.isdigit() and int(said) > self._limits.size_bytes:
            msg = f"the recording says that it has more than {self._limits.size_bytes} bytes"
            raise RecordingTooLarge(msg)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            msg = "the recording is compressed, which nobody asked for"
            raise NoRecording(msg)


def _redirected_to(response: httpx.Response, link: str) -> str | None:
    """Where a redirect leads; ``None`` for an answer that is to be read. Raises for any other answer."""
    status = response.status_code
    if status == HTTPStatus.OK:
        return None
    location = response.headers.get("Location")
    if response.is_redirect and location:
        return str(httpx.URL(link).join(location))
    msg = f"the place the link leads to answered {status}"
    raise (LinkDead if response.is_client_error and status not in _TRY_AGAIN else RecordingUnreachable)(msg)


async def _body(response: httpx.Response, deadline: float) -> AsyncIterator[bytes]:
    """What comes, as it comes, until the deadline (by the monotonic clock)."""
    pieces = aiter(response.aiter_raw())
    while True:
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            msg = "the recording comes too slowly"
        except httpx.HTTPError as error:
            msg = f"the recording broke off ({type(error).__name__})"
        else:
            yield piece
            continue
        raise RecordingUnreachable(msg)


async def _beginning(body: AsyncIterator[bytes]) -> bytes:
    """Enough to tell what it is, or all there is."""
    beginning = b""
    async for piece in body:
        beginning += piece
        if len(beginning) >= ENOUGH_TO_TELL:
            break
    return beginning
