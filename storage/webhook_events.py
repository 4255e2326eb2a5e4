"""The inbox of the provider's webhooks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Text, Uuid, any_, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from domain.vocabulary import AttemptStatus
from storage.looks import Look, Via
from storage.models import AttemptRow, LeadRow, WebhookEventRow


@dataclass(frozen=True, slots=True)
class EventToForward:
    """An event whose lead's workflow hasn't been told."""

    event_id: UUID
    event: str
    attempt_id: UUID
    lead_id: UUID
    run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """``payload``: a JSON object, in text. ``forwarded_at`` is set where no workflow need be told."""

    organization_id: UUID
    account_id: UUID
    event_key: str
    event: str
    call_id: str
    payload: str
    attempt_id: UUID | None = None
    forwarded_at: datetime | None = None


COLUMNS: Mapping[str, TypeEngine[Any]] = {
    "organization_id": Uuid(),
    "account_id": Uuid(),
    "event_key": Text(),
    "event": Text(),
    "call_id": Text(),
    "payload": Text(),
    "attempt_id": Uuid(),
    "forwarded_at": DateTime(timezone=True),
}
# One statement for any number of rows: it is put together and prepared once.
_ADD = Look(
    text("""
    insert into webhook_events
        (id, organization_id, account_id, event_key, event, call_id, payload, attempt_id, forwarded_at)
    select gen_random_uuid(), organization_id, account_id, event_key, event, call_id, payload::jsonb, attempt_id,
        forwarded_at
    from unnest(
        cast(:organization_id as uuid[]), cast(:account_id as uuid[]), cast(:event_key as text[]),
        cast(:event as text[]), cast(:call_id as text[]), cast(:payload as text[]), cast(:attempt_id as uuid[]),
        cast(:forwarded_at as timestamptz[])
    ) as new (organization_id, account_id, event_key, event, call_id, payload, attempt_id, forwarded_at)
    on conflict (account_id, event_key) do nothing
    returning account_id, event_key
""").bindparams(*(bindparam(name, type_=ARRAY(kind)) for name, kind in COLUMNS.items()))
)


async def add_events(via: Via, new: Sequence[NewEvent]) -> frozenset[tuple[UUID, str]]:
    """Keep events, each under its account and key once.

    Whoever adds an event of an attempt holds that attempt's lock: its repeats come one after the other, and the
    reference alone would take a weaker lock, on which the answer of the dial would wait.

    Returns:
        Account and key of those that weren't kept already.
    """
    # In the order of the keys: two who keep the same events at the same moment don't wait for each other in a circle.
    rows = sorted(new, key=lambda event: (event.account_id, event.event_key))
    given = {name: [getattr(row, name) for row in rows] for name in COLUMNS}
    return frozenset((row[0], row[1]) for row in await _ADD.rows(via, **given))


async def is_kept(session: AsyncSession, account_id: UUID, event_key: str) -> bool:
    """Whether the account's inbox has an event of this key."""
    query = select(WebhookEventRow.id).where(
        WebhookEventRow.account_id == account_id, WebhookEventRow.event_key == event_key
    )
    return await session.scalar(query) is not None


async def empty(session: AsyncSession, account_id: UUID, event_key: str, *, now: datetime) -> None:
    """Keep of this event its key alone."""
    which = (WebhookEventRow.account_id == account_id) & (WebhookEventRow.event_key == event_key)
    await session.execute(update(WebhookEventRow).where(which).values(payload={}, emptied_at=now))


async def empty_old(session: AsyncSession, *, kept: timedelta, limit: int) -> int:
    """Keep of the oldest events that came before ``kept`` their keys alone; how many these were. The caller commits.

    Whoever asks at the same moment gets others.
    """
    row = WebhookEventRow
    # The transaction's own instant, and no other clock's: an index can be asked for what came before it.
    old = select(row.id).where(row.emptied_at.is_(None), row.received_at < func.now() - kept)
    some = old.order_by(row.received_at).limit(limit).with_for_update(skip_locked=True)
    statement = update(row).where(row.id == any_(func.array(some.scalar_subquery())))
    emptied = await session.execute(
        statement.values(payload={}, emptied_at=func.now()).returning(row.id),
        execution_options={"synchronize_session": False},
    )
    return len(emptied.all())


async def match_event(session: AsyncSession, event_id: UUID, attempt_id: UUID) -> None:
    """The event is about this attempt; whose workflow is still to be told of it, if nobody knew that before."""
    is_new = WebhookEventRow.attempt_id.is_distinct_from(attempt_id)
    statement = update(WebhookEventRow).where(WebhookEventRow.id == event_id, is_new)
    await session.execute(statement.values(attempt_id=attempt_id, forwarded_at=None))


async def mark_forwarded(via: Via, event_ids: Sequence[UUID], now: datetime) -> None:
    """Safe to repeat: the first instant stands."""
    await _MARK_FORWARDED.rows(via, event_ids=list(event_ids), now=now)


async def events_to_forward(via: Via, attempt_ids: Collection[UUID]) -> Sequence[EventToForward]:
    """What the workflows of these attempts' leads haven't been told, in the order in which it came."""
    return [EventToForward(*row) for row in await _TO_FORWARD.rows(via, attempt_ids=list(attempt_ids))]


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


# Made once: every call needs them.
_TO_FORWARD = Look(_to_forward().where(WebhookEventRow.attempt_id == any_(bindparam("attempt_ids", type_=ARRAY(Uuid)))))
_MARK_FORWARDED = Look(
    update(WebhookEventRow.metadata.tables[WebhookEventRow.__tablename__])
    .where(
        WebhookEventRow.id == any_(bindparam("event_ids", type_=ARRAY(Uuid))), WebhookEventRow.forwarded_at.is_(None)
    )
    .values(forwarded_at=bindparam("now", type_=DateTime(timezone=True)))
    .returning(WebhookEventRow.id)
)
