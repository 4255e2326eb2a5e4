"""The provider asks who rings while the phone rings: answered within a moment, or without what isn't known by then."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from activities.answering_calls import told_of_caller
from api.database_away import DATABASE_ERRORS
from api.dependencies import Dependencies
from storage.models import AccountRow
from telephony.inbound_payloads import InboundAnswer, InboundAsked, read_inbound, write_inbound

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 3.0
"""The provider waits 10 s, and the caller hears it ring meanwhile: then rather an agent that knows nothing."""

PATH = "/api/v1/calls/webhook"


async def answer_inbound(deps: Dependencies, account: AccountRow, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What the agent is told of the caller. Never fails for a database that is away or slow: the agent answers anyway.

    Args:
        payload: The verified webhook.
    """
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            answer = await _ask(deps, account, read_inbound(payload))
    except (TimeoutError, *DATABASE_ERRORS) as error:
        log.warning("caller_not_looked_up", account_id=str(account.id), error=type(error).__name__)
        answer = None
    return write_inbound(answer)


async def _ask(deps: Dependencies, account: AccountRow, asked: InboundAsked) -> InboundAnswer | None:
    base = f"{deps.settings.reachable_url}{PATH}"
    webhook_url = base if account.is_default else f"{base}/{account.id}"
    async with deps.sessions() as session:
        return await told_of_caller(session, account, asked, webhook_url=webhook_url, now=deps.clock())
