"""What is told to other systems: claimed, sent, noted, asked for again, and forgotten.

Triggers write most of it (migration ``2026_11_28_subscriptions``).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Select, any_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events import PING, DeliveryStatus, EventSubject
from storage.literals import written_out
from storage.models import EventDeliveryRow, EventSubscriptionRow
from storage.pages import Cursor, Page, fetch_page

KEPT = timedelta(days=30)
PRUNED_AT_ONCE = 10_000
OVERDUE = timedelta(minutes=15)

_DELIVERY = EventDeliveryRow
# Literals: the plan is made once, and nearly all that there is was delivered.
_PENDING = written_out(DeliveryStatus.PENDING)
_RETRYING = written_out(DeliveryStatus.RETRYING)


@dataclass(frozen=True, slots=True)
class Work:
    """``failures``: tries in a row that failed at the subscription's address."""

    subscription_id: UUID
    failures: int


@dataclass(frozen=True, slots=True)
class Claim:
    delivery_id: UUID
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    status: str | None = None
    event_type: str | None = None


async def subscriptions_with_work(session: AsyncSession, *, now: datetime) -> Sequence[Work]:
    """Those that something waits for and whose address doesn't rest."""
    row = EventSubscriptionRow
    waits = exists().where(_DELIVERY.subscription_id == row.id, *_claimable(now))
    rests_no_more = or_(row.rests_until.is_(None), row.rests_until <= now)
    query = select(row.id, row.failures).where(row.enabled, rests_no_more, waits)
    return [Work(*one) for one in (await session.execute(query)).all()]


async def claim(
    session: AsyncSession, subscription_id: UUID, *, now: datetime, until: datetime, limit: int
) -> Sequence[Claim]:
    """Those that somebody waits for, then the oldest, of what nobody else is at work on before ``until``."""
    mine = select(_DELIVERY.id).where(_DELIVERY.subscription_id == subscription_id, *_claimable(now))
    claims = await _claim(session, mine.where(_DELIVERY.asked_for), limit=limit, until=until)
    if len(claims) < limit:
        oldest = mine.order_by(_DELIVERY.created_at, _DELIVERY.id)
        claims += await _claim(session, oldest, limit=limit - len(claims), until=until)
    return claims


async def _claim(session: AsyncSession, some: Select[UUID], *, limit: int, until: datetime) -> list[Claim]:
    chosen = some.limit(limit).with_for_update(skip_locked=True)
    statement = update(_DELIVERY).where(_DELIVERY.id.in_(chosen)).values(claimed_until=until)
    rows = await session.execute(
        statement.returning(_DELIVERY.id, _DELIVERY.round), execution_options={"synchronize_session": False}
    )
    return [Claim(*row) for row in rows]


async def to_send(session: AsyncSession, claim: Claim) -> tuple[EventDeliveryRow, EventSubscriptionRow | None] | None:
    """The delivery, if it is still to be sent in this round, with its subscription, if that is still there."""
    row = EventSubscriptionRow
    query = select(_DELIVERY, row).outerjoin(row, row.id == _DELIVERY.subscription_id).where(*_still(claim))
    found = (await session.execute(query)).first()
    return None if found is None else (found[0], found[1])


async def note_try(session: AsyncSession, claim: Claim, values: Mapping[str, Any]) -> bool:
    """Write what came of a try; False where the delivery isn't to be sent in this round any more."""
    statement = update(_DELIVERY).where(*_still(claim)).values({**values, "tries": _DELIVERY.tries + 1})
    done = await session.execute(statement.returning(_DELIVERY.id), execution_options={"synchronize_session": False})
    return done.first() is not None


async def give_up(session: AsyncSession, claim: Claim, error: str) -> None:
    """Nobody tries it any more."""
    statement = update(_DELIVERY).where(*_still(claim))
    await session.execute(statement.values(status=DeliveryStatus.FAILED, next_try_at=None, error=error))


async def take_back_overdue(session: AsyncSession, *, now: datetime) -> int:
    """Those whose next try should have been made long ago wait for a first one again; how many there were.

    The engine has forgotten their workflows, or is far behind: then one more try does no harm.
    """
    overdue = (
        _DELIVERY.status == _RETRYING,
        _DELIVERY.next_try_at < now - OVERDUE,
    )
    statement = update(_DELIVERY).where(*overdue).values(status=DeliveryStatus.PENDING, claimed_until=None)
    done = await session.execute(statement.returning(_DELIVERY.id), execution_options={"synchronize_session": False})
    return len(done.all())


async def deliveries_page(
    session: AsyncSession,
    organization_id: UUID,
    subscription_id: UUID,
    wanted: DeliveryFilter,
    *,
    limit: int,
    after: Cursor | None,
) -> Page[EventDeliveryRow]:
    statement = select(_DELIVERY).where(
        _DELIVERY.organization_id == organization_id, _DELIVERY.subscription_id == subscription_id
    )
    if wanted.status is not None:
        statement = statement.where(_DELIVERY.status == wanted.status)
    if wanted.event_type is not None:
        statement = statement.where(_DELIVERY.event_type == wanted.event_type)
    page = await fetch_page(session, statement, (_DELIVERY.created_at, _DELIVERY.id), limit=limit, after=after)
    return Page([one[0] for one in page.items], page.next_cursor)


async def lock_delivery(
    session: AsyncSession, organization_id: UUID, subscription_id: UUID, delivery_id: UUID
) -> EventDeliveryRow | None:
    mine = (
        _DELIVERY.id == delivery_id,
        _DELIVERY.subscription_id == subscription_id,
        _DELIVERY.organization_id == organization_id,
    )
    return await session.scalar(select(_DELIVERY).where(*mine).with_for_update(key_share=True))


def send_anew(row: EventDeliveryRow) -> None:
    """A new round, whose first try is made at once; whoever is still at work on an earlier round ends that."""
    row.round += 1
    row.status, row.tries, row.asked_for = DeliveryStatus.PENDING, 0, True
    row.claimed_until = row.next_try_at = row.delivered_at = None


async def add_ping(session: AsyncSession, subscription: EventSubscriptionRow) -> EventDeliveryRow:
    row = EventDeliveryRow(
        id=uuid4(),
        organization_id=subscription.organization_id,
        subscription_id=subscription.id,
        event_type=PING,
        subject=EventSubject.SUBSCRIPTION,
        subject_id=subscription.id,
        asked_for=True,
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return row


async def forget_responses(session: AsyncSession, subject_ids: Collection[UUID]) -> None:
    """Whatever receivers answered to events of these, for it may repeat what they were sent."""
    statement = update(_DELIVERY).where(_DELIVERY.subject_id.in_(subject_ids), _DELIVERY.response.is_not(None))
    await session.execute(statement.values(response=None), execution_options={"synchronize_session": False})


async def prune_deliveries(session: AsyncSession) -> None:
    """Delete some of those that are older than is kept, the oldest first."""
    old = select(_DELIVERY.id).where(_DELIVERY.created_at < func.now() - KEPT)
    some = old.order_by(_DELIVERY.created_at).limit(PRUNED_AT_ONCE)
    await session.execute(delete(_DELIVERY).where(_DELIVERY.id == any_(func.array(some.scalar_subquery()))))


def _claimable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    free = or_(_DELIVERY.claimed_until.is_(None), _DELIVERY.claimed_until <= now)
    return (_DELIVERY.status == _PENDING, free)


def _still(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    open_states = (DeliveryStatus.PENDING, DeliveryStatus.RETRYING)
    return (
        _DELIVERY.id == claim.delivery_id,
        _DELIVERY.round == claim.round,
        _DELIVERY.status.in_(open_states),
    )
