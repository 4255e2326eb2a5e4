"""What was answered under an ``Idempotency-Key`` before, or the problem with asking for it again.

A route that keeps its answer in the transaction of its own work takes the ``KeyOfRequest``; every other one that makes
something takes its principal from ``api.once``, and ``KeepAnswers`` keeps what it answers.
"""

import json
from typing import Annotated
from uuid import UUID

from asgi_correlation_id import correlation_id
from fastapi import Depends, Header, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from api.dependencies import Clock, Reader
from api.problems import MEDIA_TYPE, Conflict, Invalid
from storage.idempotency import KeptAnswer, KeyInUse, KeyOfAnotherRequest, RequestKey, kept_answer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
CONFLICT = 409

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=HEADER,
        min_length=1,
        max_length=255,
        pattern=r"^[ -~]+$",
        description=(
            "Any text of your own, such as a UUID. For 24 hours the same key with the same body at the same address"
            " gets the answer of the first request, with `Idempotency-Replayed: true`, and nothing is done again;"
            " with another body it is refused (422), and while the first request is under way too (409)."
            " A request that failed leaves its key free."
        ),
    ),
]


class Replayed(Exception):  # noqa: N818 - says what happened
    """The request was answered before; this is the answer."""

    def __init__(self, kept: KeptAnswer) -> None:
        super().__init__(kept.status_code)
        self.kept = kept


async def key_of_request(request: Request, principal: Reader, key: IdempotencyKey = None) -> RequestKey | None:
    return request_key(request, principal.organization_id, key) if key is not None else None


KeyOfRequest = Annotated[RequestKey | None, Depends(key_of_request)]


def request_key(request: Request, organization_id: UUID, key: str) -> RequestKey:
    return RequestKey(organization_id, f"{request.method} {request.url.path}", key)


async def unless_answered(session: AsyncSession, key: RequestKey, request_hash: str, clock: Clock) -> None:
    """Go on only as the first request with this key, which has it till the session commits.

    Raises:
        Replayed: it was answered before.
        Conflict: the first one is under way.
        Invalid: the first one had another body.
    """
    try:
        kept = await kept_answer(session, key, request_hash, now=clock())
    except KeyInUse:
        raise Conflict(
            "A request with this Idempotency-Key is still under way; ask again in a moment.",
            headers={"Retry-After": "1"},
        ) from None
    except KeyOfAnotherRequest:
        raise Invalid(HEADER, "It was used for another body; take a new key.") from None
    if kept is not None:
        raise Replayed(kept)


async def render_replayed(request: Request, error: Exception) -> Response:
    del request
    if not isinstance(error, Replayed):
        raise error
    kept = error.kept
    headers = {REPLAYED: "true"} | ({} if kept.location is None else {"Location": kept.location})
    if kept.status_code != CONFLICT:
        return Response(json.dumps(kept.answer), kept.status_code, headers, "application/json")
    body = {**kept.answer, "request_id": correlation_id.get()}
    return Response(json.dumps(body), kept.status_code, headers, MEDIA_TYPE)
