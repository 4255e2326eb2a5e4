"""The inbox of the provider's webhooks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import AttemptStatus
from storage.models import AccountRow, AttemptRow, LeadRow, WebhookEventRow


@dataclass(frozen=True, slots=True)
class EventToForward:
    """An event whose lead's workflow hasn't been told."""

    event_id: UUID
    event: str
    attempt_id: UUID
    lead_id: UUID
    run: int


async def add_event(
    session: AsyncSession,
    account: AccountRow,
    *,
    event_key: str,
    event: str,
    call_id: str,
    payload: Mapping[str, Any],
) -> UUID | None:
    """Keep an event; None when the account's inbox already has one with this key."""
    statement = (
        insert(WebhookEventRow)
        .values(
            id=uuid4(),
            organization_id=account.organization_id,
            account_id=account.id,
            event_key=event_key,
            event=event,
            call_id=call_id,
            payload=dict(payload),
        )
        .on_conflict_do_nothing(index_elements=["account_id", "event_key"])
        .returning(WebhookEventRow.id)
    )
    return await session.scalar(statement)


async def match_event(session: AsyncSession, event_id: UUID, attempt_id: UUID) -> None:
    await session.execute(update(WebhookEventRow).where(WebhookEventRow.id == event_id).values(attempt_id=attempt_id))


async def mark_forwarded(session: AsyncSession, event_ids: Sequence[UUID], now: datetime) -> None:
    """Safe to repeat: the first instant stands."""
    await session.execute(
        update(WebhookEventRow)
        .where(WebhookEventRow.id.in_(event_ids), WebhookEventRow.forwarded_at.is_(None))
        .values(forwarded_at=now)
    )


async def events_to_forward(session: AsyncSession, attempt_id: UUID) -> Sequence[EventToForward]:
    """What the workflow of this attempt's lead hasn't been told, in the order in which it came."""
    query = _to_forward().where(WebhookEventRow.attempt_id == attempt_id)
    return [EventToForward(*row) for row in await session.execute(query)]


async def overdue_events(session: AsyncSession, *, received_before: datetime, limit: int) -> Sequence[EventToForward]:
    """Events that should have been forwarded by now. Those of an open attempt wait for its analysis."""
    finished = AttemptRow.status == AttemptStatus.DONE
    query = _to_forward().where(WebhookEventRow.received_at < received_before, finished).limit(limit)
    return [EventToForward(*row) for row in await session.execute(query)]


def _to_forward() -> Any:  # noqa: ANN401  (SQLAlchemy's own type of a five-column select says less than the callers do)
    return (
        select(WebhookEventRow.id, WebhookEventRow.event, AttemptRow.id, LeadRow.id, LeadRow.run)
        .join(AttemptRow, AttemptRow.id == WebhookEventRow.attempt_id)
        .join(LeadRow, LeadRow.id == AttemptRow.lead_id)
        .where(WebhookEventRow.forwarded_at.is_(None))
        .order_by(WebhookEventRow.received_at)
    )
