"""Webhooks that are kept, found again to be applied anew."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import WebhookEventRow

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events; what isn't given doesn't matter. ``unmatched``: only those that no attempt is known for."""

    call_id: str | None = None
    since: datetime | None = None
    unmatched: bool = False


async def wanted_events(sessions: async_sessionmaker[AsyncSession], wanted: Wanted) -> AsyncIterator[UUID]:
    """Ids of kept events in the order in which they came; events that come meanwhile may be left out.

    No transaction is open while the caller is at work on one of them.
    """
    after: tuple[datetime, UUID] | None = None
    while True:
        query = select(WebhookEventRow.received_at, WebhookEventRow.id).limit(PAGE)
        if wanted.call_id is not None:
            query = query.where(WebhookEventRow.call_id == wanted.call_id)
        if wanted.since is not None:
            query = query.where(WebhookEventRow.received_at >= wanted.since)
        if wanted.unmatched:
            query = query.where(WebhookEventRow.attempt_id.is_(None))
        if after is not None:
            query = query.where(tuple_(WebhookEventRow.received_at, WebhookEventRow.id) > tuple_(*after))
        async with sessions() as session:
            rows = (await session.execute(query.order_by(WebhookEventRow.received_at, WebhookEventRow.id))).all()
        for row in rows:
            yield row.id
        if len(rows) < PAGE:
            return
        after = (rows[-1].received_at, rows[-1].id)
