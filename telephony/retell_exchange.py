"""A request to Retell and what becomes of it, whoever sends it; without the SDK, whose import takes seconds."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import httpx

from telephony.errors import ProviderRejected
from telephony.refusals import lost, refused

_UNKNOWN = frozenset({404, 422})

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """``cause``: what httpx raised instead."""

    cause: BaseException | None


async def answer_to(
    exchange: Awaitable[httpx.Response | NoAnswer], *, deadline: timedelta, dial: Mapping[str, Any] | None = None
) -> httpx.Response:
    """The 2xx answer to a request.

    Errors are raised outside every handler, so that they don't drag along what httpx or the SDK raised, which holds the
    request with its phone numbers.

    Args:
        exchange: Sends the request, once, and gives the answer of whatever status.
        deadline: How long all of it may take.
        dial: The body of the request to dial; ``None`` when it was a question.

    Raises:
        ProviderError: of any kind in ``telephony.errors``.
    """
    try:
        async with asyncio.timeout(deadline.total_seconds()):
            answer = await exchange
    except TimeoutError:
        answer = NoAnswer(TimeoutError())
    if isinstance(answer, NoAnswer):
        raise lost(answer.cause, dial=dial)
    if not answer.is_success:
        raise refused(answer, dial=dial)
    return answer


async def unless_unknown(found: Awaitable[Found]) -> Found | None:
    """What was asked for; None where the provider knows nothing of that name."""
    try:
        return await found
    except ProviderRejected as error:
        if error.status in _UNKNOWN:
            return None
        raise
